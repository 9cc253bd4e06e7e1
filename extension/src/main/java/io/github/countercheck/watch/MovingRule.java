// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.watch;

import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.report.Visible;
import io.github.countercheck.ruleset.Counter;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.snapshot.RuleId;
import io.github.countercheck.walk.MeasuredRule;
import io.github.countercheck.walk.Observation;
import java.time.Duration;
import java.util.EnumSet;
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
    static List<MovingRule> between(CounterSnapshot before, CounterSnapshot now, DockerFacts facts) {
        double seconds =
                Math.max(1, Duration.between(before.takenAt(), now.takenAt()).toMillis()) / 1000.0;
        return Observation.of(EnumSet.of(Family.IPV4, Family.IPV6), before, now, facts)
                .moved()
                .map(rule -> of(rule, seconds))
                .toList();
    }

    private static MovingRule of(MeasuredRule measured, double seconds) {
        Rule rule = measured.rule();
        Counter counter = rule.counter() == null ? Counter.ZERO : rule.counter();
        String spec = rule.spec();
        String append = "-A " + rule.chain() + " ";
        return new MovingRule(
                measured.delta().id(),
                Visible.line(measured.location()) + " #" + measured.position(),
                Visible.line(spec.startsWith(append) ? spec.substring(append.length()) : spec),
                Visible.line(measured.classified().purpose()),
                counter.packets(),
                counter.bytes(),
                measured.hits(),
                measured.hits() / seconds);
    }

    /** Returns the same rule at rest. */
    MovingRule atRest() {
        return new MovingRule(id, place, text, purpose, packets, bytes, 0, 0);
    }

    /** Prints it in columns. */
    String inColumns(int placeWidth) {
        return String.format(
                Locale.ROOT,
                "%-" + placeWidth + "s %9d %11d %8s  %s  # %s",
                place,
                packets,
                bytes,
                rate == 0 ? "" : String.format(Locale.ROOT, "%.1f/s", rate),
                text,
                purpose);
    }
}
