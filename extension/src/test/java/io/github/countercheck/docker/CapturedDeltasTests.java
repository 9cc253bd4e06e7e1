// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.ruleset.Captures;
import io.github.countercheck.ruleset.Counter;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Rule;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Real traffic through real daemons, told by roles: between two stages of a capture the rules of these roles counted, and
 * no others. {@code actions.json} beside the dumps says what was sent.
 */
class CapturedDeltasTests {

    /** Roles whose rules count every packet of a conversation, so that the number depends on how the packets fell. */
    private static final Set<RuleRole> EVERY_PACKET = EnumSet.of(
            RuleRole.USER_JUMP,
            RuleRole.FORWARD_JUMP,
            RuleRole.CT_JUMP,
            RuleRole.ISOLATION_JUMP,
            RuleRole.INTERNAL_JUMP,
            RuleRole.BRIDGE_JUMP,
            RuleRole.RETURN_TRAFFIC,
            RuleRole.OUTBOUND_ACCEPT,
            RuleRole.OUTBOUND_ESTABLISHED,
            RuleRole.ISOLATION_FROM,
            RuleRole.PORT_JUMP,
            RuleRole.CHAIN_RETURN,
            // The control connections of the capture itself come by here.
            RuleRole.NAT_JUMP_PRE);

    /** How often a rule was hit. A connection that is not answered for three seconds sends three SYNs or a few more. */
    private record Hits(long atLeast, long atMost) {

        static Hits exactly(long hits) {
            return new Hits(hits, hits);
        }

        static Hits retriesAnd(long hits) {
            return new Hits(hits + 3, hits + 5);
        }
    }

    private static final Hits RETRIES = Hits.retriesAnd(0);
    private static final Hits ONCE = Hits.exactly(1);

    private record Scene(Path published, Family family) {

        boolean isIpv6() {
            return family == Family.IPV6;
        }

        boolean isNft() {
            return published.toString().endsWith(".nft.json");
        }

        Classification classify(String stage) {
            Path dump = Captures.dump(Captures.name(published).replace("1-published", stage));
            return isNft() ? CapturedFacts.classifyNft(dump, family) : CapturedFacts.classify(dump);
        }

        boolean proxyOff() {
            return Captures.name(published).contains("/userland-proxy-off/");
        }

        boolean masqueradeOff() {
            return Captures.name(published).contains("/ip-masq-off/");
        }

        boolean isEngine(int... majors) {
            String name = Captures.name(published);
            for (int major : majors) {
                if (name.startsWith("docker-" + major + ".")) {
                    return true;
                }
            }
            return false;
        }
    }

    static List<Scene> scenes() {
        Stream<Scene> iptables = Captures.dumps().stream().map(d -> new Scene(d, Captures.family(d)));
        Stream<Scene> nft = Captures.nftDumps().stream()
                .flatMap(d -> Stream.of(Family.IPV4, Family.IPV6).map(f -> new Scene(d, f)))
                .filter(s -> !s.isIpv6() || Captures.name(s.published).contains("/ipv6/"));
        return Stream.concat(iptables, nft)
                .filter(s -> Captures.name(s.published).contains("/1-published."))
                .toList();
    }

    static List<Scene> answeredNftScenes() {
        return scenes().stream()
                .filter(s -> s.isNft() && !s.isIpv6() && !s.masqueradeOff())
                .toList();
    }

    @Test
    void thereAreScenesOfEveryEngine() {
        assertThat(scenes()).hasSizeGreaterThanOrEqualTo(5 * 4 * 2);
        assertThat(scenes()).filteredOn(s -> s.isEngine(20)).hasSizeGreaterThanOrEqualTo(8);
        assertThat(scenes()).filteredOn(s -> s.isEngine(26)).hasSizeGreaterThanOrEqualTo(8);
        assertThat(scenes()).filteredOn(s -> s.isEngine(28)).hasSizeGreaterThanOrEqualTo(16);
        assertThat(scenes()).filteredOn(s -> s.isEngine(29)).hasSizeGreaterThanOrEqualTo(13);
        assertThat(scenes()).filteredOn(Scene::isNft).hasSizeGreaterThanOrEqualTo(5);
    }

    /** Three connections from outside to web1, one to web2; of the host one to web2 and one to 127.0.0.1:8081, web3. */
    @ParameterizedTest
    @MethodSource("scenes")
    void inbound(Scene scene) {
        Map<String, Hits> expected = new HashMap<>();
        if (!scene.isIpv6()) {
            expected.put("PORT_DNAT web1:80", Hits.exactly(3));
            expected.put("PORT_ACCEPT web1:80", Hits.exactly(3));
            expected.put("PORT_DNAT web2:80", Hits.exactly(2));
            // The host's own connection leaves through OUTPUT and is never forwarded.
            expected.put("PORT_ACCEPT web2:80", ONCE);
            expected.put("NAT_JUMP_OUT", Hits.exactly(scene.proxyOff() ? 2 : 1));
            if (scene.proxyOff()) {
                expected.put("PORT_DNAT web3:80", ONCE);
                expected.put("HAIRPIN_HOST front", ONCE);
                expected.put("HAIRPIN_HOST back", ONCE);
            }
        }

        assertHits(scene, "1-published", "2-inbound", expected);
    }

    /** Two connections of web1 and one of web2 to the outside; one of db1, whose network is internal. */
    @ParameterizedTest
    @MethodSource("scenes")
    void outbound(Scene scene) {
        Map<String, Hits> expected = new HashMap<>();
        if (!scene.isIpv6()) {
            expected.put("MASQUERADE front", ONCE);
            if (!scene.masqueradeOff()) {
                expected.put("MASQUERADE bridge", Hits.exactly(2));
            }
            if (scene.isNft()) {
                // One for each flow: the rest of it meets another rule. What is not masqueraded is never answered, so
                // that each retry is still the flow's first packet.
                expected.put("OUTBOUND_ACCEPT bridge", scene.masqueradeOff() ? new Hits(6, 10) : Hits.exactly(2));
                expected.put("OUTBOUND_ACCEPT front", ONCE);
            }
            if (scene.isEngine(20)) {
                // Later engines give it no route, so that no packet gets as far as a rule.
                expected.put("INTERNAL_OUT_DROP vault", RETRIES);
            }
        }

        assertHits(scene, "2-inbound", "3-outbound", expected);
    }

    /**
     * Web2 to web3's address on another bridge; web2 to its own published port; web1 to that port of web2, which is on
     * another bridge; an outside host straight to web2's address.
     */
    @ParameterizedTest
    @MethodSource("scenes")
    void crossing(Scene scene) {
        Map<String, Hits> expected = new HashMap<>();
        if (!scene.isIpv6()) {
            acrossBridgesAndStraight(scene, expected);
            ownPort(scene, expected);
            portOfAnotherBridge(scene, expected);
        }

        assertHits(scene, "3-outbound", "4-crossing", expected);
    }

    /** The rest of each flow: replies to published ports count as outbound, and replies to outbound flows as inbound. */
    @ParameterizedTest
    @MethodSource("answeredNftScenes")
    void restOfTheFlows(Scene scene) {
        Map<String, Long> before = packetsByRole(scene, "1-published");
        Map<String, Long> inbound = packetsByRole(scene, "2-inbound");
        Map<String, Long> outbound = packetsByRole(scene, "3-outbound");

        for (String role : List.of("RETURN_TRAFFIC", "OUTBOUND_ESTABLISHED")) {
            String bridge = role + " bridge";
            assertThat(inbound.get(bridge) - before.get(bridge)).as(bridge).isGreaterThanOrEqualTo(3 * 3);
            assertThat(outbound.get(bridge) - inbound.get(bridge)).as(bridge).isGreaterThanOrEqualTo(2 * 3);
        }
        assertThat(inbound.get("OUTBOUND_ACCEPT bridge")).isEqualTo(before.get("OUTBOUND_ACCEPT bridge"));
    }

    private static Map<String, Long> packetsByRole(Scene scene, String stage) {
        Map<String, Long> packets = new HashMap<>();
        scene.classify(stage).rules().forEach(r -> packets.merge(subject(r), packets(r), Long::sum));
        return packets;
    }

    private static void acrossBridgesAndStraight(Scene scene, Map<String, Hits> expected) {
        if (scene.isEngine(20, 26)) {
            expected.put("ISOLATION_DROP back", RETRIES);
            expected.put("PORT_ACCEPT web2:80", ONCE);
        } else {
            expected.put("DIRECT_ACCESS_DROP web3", RETRIES);
            expected.put("DIRECT_ACCESS_DROP web2", RETRIES);
        }
    }

    private static void ownPort(Scene scene, Map<String, Hits> expected) {
        if (scene.proxyOff()) {
            expected.put("PORT_DNAT web2:80", ONCE);
            expected.put("HAIRPIN_SELF web2:80", ONCE);
            if (scene.isEngine(20, 26) || scene.isNft()) {
                expected.put("ICC_ACCEPT front", ONCE);
            }
        } else if (!scene.isEngine(29)) {
            expected.put("SKIP_DNAT front", ONCE);
        }
    }

    private static void portOfAnotherBridge(Scene scene, Map<String, Hits> expected) {
        long ownPort = scene.proxyOff() ? 1 : 0;
        if (!scene.isEngine(29)) {
            if (!scene.proxyOff() && !scene.masqueradeOff()) {
                expected.put("SKIP_DNAT bridge", ONCE);
            } else {
                // Dropped behind the translation, so that each retry is translated anew.
                expected.put("PORT_DNAT web2:80", Hits.retriesAnd(ownPort));
                expected.put("ISOLATION_DROP front", RETRIES);
            }
            return;
        }
        expected.put("PORT_DNAT web2:80", Hits.exactly(ownPort + 1));
        if (scene.masqueradeOff()) {
            // The replies come back from another bridge than web1's.
            expected.put("PORT_ACCEPT web2:80", RETRIES);
            expected.put("DIRECT_ACCESS_DROP web1", RETRIES);
        } else {
            expected.put("PORT_ACCEPT web2:80", ONCE);
            expected.put("MASQUERADE bridge", ONCE);
        }
    }

    private static void assertHits(Scene scene, String before, String after, Map<String, Hits> expected) {
        Map<String, Long> hits = hits(scene, before, after);

        assertThat(hits).containsOnlyKeys(expected.keySet());
        expected.forEach(
                (rule, range) -> assertThat(hits.get(rule)).as(rule).isBetween(range.atLeast(), range.atMost()));
    }

    private static Map<String, Long> hits(Scene scene, String before, String after) {
        Map<String, Long> packetsBefore = new HashMap<>();
        scene.classify(before).rules().forEach(r -> packetsBefore.put(key(r.rule()), packets(r)));
        Map<String, Long> hits = new TreeMap<>();
        for (ClassifiedRule rule : scene.classify(after).rules()) {
            long hit = packets(rule) - packetsBefore.get(key(rule.rule()));
            boolean perFlow = scene.isNft() && rule.role() == RuleRole.OUTBOUND_ACCEPT;
            if (hit != 0 && (perFlow || !EVERY_PACKET.contains(rule.role()))) {
                hits.merge(subject(rule), hit, Long::sum);
            }
        }
        return hits;
    }

    private static String key(Rule rule) {
        return rule.table() + " " + rule.chain() + " " + rule.spec();
    }

    private static long packets(ClassifiedRule rule) {
        if (rule.role() == RuleRole.BRIDGE_DISPATCH) {
            assertThat(rule.rule().counter()).isNull();
            return 0;
        }
        Counter counter = Objects.requireNonNull(rule.rule().counter());
        return counter.packets();
    }

    private static String subject(ClassifiedRule rule) {
        if (rule.container() != null) {
            return rule.role() + " " + rule.container().name() + (rule.port() == null ? "" : ":" + rule.port());
        }
        return rule.network() == null
                ? rule.role().name()
                : rule.role() + " " + rule.network().name();
    }
}
