// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.BaseChain;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Expression;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.NamedSet;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Table;
import io.github.countercheck.ruleset.Target;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * From which hooks the chains of a ruleset can be reached, by jumps or by way of verdict maps. Conditions on the way do
 * not count.
 */
final class ChainReach {

    private final Map<Place, Set<Hook>> hooks = new HashMap<>();
    private final Map<Place, Set<Place>> ways = new HashMap<>();
    private final Map<Place, List<Rule>> jumps = new HashMap<>();
    private final Map<Place, List<Dispatch>> dispatches = new HashMap<>();

    private record Place(String table, String chain) {}

    /**
     * One element of a verdict map.
     *
     * @param rule the rule that asks the map
     * @param key what the element is found by, {@code docker0}; empty where it is not one word
     * @param chain where it leads
     */
    record Dispatch(Rule rule, String key, String chain) {}

    private ChainReach() {}

    static ChainReach of(Ruleset ruleset) {
        ChainReach reach = new ChainReach();
        for (Table table : ruleset.tables()) {
            table.chains().stream().flatMap(c -> c.rules().stream()).forEach(r -> reach.follow(table, r));
        }
        for (Table table : ruleset.tables()) {
            for (Chain chain : table.chains()) {
                BaseChain base = chain.base();
                if (base != null) {
                    reach.spread(new Place(table.name(), chain.name()), base.hook());
                }
            }
        }
        // So that each rule can keep it without a copy of its own.
        reach.hooks.replaceAll((place, hooks) -> Set.copyOf(hooks));
        return reach;
    }

    /** Returns the hooks from which a packet can get there; none for a chain that nothing leads to. */
    Set<Hook> hooks(String table, String chain) {
        return hooks.getOrDefault(new Place(table, chain), Set.of());
    }

    /** Returns the rules that jump there, in order. */
    List<Rule> jumpsTo(String table, String chain) {
        return jumps.getOrDefault(new Place(table, chain), List.of());
    }

    /** Returns the elements of verdict maps that lead there, in order. */
    List<Dispatch> dispatchesTo(String table, String chain) {
        return dispatches.getOrDefault(new Place(table, chain), List.of());
    }

    private void follow(Table table, Rule rule) {
        Target target = rule.target();
        if (target != null) {
            way(rule, target.name(), jumps).add(rule);
        }
        if (rule.nft() != null) {
            dispatches(table, rule)
                    .forEach(d -> way(rule, d.chain(), dispatches).add(d));
        }
    }

    /** Notes that the rule leads there, and returns what is known to do so: to a chain, or whatever else it has for a target. */
    private <T> List<T> way(Rule rule, String target, Map<Place, List<T>> leading) {
        Place to = new Place(rule.table(), target);
        ways.computeIfAbsent(new Place(rule.table(), rule.chain()), none -> new LinkedHashSet<>())
                .add(to);
        return leading.computeIfAbsent(to, none -> new ArrayList<>());
    }

    private void spread(Place start, Hook hook) {
        Deque<Place> open = new ArrayDeque<>(List.of(start));
        while (!open.isEmpty()) {
            Place place = open.remove();
            if (hooks.computeIfAbsent(place, none -> EnumSet.noneOf(Hook.class)).add(hook)) {
                open.addAll(ways.getOrDefault(place, Set.of()));
            }
        }
    }

    private static Stream<Dispatch> dispatches(Table table, Rule rule) {
        return table.verdicts(rule).stream().flatMap(element -> dispatch(rule, element).stream());
    }

    private static Optional<Dispatch> dispatch(Rule rule, NamedSet.Element element) {
        Target verdict = element.verdict();
        if (verdict == null) {
            return Optional.empty();
        }
        String key = element.key() instanceof Expression.Value value ? value.text() : "";
        return Optional.of(new Dispatch(rule, key, verdict.name()));
    }
}
