// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.countercheck.docker.CapturedFacts;
import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.ruleset.Captures;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.NftJsonParser;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.walk.Packet.State;
import io.github.countercheck.walk.PacketWalk.Endpoint;
import io.github.countercheck.walk.PacketWalk.Fate;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Real traffic through real daemons, simulated: the first packet of each action, and its answer, meet the rules that
 * counted between the stages, and get there if and only if the action was answered.
 */
class CapturedWalksTests {

    private static final Cidr HOST = Cidr.parse("203.0.113.10/24");

    private record Scene(String directory) {

        /** Without its proxy the daemon lets loopback addresses in from its bridges. */
        private RoutingFacts routing(DockerFacts facts, List<Ruleset> rules) {
            RoutingFacts routing = RoutingFacts.of(facts, rules).withDevice("eth0", HOST);
            if (directory.endsWith("/userland-proxy-off")) {
                for (NetworkFacts network : facts.networks()) {
                    routing = network.bridge() == null ? routing : routing.withLoopbackRouted(network.bridge());
                }
            }
            return routing;
        }

        private boolean isNftables() {
            return directory.contains("-nftables/");
        }

        private DockerFacts facts() {
            return CapturedFacts.of(Captures.dump(directory + "/1-published.iptables-save.txt"));
        }

        private List<Ruleset> rules(String stage) {
            if (isNftables()) {
                return NftJsonParser.parse(Captures.text(Captures.dump(directory + "/" + stage + ".nft.json")))
                        .rulesets();
            }
            return Stream.of("iptables", "ip6tables")
                    .map(tool -> Captures.parse(Captures.dump(directory + "/" + stage + "." + tool + "-save.txt")))
                    .toList();
        }

        private List<JsonNode> actions() {
            Path dump = Captures.dump(directory + "/1-published.iptables-save.txt");
            return CapturedFacts.stream(CapturedFacts.json(dump, "actions").get("actions"))
                    .toList();
        }

        @Override
        public String toString() {
            return directory;
        }
    }

    /** How often a rule counts. What is not answered for three seconds is sent three times or a few more. */
    private record Hits(long atLeast, long atMost) {

        static final Hits ONCE = new Hits(1, 1);
        static final Hits RETRIES = new Hits(3, 5);

        Hits plus(Hits other) {
            return new Hits(atLeast + other.atLeast, atMost + other.atMost);
        }
    }

    static List<Scene> scenes() {
        return Stream.concat(Captures.dumps().stream(), Captures.nftDumps().stream())
                .map(Captures::name)
                .filter(name -> name.endsWith("/1-published.iptables-save.txt")
                        || (name.contains("-nftables/") && name.endsWith("/1-published.nft.json")))
                .distinct()
                .map(name -> new Scene(name.substring(0, name.lastIndexOf('/'))))
                .toList();
    }

    @Test
    void thereAreScenes() {
        assertThat(scenes()).hasSizeGreaterThanOrEqualTo(6 * 4);
    }

    @ParameterizedTest
    @MethodSource("scenes")
    void inbound(Scene scene) {
        assertSimulated(scene, "1-published", "2-inbound", 0, 7);
    }

    @ParameterizedTest
    @MethodSource("scenes")
    void outbound(Scene scene) {
        assertSimulated(scene, "2-inbound", "3-outbound", 7, 11);
    }

    @ParameterizedTest
    @MethodSource("scenes")
    void crossing(Scene scene) {
        assertSimulated(scene, "3-outbound", "4-crossing", 11, 15);
    }

    private static void assertSimulated(Scene scene, String before, String after, int from, int to) {
        DockerFacts facts = scene.facts();
        List<Ruleset> rules = scene.rules(before);
        RulesetWalker walker = RulesetWalker.of(rules, facts, scene.routing(facts, rules));
        Map<String, Hits> expected = new TreeMap<>();
        for (JsonNode action : scene.actions().subList(from, to)) {
            simulate(walker, facts, action, expected);
        }

        Map<String, Long> counted = counted(rules, scene.rules(after));
        assertThat(counted.keySet()).containsExactlyInAnyOrderElementsOf(expected.keySet());
        expected.forEach(
                (rule, hits) -> assertThat(counted.get(rule)).as(rule).isBetween(hits.atLeast(), hits.atMost()));
    }

    private static void simulate(RulesetWalker walker, DockerFacts facts, JsonNode action, Map<String, Hits> expected) {
        String said = action.get("err").asText();
        if (said.contains("can't connect to remote host") || said.contains("invalid option")) {
            // Never sent.
            return;
        }
        Packet packet = packet(action.get("action").asText(), facts);
        PacketWalk walk = walker.walk(packet);
        assertThat(walk.fate()).as(walk.reason()).isIn(Fate.ACCEPTED, Fate.DROPPED);
        boolean arrives = walk.fate() == Fate.ACCEPTED;
        Packet reply = arrives && canAnswer(walk) ? reply(packet, walk, facts) : null;
        PacketWalk answer = reply == null ? walk : walker.walk(reply);
        boolean answered = reply != null && answer.fate() == Fate.ACCEPTED;

        assertThat(answered)
                .as(action.get("action").asText() + ": " + answer.reason())
                .isEqualTo(action.get("exit").asInt() == 0);
        add(expected, walk, step -> answered || (arrives && isNat(step)) ? Hits.ONCE : Hits.RETRIES);
        if (reply != null) {
            add(expected, answer, step -> answered ? Hits.ONCE : Hits.RETRIES);
        }
    }

    private static boolean isNat(PacketWalk.Step step) {
        return step.table().equals("nat") || step.chain().startsWith("nat-");
    }

    /** The peer knows no way to the containers, but for the test of direct routing. */
    private static boolean canAnswer(PacketWalk walk) {
        boolean atPeer = Cidr.format(Objects.requireNonNull(walk.destination()).address())
                .equals("203.0.113.20");
        return !atPeer
                || HOST.network().contains(Objects.requireNonNull(walk.source()).address());
    }

    private interface Expectation {
        Hits of(PacketWalk.Step step);
    }

    private static void add(Map<String, Hits> expected, PacketWalk walk, Expectation hits) {
        for (PacketWalk.Step step : walk.steps()) {
            Rule rule = step.rule() == null ? null : step.rule().rule();
            if (rule != null && countsFirstPackets(rule)) {
                expected.merge(key(rule), hits.of(step), Hits::plus);
            }
        }
    }

    /** Other rules count every packet of a conversation, or also the connections that the capture itself needed. */
    private static boolean countsFirstPackets(Rule rule) {
        if (rule.nft() != null) {
            boolean first = rule.hasTarget("DNAT") || rule.hasTarget("MASQUERADE") || rule.hasTarget("DROP");
            return rule.counter() != null && (first || rule.spec().startsWith("tcp dport"));
        }
        boolean jumpForAll = rule.chain().equals("PREROUTING") && rule.hasTarget("DOCKER");
        return rule.table().equals("nat")
                ? !jumpForAll
                : rule.hasTarget("DROP") || rule.module("tcp").isPresent();
    }

    private static Map<String, Long> counted(List<Ruleset> before, List<Ruleset> after) {
        Map<String, Long> packets = new HashMap<>();
        before.forEach(r -> r.rules()
                .filter(CapturedWalksTests::countsFirstPackets)
                .forEach(rule -> packets.put(r.family() + key(rule), packets(rule))));
        Map<String, Long> counted = new LinkedHashMap<>();
        for (Ruleset ruleset : after) {
            ruleset.rules().filter(CapturedWalksTests::countsFirstPackets).forEach(rule -> {
                long hits = packets(rule) - packets.get(ruleset.family() + key(rule));
                if (hits != 0) {
                    counted.put(key(rule), hits);
                }
            });
        }
        return counted;
    }

    private static String key(Rule rule) {
        return rule.table() + (rule.nft() == null ? " " : "/" + rule.chain() + " ") + rule.spec();
    }

    private static long packets(Rule rule) {
        return Objects.requireNonNull(rule.counter()).packets();
    }

    private static final Pattern ACTION = Pattern.compile("(?:hairpin: |direct routing: )?tcp (\\S+).*? -> (.*)");
    private static final Pattern TARGET = Pattern.compile("(?:.*? )?(\\d+\\.\\d+\\.\\d+\\.\\d+:\\d+).*");

    /** Reads such as {@code tcp web1 -> peer 203.0.113.20:80}. */
    private static Packet packet(String action, DockerFacts facts) {
        Matcher words = ACTION.matcher(action);
        assertThat(words.matches()).as(action).isTrue();
        Matcher target = TARGET.matcher(words.group(2).replace("hairpin", ""));
        assertThat(target.matches()).as(action).isTrue();
        String destination = target.group(1);
        String from = words.group(1);
        if (from.equals("peer")) {
            return Packet.parse("tcp 203.0.113.20:40000 -> " + destination + " iif eth0");
        }
        if (from.equals("docker1")) {
            String own = destination.startsWith("127.") ? "127.0.0.1" : "203.0.113.10";
            return Packet.parse("tcp " + own + ":40000 -> " + destination);
        }
        ContainerFacts container = facts.container(from).orElseThrow();
        NetworkFacts network = facts.networksOf(container).get(0);
        String address = Cidr.format(
                Objects.requireNonNull(container.endpoint(network).orElseThrow().ipv4()));
        return Packet.parse("tcp " + address + ":40000 -> " + destination + " iif " + network.bridge());
    }

    /** The answer of the one who got the packet: with its ends as it saw them, and translated back on the way. */
    private static Packet reply(Packet packet, PacketWalk walk, DockerFacts facts) {
        Endpoint from = Objects.requireNonNull(walk.destination());
        Endpoint to = Objects.requireNonNull(walk.source());
        String device = facts.networkOf(from.address())
                .map(NetworkFacts::bridge)
                .orElse(
                        from.address().equals(HOST.address())
                                        || Cidr.format(from.address()).startsWith("127.")
                                ? null
                                : "eth0");
        return new Packet(
                packet.protocol(),
                from,
                to,
                device,
                null,
                State.ESTABLISHED,
                PacketWalk.Direction.REPLY,
                !from.equals(packet.destination()),
                !to.equals(packet.source()),
                to.equals(packet.source()) ? null : packet.source(),
                from.equals(packet.destination()) ? null : packet.destination(),
                0,
                null,
                null,
                null,
                null,
                null);
    }
}
