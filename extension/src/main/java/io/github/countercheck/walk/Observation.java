// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.docker.Classification;
import io.github.countercheck.docker.ClassificationMemory;
import io.github.countercheck.docker.ClassifiedRule;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Table;
import io.github.countercheck.snapshot.CounterDelta;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.snapshot.RuleDelta;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apiguardian.api.API;

/**
 * The rules for one address family or both as they stand now, joined with the daemon's word on what they serve and with what they
 * counted since the baseline.
 *
 * @param facts what the daemon says
 * @param delta what changed since the baseline
 * @param classifications what the rules are for, one for each backend that holds some
 * @param rules the rules that stand now, of every backend that holds some, in the order of the listing
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public record Observation(
        DockerFacts facts, CounterDelta delta, List<Classification> classifications, List<MeasuredRule> rules) {

    /** Copies the lists. */
    public Observation {
        classifications = List.copyOf(classifications);
        rules = List.copyOf(rules);
    }

    /**
     * Joins two readings.
     *
     * @param families the families; what the snapshots hold of another is left out
     * @param before the baseline, of which only the tables that were read afterwards count
     * @param after the later reading
     * @param facts what the daemon says
     */
    public static Observation of(
            Set<Family> families, CounterSnapshot before, CounterSnapshot after, DockerFacts facts) {
        return of(families, before, after, facts, new ClassificationMemory());
    }

    /**
     * As {@link #of(Set, CounterSnapshot, CounterSnapshot, DockerFacts)}, of a daemon whose rules are read again and again.
     *
     * @param memory what is known of its rules from earlier readings
     */
    public static Observation of(
            Set<Family> families,
            CounterSnapshot before,
            CounterSnapshot after,
            DockerFacts facts,
            ClassificationMemory memory) {
        CounterSnapshot now = after.only(families, table -> true);
        TreeSet<String> tables = now.rulesets().stream()
                .flatMap(ruleset -> ruleset.tables().stream())
                .map(Table::name)
                .collect(Collectors.toCollection(TreeSet::new));
        CounterDelta delta = CounterDelta.between(before.only(families, tables::contains), now);
        IdentityHashMap<Rule, RuleDelta> deltas = new IdentityHashMap<>();
        delta.rules().stream().filter(d -> d.after() != null).forEach(d -> deltas.put(d.after(), d));
        List<Classification> classifications = new ArrayList<>();
        List<MeasuredRule> rules = new ArrayList<>();
        for (Ruleset ruleset : now.rulesets()) {
            Map<String, Integer> positions = new HashMap<>();
            Classification classification = memory.classify(ruleset, facts);
            classifications.add(classification);
            for (ClassifiedRule rule : classification.rules()) {
                String chain = rule.rule().table() + "/" + rule.rule().chain();
                RuleDelta ruleDelta = deltas.get(rule.rule());
                if (ruleDelta != null) {
                    rules.add(new MeasuredRule(rule, ruleDelta, positions.merge(chain, 1, Integer::sum)));
                }
            }
        }
        return new Observation(facts, delta, classifications, rules);
    }

    /** Returns what the rules counted that are the answer to that question. */
    public List<MeasuredRule> select(Function<Classification, List<ClassifiedRule>> question) {
        Set<ClassifiedRule> wanted = Collections.newSetFromMap(new IdentityHashMap<>());
        classifications.forEach(classification -> wanted.addAll(question.apply(classification)));
        return rules.stream().filter(rule -> wanted.contains(rule.classified())).toList();
    }

    /** Returns the rules of that role. */
    public Stream<MeasuredRule> withRole(RuleRole role) {
        return rules.stream().filter(rule -> rule.role() == role);
    }

    /** Returns the rules that counted something since the baseline. */
    public Stream<MeasuredRule> moved() {
        return rules.stream().filter(rule -> rule.hits() > 0);
    }

    /** Returns the backends that hold rules of Docker; more than one is a host in trouble. */
    public List<Backend> dockersBackends() {
        return rules.stream()
                .filter(rule -> rule.role() != RuleRole.FOREIGN && rule.role() != RuleRole.EMBEDDED_DNS)
                .map(rule -> rule.delta().id().backend())
                .distinct()
                .toList();
    }
}
