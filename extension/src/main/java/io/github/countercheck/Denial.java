// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.diagnosis.Cause;
import io.github.countercheck.diagnosis.Diagnosis;
import io.github.countercheck.diagnosis.Evidence;
import io.github.countercheck.diagnosis.FailureText;
import io.github.countercheck.diagnosis.Finding;
import io.github.countercheck.diagnosis.Surroundings;
import io.github.countercheck.docker.Classification;
import io.github.countercheck.docker.ClassifiedRule;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Match;
import io.github.countercheck.ruleset.Policy;
import io.github.countercheck.snapshot.ChainDelta;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.traffic.Tuple;
import io.github.countercheck.walk.CounterWalk;
import io.github.countercheck.walk.MeasuredRule;
import io.github.countercheck.walk.Observation;
import java.net.InetAddress;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.opentest4j.AssertionFailedError;

/**
 * Decides a claim that packets were stopped: they were sent, nobody answered, and a rule that stops packets counted them.
 *
 * @param window what is looked at
 * @param facts what the daemon says
 * @param claim what is claimed, in words
 * @param about which of the probes it is about
 * @param rules which rules should have stopped them
 * @param policies whether a policy may have, too
 * @param wanted such a rule in words
 */
record Denial(
        Window window,
        DockerFacts facts,
        String claim,
        Predicate<Tuple> about,
        Function<Classification, List<ClassifiedRule>> rules,
        boolean policies,
        String wanted) {

    /** Passes when each of the probes was stopped. */
    Proof assertHolds() {
        List<Probe> probes = window.flows().stream()
                .flatMap(flow -> flow.probes().stream())
                .filter(probe -> about.test(probe.tuple()))
                .toList();
        requireSent(probes);
        // The probes are over, and the kernel counts while it handles the packet: one look is enough.
        Observation seen = window.observe(window.families(), facts);
        List<MeasuredRule> candidates = seen.select(rules).stream()
                .filter(rule -> rule.rule().stops())
                .filter(rule -> probes.stream().anyMatch(probe -> mayMatch(rule, probe.tuple(), seen)))
                .toList();
        List<MeasuredRule> counted =
                candidates.stream().filter(rule -> rule.hits() > 0).toList();
        List<ChainDelta> fallen = policies ? fallen(seen) : List.of();
        long hits = counted.stream().mapToLong(MeasuredRule::hits).sum()
                + fallen.stream().mapToLong(chain -> chain.packets().orElse(0)).sum();
        boolean answered = probes.stream().anyMatch(Denial::isAnswered);
        if (!answered && hits < probes.size()) {
            requireMeasured(candidates);
        }
        if (answered || hits < probes.size()) {
            throw failure(probes, seen, candidates, fallen, hits);
        }
        return new Proof(
                claim,
                Stream.concat(
                                counted.stream().map(Proof.Cited::of),
                                fallen.stream().map(chain -> cited(chain)))
                        .toList(),
                Set.of(Proof.Witness.COUNTER, Proof.Witness.PEER),
                window.flows());
    }

    /** An answer, or the end of a connection that had been made. */
    private static boolean isAnswered(Probe probe) {
        return probe.outcome() == Outcome.ANSWERED || probe.outcome() == Outcome.RESET;
    }

    private void requireSent(List<Probe> probes) {
        if (probes.isEmpty()) {
            throw new CountercheckException(
                    claim + ": no such probe was sent in this window, so that no answer proves nothing",
                    "send first: traffic.from(container).toContainer(other, port), or .to(address, port)");
        }
        probes.stream().filter(p -> !p.outcome().wasSent()).findFirst().ifPresent(p -> {
            throw new CountercheckException(
                    claim + ": a probe did not leave its sender (" + p.tuple() + ": " + p.detail()
                            + "), so that no rule was asked",
                    "give the sender a route; containers of internal networks have none from Engine 25 on, which keeps them"
                            + " in without any rule");
        });
    }

    private static void requireMeasured(List<MeasuredRule> candidates) {
        candidates.stream().filter(MeasuredRule::isReset).findFirst().ifPresent(rule -> {
            throw new CountercheckException(
                    "snapshot invalid: the counter went backwards (" + rule.beforeAndAfter() + "): " + rule.cite(),
                    "let no container start or stop and no firewall reload happen between the baseline and the"
                            + " assertion; traffic.mark() takes a new baseline");
        });
    }

    private static List<ChainDelta> fallen(Observation seen) {
        return seen.delta().chains().stream()
                .filter(chain -> {
                    Chain after = chain.after();
                    return after != null && after.policy() == Policy.DROP;
                })
                .filter(chain -> chain.packets().orElse(0) > 0)
                .toList();
    }

    private static Proof.Cited cited(ChainDelta chain) {
        return new Proof.Cited(
                name(chain),
                chain.before() == null ? null : chain.before().counter(),
                chain.after() == null ? null : chain.after().counter());
    }

    private static String name(ChainDelta chain) {
        return MeasuredRule.location(chain.family(), chain.backend(), chain.table(), chain.chain()) + "  policy DROP";
    }

    /** Whether the addresses and the protocol that the rule asks for may be this probe's, before or after translation. */
    private static boolean mayMatch(MeasuredRule rule, Tuple tuple, Observation seen) {
        return rule.rule().matches().stream().allMatch(match -> {
            if (match instanceof Match.Source source) {
                return source.negated() != source.net().contains(tuple.source());
            }
            if (match instanceof Match.Destination destination) {
                return destinations(tuple, seen)
                        .anyMatch(address ->
                                destination.negated() != destination.net().contains(address));
            }
            return !(match instanceof Match.Protocol protocol)
                    || protocol.negated()
                            != protocol.name().equals(tuple.transport().toString());
        });
    }

    /** Where it was sent to, and where a published port that it called leads. */
    private static Stream<InetAddress> destinations(Tuple tuple, Observation seen) {
        return Stream.concat(
                Stream.of(tuple.destination()),
                seen.withRole(RuleRole.PORT_DNAT)
                        .map(MeasuredRule::classified)
                        .filter(rule -> Integer.valueOf(tuple.destinationPort()).equals(rule.hostPort()))
                        .flatMap(rule -> Stream.ofNullable(rule.container()))
                        .flatMap(container -> container.addresses().stream()));
    }

    private AssertionFailedError failure(
            List<Probe> probes, Observation seen, List<MeasuredRule> candidates, List<ChainDelta> fallen, long hits) {
        String expected = "at least " + probes.size() + (probes.size() == 1 ? " packet" : " packets") + " on ";
        String actual = candidates.isEmpty() && fallen.isEmpty() ? "there is no such rule" : "+" + hits;
        FailureText text = new FailureText("not " + claim)
                .line(
                        "expected",
                        expected
                                + (candidates.isEmpty()
                                        ? wanted
                                        : " "
                                                + candidates.stream()
                                                        .map(MeasuredRule::cite)
                                                        .collect(Collectors.joining("\n"))))
                .line("actual", actual)
                .line("sent", window.flows().stream().map(Flow::toString).collect(Collectors.joining("\n")))
                .findings(List.of(finding(probes, seen, candidates)))
                .line("walk", CounterWalk.of(seen).inLines().stripIndent());
        return new AssertionFailedError(text.toString(), expected + wanted, actual);
    }

    private Finding finding(List<Probe> probes, Observation seen, List<MeasuredRule> candidates) {
        long answered = probes.stream().filter(Denial::isAnswered).count();
        if (answered > 0) {
            return Diagnosis.ofUnstopped(Evidence.ofDelivery(seen, probes, Surroundings.UNKNOWN))
                    .orElseGet(() -> unstopped(probes, answered, candidates));
        }
        return stoppedElsewhere(probes, seen, candidates);
    }

    private Finding unstopped(List<Probe> probes, long answered, List<MeasuredRule> candidates) {
        return new Finding(
                candidates.isEmpty() ? Cause.NO_RULE : Cause.RULE_NOT_HIT,
                answered + " of " + probes.size() + " probes " + (answered == 1 ? "was" : "were") + " answered, so"
                        + " that nothing stopped " + (answered == 1 ? "it" : "them")
                        + (candidates.isEmpty() ? "; there is not: " + wanted : ""),
                "see in the walk which rule accepted it; docker-proxy on the host also answers what no rule lets"
                        + " through");
    }

    private Finding stoppedElsewhere(List<Probe> probes, Observation seen, List<MeasuredRule> candidates) {
        return seen.moved()
                .filter(rule -> rule.rule().stops() && !candidates.contains(rule))
                .filter(rule -> probes.stream().anyMatch(probe -> mayMatch(rule, probe.tuple(), seen)))
                .max(Comparator.comparingLong(MeasuredRule::hits))
                .map(rule -> rule.cite() + "  stopped " + rule.hits())
                .or(() -> policies
                        ? Optional.empty()
                        : fallen(seen).stream()
                                .map(chain -> name(chain) + "  stopped "
                                        + chain.packets().orElse(0))
                                .findFirst())
                .map(other -> new Finding(
                        Cause.RULE_SHADOWED,
                        "it, or the answer to it, was stopped, but by another: " + other,
                        "claim what is meant: assertDropped(flow) takes every rule and policy that drops"))
                .orElseGet(
                        () -> new Finding(
                                candidates.isEmpty() ? Cause.NO_RULE : Cause.RULE_NOT_HIT,
                                "nothing that drops or rejects counted it: it was lost on a way without a rule, or nobody answered",
                                "check the routes, `sysctl net.ipv4.ip_forward` and rp_filter, and that something listens there"));
    }
}
