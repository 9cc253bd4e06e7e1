// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.snapshot;

import io.github.countercheck.ruleset.Counter;
import io.github.countercheck.ruleset.NftRule;
import io.github.countercheck.ruleset.Rule;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Finds out which of several equal rules of a chain is which in a later snapshot.
 *
 * <p>Their order does not tell when one of them came or went, and hits must not be made up by comparing one with another.
 * So each later rule goes with that earlier one which counted most of those that did not count more than it. Where the
 * kernel numbers its rules the number tells.
 */
final class EqualRules {

    private static final Comparator<Rule> MOST_FIRST = Comparator.comparing(
                    EqualRules::counter,
                    Comparator.comparingLong(Counter::packets).thenComparingLong(Counter::bytes))
            .reversed();

    private EqualRules() {}

    /** Returns the earlier rules, equal ones under the identities of those later ones that they became. */
    static Map<RuleId, Rule> paired(Map<RuleId, Rule> earlier, Map<RuleId, Rule> later) {
        Set<RuleId> repeated = new LinkedHashSet<>();
        for (Map<RuleId, Rule> rules : List.of(earlier, later)) {
            for (RuleId id : rules.keySet()) {
                if (id.occurrence() == 1) {
                    repeated.add(id.occurrence(0));
                }
            }
        }
        if (repeated.isEmpty()) {
            return earlier;
        }
        Map<RuleId, Rule> paired = new LinkedHashMap<>(earlier);
        for (RuleId first : repeated) {
            pair(first, earlier, later, paired);
        }
        return paired;
    }

    private static void pair(
            RuleId first, Map<RuleId, Rule> earlier, Map<RuleId, Rule> later, Map<RuleId, Rule> paired) {
        List<Rule> before = new ArrayList<>();
        ids(first, earlier).forEach(id -> {
            before.add(earlier.get(id));
            paired.remove(id);
        });
        List<RuleId> after = ids(first, later);
        int next = after.size();
        pairByHandle(before, after, later, paired);
        before.sort(MOST_FIRST);
        after.sort(Comparator.comparing(later::get, MOST_FIRST));

        Deque<Rule> unpaired = new ArrayDeque<>();
        List<RuleId> fresh = new ArrayList<>();
        int candidate = 0;
        for (RuleId id : after) {
            while (candidate < before.size() && MOST_FIRST.compare(before.get(candidate), later.get(id)) < 0) {
                unpaired.add(before.get(candidate++));
            }
            if (candidate < before.size()) {
                paired.put(id, before.get(candidate++));
            } else {
                fresh.add(id);
            }
        }
        unpaired.addAll(before.subList(candidate, before.size()));
        for (RuleId id : fresh) {
            if (!unpaired.isEmpty()) {
                paired.put(id, unpaired.remove());
            }
        }
        for (Rule gone : unpaired) {
            paired.put(first.occurrence(next++), gone);
        }
    }

    private static void pairByHandle(
            List<Rule> before, List<RuleId> after, Map<RuleId, Rule> later, Map<RuleId, Rule> paired) {
        Map<Long, Rule> byHandle = new HashMap<>();
        for (Rule rule : before) {
            if (rule.nft() != null) {
                byHandle.put(rule.nft().handle(), rule);
            }
        }
        after.removeIf(id -> {
            Rule rule = later.get(id);
            NftRule nft = rule == null ? null : rule.nft();
            Rule same = nft == null ? null : byHandle.remove(nft.handle());
            if (nft == null || same == null) {
                return false;
            }
            paired.put(id, same);
            before.removeIf(r -> r.nft() != null && r.nft().handle() == nft.handle());
            return true;
        });
    }

    private static List<RuleId> ids(RuleId first, Map<RuleId, Rule> rules) {
        List<RuleId> ids = new ArrayList<>();
        for (RuleId id = first; rules.containsKey(id); id = first.occurrence(ids.size())) {
            ids.add(id);
        }
        return ids;
    }

    private static Counter counter(Rule rule) {
        Counter counter = rule.counter();
        return counter == null ? Counter.ZERO : counter;
    }
}
