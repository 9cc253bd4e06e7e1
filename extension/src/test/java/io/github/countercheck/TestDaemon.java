// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.model.Network.Ipam;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Family;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;

/**
 * The daemon that tests put faults into, which has a network namespace of its own and no other user. One that writes no
 * rules gets those of Engine 29 ({@link NativeRules}).
 */
final class TestDaemon implements AutoCloseable {

    private final Firewall firewall;
    private final boolean proxy;
    private final @Nullable NativeRules nativeRules;

    private TestDaemon(Firewall firewall, boolean proxy, @Nullable NativeRules nativeRules) {
        this.firewall = firewall;
        this.proxy = proxy;
        this.nativeRules = nativeRules;
    }

    /**
     * Finds out how the daemon works, or skips the test where it shares this machine's network.
     *
     * @param web a container that publishes its port 80
     */
    static TestDaemon open(GenericContainer<?> web) {
        Firewall firewall = Firewall.open();
        boolean proxy = firewall.run("ss", "-Hltnp", "sport", "=", ":" + web.getMappedPort(80))
                .contains("docker-proxy");
        return new TestDaemon(firewall, proxy, firewall.isEmpty() ? NativeRules.load(proxy) : null);
    }

    /** Tells whether networks that {@link #network} makes have IPv6 addresses, as the default bridge has. */
    static boolean hasIpv6() {
        return Boolean.TRUE.equals(
                client().inspectNetworkCmd().withNetworkId("bridge").exec().getEnableIPv6());
    }

    /**
     * Makes a network, over IPv6 as well where the default bridge has that.
     *
     * @param ipv6 its subnet there
     * @param internal whether it has no way out
     */
    static Network network(String ipv6, boolean internal) {
        boolean hasIpv6 = hasIpv6();
        return Network.builder()
                .enableIpv6(hasIpv6)
                .createNetworkCmdModifier(create -> {
                    create.withInternal(internal);
                    if (hasIpv6) {
                        create.withIpam(new Ipam().withConfig(new Ipam.Config().withSubnet(ipv6)));
                    }
                })
                .build();
    }

    private static DockerClient client() {
        return DockerClientFactory.instance().client();
    }

    Firewall firewall() {
        return firewall;
    }

    /** Tells whether docker-proxy listens on published ports. */
    boolean proxy() {
        return proxy;
    }

    /** Returns the engine's version and where it keeps its rules. */
    String name() {
        return client().versionCmd().exec().getVersion() + " "
                + (nativeRules != null
                        ? "with the nftables rules of Engine 29"
                        : Objects.requireNonNullElse(System.getenv("COUNTERCHECK_BACKEND"), "iptables"));
    }

    /** Returns the families for which there are rules, and addresses that they are for. */
    List<Scene> scenes() {
        return Stream.of(Family.IPV4, Family.IPV6)
                .filter(family -> family == Family.IPV4 || hasIpv6())
                .map(family -> new Scene(this, family, DockerRules.of(firewall, family)))
                .filter(scene -> scene.rules().has(RuleRole.PORT_DNAT))
                .toList();
    }

    @Override
    public void close() {
        try (firewall) {
            if (nativeRules != null) {
                nativeRules.close();
            }
        }
    }
}
