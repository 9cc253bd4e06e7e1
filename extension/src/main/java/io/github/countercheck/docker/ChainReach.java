// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.BaseChain;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Table;
import io.github.countercheck.ruleset.Target;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** From which hooks the chains of a ruleset can be reached. Conditions on the way do not count. */
final class ChainReach {

    private final Map<Place, Set<Hook>> hooks = new HashMap<>();
    private final Map<Place, List<Rule>> jumps;

    private record Place(String table, String chain) {}

    private ChainReach(Map<Place, List<Rule>> jumps) {
        this.jumps = jumps;
    }

    static ChainReach of(Ruleset ruleset) {
        Map<Place, List<Rule>> jumps = new HashMap<>();
        ruleset.rules()
                .forEach(r -> targetPlace(r)
                        .ifPresent(place -> jumps.computeIfAbsent(place, none -> new ArrayList<>())
                                .add(r)));
        ChainReach reach = new ChainReach(jumps);
        for (Table table : ruleset.tables()) {
            for (Chain chain : table.chains()) {
                BaseChain base = chain.base();
                if (base != null) {
                    reach.spread(table, chain, base.hook());
                }
            }
        }
        return reach;
    }

    /** Returns the hooks from which a packet can come there; none where no jump leads there. */
    Set<Hook> hooks(String table, String chain) {
        return hooks.getOrDefault(new Place(table, chain), Set.of());
    }

    /** Returns the rules that lead there, in order. */
    List<Rule> jumpsTo(String table, String chain) {
        return jumps.getOrDefault(new Place(table, chain), List.of());
    }

    private void spread(Table table, Chain start, Hook hook) {
        Deque<Chain> open = new ArrayDeque<>(List.of(start));
        while (!open.isEmpty()) {
            Chain chain = open.remove();
            Set<Hook> known =
                    hooks.computeIfAbsent(new Place(table.name(), chain.name()), place -> EnumSet.noneOf(Hook.class));
            if (known.add(hook)) {
                for (Rule rule : chain.rules()) {
                    targetPlace(rule)
                            .flatMap(place -> table.chain(place.chain()))
                            .ifPresent(open::add);
                }
            }
        }
    }

    private static Optional<Place> targetPlace(Rule rule) {
        Target target = rule.target();
        return target == null ? Optional.empty() : Optional.of(new Place(rule.table(), target.name()));
    }
}
