// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.PublishedPort;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.traffic.Tuple;
import io.github.countercheck.walk.MeasuredRule;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** What the count itself says: too much, or too little and nothing else to blame. */
final class Counts {

    private Counts() {}

    static Optional<Finding> nothingSent(Evidence evidence) {
        boolean nothing = evidence.claim() != Claim.DELIVERY
                && evidence.probes().isEmpty()
                && evidence.isShort()
                && !evidence.claimed().isEmpty();
        return nothing
                ? Optional.of(new Finding(
                        Cause.TRAFFIC_NOT_SENT,
                        rest(evidence) + ", and nothing was sent by Traffic in this window",
                        "send first: traffic.toPublishedPort(container, port), or traffic.from(container).toOutside()"))
                : Optional.empty();
    }

    static Optional<Finding> noProbeLeft(Evidence evidence) {
        return evidence.claim() != Claim.DELIVERY || evidence.probes().isEmpty()
                ? Optional.empty()
                : evidence.probes(Outcome.NOT_SENT)
                        .findFirst()
                        .map(
                                probe -> new Finding(
                                        Cause.TRAFFIC_NOT_SENT,
                                        "no packet of " + probe.tuple() + " left its sender"
                                                + (probe.detail().isEmpty() ? "" : ": " + probe.detail()),
                                        "give the sender a route and an address (ip route, in the container), then send again"));
    }

    /** Each retry of a packet that is dropped after this rule counts again. */
    static Optional<Finding> retries(Evidence evidence) {
        long unanswered = evidence.probes(Outcome.TIMED_OUT).count();
        if (evidence.isShort() || evidence.claim() != Claim.DNAT || unanswered == 0) {
            return Optional.empty();
        }
        long unconfirmed = evidence.attribution().unknown().stream()
                .filter(p -> p.outcome() == Outcome.TIMED_OUT && Tracked.isAbsent(p))
                .count();
        return Optional.of(new Finding(
                Cause.DROPPED_LATER,
                unanswered + " of the probes timed out, and a first packet that is dropped after this rule"
                        + " counts again with each retry"
                        + (unconfirmed == 0 ? "" : "; conntrack has no entry of " + unconfirmed),
                "look for what drops it: filter/FORWARD, " + Kernel.forwardingSetting(evidence.family())
                        + ", rp_filter",
                "traffic.traced(), which shows the last rule that a packet met"));
    }

    static Optional<Finding> everyPacket(Evidence evidence) {
        return evidence.isShort() || evidence.claim() != Claim.FORWARD_ACCEPT || returnTrafficIsAccepted(evidence)
                ? Optional.empty()
                : Optional.of(new Finding(
                        Cause.NO_RULE,
                        "no rule accepts RELATED,ESTABLISHED before this one, so that every packet of a flow met it and not"
                                + " the first alone",
                        "restart Docker, which writes its rules anew, and find what removed that one ("
                                + evidence.whatRemoves() + ")"));
    }

    /** A rule without a network serves all of them; that of another network does not help this container. */
    private static boolean returnTrafficIsAccepted(Evidence evidence) {
        ContainerFacts container = evidence.container();
        return evidence.observation()
                .withRole(RuleRole.RETURN_TRAFFIC)
                .map(MeasuredRule::classified)
                .anyMatch(rule -> rule.network() == null
                        || container == null
                        || evidence.facts().networksOf(container).stream().anyMatch(rule::serves));
    }

    static Optional<Finding> stranger(Evidence evidence) {
        if (evidence.isShort()
                || (!evidence.probes().isEmpty()
                        && (!countsOncePerProbe(evidence)
                                || evidence.hits() <= evidence.probes().size()))
                || (evidence.claim() == Claim.DNAT
                        && evidence.probes(Outcome.TIMED_OUT).findAny().isPresent())) {
            // What the test sent accounts for it, or may: nothing speaks for somebody else.
            return Optional.empty();
        }
        return Optional.of(new Finding(
                Cause.HIT_BY_STRANGER,
                "the rule counted " + evidence.hits() + ", the test sent "
                        + (evidence.probes().isEmpty()
                                ? "nothing by Traffic"
                                : evidence.probes().size() + " probes"),
                "keep other clients off the port while the test runs (health checks and wait strategies connect too), or"
                        + " begin the window later with traffic.mark()"));
    }

    /** Rules that see every packet count several for a probe; how many is not known. */
    private static boolean countsOncePerProbe(Evidence evidence) {
        return switch (evidence.claim()) {
            case DNAT, MASQUERADE, FORWARD_ACCEPT, HAIRPIN -> true;
            case RETURN_TRAFFIC, OUTBOUND_ACCEPT, ICC_ACCEPT, DELIVERY -> false;
            case RULE ->
                evidence.claimed().stream().allMatch(rule -> rule.rule().table().equals("nat"));
        };
    }

    static Optional<Finding> notHit(Evidence evidence) {
        if (evidence.claim() == Claim.DELIVERY
                || !evidence.isShort()
                || evidence.attribution().contradicts(evidence.counted())) {
            return Optional.empty();
        }
        Optional<Finding> elsewhere = otherAddress(evidence);
        if (elsewhere.isPresent()) {
            return elsewhere;
        }
        boolean forward = evidence.claim() == Claim.FORWARD_ACCEPT;
        if (forward && evidence.isSentByHost()) {
            return Optional.of(new Finding(
                    Cause.RULE_NOT_HIT,
                    "a process on the Docker host sent it, and what the host itself sends never comes by FORWARD",
                    "send from outside: traffic.toPublishedPort(container, port)"));
        }
        if (forward && evidence.dnatHits() == 0) {
            return Optional.of(new Finding(
                    Cause.RULE_NOT_HIT,
                    rest(evidence) + ", nor was anything translated to the container",
                    "see why with assertDnatHit(container, " + evidence.port() + ")"));
        }
        return Optional.of(new Finding(
                Cause.RULE_NOT_HIT,
                rest(evidence) + evidence.seenUntranslated(),
                "compare what was sent with what the rule asks for: interface, protocol, address, port"));
    }

    private static String rest(Evidence evidence) {
        return evidence.hits() == 0 ? "nothing that met it was seen" : "only " + evidence.hits() + " met it";
    }

    private static Optional<Finding> otherAddress(Evidence evidence) {
        ContainerFacts container = evidence.container();
        if (container == null
                || evidence.claim() != Claim.DNAT
                || evidence.probes().isEmpty()) {
            return Optional.empty();
        }
        List<PublishedPort> bindings = container.ports(evidence.transport(), evidence.port());
        Tuple sent = evidence.probes().get(0).tuple();
        boolean reached = bindings.stream()
                .anyMatch(b -> b.isCalledBy(sent.transport(), sent.destination(), sent.destinationPort()));
        if (reached || bindings.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Finding(
                Cause.RULE_NOT_HIT,
                "port " + evidence.port() + "/" + evidence.transport() + " is published on "
                        + bindings.stream()
                                .map(b -> Tuple.endpoint(b.hostAddress(), Integer.toString(b.hostPort())))
                                .collect(Collectors.joining(", "))
                        + " only; the probe went to " + sent.transport() + " "
                        + Tuple.endpoint(sent.destination(), Integer.toString(sent.destinationPort())),
                "send to the address, port and protocol that are published"));
    }
}
