// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.watch;

import io.github.countercheck.report.Visible;
import io.github.countercheck.ruleset.Counter;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.snapshot.RuleDelta;
import io.github.countercheck.snapshot.RuleId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A rule whose counter moved between two readings.
 *
 * @param id which rule
 * @param place its chain and place: {@code nat/DOCKER #4}
 * @param text the rule without its chain
 * @param purpose its role, and the container that it serves
 * @param packets its counter: packets, or flows in a nat table
 * @param bytes the same in bytes
 * @param hits by how much it moved
 * @param rate the same for a second
 */
record MovingRule(
        RuleId id, String place, String text, String purpose, long packets, long bytes, long hits, double rate) {

    /** Returns the rules that moved, in the order of the listings. */
    static List<MovingRule> between(
            CounterSnapshot before, CounterSnapshot now, List<RuleDelta> moved, Standing standing) {
        double seconds =
                Math.max(1, Duration.between(before.takenAt(), now.takenAt()).toMillis()) / 1000.0;
        List<MovingRule> rules = new ArrayList<>();
        for (RuleDelta delta : moved) {
            Standing.Known known = standing.of(delta.id());
            Rule rule = delta.after();
            if (known != null && rule != null) {
                rules.add(of(delta, rule, known, seconds));
            }
        }
        return rules;
    }

    private static MovingRule of(RuleDelta delta, Rule rule, Standing.Known known, double seconds) {
        Counter counter = rule.counter() == null ? Counter.ZERO : rule.counter();
        String spec = rule.spec();
        String append = "-A " + rule.chain() + " ";
        long hits = delta.packets().orElse(0);
        return new MovingRule(
                delta.id(),
                known.place(),
                Visible.line(spec.startsWith(append) ? spec.substring(append.length()) : spec),
                known.purpose(),
                counter.packets(),
                counter.bytes(),
                hits,
                hits / seconds);
    }

    /** Returns the same rule at rest. */
    MovingRule atRest() {
        return new MovingRule(id, place, text, purpose, packets, bytes, 0, 0);
    }

    /** Prints it in columns; what may be cut, the rule, comes last. */
    String inColumns(int placeWidth, int purposeWidth) {
        return String.format(
                Locale.ROOT,
                "%-" + placeWidth + "s %9d %11d %8s  %-" + purposeWidth + "s  %s",
                place,
                packets,
                bytes,
                rate == 0 ? "" : String.format(Locale.ROOT, "%.1f/s", rate),
                purpose,
                text);
    }
}
