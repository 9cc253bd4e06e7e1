// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.report;

import io.github.countercheck.report.Observed.SentFlow;
import io.github.countercheck.report.TestReport.RuleChange;
import io.github.countercheck.report.TestReport.Station;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Table;
import io.github.countercheck.snapshot.Change;
import io.github.countercheck.snapshot.CounterDelta;
import io.github.countercheck.snapshot.Replacement;
import io.github.countercheck.snapshot.RuleDelta;
import io.github.countercheck.walk.MeasuredRule;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/** Makes the report of a test out of what was read for it. */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class TestReports {

    private TestReports() {}

    /** How a test is called and how it ended. */
    @API(status = API.Status.INTERNAL, since = "0.1")
    public record Ended(
            String testClass,
            String name,
            String path,
            Verdict verdict,
            Instant startedAt,
            Duration elapsed,
            DaemonInfo daemon,
            String message) {}

    /** Joins how a test ended with where its packets went. */
    public static TestReport of(Ended ended, Observed observed) {
        Lanes lanes = Lanes.of(observed);
        List<Station> stations = lanes.stations();
        return new TestReport(
                ended.testClass(),
                ended.name(),
                ended.path(),
                ended.verdict(),
                ended.startedAt(),
                ended.elapsed(),
                ended.daemon(),
                ended.message(),
                observed.flows().stream().map(SentFlow::text).toList(),
                stations,
                lanes.lanes(),
                Ribbons.of(observed.flows()),
                changes(observed),
                notes(observed, stations));
    }

    private static List<RuleChange> changes(Observed observed) {
        Set<String> tables = observed.after().rulesets().stream()
                .flatMap(ruleset -> ruleset.tables().stream())
                .map(Table::name)
                .collect(Collectors.toCollection(TreeSet::new));
        CounterDelta delta = CounterDelta.between(
                observed.before().only(observed.families(), tables::contains),
                observed.after().only(observed.families(), tables::contains));
        Set<RuleDelta> replaced = Collections.newSetFromMap(new IdentityHashMap<>());
        List<RuleChange> changes = new ArrayList<>();
        for (Replacement pair : delta.replacements()) {
            replaced.add(pair.removed());
            replaced.add(pair.added());
            changes.add(new RuleChange(Change.ADDED, chain(pair.added()), text(pair.added()), text(pair.removed())));
        }
        for (RuleDelta rule : delta.rules()) {
            if (rule.change() != Change.SAME && !replaced.contains(rule)) {
                changes.add(new RuleChange(rule.change(), chain(rule), text(rule), null));
            }
        }
        return changes;
    }

    private static String chain(RuleDelta delta) {
        return MeasuredRule.location(
                delta.id().family(),
                delta.id().backend(),
                delta.id().table(),
                delta.id().chain());
    }

    private static String text(RuleDelta delta) {
        Rule rule = delta.after() == null ? delta.before() : delta.after();
        return Objects.requireNonNull(rule).spec();
    }

    private static List<String> notes(Observed observed, List<Station> stations) {
        List<String> notes = new ArrayList<>();
        String unread = stations.stream()
                .filter(station -> !station.read())
                .map(Station::chain)
                .distinct()
                .collect(Collectors.joining(", "));
        if (!unread.isEmpty()) {
            notes.add("Nobody asked again for the counters of " + unread + ": what they counted is not known.");
        }
        if (!observed.stale().isEmpty()) {
            notes.add("Nobody asked for the counters of " + String.join(", ", new TreeSet<>(observed.stale()))
                    + " after the last packets were sent.");
        }
        observed.after().rulesets().stream()
                .flatMap(ruleset -> ruleset.warnings().stream())
                .distinct()
                .forEach(notes::add);
        observed.flows().stream()
                .flatMap(flow -> flow.walks().stream())
                .flatMap(walk -> walk.assumptions().stream())
                .distinct()
                .forEach(assumption -> notes.add("Assumed: " + assumption));
        return notes;
    }
}
