// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import com.github.dockerjava.api.model.ContainerNetwork;
import com.github.dockerjava.api.model.ExposedPort;
import io.github.countercheck.docker.Classification;
import io.github.countercheck.docker.ClassifiedRule;
import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Transport;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.testcontainers.containers.GenericContainer;

/**
 * One address family of the daemon under test: its rules, and what it says of containers in that family.
 *
 * @param daemon the daemon
 * @param family the family
 * @param rules the daemon's rules for it
 */
record Scene(TestDaemon daemon, Family family, DockerRules rules) {

    /** Returns the name of the table's column. */
    String column() {
        return daemon.name() + (daemon.proxy() ? "" : ", no docker-proxy")
                + (rules.areOfNftables() ? ", Engine 29's nftables" : "") + ", " + family;
    }

    Firewall firewall() {
        return rules.firewall();
    }

    boolean proxy() {
        return daemon.proxy();
    }

    /** Sends over this family. */
    Traffic of(Traffic traffic) {
        return family == Family.IPV6 ? traffic.ipv6() : traffic.ipv4();
    }

    /** As {@link #of}, without the patience that answers take which come. */
    Traffic quick(Traffic traffic) {
        return limited(traffic, 300);
    }

    Traffic limited(Traffic traffic, int milliseconds) {
        return of(traffic).limits(Duration.ofMillis(milliseconds), Duration.ofMillis(500), Duration.ofSeconds(10));
    }

    String address(GenericContainer<?> container) {
        ContainerNetwork network = network(container);
        return family == Family.IPV6 ? network.getGlobalIPv6Address() : network.getIpAddress();
    }

    /** Returns the address as rules print it. */
    String cidr(GenericContainer<?> container) {
        return address(container) + (family == Family.IPV6 ? "/128" : "/32");
    }

    String gateway(GenericContainer<?> container) {
        return Cidr.format(PathCounts.gateway(container, family));
    }

    private static ContainerNetwork network(GenericContainer<?> container) {
        return container
                .getContainerInfo()
                .getNetworkSettings()
                .getNetworks()
                .values()
                .iterator()
                .next();
    }

    /** Returns the device of the container's network. */
    String bridge(GenericContainer<?> container) {
        String name = container
                .getContainerInfo()
                .getNetworkSettings()
                .getNetworks()
                .keySet()
                .iterator()
                .next();
        return name.equals("bridge")
                ? "docker0"
                : "br-" + network(container).getNetworkID().substring(0, 12);
    }

    int hostPort(GenericContainer<?> container) {
        return hostPort(container, ExposedPort.tcp(80));
    }

    /** The two families may have ports of their own. */
    int hostPort(GenericContainer<?> container, ExposedPort port) {
        return Arrays.stream(container
                        .getContainerInfo()
                        .getNetworkSettings()
                        .getPorts()
                        .getBindings()
                        .get(port))
                .filter(binding -> binding.getHostIp().contains(":") == (family == Family.IPV6))
                .map(binding -> Integer.valueOf(binding.getHostPortSpec()))
                .findFirst()
                .orElseThrow();
    }

    DockerRules.Wanted dnat(GenericContainer<?> container) {
        return dnat(container, Transport.TCP, 80);
    }

    DockerRules.Wanted dnat(GenericContainer<?> container, Transport transport, int port) {
        return of(container, (rules, known) -> rules.dnat(known, transport, port));
    }

    DockerRules.Wanted portAccept(GenericContainer<?> container) {
        return of(container, (rules, known) -> rules.portAccept(known, Transport.TCP, 80));
    }

    DockerRules.Wanted returnTraffic(GenericContainer<?> container) {
        return of(container, Classification::returnTraffic);
    }

    DockerRules.Wanted outboundAccept(GenericContainer<?> container) {
        return of(container, Classification::outboundAccept);
    }

    DockerRules.Wanted masquerade(GenericContainer<?> container) {
        return of(container, Classification::masquerade);
    }

    DockerRules.Wanted hairpin(GenericContainer<?> container) {
        return of(container, (rules, known) -> rules.hairpinSelf(known, Transport.TCP, 80));
    }

    DockerRules.Wanted icc(GenericContainer<?> container) {
        return of(
                container,
                (rules, known) ->
                        rules.iccAccept(rules.facts().networksOf(known).get(0)));
    }

    /** The rules that stop what other networks' containers send to this one's address, the first to be met first. */
    DockerRules.Wanted isolation(GenericContainer<?> container) {
        return of(
                container,
                (rules, known) -> Stream.of(RuleRole.DIRECT_ACCESS_DROP, RuleRole.ISOLATION_DROP)
                        .flatMap(role -> rules.withRole(role).stream())
                        .filter(rule -> rule.container() == null
                                ? rule.network() != null
                                        && known.endpoint(rule.network()).isPresent()
                                : rule.serves(known))
                        .toList());
    }

    /** The rule that lets what comes for published ports to those that tell of ports. */
    DockerRules.Wanted jumpToPorts(GenericContainer<?> container) {
        return of(
                container,
                (rules, known) -> rules.withRole(RuleRole.PORT_JUMP, RuleRole.BRIDGE_DISPATCH).stream()
                        .filter(rule -> rule.role() == RuleRole.BRIDGE_DISPATCH
                                || rule.network() == null
                                || known.endpoint(rule.network()).isPresent())
                        .toList());
    }

    private static DockerRules.Wanted of(
            GenericContainer<?> container, BiFunction<Classification, ContainerFacts, List<ClassifiedRule>> rules) {
        return classified -> rules.apply(
                classified,
                classified.facts().container(container.getContainerId()).orElseThrow());
    }

    /** Makes one fault after another; where a later one cannot be made, the earlier ones are undone. */
    static Firewall.Fault all(List<Supplier<Firewall.Fault>> faults) {
        Firewall.Fault done = () -> {};
        for (Supplier<Firewall.Fault> fault : faults) {
            try {
                done = Firewall.both(done, fault.get());
            } catch (RuntimeException | Error e) {
                done.close();
                throw e;
            }
        }
        return done;
    }
}
