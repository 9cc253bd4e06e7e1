// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.DockerFactsReader;
import io.github.countercheck.docker.NetworkFacts;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.ContainerState;

/**
 * The rules that Engine 29 keeps in nftables, in the firewall of a daemon that writes none itself ({@code "iptables": false}).
 *
 * <p>The packets, the kernel and the containers are real; the engine's part of them is {@link NativeTables}, which is
 * held to what a real Engine 29 wrote. Only of a daemon that has a network namespace of its own.
 */
public final class NativeRules implements AutoCloseable {

    private static final List<String> TABLES = List.of("ip " + NativeTables.NAME, "ip6 " + NativeTables.NAME);

    private final Firewall firewall;
    private final boolean userlandProxy;

    private NativeRules(Firewall firewall, boolean userlandProxy) {
        this.firewall = firewall;
        this.userlandProxy = userlandProxy;
    }

    /**
     * Writes the rules for the daemon's networks and running containers, or skips the test where the daemon writes its own.
     *
     * @param userlandProxy whether they are those of a daemon with docker-proxy
     */
    public static NativeRules load(boolean userlandProxy) {
        Firewall firewall = Firewall.open();
        NativeRules rules = new NativeRules(firewall, userlandProxy);
        try {
            assumeTrue(
                    firewall.isEmpty(),
                    "the daemon writes rules itself; run with a daemon.json of {\"iptables\": false}");
            // With its own backend for nftables, the engine leaves this to the administrator, and insists on it.
            firewall.run("/bin/sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward");
            firewall.run("/bin/sh", "-c", "echo 1 >/proc/sys/net/ipv6/conf/all/forwarding");
            firewall.nft(emptied() + rules.tables().listing());
        } catch (RuntimeException | Error e) {
            firewall.close();
            throw e;
        }
        return rules;
    }

    private NativeTables tables() {
        DockerFacts facts =
                DockerFactsReader.read(DockerClientFactory.instance().client());
        return new NativeTables(
                new DockerFacts(
                        facts.networks().stream().map(NativeRules::asConfigured).toList(), facts.containers()),
                userlandProxy);
    }

    /** Without iptables, a daemon says of its default bridge that nothing is masqueraded, whatever it was told. */
    private static NetworkFacts asConfigured(NetworkFacts network) {
        Map<String, String> options = new HashMap<>(network.options());
        if (network.name().equals("bridge")) {
            options.remove(NativeTables.MASQUERADE);
        }
        return new NetworkFacts(
                network.id(),
                network.name(),
                network.driver(),
                network.bridge(),
                network.subnets(),
                network.gateways(),
                network.internal(),
                options);
    }

    /** Does with the rules what the engine does when the container, of a network that was there before, has started. */
    public void started(ContainerState container) {
        NativeTables tables = tables();
        ContainerFacts facts = tables.facts().containers().stream()
                .filter(c -> c.id().equals(container.getContainerId()))
                .findFirst()
                .orElseThrow();
        firewall.nft(tables.started(facts));
    }

    /** Returns what {@code nft -j} lists of the table for that family, {@code ip} or {@code ip6}. */
    String json(String family) {
        return firewall.run("nft", "-j", "list", "table", family, NativeTables.NAME);
    }

    /** A table that is not there can only be deleted once it is declared. */
    private static String emptied() {
        StringBuilder script = new StringBuilder();
        TABLES.forEach(table -> script.append("table ")
                .append(table)
                .append("\ndelete table ")
                .append(table)
                .append('\n'));
        return script.toString();
    }

    @Override
    public void close() {
        try (firewall) {
            firewall.nft(emptied());
        }
    }
}
