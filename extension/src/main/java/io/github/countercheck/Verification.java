// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.await.Patience;
import io.github.countercheck.diagnosis.Claim;
import io.github.countercheck.diagnosis.Diagnosis;
import io.github.countercheck.diagnosis.Evidence;
import io.github.countercheck.diagnosis.FailureText;
import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.snapshot.CounterSource;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.walk.CounterWalk;
import io.github.countercheck.walk.MeasuredRule;
import io.github.countercheck.walk.Observation;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.opentest4j.AssertionFailedError;

/**
 * Decides one claim about rules of one table: looks until the count is reached or the time is up, and words what it saw.
 *
 * @param window what is looked at
 * @param facts what the daemon says
 * @param subject what the claim is about
 */
record Verification(Window window, DockerFacts facts, Subject subject) {

    /** Passes when the rules counted that often since the window began. */
    void assertHit(HitCount count) {
        requireSent();
        Observation seen = Patience.look(
                window.await(), this::observeTable, observation -> count.reachedBy(hits(claimed(observation))));
        List<MeasuredRule> claimed = claimed(seen);
        requireMeasured(claimed);
        long hits = hits(claimed);
        if (!count.holdsFor(hits)) {
            throw failure(count + " new " + unit() + (count.atLeast() == 1 ? "" : "s"), count.atMost(), hits);
        }
        Optional<Probe> untranslated = untranslated();
        if (untranslated.isPresent()) {
            throw failure("the witnesses to agree", count.atMost(), hits);
        }
    }

    /**
     * Passes when the rules counted nothing although something was sent.
     *
     * @param rulesMustExist whether their absence leaves the claim undecided
     */
    void assertNotHit(boolean rulesMustExist) {
        if (probes().isEmpty()) {
            throw new CountercheckException(
                    subject.held() + ": nothing was sent in this window, so that nothing hit proves nothing",
                    "send first, with Traffic: traffic.toPublishedPort(container, port), or"
                            + " traffic.from(container).toOutside()");
        }
        requireSent();
        // The probes are over, and the kernel counts while it handles the packet: one look is enough.
        List<MeasuredRule> claimed = claimed(observeTable());
        requireMeasured(claimed);
        if (rulesMustExist && claimed.isEmpty()) {
            throw new CountercheckException(
                    subject.held() + ": nothing could have been counted, for this is missing: " + subject.wanted(),
                    "publish the port, or find what removed Docker's rule");
        }
        long hits = hits(claimed);
        if (hits > 0) {
            throw failure("no new " + unit(), 0, hits);
        }
        if (translated().isPresent()) {
            throw failure("no other source address", 0, hits);
        }
    }

    private Observation observeTable() {
        Set<Family> families = families();
        CounterSource counters = window.session().counters();
        return Observation.of(
                families,
                window.baseline(),
                families.size() == 1 ? counters.read(families.iterator().next(), subject.table()) : counters.read(),
                facts);
    }

    private Set<Family> families() {
        Family family = subject.family();
        return family == null ? window.families() : Set.of(family);
    }

    private List<MeasuredRule> claimed(Observation observation) {
        return observation.select(subject.rules());
    }

    private static long hits(List<MeasuredRule> rules) {
        return rules.stream().mapToLong(MeasuredRule::hits).sum();
    }

    private String unit() {
        return subject.table().equals("nat") ? "flow" : "packet";
    }

    private void requireSent() {
        List<Probe> own = ownProbes();
        // What others sent is no control for a sender whose own probes never left.
        List<Probe> probes = own.isEmpty() ? probes() : own;
        if (!probes.isEmpty() && probes.stream().noneMatch(p -> p.outcome().wasSent())) {
            throw new CountercheckException(
                    subject.held() + ": no probe left its sender ("
                            + probes.get(0).tuple() + ": " + probes.get(0).detail() + ")",
                    "give the sender a route and an address, then send again; the network was not tested");
        }
    }

    private void requireMeasured(List<MeasuredRule> claimed) {
        for (MeasuredRule rule : claimed) {
            if (!rule.isCounted()) {
                throw new CountercheckException(
                        "the rule has no counter: " + rule.cite(), "read it with a tool that lists counters");
            }
            if (rule.isReset()) {
                throw new CountercheckException(
                        "the counter went backwards (" + rule.beforeAndAfter() + "): " + rule.cite()
                                + "  was zeroed, or deleted and written again, during the test",
                        "let no container start or stop, no firewall reload and no `iptables -Z` happen between the"
                                + " baseline and the assertion; traffic.mark() takes a new baseline");
            }
        }
    }

    private List<Probe> probes() {
        Set<Family> families = families();
        return window.flows().stream()
                .filter(flow -> families.contains(flow.family()))
                .flatMap(flow -> flow.probes().stream())
                .toList();
    }

    /** A second witness of masquerading: a flow of this subject whose own source address reached the peer. */
    private Optional<Probe> untranslated() {
        return ownProbes().stream()
                .filter(p -> p.tuple().source().equals(p.seenByPeer()))
                .findFirst();
    }

    /** The same witness of the contrary: whatever rule did it, the peer saw another address than the subject's own. */
    private Optional<Probe> translated() {
        return ownProbes().stream()
                .filter(p -> p.seenByPeer() != null && !p.tuple().source().equals(p.seenByPeer()))
                .findFirst();
    }

    /** The probes that the subject of a claim on masquerading sent itself. */
    private List<Probe> ownProbes() {
        return subject.claim() != Claim.MASQUERADE
                ? List.of()
                : probes().stream().filter(p -> isOfSubject(p.tuple().source())).toList();
    }

    private boolean isOfSubject(InetAddress source) {
        ContainerFacts container = subject.container();
        NetworkFacts network = subject.network();
        return container != null ? container.owns(source) : network != null && network.contains(source);
    }

    private AssertionFailedError failure(String expected, long most, long hits) {
        Observation all = Observation.of(
                families(), window.baseline(), window.session().counters().read(), facts);
        List<MeasuredRule> claimed = claimed(all);
        Evidence evidence = new Evidence(
                subject.claim(),
                subject.container(),
                subject.network(),
                subject.transport(),
                subject.port(),
                claimed,
                most,
                all,
                probes());
        FailureText text = new FailureText(most == 0 ? subject.held() : subject.notHeld());
        if (claimed.isEmpty()) {
            text.line("expected", expected + " on " + subject.wanted()).line("actual", "there is no such rule");
            Rule cited = subject.cited();
            if (cited != null) {
                Diagnosis.nearest(cited, all.rules()).ifPresent(rule -> text.line("nearest", rule.cite()));
            }
        } else {
            text.line(
                    "expected",
                    expected + " on  "
                            + claimed.stream().map(MeasuredRule::cite).collect(Collectors.joining("\n")));
            text.line(
                    "actual",
                    "+" + hits + "  ("
                            + claimed.stream().map(MeasuredRule::beforeAndAfter).collect(Collectors.joining("; "))
                            + ")");
        }
        text.line(
                "sent",
                window.flows().isEmpty()
                        ? "nothing by Traffic in this window"
                        : window.flows().stream().map(Flow::toString).collect(Collectors.joining("\n")));
        untranslated()
                .ifPresent(p -> text.line(
                        "peer",
                        "saw the container's own address "
                                + Cidr.format(p.tuple().source()) + ", so it was not masqueraded"));
        translated()
                .filter(p -> hits == 0)
                .ifPresent(p -> text.line(
                        "peer",
                        "the peer saw "
                                + p.sourceSeen().map(Cidr::format).orElse("-") + ", not the container's own address "
                                + Cidr.format(p.tuple().source()) + ": a rule that is not Docker's changed it"));
        text.findings(Diagnosis.of(evidence));
        text.line("walk", CounterWalk.of(all).inLines().stripIndent());
        List<Backend> backends = all.dockersBackends();
        if (backends.size() > 1) {
            text.line("note", "Docker's rules stand in " + backends + " at once; the kernel asks all of them");
        }
        return new AssertionFailedError(text.toString(), expected, claimed.isEmpty() ? "no such rule" : "+" + hits);
    }
}
