// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Captures;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.IptablesSaveParser;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CounterDeltaTests {

    @Test
    void aRuleIsKnownByItsTextAndNotByItsPosition() {
        CounterDelta delta = delta(
                rules("[5:300] -A F -i a -j ACCEPT", "[7:420] -A F -i b -j DROP"),
                rules("[0:0] -A F -i new -j DROP", "[7:420] -A F -i b -j DROP", "[6:360] -A F -i a -j ACCEPT"));

        assertThat(changes(delta))
                .containsExactly(
                        "-A F -i new -j DROP ADDED OptionalLong[0]",
                        "-A F -i b -j DROP SAME OptionalLong[0]",
                        "-A F -i a -j ACCEPT SAME OptionalLong[1]");
        assertThat(delta.moved()).extracting(d -> d.id().spec()).containsExactly("-A F -i a -j ACCEPT");
    }

    @Test
    void equalRulesOfAChainAreToldApartByTheirOccurrence() {
        CounterDelta delta = delta(
                rules("[1:60] -A F -j LOG", "[2:120] -A F -j LOG"),
                rules("[4:240] -A F -j LOG", "[9:540] -A F -j LOG"));

        assertThat(delta.rules()).extracting(d -> d.id().occurrence()).containsExactly(0, 1);
        assertThat(delta.rules())
                .extracting(RuleDelta::packets)
                .containsExactly(OptionalLong.of(3), OptionalLong.of(7));
    }

    @Test
    void aRuleThatIsGoneHasNoDifference() {
        CounterDelta delta = delta(rules("[5:300] -A F -i a -j ACCEPT"), rules());

        assertThat(changes(delta)).containsExactly("-A F -i a -j ACCEPT REMOVED OptionalLong.empty");
    }

    @Test
    void aCounterThatWentBackwardsIsAResetAndHasNoDifference() {
        assertThat(changes(delta(rules("[5:300] -A F -j ACCEPT"), rules("[2:120] -A F -j ACCEPT"))))
                .containsExactly("-A F -j ACCEPT RESET OptionalLong.empty");
        assertThat(changes(delta(rules("[5:900] -A F -j ACCEPT"), rules("[5:300] -A F -j ACCEPT"))))
                .containsExactly("-A F -j ACCEPT RESET OptionalLong.empty");
    }

    @Test
    void aRuleWithoutCounterIsNotCountedRatherThanZero() {
        CounterDelta delta = delta(rules("-A F -j ACCEPT"), rules("-A F -j ACCEPT"));

        assertThat(changes(delta)).containsExactly("-A F -j ACCEPT SAME OptionalLong.empty");
        assertThat(delta.moved()).isEmpty();
    }

    @Test
    void aRuleThatCameInAnothersPlaceIsAReplacement() {
        CounterDelta delta = delta(
                rules(
                        "[1:60] -A F -i a -j DROP",
                        "[5:300] -A F -p tcp -m tcp --dport 80 -j ACCEPT",
                        "[2:120] -A F -i b -j DROP"),
                rules(
                        "[1:60] -A F -i a -j DROP",
                        "[0:0] -A F -p tcp -m tcp --dport 81 -j ACCEPT",
                        "[2:120] -A F -i b -j DROP"));

        assertThat(delta.replacements())
                .extracting(
                        r -> r.removed().id().spec() + " by " + r.added().id().spec())
                .containsExactly("-A F -p tcp -m tcp --dport 80 -j ACCEPT by -A F -p tcp -m tcp --dport 81 -j ACCEPT");
    }

    @Test
    void aRuleThatCameElsewhereReplacesNone() {
        CounterDelta delta = delta(
                rules("[5:300] -A F -i a -j ACCEPT", "[2:120] -A F -i b -j DROP"),
                rules("[2:120] -A F -i b -j DROP", "[0:0] -A F -i c -j ACCEPT"));

        assertThat(delta.replacements()).isEmpty();
    }

    @Test
    void policiesAndChainsAreComparedToo() {
        CounterDelta delta = delta(
                "*filter\n:FORWARD ACCEPT [5:300]\n:OLD - [0:0]\nCOMMIT\n",
                "*filter\n:FORWARD DROP [8:480]\n:NEW - [0:0]\nCOMMIT\n");

        assertThat(delta.chains())
                .extracting(c -> c.chain() + " " + c.change() + " " + c.isPolicyChanged())
                .containsExactly("FORWARD SAME true", "NEW ADDED false", "OLD REMOVED false");
        assertThat(delta.chains().get(0).packets()).hasValue(3);
    }

    @Test
    void theSecondReadingIsTakenAtTheFirstLookAndKept() {
        AtomicInteger readings = new AtomicInteger();
        CounterDelta delta = CounterDelta.since(snapshot(rules("[1:60] -A F -j LOG")), () -> {
            readings.incrementAndGet();
            return snapshot(rules("[3:180] -A F -j LOG"));
        });
        assertThat(readings).hasValue(0);

        assertThat(delta.rules().get(0).packets()).hasValue(2);
        assertThat(delta.moved()).hasSize(1);
        assertThat(delta.after()).isSameAs(delta.after());
        assertThat(readings).hasValue(1);
    }

    static List<Path> captures() {
        return Captures.dumps();
    }

    @ParameterizedTest
    @MethodSource("captures")
    void aSnapshotDoesNotDifferFromItselfNorFromItselfReordered(Path dump) {
        CounterSnapshot snapshot = read(dump);

        CounterDelta same = CounterDelta.between(snapshot, read(dump));
        assertThat(same.rules()).allMatch(r -> r.change() == Change.SAME);
        assertThat(same.moved()).isEmpty();
        assertThat(same.replacements()).isEmpty();

        CounterDelta shuffled = CounterDelta.between(
                snapshot,
                new CounterSnapshot(
                        Instant.EPOCH,
                        List.of(IptablesSaveParser.parse(
                                Captures.family(dump), Captures.backend(dump), shuffled(Captures.text(dump), 7)))));
        assertThat(shuffled.rules()).hasSameSizeAs(same.rules()).allMatch(r -> r.change() == Change.SAME);
        assertThat(shuffled.moved()).isEmpty();
    }

    @Test
    void differencesAddUpOverAStageBetween() {
        CounterSnapshot published =
                read(Captures.dump("docker-28.5-iptables-nft/default/1-published.iptables-save.txt"));
        CounterSnapshot inbound = read(Captures.dump("docker-28.5-iptables-nft/default/2-inbound.iptables-save.txt"));
        CounterSnapshot outbound = read(Captures.dump("docker-28.5-iptables-nft/default/3-outbound.iptables-save.txt"));

        Map<RuleId, Long> sum = new HashMap<>(packets(CounterDelta.between(published, inbound)));
        packets(CounterDelta.between(inbound, outbound)).forEach((id, n) -> sum.merge(id, n, Long::sum));

        assertThat(packets(CounterDelta.between(published, outbound))).isEqualTo(sum);
        assertThat(sum.values()).anyMatch(n -> n > 0);
    }

    /** What the capture's actions sent: three connections to the first container, two to the second. */
    @Test
    void aRealDaemonsCountersMovedByWhatWasSent() {
        CounterDelta delta = CounterDelta.between(
                read(Captures.dump("docker-28.5-iptables-nft/default/1-published.iptables-save.txt")),
                read(Captures.dump("docker-28.5-iptables-nft/default/2-inbound.iptables-save.txt")));

        assertThat(delta.moved().stream()
                        .filter(d -> d.id().spec().contains("-j DNAT --to-destination 172."))
                        .collect(Collectors.toMap(
                                d -> d.id().spec().replaceAll(".*--to-destination ", ""),
                                d -> d.packets().orElseThrow())))
                .isEqualTo(Map.of("172.17.0.2:80", 3L, "172.30.0.2:80", 2L));
    }

    @Test
    void manyRulesAreJoinedByTheirHashes() {
        String[] before = IntStream.range(0, 30_000)
                .mapToObj(i -> "[" + i + ":0] -A F -p tcp --dport " + i + " -j ACCEPT")
                .toArray(String[]::new);
        String[] after = IntStream.range(0, 30_000)
                .mapToObj(i -> "[" + (i + 1) + ":0] -A F -p tcp --dport " + (29_999 - i) + " -j ACCEPT")
                .toArray(String[]::new);

        CounterDelta delta = delta(rules(before), rules(after));

        assertThat(delta.rules()).hasSize(30_000);
        // Port p had p and has 30,000 - p.
        assertThat(delta.rules().stream()
                        .filter(r -> r.change() == Change.RESET)
                        .count())
                .isEqualTo(14_999);
    }

    private static Map<RuleId, Long> packets(CounterDelta delta) {
        return delta.rules().stream()
                .filter(r -> r.packets().isPresent())
                .collect(Collectors.toMap(RuleDelta::id, r -> r.packets().orElseThrow()));
    }

    private static List<String> changes(CounterDelta delta) {
        return delta.rules().stream()
                .map(r -> r.id().spec() + " " + r.change() + " " + r.packets())
                .toList();
    }

    private static String rules(String... lines) {
        return "*filter\n:F - [0:0]\n" + String.join("\n", lines) + (lines.length == 0 ? "" : "\n") + "COMMIT\n";
    }

    private static CounterDelta delta(String before, String after) {
        return CounterDelta.between(snapshot(before), snapshot(after));
    }

    private static CounterSnapshot snapshot(String text) {
        return new CounterSnapshot(
                Instant.EPOCH, List.of(IptablesSaveParser.parse(Family.IPV4, Backend.IPTABLES_NFT, text)));
    }

    private static CounterSnapshot read(Path dump) {
        return new CounterSnapshot(Instant.EPOCH, List.of(Captures.parse(dump)));
    }

    /** Shuffles the rules within each table; equal rules of a chain keep their order among themselves by being equal. */
    private static String shuffled(String text, long seed) {
        List<String> result = new ArrayList<>();
        List<String> rules = new ArrayList<>();
        for (String line : text.lines().toList()) {
            if (line.contains("-A ")) {
                rules.add(line);
            } else {
                Collections.shuffle(rules, new Random(seed));
                result.addAll(rules);
                rules.clear();
                result.add(line);
            }
        }
        return String.join("\n", result) + "\n";
    }
}
