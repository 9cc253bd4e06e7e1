// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.ruleset.Captures;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Table;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What is remembered must never be told from what is found out anew. */
class ClassificationMemoryTests {

    private static final Path PUBLISHED =
            Captures.dump("docker-28.5-iptables-nft/userland-proxy-off/1-published.iptables-save.txt");

    private final ClassificationMemory memory = new ClassificationMemory();

    static Stream<Path> scenarios() {
        return Captures.dumps().stream()
                .filter(dump -> Captures.name(dump).contains("/1-published.iptables-save"))
                .map(Path::getParent);
    }

    /** All readings of one daemon, one after the other, as its session sees them. */
    @ParameterizedTest
    @MethodSource("scenarios")
    void isWhatIsFoundOutAnew(Path scenario) {
        List<Ruleset> readings = new ArrayList<>();
        for (Path dump : Captures.dumps()) {
            if (dump.getParent().equals(scenario)) {
                readings.add(Captures.parse(dump));
            }
        }
        for (Path dump : Captures.nftDumps()) {
            if (dump.getParent().equals(scenario)) {
                readings.add(Captures.parseNft(dump, Family.IPV4));
                readings.add(Captures.parseNft(dump, Family.IPV6));
            }
        }
        assertThat(readings).hasSizeGreaterThan(9);

        DockerFacts facts = CapturedFacts.of(scenario.resolve("1-published.iptables-save.txt"));
        for (Ruleset reading : readings) {
            assertThat(memory.classify(reading, facts)).isEqualTo(RuleClassifier.classify(reading, facts));
        }
    }

    @ParameterizedTest
    @MethodSource("scenarios")
    void keepsWhatDidNotCount(Path scenario) {
        DockerFacts facts = CapturedFacts.of(scenario.resolve("1-published.iptables-save.txt"));
        Ruleset before = Captures.parse(scenario.resolve("2-inbound.iptables-save.txt"));
        List<ClassifiedRule> first = memory.classify(before, facts).rules();
        Ruleset after = Captures.parse(scenario.resolve("3-outbound.iptables-save.txt"));
        List<ClassifiedRule> second = memory.classify(after, facts).rules();

        // Two parsers made equal rules of these; what a rule serves is the object that was found the first time.
        assertThat(second).hasSameSizeAs(first).isNotEmpty();
        for (int i = 0; i < first.size(); i++) {
            assertThat(second.get(i).hooks()).isSameAs(first.get(i).hooks());
            assertThat(second.get(i).rule())
                    .isSameAs(after.rules().skip(i).findFirst().orElseThrow());
        }
        assertThat(second.stream().map(rule -> rule.rule().counter()))
                .isNotEqualTo(first.stream().map(rule -> rule.rule().counter()).toList());
    }

    @Test
    void knowsNothingOfOtherFacts() {
        Ruleset rules = Captures.parse(PUBLISHED);
        DockerFacts facts = CapturedFacts.of(PUBLISHED);

        memory.classify(rules, facts);

        assertThat(memory.classify(rules, DockerFacts.NONE))
                .isEqualTo(RuleClassifier.classify(rules, DockerFacts.NONE));
        assertThat(memory.classify(rules, facts)).isEqualTo(RuleClassifier.classify(rules, facts));
    }

    @Test
    void noticesThatRulesCameWentAndMoved() {
        Ruleset rules = Captures.parse(PUBLISHED);
        DockerFacts facts = CapturedFacts.of(PUBLISHED);
        List<Ruleset> changed = List.of(
                with(rules, "filter", "FORWARD", ClassificationMemoryTests::withoutTheFirst),
                with(rules, "nat", "DOCKER", ClassificationMemoryTests::reversed),
                with(rules, "nat", "DOCKER", given -> List.of()),
                // A jump less: what stands in the chain behind it is not reached from there.
                with(rules, "nat", "PREROUTING", given -> List.of()),
                new Ruleset(rules.family(), rules.backend(), withoutTheFirst(rules.tables()), rules.warnings()));

        for (Ruleset other : changed) {
            memory.classify(rules, facts);
            assertThat(other).isNotEqualTo(rules);
            assertThat(memory.classify(other, facts)).isEqualTo(RuleClassifier.classify(other, facts));
            assertThat(memory.classify(rules, facts)).isEqualTo(RuleClassifier.classify(rules, facts));
        }
    }

    private static <T> List<T> withoutTheFirst(List<T> list) {
        return list.subList(1, list.size());
    }

    private static List<Rule> reversed(List<Rule> rules) {
        List<Rule> reversed = new ArrayList<>(rules);
        Collections.reverse(reversed);
        return reversed;
    }

    private static Ruleset with(Ruleset ruleset, String table, String chain, UnaryOperator<List<Rule>> change) {
        List<Table> tables = ruleset.tables().stream()
                .map(t -> t.name().equals(table) ? with(t, chain, change) : t)
                .toList();
        return new Ruleset(ruleset.family(), ruleset.backend(), tables, ruleset.warnings());
    }

    private static Table with(Table table, String chain, UnaryOperator<List<Rule>> change) {
        List<Chain> chains = table.chains().stream()
                .map(c -> c.name().equals(chain)
                        ? new Chain(c.table(), c.name(), c.policy(), c.counter(), change.apply(c.rules()), c.base())
                        : c)
                .toList();
        return new Table(table.name(), chains, table.sets(), table.objects(), table.flags());
    }
}
