// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.countercheck.ruleset.Captures;
import io.github.countercheck.ruleset.Family;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Roles against the daemon's own JSON, counted here anew: what the classifier found is what the daemon was asked for, no
 * more and no less.
 */
class CapturedCountsTests {

    static List<Path> dumps() {
        return Captures.dumps();
    }

    /** Dumps of IPv4 rules from the time when networks and containers were there. */
    static List<Path> dumpsWithContainers() {
        return dumps().stream()
                .filter(d -> !Captures.name(d).contains("/0-idle."))
                .filter(d -> Captures.family(d) == Family.IPV4)
                .toList();
    }

    static List<Path> dumpsWithIpv6Containers() {
        return dumps().stream()
                .filter(d -> Captures.name(d).contains("/ipv6/"))
                .filter(d -> !Captures.name(d).contains("/0-idle."))
                .filter(d -> Captures.family(d) == Family.IPV6)
                .toList();
    }

    @Test
    void thereIsEnoughToCount() {
        assertThat(dumpsWithContainers()).hasSizeGreaterThanOrEqualTo(5 * 4 * 4);
        assertThat(dumpsWithIpv6Containers()).hasSizeGreaterThanOrEqualTo(5 * 4);
    }

    @ParameterizedTest
    @MethodSource("dumpsWithContainers")
    void everyBindingHasItsTranslation(Path dump) {
        List<String> expected = new ArrayList<>();
        for (Binding binding : bindings(dump)) {
            if (!binding.hostIp().contains(":")) {
                expected.add(binding.container() + " " + binding.hostIp() + ":" + binding.hostPort() + " -> "
                        + binding.port());
            }
        }

        assertThat(expected).hasSize(4);
        assertThat(withRole(dump, RuleRole.PORT_DNAT)).containsExactlyInAnyOrderElementsOf(expected);
    }

    @ParameterizedTest
    @MethodSource("dumpsWithIpv6Containers")
    void everyIpv6BindingOfAnIpv6ContainerHasItsTranslation(Path dump) {
        assertThat(withRole(dump, RuleRole.PORT_DNAT)).containsExactly("web1 0.0.0.0:32768 -> 80/tcp");
        assertThat(bindings(dump)).contains(new Binding("web1", "80/tcp", "::", "32768"));
    }

    private static List<String> withRole(Path dump, RuleRole role) {
        return CapturedFacts.classify(dump).withRole(role).stream()
                .map(r -> r.container().name() + " "
                        + (r.hostAddress() == null ? "0.0.0.0" : r.hostAddress().getHostAddress()) + ":" + r.hostPort()
                        + " -> " + r.port() + "/" + r.transport())
                .toList();
    }

    @ParameterizedTest
    @MethodSource("dumpsWithContainers")
    void everyNetworkAndPortHasItsRules(Path dump) {
        boolean proxyOff = Captures.name(dump).contains("/userland-proxy-off/");
        boolean is20Or26 = Captures.name(dump).matches("docker-2[06].*");
        boolean is29 = Captures.name(dump).startsWith("docker-29");
        boolean legacy = Captures.name(dump).contains("-legacy/");
        List<JsonNode> networks =
                CapturedFacts.stream(CapturedFacts.json(dump, "networks")).toList();
        int internal = count(networks, n -> n.get("Internal").asBoolean());
        int open = networks.size() - internal;
        int masqueraded = count(
                networks,
                n -> !n.get("Internal").asBoolean()
                        && !"false"
                                .equals(n.get("Options")
                                        .path("com.docker.network.bridge.enable_ip_masquerade")
                                        .asText()));
        int ports = (int) bindings(dump).stream()
                .map(b -> b.container() + b.port())
                .distinct()
                .count();
        int loopbackPorts = count(bindings(dump), b -> b.hostIp().startsWith("127."));

        assertThat(List.of(open, internal, ports, loopbackPorts)).containsExactly(3, 1, 4, 1);
        assertThat(counts(CapturedFacts.classify(dump)))
                .containsExactlyInAnyOrderEntriesOf(withoutZeros(Map.ofEntries(
                        Map.entry(RuleRole.PORT_ACCEPT, ports),
                        Map.entry(RuleRole.HAIRPIN_SELF, is20Or26 || proxyOff ? ports : 0),
                        Map.entry(RuleRole.HAIRPIN_HOST, proxyOff ? open : 0),
                        Map.entry(RuleRole.SKIP_DNAT, proxyOff || is29 ? 0 : masqueraded),
                        Map.entry(RuleRole.MASQUERADE, masqueraded),
                        Map.entry(RuleRole.RETURN_TRAFFIC, open),
                        Map.entry(RuleRole.PORT_JUMP, open),
                        Map.entry(RuleRole.OUTBOUND_ACCEPT, open),
                        Map.entry(RuleRole.ICC_ACCEPT, is20Or26 ? open + internal : internal),
                        Map.entry(RuleRole.INTERNAL_IN_DROP, internal),
                        Map.entry(RuleRole.INTERNAL_OUT_DROP, internal),
                        Map.entry(RuleRole.ISOLATION_FROM, is29 ? 0 : open),
                        Map.entry(RuleRole.ISOLATION_DROP, is29 ? 0 : open),
                        Map.entry(RuleRole.UNPUBLISHED_DROP, is20Or26 ? 0 : open),
                        // One container on each open network.
                        Map.entry(RuleRole.DIRECT_ACCESS_DROP, is20Or26 ? 0 : open),
                        Map.entry(RuleRole.LOOPBACK_PORT_DROP, is20Or26 ? 0 : loopbackPorts),
                        // Four in chains of their own and two that lead there; the legacy capture read that backend
                        // only.
                        Map.entry(RuleRole.EMBEDDED_DNS, legacy ? 0 : 6),
                        Map.entry(RuleRole.PORT_DNAT, 4),
                        Map.entry(RuleRole.NAT_JUMP_PRE, 1),
                        Map.entry(RuleRole.NAT_JUMP_OUT, 1),
                        Map.entry(RuleRole.USER_JUMP, 1),
                        Map.entry(RuleRole.FORWARD_JUMP, is20Or26 ? 0 : 1),
                        Map.entry(RuleRole.CT_JUMP, is20Or26 ? 0 : 1),
                        Map.entry(RuleRole.BRIDGE_JUMP, is20Or26 ? 0 : 1),
                        Map.entry(RuleRole.ISOLATION_JUMP, is29 ? 0 : 1),
                        Map.entry(RuleRole.INTERNAL_JUMP, is29 ? 1 : 0),
                        Map.entry(RuleRole.CHAIN_RETURN, is20Or26 ? 3 : 0))));
    }

    static List<Path> nftDumpsWithContainers() {
        return Captures.nftDumps().stream()
                .filter(d -> !Captures.name(d).contains("/0-idle."))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("nftDumpsWithContainers")
    void everyNetworkAndPortHasItsRulesOfNftables(Path dump) {
        boolean proxyOff = Captures.name(dump).contains("/userland-proxy-off/");
        int open = 3;
        int internal = 1;
        int ports = 4;
        Classification classification = CapturedFacts.classifyNft(dump, Family.IPV4);

        assertThat(counts(classification))
                .containsExactlyInAnyOrderEntriesOf(withoutZeros(Map.ofEntries(
                        Map.entry(RuleRole.PORT_DNAT, ports),
                        Map.entry(RuleRole.PORT_ACCEPT, ports),
                        Map.entry(RuleRole.HAIRPIN_SELF, proxyOff ? ports : 0),
                        Map.entry(RuleRole.HAIRPIN_HOST, proxyOff ? open : 0),
                        Map.entry(RuleRole.MASQUERADE, Captures.name(dump).contains("/ip-masq-off/") ? open - 1 : open),
                        Map.entry(RuleRole.RETURN_TRAFFIC, open + internal),
                        Map.entry(RuleRole.OUTBOUND_ESTABLISHED, open + internal),
                        Map.entry(RuleRole.OUTBOUND_ACCEPT, open),
                        Map.entry(RuleRole.ICC_ACCEPT, open + internal),
                        Map.entry(RuleRole.INTERNAL_IN_DROP, internal),
                        Map.entry(RuleRole.INTERNAL_OUT_DROP, internal),
                        Map.entry(RuleRole.UNPUBLISHED_DROP, open),
                        Map.entry(RuleRole.DIRECT_ACCESS_DROP, open),
                        Map.entry(RuleRole.LOOPBACK_PORT_DROP, 1),
                        Map.entry(RuleRole.EMBEDDED_DNS, 6),
                        Map.entry(RuleRole.NAT_JUMP_PRE, 1),
                        Map.entry(RuleRole.NAT_JUMP_OUT, 1),
                        Map.entry(RuleRole.BRIDGE_DISPATCH, 4))));
        assertThat(classification.layout()).isEqualTo(Layout.GN);
    }

    @ParameterizedTest
    @MethodSource("dumps")
    void layoutIsTheEngines(Path dump) {
        Classification classification = CapturedFacts.classify(dump);
        Layout expected = switch (Captures.name(dump).substring(0, 9)) {
            case "docker-20", "docker-26" -> Layout.G1;
            case "docker-28" -> Layout.G3;
            default -> Layout.G4;
        };

        assertThat(classification.layout()).isEqualTo(classification.ruleset().isEmpty() ? Layout.NONE : expected);
    }

    @Test
    void noContainerHasRulesBeforeItStarts() {
        List<Path> idle = dumps().stream()
                .filter(d -> Captures.name(d).contains("/0-idle."))
                .toList();

        assertThat(idle)
                .hasSizeGreaterThanOrEqualTo(40)
                .allSatisfy(dump -> assertThat(CapturedFacts.classify(dump).rules())
                        .allMatch(r -> r.container() == null && r.port() == null));
    }

    private static Map<RuleRole, Integer> counts(Classification classification) {
        Map<RuleRole, Integer> counts = new EnumMap<>(RuleRole.class);
        classification.rules().forEach(r -> counts.merge(r.role(), 1, Integer::sum));
        return counts;
    }

    private static Map<RuleRole, Integer> withoutZeros(Map<RuleRole, Integer> counts) {
        Map<RuleRole, Integer> rest = new EnumMap<>(counts);
        rest.values().removeIf(n -> n == 0);
        return rest;
    }

    private static <T> int count(List<T> all, Predicate<T> wanted) {
        return (int) all.stream().filter(wanted).count();
    }

    private record Binding(String container, String port, String hostIp, String hostPort) {}

    private static List<Binding> bindings(Path dump) {
        List<Binding> bindings = new ArrayList<>();
        for (JsonNode container : CapturedFacts.json(dump, "containers")) {
            String name = container.get("Name").asText().substring(1);
            container
                    .at("/NetworkSettings/Ports")
                    .properties()
                    .forEach(port -> port.getValue()
                            .forEach(b -> bindings.add(new Binding(
                                    name,
                                    port.getKey(),
                                    b.get("HostIp").asText(),
                                    b.get("HostPort").asText()))));
        }
        return bindings;
    }
}
