// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.snapshot;

import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What became of each rule and chain between two snapshots.
 *
 * <p>One that {@linkplain #since was made for later} reads its second snapshot when it is first looked at, and stays with
 * it.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class CounterDelta {

    private record ChainId(Family family, Backend backend, String table, String chain) {

        static ChainId of(RuleId rule) {
            return new ChainId(rule.family(), rule.backend(), rule.table(), rule.chain());
        }
    }

    private record Contents(List<RuleDelta> rules, Map<RuleId, RuleDelta> byId, List<ChainDelta> chains) {}

    private final CounterSnapshot before;
    private final Supplier<CounterSnapshot> reading;
    private @Nullable CounterSnapshot after;
    private @Nullable Contents contents;

    private CounterDelta(CounterSnapshot before, Supplier<CounterSnapshot> reading) {
        this.before = before;
        this.reading = reading;
    }

    /** Compares two snapshots. */
    public static CounterDelta between(CounterSnapshot before, CounterSnapshot after) {
        return new CounterDelta(before, () -> after);
    }

    /**
     * Compares a snapshot with one that is read when this is first looked at.
     *
     * @param before the earlier snapshot
     * @param reading reads the later one; called once
     */
    public static CounterDelta since(CounterSnapshot before, Supplier<CounterSnapshot> reading) {
        return new CounterDelta(before, reading);
    }

    /** Returns the earlier snapshot. */
    public CounterSnapshot before() {
        return before;
    }

    /** Returns the later snapshot, reading it if this is the first look. */
    public synchronized CounterSnapshot after() {
        CounterSnapshot known = after;
        if (known == null) {
            known = reading.get();
            after = known;
        }
        return known;
    }

    /**
     * Returns what became of each rule: those of the later snapshot in its order, and behind them, in
     * each chain, those that are gone.
     */
    public List<RuleDelta> rules() {
        return contents().rules;
    }

    /** Returns what became of each chain: those of the later snapshot in its order, then those that are gone. */
    public List<ChainDelta> chains() {
        return contents().chains;
    }

    /** Returns what became of that rule, if it stands in either snapshot. */
    public Optional<RuleDelta> rule(RuleId id) {
        return Optional.ofNullable(contents().byId.get(id));
    }

    /** Returns the rules that counted something in between. */
    public List<RuleDelta> moved() {
        return rules().stream().filter(rule -> rule.packets().orElse(0) > 0).toList();
    }

    /** Returns the rules that went and had another come in their place, between the same neighbours. */
    public List<Replacement> replacements() {
        Map<Gap, Deque<RuleDelta>> gaps = new HashMap<>();
        walkGaps(
                before,
                Change.REMOVED,
                (gap, rule) ->
                        gaps.computeIfAbsent(gap, g -> new ArrayDeque<>()).add(rule));
        List<Replacement> pairs = new ArrayList<>();
        walkGaps(after(), Change.ADDED, (gap, rule) -> {
            Deque<RuleDelta> removed = gaps.get(gap);
            if (removed != null && !removed.isEmpty()) {
                pairs.add(new Replacement(removed.remove(), rule));
            }
        });
        return List.copyOf(pairs);
    }

    private interface GapVisitor {
        void visit(Gap gap, RuleDelta rule);
    }

    /** A place in a chain: between two rules that stand in both snapshots, or the ends of the chain. */
    private record Gap(
            ChainId chain, @Nullable RuleId above, @Nullable RuleId below) {}

    /** Shows each rule of that change, from the top, with its gap. */
    private void walkGaps(CounterSnapshot snapshot, Change change, GapVisitor visitor) {
        Map<ChainId, List<RuleId>> chains = new LinkedHashMap<>();
        for (RuleId id : snapshot.rulesById().keySet()) {
            chains.computeIfAbsent(ChainId.of(id), chain -> new ArrayList<>()).add(id);
        }
        chains.forEach((chain, rules) -> {
            RuleId above = null;
            List<RuleDelta> between = new ArrayList<>();
            for (RuleId id : rules) {
                RuleDelta delta = contents().byId.get(id);
                if (delta != null && delta.change() == change) {
                    between.add(delta);
                } else {
                    visit(new Gap(chain, above, id), between, visitor);
                    above = id;
                }
            }
            visit(new Gap(chain, above, null), between, visitor);
        });
    }

    private static void visit(Gap gap, List<RuleDelta> rules, GapVisitor visitor) {
        rules.forEach(rule -> visitor.visit(gap, rule));
        rules.clear();
    }

    private synchronized Contents contents() {
        Contents known = contents;
        if (known == null) {
            known = compare(before, after());
            contents = known;
        }
        return known;
    }

    private static Contents compare(CounterSnapshot before, CounterSnapshot after) {
        Map<RuleId, Rule> later = after.rulesById();
        Map<RuleId, Rule> earlier = EqualRules.paired(before.rulesById(), later);
        Map<RuleId, RuleDelta> byId = new HashMap<>();
        Map<ChainId, List<RuleDelta>> byChain = new LinkedHashMap<>();
        later.forEach((id, rule) -> add(RuleDelta.of(id, earlier.get(id), rule), byId, byChain));
        earlier.forEach((id, rule) -> {
            if (!later.containsKey(id)) {
                add(RuleDelta.of(id, rule, null), byId, byChain);
            }
        });
        List<RuleDelta> rules = byChain.values().stream().flatMap(List::stream).toList();

        Map<ChainId, Chain> earlierChains = chains(before);
        Map<ChainId, Chain> laterChains = chains(after);
        List<ChainDelta> chains = Stream.concat(
                        laterChains.keySet().stream(),
                        earlierChains.keySet().stream().filter(id -> !laterChains.containsKey(id)))
                .map(id -> chain(id, earlierChains.get(id), laterChains.get(id)))
                .toList();
        return new Contents(rules, byId, chains);
    }

    private static void add(RuleDelta delta, Map<RuleId, RuleDelta> byId, Map<ChainId, List<RuleDelta>> byChain) {
        byId.put(delta.id(), delta);
        byChain.computeIfAbsent(ChainId.of(delta.id()), chain -> new ArrayList<>())
                .add(delta);
    }

    private static Map<ChainId, Chain> chains(CounterSnapshot snapshot) {
        Map<ChainId, Chain> chains = new LinkedHashMap<>();
        for (Ruleset ruleset : snapshot.rulesets()) {
            ruleset.chains()
                    .forEach(chain -> chains.put(
                            new ChainId(ruleset.family(), ruleset.backend(), chain.table(), chain.name()), chain));
        }
        return chains;
    }

    private static ChainDelta chain(ChainId id, @Nullable Chain before, @Nullable Chain after) {
        return new ChainDelta(
                id.family,
                id.backend,
                id.table,
                id.chain,
                before,
                after,
                RuleDelta.change(
                        before != null,
                        after != null,
                        before == null ? null : before.counter(),
                        after == null ? null : after.counter()));
    }
}
