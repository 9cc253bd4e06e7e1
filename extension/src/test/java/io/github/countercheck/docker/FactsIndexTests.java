// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.ruleset.Captures;
import io.github.countercheck.ruleset.Cidr;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The index answers as the facts do, which look through all they have. */
class FactsIndexTests {

    private static final NetworkFacts BRIDGE = network("b", "bridge", "br-0123456789ab", "10.1.0.0/16", "fd00:1::/64");
    private static final NetworkFacts MACVLAN = network("m", "macvlan", null, "10.1.0.0/16", "10.2.0.0/24");

    static Stream<Path> daemons() {
        return Captures.dumps().stream().filter(dump -> Captures.name(dump).contains("/1-published.iptables-save"));
    }

    private static NetworkFacts network(String name, String driver, String bridge, String... subnets) {
        return new NetworkFacts(
                name + "-id",
                name,
                driver,
                bridge,
                Stream.of(subnets).map(Cidr::parse).toList(),
                List.of(),
                false,
                Map.of());
    }

    @ParameterizedTest
    @MethodSource("daemons")
    void answersAsTheFactsDo(Path dump) {
        DockerFacts facts = CapturedFacts.of(dump);
        FactsIndex index = new FactsIndex(facts);

        assertThat(facts.containers()).isNotEmpty();
        for (NetworkFacts network : facts.networks()) {
            if (network.bridge() != null) {
                assertThat(index.networkOfBridge(network.bridge()))
                        .isEqualTo(facts.networkOfBridge(network.bridge()).orElseThrow());
            }
            for (Cidr subnet : network.subnets()) {
                assertThat(index.networkOfSubnet(subnet))
                        .isEqualTo(facts.networkOfSubnet(subnet).orElseThrow());
            }
        }
        for (ContainerFacts container : facts.containers()) {
            for (InetAddress address : container.addresses()) {
                assertThat(index.networkOf(address))
                        .isEqualTo(facts.networkOf(address).orElseThrow());
                assertThat(index.containersAt(address)).contains(container);
            }
        }
    }

    @Test
    void prefersABridgeWhereDriversShareASubnet() {
        for (List<NetworkFacts> order : List.of(List.of(BRIDGE, MACVLAN), List.of(MACVLAN, BRIDGE))) {
            FactsIndex index = new FactsIndex(new DockerFacts(order, List.of()));

            assertThat(index.networkOf(Cidr.parseAddress("10.1.2.3"))).isSameAs(BRIDGE);
            assertThat(index.networkOfSubnet(Cidr.parse("10.1.0.0/16"))).isSameAs(BRIDGE);
            assertThat(index.networkOf(Cidr.parseAddress("10.2.0.9"))).isSameAs(MACVLAN);
            assertThat(index.networkOf(Cidr.parseAddress("fd00:1::9"))).isSameAs(BRIDGE);
        }
    }

    @Test
    void knowsNothingElse() {
        FactsIndex index = new FactsIndex(new DockerFacts(List.of(BRIDGE, MACVLAN), List.of()));

        assertThat(index.networkOfBridge("docker0")).isNull();
        assertThat(index.networkOfBridge(null)).isNull();
        assertThat(index.networkOfSubnet(Cidr.parse("10.1.0.0/17"))).isNull();
        assertThat(index.networkOf(Cidr.parseAddress("10.3.0.1"))).isNull();
        assertThat(index.networkOf(Cidr.parseAddress("fd00:2::1"))).isNull();
        assertThat(index.containersAt(Cidr.parseAddress("10.1.0.2"))).isEmpty();
    }
}
