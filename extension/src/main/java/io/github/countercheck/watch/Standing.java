// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.watch;

import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.report.Visible;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.snapshot.RuleId;
import io.github.countercheck.walk.Observation;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is known of rules as long as none comes or goes: to find out what they are for is most of the work of a look. */
final class Standing {

    /**
     * What does not move of a rule.
     *
     * @param place its chain and place: {@code nat/DOCKER #4}
     * @param purpose its role, and the container that it serves
     */
    record Known(String place, String purpose) {}

    private final Map<RuleId, Known> rules = new HashMap<>();

    private Standing() {}

    static Standing of(CounterSnapshot snapshot, DockerFacts facts) {
        Standing standing = new Standing();
        Observation.of(EnumSet.of(Family.IPV4, Family.IPV6), snapshot, snapshot, facts)
                .rules()
                .forEach(rule -> standing.rules.put(
                        rule.delta().id(),
                        new Known(
                                Visible.line(rule.location()) + " #" + rule.position(),
                                Visible.line(rule.classified().purpose()))));
        return standing;
    }

    /** Returns what is known of a rule, or null of one that sees no packets of either IP family. */
    @Nullable
    Known of(RuleId id) {
        return rules.get(id);
    }
}
