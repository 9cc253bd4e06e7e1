// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.snapshot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIterable;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Captures;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Counter;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.IptablesSaveParser;
import io.github.countercheck.ruleset.NftRule;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Table;
import io.github.countercheck.ruleset.Target;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class CounterDeltaTests {

    /** Takes rules of one chain, as {@code [1:60] -j ACCEPT}. */
    private static CounterSnapshot chain(String... rules) {
        return listing("*filter\n:T - [0:0]\n"
                + Arrays.stream(rules)
                        .map(r -> r.replaceFirst("^(\\[.*?\\] )?", "$1-A T "))
                        .collect(Collectors.joining("\n"))
                + "\nCOMMIT\n");
    }

    private static CounterSnapshot listing(String text) {
        return new CounterSnapshot(
                Instant.EPOCH, List.of(IptablesSaveParser.parse(Family.IPV4, Backend.IPTABLES_NFT, text)));
    }

    private static CounterSnapshot capture(String name) {
        Path dump = Captures.dump(name);
        return new CounterSnapshot(Instant.EPOCH, List.of(Captures.parse(dump)));
    }

    /** Says what became of each rule: {@code SAME +1 -A T -j ACCEPT}. */
    private static List<String> changes(CounterSnapshot before, CounterSnapshot after) {
        return CounterDelta.between(before, after).rules().stream()
                .map(CounterDeltaTests::described)
                .toList();
    }

    private static String described(RuleDelta rule) {
        OptionalLong packets = rule.packets();
        return rule.change() + " " + (packets.isPresent() ? "+" + packets.getAsLong() : "?") + " "
                + rule.id().spec();
    }

    @Test
    void tellsWhatBecameOfEachRule() {
        CounterSnapshot before = chain("[5:300] -p tcp", "[1:60] -p udp", "[9:9] -p icmp", "[7:7] -j DROP");
        CounterSnapshot after = chain("[8:480] -p tcp", "[2:20] -p sctp", "[3:3] -p icmp", "[7:7] -j DROP");

        assertThat(changes(before, after))
                .containsExactly(
                        "SAME +3 -A T -p tcp",
                        "ADDED +2 -A T -p sctp",
                        "RESET ? -A T -p icmp",
                        "SAME +0 -A T -j DROP",
                        "REMOVED ? -A T -p udp");
    }

    @Test
    void tellsPacketsAndBytes() {
        RuleDelta rule = CounterDelta.between(chain("[5:300] -p tcp"), chain("[8:480] -p tcp"))
                .rules()
                .get(0);

        assertThat(rule.packets()).hasValue(3);
        assertThat(rule.bytes()).hasValue(180);
    }

    @Test
    void doesNotTakeUncountedForZero() {
        assertThat(changes(chain("-p tcp"), chain("[8:480] -p tcp"))).containsExactly("SAME ? -A T -p tcp");
        assertThat(changes(chain("[8:480] -p tcp"), chain("-p tcp"))).containsExactly("SAME ? -A T -p tcp");
        assertThat(changes(chain(), chain("-p tcp"))).containsExactly("ADDED ? -A T -p tcp");
        assertThat(changes(chain("[0:0] -p tcp"), chain("[0:0] -p tcp"))).containsExactly("SAME +0 -A T -p tcp");
    }

    @Test
    void takesFewerBytesForAReset() {
        assertThat(changes(chain("[5:300] -p tcp"), chain("[5:299] -p tcp"))).containsExactly("RESET ? -A T -p tcp");
    }

    @Test
    void putsRemovedRulesBehindTheOthersOfTheirChain() {
        String before = "*filter\n:A - [0:0]\n:B - [0:0]\n-A A -p tcp\n-A A -p udp\n-A B -p icmp\nCOMMIT\n";
        String after = "*filter\n:A - [0:0]\n:B - [0:0]\n-A A -p udp\n-A B -p icmp\nCOMMIT\n";

        assertThat(changes(listing(before), listing(after)))
                .containsExactly("SAME ? -A A -p udp", "REMOVED ? -A A -p tcp", "SAME ? -A B -p icmp");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            5,7   | 5,7   | SAME +0,SAME +0
            5,7   | 7,5   | SAME +0,SAME +0
            5,7   | 6,9   | SAME +1,SAME +2
            5     | 0,5   | ADDED +0,SAME +0
            5     | 0,8   | ADDED +0,SAME +3
            5     | 6,0   | SAME +1,ADDED +0
            5,7   | 7     | SAME +0,REMOVED ?
            5,0   | 2     | SAME +2,REMOVED ?
            5,7   | 0,1   | RESET ?,RESET ?
            5,5   | 0,5   | RESET ?,SAME +0
            1,2,3 | 3     | SAME +0,REMOVED ?,REMOVED ?
            ''    | 4,4   | ADDED +4,ADDED +4
            4,4   | ''    | REMOVED ?,REMOVED ?
            """)
    void makesUpNoHitsOfEqualRules(String before, String after, String expected) {
        List<String> changes = changes(equalRules(before), equalRules(after)).stream()
                .map(change -> change.replace(" -A T -p tcp", ""))
                .toList();

        assertThat(changes).containsExactly(expected.split(","));
    }

    /** As nftables lists them: handle, packets. */
    @ParameterizedTest
    @CsvSource({
        "1:5, 1:7, SAME +2 accept",
        "1:5, 1:3, RESET ? accept",
        "1:5, 4:9, RESET ? accept",
        "1:5 2:9, 2:9 1:6, SAME +0 accept|SAME +1 accept",
        "1:5 2:9, 2:9, SAME +0 accept|REMOVED ? accept",
        "2:9, 1:5 2:9, ADDED +5 accept|SAME +0 accept",
        "1:5 2:9, 3:1 4:2, RESET ? accept|RESET ? accept"
    })
    void ruleWithAnotherHandleIsAnotherRule(String before, String after, String expected) {
        assertThat(String.join("|", changes(numbered(before), numbered(after)))).isEqualTo(expected);
    }

    private static CounterSnapshot numbered(String rules) {
        List<Rule> numbered = Arrays.stream(rules.split(" ", -1))
                .map(rule -> rule.split(":", -1))
                .map(rule -> new Rule(
                        "docker-bridges",
                        "nat",
                        new Counter(Long.parseLong(rule[1]), 60 * Long.parseLong(rule[1])),
                        List.of(),
                        new Target("ACCEPT", false, List.of()),
                        new NftRule(Long.parseLong(rule[0]), null, List.of(), "accept")))
                .toList();
        Chain chain = new Chain("docker-bridges", "nat", null, null, numbered);
        return new CounterSnapshot(
                Instant.EPOCH,
                List.of(new Ruleset(
                        Family.INET,
                        Backend.NFTABLES,
                        List.of(new Table("docker-bridges", List.of(chain))),
                        List.of())));
    }

    private static CounterSnapshot equalRules(String packets) {
        return chain(
                packets.isEmpty()
                        ? new String[0]
                        : Arrays.stream(packets.split(","))
                                .map(p -> "[" + p + ":" + p + "] -p tcp")
                                .toArray(String[]::new));
    }

    @Test
    void findsARuleByItsIdentity() {
        CounterDelta delta = CounterDelta.between(chain("[1:1] -p tcp", "[1:1] -p tcp"), chain("[1:1] -p tcp"));
        RuleId first = new RuleId(Family.IPV4, Backend.IPTABLES_NFT, "filter", "T", "-A T -p tcp", 0);

        assertThat(delta.rule(first).map(RuleDelta::change)).hasValue(Change.SAME);
        assertThat(delta.rule(first.occurrence(1)).map(RuleDelta::change)).hasValue(Change.REMOVED);
        assertThat(delta.rule(first.occurrence(2))).isEmpty();
    }

    @Test
    void keepsFamiliesAndBackendsApart() {
        String text = "*filter\n:T - [0:0]\n[1:1] -A T\nCOMMIT\n";
        CounterSnapshot before = new CounterSnapshot(
                Instant.EPOCH,
                List.of(
                        IptablesSaveParser.parse(Family.IPV4, Backend.IPTABLES_NFT, text),
                        IptablesSaveParser.parse(Family.IPV4, Backend.IPTABLES_LEGACY, text)));
        CounterSnapshot after = new CounterSnapshot(
                Instant.EPOCH,
                List.of(
                        IptablesSaveParser.parse(Family.IPV4, Backend.IPTABLES_NFT, text.replace("[1:1]", "[3:3]")),
                        IptablesSaveParser.parse(Family.IPV6, Backend.IPTABLES_LEGACY, text)));

        assertThat(changes(before, after)).containsExactly("SAME +2 -A T", "ADDED +1 -A T", "REMOVED ? -A T");
        assertThat(before.ruleset(Family.IPV4, Backend.IPTABLES_LEGACY)).isPresent();
        assertThat(before.ruleset(Family.IPV6, Backend.IPTABLES_LEGACY)).isEmpty();
    }

    @Test
    void pairsARuleThatCameInThePlaceOfAnother() {
        CounterSnapshot before = chain("-p tcp", "-s 10.0.0.1", "-p udp", "-s 10.0.0.2", "-j DROP");
        CounterSnapshot after = chain("-p tcp", "-s 10.0.0.3", "-p udp", "-j DROP", "-s 10.0.0.4");

        assertThat(CounterDelta.between(before, after).replacements())
                .extracting(
                        r -> r.removed().id().spec() + " => " + r.added().id().spec())
                .containsExactly("-A T -s 10.0.0.1/32 => -A T -s 10.0.0.3/32");
    }

    @Test
    void pairsSeveralReplacedRulesInOrder() {
        assertThat(CounterDelta.between(
                                chain("-p 1", "-s 10.0.0.1", "-s 10.0.0.2"),
                                chain("-p 1", "-s 10.0.0.3", "-s 10.0.0.4", "-s 10.0.0.5"))
                        .replacements())
                .extracting(
                        r -> r.removed().id().spec() + " => " + r.added().id().spec())
                .containsExactly(
                        "-A T -s 10.0.0.1/32 => -A T -s 10.0.0.3/32", "-A T -s 10.0.0.2/32 => -A T -s 10.0.0.4/32");
    }

    @Test
    void tellsWhatBecameOfChainsAndPolicies() {
        CounterDelta delta = CounterDelta.between(
                listing("*filter\n:INPUT ACCEPT [1:1]\n:FORWARD ACCEPT [9:9]\n:OLD - [0:0]\nCOMMIT\n"),
                listing("*filter\n:INPUT DROP [4:4]\n:FORWARD ACCEPT [2:2]\n:NEW - [0:0]\nCOMMIT\n"
                        + "*nat\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n"));

        assertThat(delta.chains())
                .extracting(c ->
                        c.table() + "/" + c.chain() + " " + c.change() + " " + c.packets() + " " + c.isPolicyChanged())
                .containsExactly(
                        "filter/INPUT SAME OptionalLong[3] true",
                        "filter/FORWARD RESET OptionalLong.empty false",
                        "filter/NEW ADDED OptionalLong[0] false",
                        "nat/OUTPUT ADDED OptionalLong[0] false",
                        "filter/OLD REMOVED OptionalLong.empty false");
    }

    @Test
    void readsTheLaterSnapshotOnceAndLate() {
        AtomicInteger readings = new AtomicInteger();
        CounterDelta delta = CounterDelta.since(chain("[1:1] -p tcp"), () -> {
            readings.incrementAndGet();
            return chain("[2:2] -p tcp");
        });

        assertThat(readings).hasValue(0);
        assertThat(delta.moved()).hasSize(1);
        assertThat(delta.after()).isSameAs(delta.after());
        assertThat(readings).hasValue(1);
    }

    static List<String> configurations() {
        return Captures.dumps().stream()
                .map(Captures::name)
                .filter(name -> name.endsWith("/0-idle.iptables-save.txt"))
                .map(name -> name.substring(0, name.lastIndexOf('/')))
                .toList();
    }

    /** Three connections from outside to web1's port, and one from outside and one from the host to web2's. */
    @Test
    void countsTheConnectionsOfARealCapture() {
        CounterDelta delta = CounterDelta.between(
                capture("docker-28.5-iptables-nft/default/1-published.iptables-save.txt"),
                capture("docker-28.5-iptables-nft/default/2-inbound.iptables-save.txt"));

        assertThat(delta.rules()).allMatch(r -> r.change() == Change.SAME);
        assertThat(delta.moved().stream()
                        .filter(r -> r.id().spec().contains(" --dport "))
                        .map(r -> r.id().table() + " +" + r.packets().getAsLong() + " "
                                + r.id().spec().replaceFirst("^-A DOCKER ", "")))
                .containsExactlyInAnyOrder(
                        "nat +3 ! -i docker0 -p tcp -m tcp --dport 32768 -j DNAT --to-destination 172.17.0.2:80",
                        "nat +2 ! -i br-9e36b26b1de9 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.30.0.2:80",
                        "filter +3 -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT",
                        "filter +1 -d 172.30.0.2/32 ! -i br-9e36b26b1de9 -o br-9e36b26b1de9 -p tcp -m tcp --dport 80 -j ACCEPT");
    }

    @ParameterizedTest
    @MethodSource("configurations")
    void findsNothingNewInTheSameCapture(String configuration) {
        CounterSnapshot snapshot = capture(configuration + "/4-crossing.iptables-save.txt");
        CounterDelta delta = CounterDelta.between(snapshot, snapshot);

        assertThatIterable(delta.rules())
                .isNotEmpty()
                .allMatch(r -> r.change() == Change.SAME && r.packets().equals(OptionalLong.of(0)));
        assertThat(delta.moved()).isEmpty();
        assertThat(delta.replacements()).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("configurations")
    void addsUpOverTheStagesOfACapture(String configuration) {
        CounterSnapshot first = capture(configuration + "/1-published.iptables-save.txt");
        CounterSnapshot middle = capture(configuration + "/3-outbound.iptables-save.txt");
        CounterSnapshot last = capture(configuration + "/4-crossing.iptables-save.txt");
        CounterDelta early = CounterDelta.between(first, middle);
        CounterDelta late = CounterDelta.between(middle, last);

        assertThat(CounterDelta.between(first, last).rules())
                .isNotEmpty()
                .allSatisfy(whole -> assertThat(whole.packets().getAsLong())
                        .isEqualTo(packets(early.rule(whole.id())) + packets(late.rule(whole.id()))));
    }

    private static long packets(Optional<RuleDelta> rule) {
        return rule.orElseThrow().packets().orElseThrow();
    }

    @Test
    void needsLittleTimeForManyRules() {
        CounterSnapshot before = many(0);
        CounterSnapshot after = many(30_000);

        CounterDelta delta = assertTimeoutPreemptively(Duration.ofSeconds(10), () -> {
            CounterDelta compared = CounterDelta.between(before, after);
            assertThat(compared.replacements()).hasSize(15_000);
            return compared;
        });
        assertThat(delta.rules()).hasSize(60_000 + 15_000);
    }

    /** Makes 30,000 rules, of which every second one speaks of a port that is so much higher, and as many equal ones. */
    private static CounterSnapshot many(int higher) {
        return listing(IntStream.range(0, 30_000)
                .mapToObj(i -> "[1:1] -A T -p tcp -m tcp --dport " + (i % 2 == 0 ? i : i + higher) + " -j ACCEPT\n[" + i
                        + ":5] -A U -j LOG\n")
                .collect(Collectors.joining("", "*filter\n:T - [0:0]\n:U - [0:0]\n", "COMMIT\n")));
    }
}
