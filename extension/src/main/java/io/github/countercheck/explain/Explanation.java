// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.explain;

import io.github.countercheck.docker.ClassifiedRule;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.RuleClassifier;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.snapshot.CounterDelta;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.snapshot.RuleDelta;
import io.github.countercheck.snapshot.RuleId;
import java.time.Instant;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Joins dumps with what the daemon said and, where there are later dumps, with what became of each rule. */
final class Explanation {

    private Explanation() {}

    private record ChainId(Family family, Backend backend, String table, String chain) {}

    /** Explains every rule of one moment, in the order of the dumps. */
    static List<ExplainedRule> of(List<Dump> dumps, DockerFacts facts) {
        IdentityHashMap<Rule, ClassifiedRule> classified = classify(dumps, facts);
        List<ExplainedRule> rules = new ArrayList<>();
        for (Dump dump : dumps) {
            for (Dump.OfFamily table : dump.tables()) {
                for (Chain chain : table.table().chains()) {
                    int position = 0;
                    for (Rule rule : chain.rules()) {
                        position++;
                        rules.add(new ExplainedRule(
                                table.family(), table.backend(), position, known(rule, classified), null));
                    }
                }
            }
        }
        return rules;
    }

    /**
     * Explains what became of every rule between two moments: those of the later one in the order of its dumps, and behind
     * them, in each chain, those that are gone.
     *
     * @throws UsageException if one moment lacks a kind of dump that the other one has
     */
    static List<ExplainedRule> between(List<Dump> before, List<Dump> after, DockerFacts facts) {
        requireSameKinds(before, after, "--after has");
        requireSameKinds(after, before, "before --after there is");
        IdentityHashMap<Rule, ClassifiedRule> classified = classify(before, facts);
        classified.putAll(classify(after, facts));
        Map<ChainId, List<ExplainedRule>> chains = new LinkedHashMap<>();
        for (List<Dump> moment : List.of(after, before)) {
            for (Dump dump : moment) {
                for (Dump.OfFamily table : dump.tables()) {
                    for (Chain chain : table.table().chains()) {
                        chains.putIfAbsent(
                                new ChainId(table.family(), table.backend(), chain.table(), chain.name()),
                                new ArrayList<>());
                    }
                }
            }
        }
        for (RuleDelta delta :
                CounterDelta.between(snapshot(before), snapshot(after)).rules()) {
            RuleId id = delta.id();
            List<ExplainedRule> chain = chains.getOrDefault(
                    new ChainId(id.family(), id.backend(), id.table(), id.chain()), new ArrayList<>());
            Rule rule = delta.after();
            chain.add(
                    rule != null
                            ? new ExplainedRule(
                                    id.family(), id.backend(), chain.size() + 1, known(rule, classified), delta)
                            : new ExplainedRule(
                                    id.family(),
                                    id.backend(),
                                    0,
                                    known(Objects.requireNonNull(delta.before()), classified),
                                    delta));
        }
        return chains.values().stream().flatMap(List::stream).toList();
    }

    private static IdentityHashMap<Rule, ClassifiedRule> classify(List<Dump> dumps, DockerFacts facts) {
        IdentityHashMap<Rule, ClassifiedRule> classified = new IdentityHashMap<>();
        inOrder(dumps)
                .forEach(ruleset -> RuleClassifier.classify(ruleset, facts)
                        .rules()
                        .forEach(rule -> classified.put(rule.rule(), rule)));
        return classified;
    }

    private static ClassifiedRule known(Rule rule, IdentityHashMap<Rule, ClassifiedRule> classified) {
        return Objects.requireNonNull(classified.get(rule), rule::spec);
    }

    private static List<Ruleset> inOrder(List<Dump> dumps) {
        return dumps.stream().flatMap(dump -> dump.rulesets().stream()).toList();
    }

    private static CounterSnapshot snapshot(List<Dump> dumps) {
        return new CounterSnapshot(Instant.EPOCH, inOrder(dumps));
    }

    private record Kind(boolean nft, Family family, Backend backend) {

        static Kind of(Ruleset ruleset) {
            boolean nft = ruleset.backend() == Backend.NFTABLES;
            // One listing of nft holds every family that there is.
            return new Kind(nft, nft ? Family.INET : ruleset.family(), ruleset.backend());
        }

        String inWords() {
            return nft
                    ? "no listing of nft"
                    : "no " + (family == Family.IPV4 ? "iptables-save" : "ip6tables-save") + " dump of " + backend;
        }
    }

    /** An empty dump does not say of which kind it is, so it may be what is missing. */
    private static void requireSameKinds(List<Dump> wanted, List<Dump> there, String where) {
        if (there.stream().anyMatch(dump -> dump.rulesets().isEmpty())) {
            return;
        }
        List<Kind> kinds = inOrder(there).stream().map(Kind::of).toList();
        for (Dump dump : wanted) {
            for (Ruleset ruleset : dump.rulesets()) {
                Kind kind = Kind.of(ruleset);
                if (!kinds.contains(kind)) {
                    throw new UsageException(where + " " + kind.inWords() + " to compare with " + dump.name());
                }
            }
        }
    }
}
