// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.snapshot;

import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import java.time.Instant;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.apiguardian.api.API;

/**
 * All rules of a network namespace with their counters, as they stood at one moment.
 *
 * <p>The kernel lists one table after the other, so the moment is not the same to the packet.
 *
 * @param takenAt when it was read, by this JVM's clock
 * @param rulesets the rules, a ruleset for each family and backend that was read
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record CounterSnapshot(Instant takenAt, List<Ruleset> rulesets) {

    /** Copies the list. */
    public CounterSnapshot {
        rulesets = List.copyOf(rulesets);
    }

    /** Returns the ruleset of that family and backend, if it was read. */
    public Optional<Ruleset> ruleset(Family family, Backend backend) {
        return rulesets.stream()
                .filter(r -> r.family() == family && r.backend() == backend)
                .findFirst();
    }

    /**
     * Returns the part of it that sees packets of one of these IP families, and of the tables that are wanted. Of nftables it is every
     * table: names mean nothing there, and one of them holds all that an engine has for the family.
     */
    public CounterSnapshot only(Set<Family> families, Predicate<String> tables) {
        return new CounterSnapshot(
                takenAt,
                rulesets.stream()
                        .filter(ruleset -> families.stream().anyMatch(ruleset.family()::sees))
                        .map(ruleset -> new Ruleset(
                                ruleset.family(),
                                ruleset.backend(),
                                ruleset.tables().stream()
                                        .filter(table -> !ruleset.backend().isIptables() || tables.test(table.name()))
                                        .toList(),
                                ruleset.warnings()))
                        .toList());
    }

    /** Returns every rule by its identity, in the order of the listings. */
    public Map<RuleId, Rule> rulesById() {
        Map<RuleId, Rule> rules = new LinkedHashMap<>();
        for (Ruleset ruleset : rulesets) {
            Map<RuleId, Integer> occurrences = new HashMap<>();
            ruleset.rules().forEach(rule -> {
                RuleId first =
                        new RuleId(ruleset.family(), ruleset.backend(), rule.table(), rule.chain(), rule.spec(), 0);
                int occurrence = occurrences.merge(first, 1, Integer::sum) - 1;
                rules.put(occurrence == 0 ? first : first.occurrence(occurrence), rule);
            });
        }
        return rules;
    }
}
