// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Counter;
import io.github.countercheck.ruleset.RandomRulesets;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Table;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;
import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CounterDeltaPropertyTests {

    static LongStream seeds() {
        return RandomRulesets.seeds(500);
    }

    private static CounterSnapshot snapshot(Ruleset ruleset) {
        return new CounterSnapshot(Instant.EPOCH, List.of(ruleset));
    }

    /** Makes a ruleset whose counters leave room to count on, with some rules standing twice. */
    private static Ruleset ruleset(RandomRulesets random) {
        return withRules(random.ruleset(), rules -> {
            List<Rule> all = new ArrayList<>();
            for (Rule rule : rules) {
                all.add(rule.withCounter(small(random)));
                if (random.random().nextInt(4) == 0) {
                    all.add(rule.withCounter(small(random)));
                }
            }
            return all;
        });
    }

    private static Counter small(RandomRulesets random) {
        int packets = random.random().nextInt(100);
        return new Counter(packets, packets * 60L);
    }

    private static Ruleset withRules(Ruleset ruleset, UnaryOperator<List<Rule>> change) {
        return new Ruleset(
                ruleset.family(),
                ruleset.backend(),
                ruleset.tables().stream()
                        .map(table -> new Table(
                                table.name(),
                                table.chains().stream()
                                        .map(chain -> new Chain(
                                                chain.table(),
                                                chain.name(),
                                                chain.policy(),
                                                chain.counter(),
                                                change.apply(chain.rules())))
                                        .toList()))
                        .toList(),
                ruleset.warnings());
    }

    private static Ruleset shuffled(Ruleset ruleset, RandomRulesets random) {
        Random order = new Random(random.random().nextLong());
        return withRules(ruleset, rules -> {
            List<Rule> shuffled = new ArrayList<>(rules);
            Collections.shuffle(shuffled, order);
            return shuffled;
        });
    }

    private static Ruleset counted(Ruleset ruleset, RandomRulesets random) {
        return withRules(
                ruleset,
                rules -> rules.stream()
                        .map(rule -> rule.withCounter(more(rule.counter(), random)))
                        .toList());
    }

    private static Counter more(Counter counter, RandomRulesets random) {
        int packets = random.random().nextInt(3);
        return new Counter(counter.packets() + packets, counter.bytes() + packets * 60L);
    }

    /** Sums the packets of equal rules: which of them counted is not for a listing to say. */
    private static Map<RuleId, Long> packets(Ruleset before, Ruleset after) {
        Map<RuleId, Long> packets = new HashMap<>();
        for (RuleDelta rule :
                CounterDelta.between(snapshot(before), snapshot(after)).rules()) {
            packets.merge(rule.id().occurrence(0), rule.packets().orElseThrow(), Long::sum);
        }
        return packets;
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void findsNoChangeWhereNoneIs(long seed) {
        Ruleset ruleset = new RandomRulesets(seed).ruleset();
        CounterDelta delta = CounterDelta.between(snapshot(ruleset), snapshot(ruleset));

        assertThat(delta.rules())
                .as("-Dcountercheck.seed=%d", seed)
                .hasSize((int) ruleset.rules().count())
                .allMatch(rule -> rule.change() == Change.SAME)
                .allMatch(rule -> rule.packets().orElse(0) == 0);
        assertThat(delta.chains()).allMatch(chain -> chain.change() == Change.SAME && !chain.isPolicyChanged());
        assertThat(delta.replacements()).isEmpty();
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void makesUpNoHitsWhenRulesMove(long seed) {
        RandomRulesets random = new RandomRulesets(seed);
        Ruleset before = ruleset(random);
        CounterDelta delta = CounterDelta.between(snapshot(before), snapshot(shuffled(before, random)));

        assertThat(delta.rules())
                .as("-Dcountercheck.seed=%d", seed)
                .allMatch(rule -> rule.change() == Change.SAME)
                .allMatch(rule -> rule.packets().orElseThrow() == 0);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void makesUpNoHitsWhenRulesGo(long seed) {
        RandomRulesets random = new RandomRulesets(seed);
        Ruleset before = ruleset(random);
        Ruleset after = withRules(
                shuffled(before, random),
                rules -> rules.stream()
                        .filter(r -> random.random().nextBoolean())
                        .toList());

        assertThat(CounterDelta.between(snapshot(before), snapshot(after)).moved())
                .as("-Dcountercheck.seed=%d", seed)
                .isEmpty();
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void addsUp(long seed) {
        RandomRulesets random = new RandomRulesets(seed);
        Ruleset first = ruleset(random);
        Ruleset middle = shuffled(counted(first, random), random);
        Ruleset last = counted(middle, random);
        Map<RuleId, Long> sums = packets(first, middle);
        packets(middle, last).forEach((rule, packets) -> sums.merge(rule, packets, Long::sum));

        assertThat(packets(first, last)).as("-Dcountercheck.seed=%d", seed).isEqualTo(sums);
    }
}
