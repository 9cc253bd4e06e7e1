// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Transport;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;

/** A daemon with one network of each kind. */
final class SampleFacts {

    static final NetworkFacts BRIDGE = network("bridge", "docker0", false, Map.of(), "172.17.0.0/16", "fd00:17::/64");
    static final NetworkFacts FRONT = network("front", "br-f00000000001", false, Map.of(), "172.30.0.0/24");
    static final NetworkFacts VAULT =
            network("vault", "br-f00000000002", true, Map.of(), "172.29.0.0/24", "fd00:29::/64");
    static final NetworkFacts LAB = network(
            "lab",
            "lab0",
            false,
            Map.of("com.docker.network.bridge.trusted_host_interfaces", "eth2:eth3"),
            "10.77.0.0/24");
    static final NetworkFacts GWBRIDGE =
            network("docker_gwbridge", "docker_gwbridge", false, Map.of(), "172.18.0.0/16");

    static final ContainerFacts WEB = new ContainerFacts(
            "c1",
            "web",
            "bridge",
            101,
            List.of(endpoint(BRIDGE, "172.17.0.2", "fd00:17::2")),
            List.of(
                    new PublishedPort(Transport.TCP, 80, address("0.0.0.0"), 8080),
                    new PublishedPort(Transport.TCP, 80, address("127.0.0.1"), 8081)));
    static final ContainerFacts DB =
            new ContainerFacts("c2", "db", "bridge", 102, List.of(endpoint(BRIDGE, "172.17.0.3", null)), List.of());
    static final ContainerFacts PHONE = new ContainerFacts(
            "c3",
            "phone",
            "front",
            103,
            List.of(endpoint(FRONT, "172.30.0.2", null)),
            List.of(new PublishedPort(Transport.SCTP, 3868, address("0.0.0.0"), 3868)));
    static final ContainerFacts RIG =
            new ContainerFacts("c4", "rig", "lab", 104, List.of(endpoint(LAB, "10.77.0.2", null)), List.of());

    static final DockerFacts ALL =
            new DockerFacts(List.of(BRIDGE, FRONT, VAULT, LAB, GWBRIDGE), List.of(WEB, DB, PHONE, RIG));

    static final NetworkFacts PODMAN = network("podman", "podman0", false, Map.of(), "10.88.0.0/16");
    static final NetworkFacts APPS = network("apps", "podman1", false, Map.of(), "10.89.0.0/24", "fd00:89::/64");
    static final NetworkFacts OTHERS = network("others", "podman2", false, Map.of(), "10.90.0.0/24");

    static final ContainerFacts SITE = new ContainerFacts(
            "c0ffee0000000000000000000000000000000000000000000000000000000001",
            "site",
            "bridge",
            105,
            List.of(endpoint(PODMAN, "10.88.0.2", null)),
            List.of());
    static final ContainerFacts SHOP = new ContainerFacts(
            "c0ffee0000000000000000000000000000000000000000000000000000000002",
            "shop",
            "bridge",
            106,
            List.of(endpoint(APPS, "10.89.0.2", "fd00:89::2")),
            List.of());

    static final DockerFacts OF_PODMAN = new DockerFacts(List.of(APPS, OTHERS, PODMAN), List.of(SHOP, SITE));

    private SampleFacts() {}

    static InetAddress address(String text) {
        return Cidr.parseAddress(text);
    }

    static NetworkFacts network(
            String name, String bridge, boolean internal, Map<String, String> options, String... subnets) {
        return new NetworkFacts(
                "id-of-" + name,
                name,
                "bridge",
                bridge,
                List.of(subnets).stream().map(Cidr::parse).toList(),
                List.of(),
                internal,
                options);
    }

    private static Endpoint endpoint(NetworkFacts network, String ipv4, String ipv6) {
        return new Endpoint(network.id(), network.name(), address(ipv4), ipv6 == null ? null : address(ipv6), null);
    }
}
