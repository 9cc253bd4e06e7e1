// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.await.Patience;
import io.github.countercheck.diagnosis.Attribution;
import io.github.countercheck.diagnosis.Claim;
import io.github.countercheck.diagnosis.Diagnosis;
import io.github.countercheck.diagnosis.Evidence;
import io.github.countercheck.diagnosis.FailureText;
import io.github.countercheck.diagnosis.Surroundings;
import io.github.countercheck.docker.Classification;
import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.Layout;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.traffic.ConntrackEntry;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.walk.CounterWalk;
import io.github.countercheck.walk.MeasuredRule;
import io.github.countercheck.walk.Observation;
import io.github.countercheck.walk.PacketWalk;
import java.net.InetAddress;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.opentest4j.AssertionFailedError;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides one claim about rules of one table: looks until the count is reached or the time is up, and words what it saw.
 *
 * @param window what is looked at
 * @param facts what the daemon says
 * @param subject what the claim is about
 */
record Verification(Window window, DockerFacts facts, Subject subject) {

    private static final int ENTRIES_SHOWN = 3;
    private static final Logger LOG = LoggerFactory.getLogger(NetworkAssertions.class);

    /** Passes when the claim was met that often since the window began. */
    Proof assertHit(HitCount count) {
        requireSent();
        Attribution own = attribution();
        Predicate<Observation> isEnough = observation -> {
            List<MeasuredRule> rules = claimed(observation);
            return unmeasured(observation, rules).isPresent()
                    || (own.counts() ? hits(rules) >= own.flows() : count.reachedBy(hits(rules)));
        };
        Observation polled = Patience.look(window.await(), this::observeTable, isEnough);
        // A rule may have come where there was no table to poll.
        Observation seen = isEnough.test(polled) ? polled : observeAll();
        List<MeasuredRule> claimed = claimed(seen);
        String expected = count + " new " + unit() + (count.atLeast() == 1 ? "" : "s");
        Optional<CountercheckException> unmeasured = unmeasured(seen, claimed);
        if (unmeasured.isPresent()) {
            Substitute other = substitute(own).orElseThrow(unmeasured::get);
            if (!count.holdsFor(other.flows())) {
                throw failure(subject.notHeld(), expected, count.atMost(), other.flows());
            }
            log(other, unmeasured.get());
            return Proof.of(subject.held(), claimed, Set.of(other.witness()), window);
        }
        long hits = hits(claimed);
        if (!count.holdsFor(own.met(hits))) {
            throw failure(subject.notHeld(), expected, count.atMost(), hits);
        }
        if (own.contradicts(hits)
                || peerContradictsConntrack()
                || (untranslated().isPresent() && !own.counts())) {
            throw failure(subject.notHeld() + ": witnesses disagree", "the witnesses to agree", count.atMost(), hits);
        }
        if (untranslated().isPresent()) {
            throw failure(subject.notHeld(), "another source address on each of the flows", count.atMost(), hits);
        }
        return proof(subject.held(), claimed, own);
    }

    private Proof proof(String claim, List<MeasuredRule> claimed, Attribution own) {
        Set<Proof.Witness> witnesses = EnumSet.noneOf(Proof.Witness.class);
        if (!claimed.isEmpty()) {
            witnesses.add(Proof.Witness.COUNTER);
        }
        if (own.counts()) {
            witnesses.add(Proof.Witness.CONNTRACK);
        }
        if (ownProbes().stream().anyMatch(p -> p.seenByPeer() != null)) {
            witnesses.add(Proof.Witness.PEER);
        }
        return Proof.of(claim, claimed, witnesses, window);
    }

    /**
     * Passes when the claim was not met although something was sent.
     *
     * @param rulesMustExist whether their absence leaves the claim undecided
     */
    Proof assertNotHit(boolean rulesMustExist) {
        if (probes().isEmpty()) {
            throw new CountercheckException(
                    subject.held() + ": nothing was sent in this window, so that nothing hit proves nothing",
                    "send first, with Traffic: traffic.toPublishedPort(container, port), or"
                            + " traffic.from(container).toOutside()");
        }
        requireSent();
        // The probes are over, and the kernel counts while it handles the packet: one look is enough.
        Attribution own = attribution();
        Observation seen = observeAll();
        List<MeasuredRule> claimed = claimed(seen);
        String expected = "no new " + unit();
        Optional<CountercheckException> unmeasured = unmeasured(seen, claimed);
        if (unmeasured.isPresent()) {
            Substitute other = substitute(own).orElseThrow(unmeasured::get);
            if (other.flows() > 0) {
                throw failure(subject.held(), expected, 0, other.flows());
            }
            log(other, unmeasured.get());
            return Proof.of(subject.notHeld(), claimed, Set.of(other.witness()), window);
        }
        if (rulesMustExist && claimed.isEmpty()) {
            throw new CountercheckException(
                    subject.held() + ": nothing could have been counted, for this is missing: " + subject.wanted(),
                    "publish the port, or find what removed Docker's rule");
        }
        long hits = hits(claimed);
        if (own.met(hits) > 0) {
            throw failure(subject.held(), expected, 0, hits);
        }
        if (peerContradictsConntrack()) {
            throw failure(subject.held() + ": witnesses disagree", "the witnesses to agree", 0, hits);
        }
        if (translated().isPresent()) {
            throw failure(subject.held(), "no other source address", 0, hits);
        }
        return proof(subject.notHeld(), claimed, own);
    }

    /**
     * What stands in for a counter that tells nothing.
     *
     * @param witness who saw the flows
     * @param flows how many of the test's own did what is claimed
     */
    private record Substitute(Proof.Witness witness, long flows) {}

    private Optional<Substitute> substitute(Attribution own) {
        if (own.provesAlone()) {
            return Optional.of(new Substitute(Proof.Witness.CONNTRACK, own.flows()));
        }
        List<Probe> sent =
                ownProbes().stream().filter(p -> p.outcome().wasSent()).toList();
        return sent.isEmpty() || sent.stream().anyMatch(p -> p.sourceSeen().isEmpty())
                ? Optional.empty()
                : Optional.of(new Substitute(
                        Proof.Witness.PEER,
                        sent.stream()
                                .filter(p -> !p.tuple().source().equals(p.seenByPeer()))
                                .count()));
    }

    private void log(Substitute proof, CountercheckException unmeasured) {
        LOG.info(
                "{}: {} of the test's own flows, proved by {} alone, for {}",
                subject.what(),
                proof.flows(),
                proof.witness(),
                unmeasured.problem());
    }

    private Attribution attribution() {
        ContainerFacts container = subject.container();
        return switch (subject.claim()) {
            case DNAT, FORWARD_ACCEPT ->
                container == null
                        ? Attribution.none(subject.claim())
                        : Attribution.ofPort(
                                subject.claim(), container, subject.transport(), subject.port(), facts, probes());
            case MASQUERADE -> Attribution.ofSender(this::isOfSubject, networks(), probes());
            case RETURN_TRAFFIC, OUTBOUND_ACCEPT -> Attribution.ofCrossing(subject.claim(), networks(), probes());
            case HAIRPIN, ICC_ACCEPT, RULE, DELIVERY -> Attribution.none(subject.claim());
        };
    }

    private List<NetworkFacts> networks() {
        ContainerFacts container = subject.container();
        NetworkFacts network = subject.network();
        return container != null ? facts.networksOf(container) : network != null ? List.of(network) : List.of();
    }

    /** Both saw the same flow leave, and do not agree on its source address. */
    private boolean peerContradictsConntrack() {
        return ownProbes().stream()
                .filter(p -> p.seenByPeer() != null)
                .anyMatch(p -> p.conntrack()
                        .entry()
                        .filter(entry -> !entry.reply().destination().equals(p.seenByPeer()))
                        .isPresent());
    }

    private Observation observeTable() {
        return observation(window.session().counters().read(families(), subject.table()));
    }

    private Observation observeAll() {
        return observation(window.session().counters().read());
    }

    private Observation observation(CounterSnapshot now) {
        return window.observe(families(), now, facts);
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

    private Optional<CountercheckException> unmeasured(Observation seen, List<MeasuredRule> claimed) {
        if (claimed.isEmpty() && subject.claim() == Claim.FORWARD_ACCEPT && isPodmans(seen)) {
            return Optional.of(new CountercheckException(
                    "not counted: Podman writes no rule that accepts new flows to a port; the policy of its FORWARD chain"
                            + " lets them in",
                    "send with Traffic, whose flows conntrack tells apart"));
        }
        for (MeasuredRule rule : claimed) {
            if (!rule.isCounted()) {
                return Optional.of(
                        new CountercheckException(
                                "not counted: the rule has no counter: " + rule.cite(),
                                "read it with a tool that lists counters, or send with Traffic, whose flows conntrack tells apart"));
            }
            if (rule.isReset()) {
                return Optional.of(new CountercheckException(
                        "snapshot invalid: the counter went backwards (" + rule.beforeAndAfter() + "): " + rule.cite()
                                + "  was zeroed, or deleted and written again, during the test",
                        "let no container start or stop, no firewall reload and no `iptables -Z` happen between the"
                                + " baseline and the assertion; traffic.mark() takes a new baseline"));
            }
        }
        return Optional.empty();
    }

    private static boolean isPodmans(Observation seen) {
        Set<Layout> layouts = seen.classifications().stream()
                .map(Classification::layout)
                .filter(layout -> layout != Layout.NONE)
                .collect(Collectors.toSet());
        return layouts.equals(Set.of(Layout.NETAVARK));
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

    private AssertionFailedError failure(String headline, String expected, long most, long hits) {
        Observation all = Inquiry.observe(window, families(), Inquiry.facts(window, facts));
        List<MeasuredRule> claimed = claimed(all);
        Attribution own = attribution();
        Evidence evidence = Inquiry.complete(
                window,
                new Evidence(
                        subject.claim(),
                        subject.container(),
                        subject.network(),
                        subject.transport(),
                        subject.port(),
                        claimed,
                        most,
                        all,
                        probes(),
                        own,
                        Surroundings.UNKNOWN));
        String actual = own.counts() && own.flows() != hits
                ? "+" + own.flows() + " of the test's own by conntrack, +" + hits + " by the rule's counter"
                : "+" + hits;
        FailureText text = new FailureText(headline);
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
                    actual + "  ("
                            + claimed.stream().map(MeasuredRule::beforeAndAfter).collect(Collectors.joining("; "))
                            + ")");
        }
        text.line(
                "sent",
                window.flows().isEmpty()
                        ? "nothing by Traffic in this window"
                        : window.flows().stream().map(Flow::toString).collect(Collectors.joining("\n")));
        conntrack(own, most).forEach(line -> text.line("conntrack", line));
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
        text.line("walk", walk(all).stripIndent());
        List<Backend> backends = all.dockersBackends();
        if (backends.size() > 1) {
            text.line("note", "Docker's rules stand in " + backends + " at once; the kernel asks all of them");
        }
        return new AssertionFailedError(text.toString(), expected, claimed.isEmpty() ? "no such rule" : actual);
    }

    /** The entries that speak against the claim first; where that is all, what kept conntrack from speaking. */
    private static List<String> conntrack(Attribution own, long most) {
        boolean tooMany = own.counts() && own.flows() > most;
        List<String> entries = own.own().stream()
                .sorted(Comparator.comparing(probe -> own.proved().contains(probe) != tooMany))
                .flatMap(probe -> probe.conntrack().entry().stream())
                .map(ConntrackEntry::toString)
                .toList();
        Stream<String> unknown = own.unknown().stream()
                .collect(Collectors.groupingBy(Probe::conntrack, LinkedHashMap::new, Collectors.counting()))
                .entrySet()
                .stream()
                .map(e -> "of " + e.getValue() + " of " + own.own().size() + " flows: " + e.getKey());
        return Stream.of(
                        entries.stream().limit(ENTRIES_SHOWN),
                        entries.size() > ENTRIES_SHOWN
                                ? Stream.of("and " + (entries.size() - ENTRIES_SHOWN) + " more")
                                : Stream.<String>empty(),
                        unknown)
                .flatMap(lines -> lines)
                .toList();
    }

    /** Where a flow was traced, the trace says more than counters can. */
    private String walk(Observation all) {
        String traced = window.flows().stream()
                .flatMap(flow -> flow.walks().stream())
                .map(PacketWalk::inLines)
                .collect(Collectors.joining("\n"));
        return traced.isEmpty() ? CounterWalk.of(all).inLines() : traced;
    }
}
