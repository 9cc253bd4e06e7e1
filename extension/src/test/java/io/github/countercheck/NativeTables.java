// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.Endpoint;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.docker.PublishedPort;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The tables {@code ip docker-bridges} and {@code ip6 docker-bridges} as Engine 29 writes them with {@code
 * "firewall-backend": "nftables"} for these networks and containers, in the syntax of {@code nft}.
 *
 * <p>Networks in gateway mode {@code nat} and internal ones are known, no other modes.
 *
 * @param facts the networks and containers
 * @param userlandProxy whether docker-proxy is on
 */
record NativeTables(DockerFacts facts, boolean userlandProxy) {

    static final String NAME = "docker-bridges";

    static final String MASQUERADE = "com.docker.network.bridge.enable_ip_masquerade";
    static final String ICC = "com.docker.network.bridge.enable_icc";

    private static final String KNOWN_FLOWS = "ct state established,related counter accept";

    /** Prints both tables, whole. */
    String listing() {
        return listing(Family.IPV4) + listing(Family.IPV6);
    }

    private String listing(Family family) {
        return "table " + family.keyword() + " " + NAME + " {\n" + maps(family) + baseChains(family)
                + print(chains(family)) + "}\n";
    }

    /**
     * Prints the transaction by which the engine takes note of a container that has started: the chains that it touches
     * are emptied and written again, so that their rules have new handles and their counters start anew.
     */
    String started(ContainerFacts container) {
        return Stream.of(Family.IPV4, Family.IPV6)
                .map(family -> started(container, family))
                .collect(Collectors.joining());
    }

    private String started(ContainerFacts container, Family family) {
        Set<String> touched = new LinkedHashSet<>();
        for (Placed place : places(family)) {
            if (place.container().id().equals(container.id())) {
                String bridge = place.bridge();
                touched.add("raw-PREROUTING");
                if (!place.ports().isEmpty()) {
                    touched.add("nat-prerouting-and-output");
                    touched.add("filter-forward-in__" + bridge);
                    if (!userlandProxy) {
                        touched.add("nat-postrouting-in__" + bridge);
                    }
                }
            }
        }
        if (touched.isEmpty()) {
            return "";
        }
        String table = family.keyword() + " " + NAME;
        Map<String, List<String>> rewritten = chains(family);
        rewritten.keySet().retainAll(touched);
        return touched.stream()
                        .map(chain -> "flush chain " + table + " " + chain + "\n")
                        .collect(Collectors.joining())
                + "table " + table + " {\n" + print(rewritten) + "}\n";
    }

    private String maps(Family family) {
        StringBuilder text = new StringBuilder();
        for (String chain :
                List.of("filter-forward-in", "filter-forward-out", "nat-postrouting-in", "nat-postrouting-out")) {
            String elements = networks(family).stream()
                    .map(NetworkFacts::bridge)
                    .sorted()
                    .map(bridge -> "\"" + bridge + "\" : jump " + chain + "__" + bridge)
                    .collect(Collectors.joining(", "));
            text.append("\tmap ").append(chain).append("-jumps {\n\t\ttype ifname : verdict\n");
            if (!elements.isEmpty()) {
                text.append("\t\telements = { ").append(elements).append(" }\n");
            }
            text.append("\t}\n");
        }
        return text.toString();
    }

    private String baseChains(Family family) {
        String loopback = family == Family.IPV6 ? "ip6 daddr != ::1 " : "ip daddr != 127.0.0.0/8 ";
        Map<String, List<String>> chains = new LinkedHashMap<>();
        chains.put(
                "filter-FORWARD",
                List.of(
                        "type filter hook forward priority filter; policy accept;",
                        "oifname vmap @filter-forward-in-jumps",
                        "iifname vmap @filter-forward-out-jumps"));
        // The oldest nft that is in use knows the priority's name in the prerouting hook only.
        chains.put(
                "nat-OUTPUT",
                List.of(
                        "type nat hook output priority -100; policy accept;",
                        (userlandProxy ? loopback : "")
                                + "fib daddr type local counter jump nat-prerouting-and-output"));
        chains.put(
                "nat-POSTROUTING",
                List.of(
                        "type nat hook postrouting priority srcnat; policy accept;",
                        "iifname vmap @nat-postrouting-out-jumps",
                        "oifname vmap @nat-postrouting-in-jumps"));
        chains.put(
                "nat-PREROUTING",
                List.of(
                        "type nat hook prerouting priority dstnat; policy accept;",
                        "fib daddr type local counter jump nat-prerouting-and-output"));
        return print(chains);
    }

    private static String print(Map<String, List<String>> chains) {
        StringBuilder text = new StringBuilder();
        chains.forEach((name, rules) -> {
            text.append("\tchain ").append(name).append(" {\n");
            rules.forEach(rule -> text.append("\t\t").append(rule).append('\n'));
            text.append("\t}\n");
        });
        return text.toString();
    }

    /** All chains but those that only lead to others. */
    private Map<String, List<String>> chains(Family family) {
        Map<String, List<String>> chains = new LinkedHashMap<>();
        chains.put(
                "nat-prerouting-and-output",
                ports(family).map(port -> translation(family, port)).toList());
        chains.put("raw-PREROUTING", rawRules(family));
        for (NetworkFacts network : networks(family)) {
            String bridge = Objects.requireNonNull(network.bridge());
            chains.put("filter-forward-in__" + bridge, forwardIn(family, network));
            chains.put("filter-forward-out__" + bridge, forwardOut(network));
            chains.put("nat-postrouting-in__" + bridge, postroutingIn(family, network));
            chains.put("nat-postrouting-out__" + bridge, postroutingOut(family, network));
        }
        return chains;
    }

    private String translation(Family family, Bound bound) {
        String interfaces = userlandProxy ? "iifname != \"" + bound.place().bridge() + "\" " : "";
        String notLinkLocal = family == Family.IPV6 ? "ip6 saddr != fe80::/10 " : "";
        InetAddress host = bound.port().hostAddress();
        String on = host.isAnyLocalAddress() ? "" : family.keyword() + " daddr " + Cidr.format(host) + " ";
        String address = Cidr.format(bound.place().address());
        return interfaces + notLinkLocal + on + bound.port().transport() + " dport "
                + bound.port().hostPort() + " counter dnat to "
                + (family == Family.IPV6 ? "[" + address + "]" : address) + ":"
                + bound.port().containerPort() + " comment \"DNAT\"";
    }

    private List<String> rawRules(Family family) {
        List<String> rules = new ArrayList<>();
        rules.add("type filter hook prerouting priority raw; policy accept;");
        for (Placed place : places(family)) {
            rules.add(to(family, place) + " iifname != \"" + place.bridge()
                    + "\" counter drop comment \"DROP DIRECT ACCESS\"");
        }
        ports(family)
                .map(Bound::port)
                .filter(port -> port.hostAddress().isLoopbackAddress())
                .forEach(port -> rules.add("iifname != \"lo\" " + family.keyword() + " daddr "
                        + Cidr.format(port.hostAddress()) + " " + port.transport() + " dport " + port.hostPort()
                        + " counter drop comment \"DROP REMOTE LOOPBACK\""));
        return rules;
    }

    private List<String> forwardIn(Family family, NetworkFacts network) {
        List<String> rules = new ArrayList<>();
        rules.add(KNOWN_FLOWS);
        if (network.internal()) {
            rules.add("iifname != \"" + network.bridge() + "\" counter drop comment \"INTERNAL NETWORK INGRESS\"");
            rules.add("counter " + icc(network) + " comment \"ICC\"");
            return rules;
        }
        rules.add("iifname \"" + network.bridge() + "\" counter " + icc(network) + " comment \"ICC\"");
        ports(family)
                .filter(bound -> bound.place().network().equals(network))
                .map(bound -> to(family, bound.place()) + " " + toPort(bound) + " counter accept")
                .distinct()
                .forEach(rules::add);
        rules.add("counter drop comment \"UNPUBLISHED PORT DROP\"");
        return rules;
    }

    private static List<String> forwardOut(NetworkFacts network) {
        return List.of(
                KNOWN_FLOWS,
                network.internal()
                        ? "oifname != \"" + network.bridge() + "\" counter drop comment \"INTERNAL NETWORK EGRESS\""
                        : "counter accept comment \"OUTGOING\"");
    }

    private List<String> postroutingIn(Family family, NetworkFacts network) {
        List<String> rules = new ArrayList<>();
        if (!userlandProxy && !network.internal()) {
            rules.add("fib saddr type local counter masquerade comment \"MASQUERADE FROM HOST\"");
            ports(family)
                    .filter(bound -> bound.place().network().equals(network))
                    .map(bound -> family.keyword() + " saddr "
                            + Cidr.format(bound.place().address()) + " " + to(family, bound.place()) + " "
                            + toPort(bound) + " counter masquerade comment \"MASQ TO OWN PORT\"")
                    .distinct()
                    .forEach(rules::add);
        }
        return rules;
    }

    private static List<String> postroutingOut(Family family, NetworkFacts network) {
        return network.internal() || isOff(network, MASQUERADE)
                ? List.of()
                : List.of("oifname != \"" + network.bridge() + "\" " + family.keyword() + " saddr "
                        + subnet(network, family).orElseThrow()
                        + " counter masquerade comment \"MASQUERADE\"");
    }

    private static String icc(NetworkFacts network) {
        return isOff(network, ICC) ? "drop" : "accept";
    }

    private static boolean isOff(NetworkFacts network, String option) {
        return "false".equals(network.options().get(option));
    }

    private static String to(Family family, Placed place) {
        return family.keyword() + " daddr " + Cidr.format(place.address());
    }

    private static String toPort(Bound bound) {
        return bound.port().transport() + " dport " + bound.port().containerPort();
    }

    /** A container's address in a network that it is reached in from outside, and what it publishes there. */
    private record Placed(
            ContainerFacts container, NetworkFacts network, InetAddress address, List<PublishedPort> ports) {

        String bridge() {
            return Objects.requireNonNull(network.bridge());
        }
    }

    private record Bound(Placed place, PublishedPort port) {}

    private Stream<Bound> ports(Family family) {
        return places(family).stream().flatMap(place -> place.ports().stream().map(port -> new Bound(place, port)));
    }

    private List<Placed> places(Family family) {
        List<Placed> places = new ArrayList<>();
        for (ContainerFacts container : facts.containers()) {
            // Of several networks the first by name is the one by which its ports are published.
            List<PublishedPort> ports = container.ports().stream()
                    .filter(port -> family == family(port.hostAddress()))
                    .toList();
            for (Endpoint endpoint : container.endpoints()) {
                Optional<NetworkFacts> network = networks(family).stream()
                        .filter(n -> n.id().equals(endpoint.networkId()) && !n.internal())
                        .findFirst();
                InetAddress address = family == Family.IPV6 ? endpoint.ipv6() : endpoint.ipv4();
                if (network.isPresent() && address != null) {
                    places.add(new Placed(container, network.get(), address, ports));
                    ports = List.of();
                }
            }
        }
        return places;
    }

    private List<NetworkFacts> networks(Family family) {
        return facts.networks().stream()
                .filter(n -> n.bridge() != null && subnet(n, family).isPresent())
                .sorted(Comparator.comparing(NetworkFacts::bridge))
                .toList();
    }

    private static Optional<Cidr> subnet(NetworkFacts network, Family family) {
        return network.subnets().stream()
                .filter(s -> family == family(s.address()))
                .findFirst();
    }

    private static Family family(InetAddress address) {
        return address instanceof Inet6Address ? Family.IPV6 : Family.IPV4;
    }
}
