// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Match;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.traffic.ConntrackEntry;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.walk.MeasuredRule;
import java.util.Optional;
import java.util.stream.Stream;

/** What goes to docker-proxy in place of the container. */
final class Proxies {

    private Proxies() {}

    static Optional<Finding> loopback(Evidence evidence) {
        boolean inbound = evidence.claim() == Claim.DNAT || evidence.claim() == Claim.FORWARD_ACCEPT;
        if (!inbound
                || !evidence.isShort()
                || loopbackProbes(evidence).findAny().isEmpty()) {
            return Optional.empty();
        }
        boolean answered = evidence.probes(Outcome.ANSWERED)
                .anyMatch(p -> p.tuple().destination().isLoopbackAddress());
        return evidence.observation()
                .withRole(RuleRole.NAT_JUMP_OUT)
                .filter(rule -> loopbackProbes(evidence).noneMatch(p -> Ways.mayMeetUntranslated(rule.rule(), p)))
                .findFirst()
                .map(rule -> new Finding(
                        Cause.PROXY_PATH,
                        "traffic to " + excluded(rule) + " skips DNAT (" + rule.location() + " has \"" + condition(rule)
                                + "\")" + (answered ? "; docker-proxy answered instead" : ""),
                        "send from outside: traffic.toPublishedPort(container, " + evidence.port()
                                + "); or set \"userland-proxy\": false"));
    }

    private static Stream<Probe> loopbackProbes(Evidence evidence) {
        return evidence.probesTo(t -> t.destination().isLoopbackAddress());
    }

    private static String excluded(MeasuredRule rule) {
        return rule.delta().id().family() == Family.IPV6 ? "::1" : "127.0.0.0/8";
    }

    /** The part of the rule that leaves loopback addresses out, as it is listed. */
    private static String condition(MeasuredRule rule) {
        return rule.rule()
                .match(Match.Destination.class)
                .map(destination -> "! -d " + destination.net())
                .orElseGet(() -> rule.rule().spec());
    }

    static Optional<Finding> ownBridge(Evidence evidence) {
        if ((evidence.claim() != Claim.DNAT && evidence.claim() != Claim.HAIRPIN) || evidence.hits() > 0) {
            return Optional.empty();
        }
        return evidence.observation()
                .withRole(RuleRole.SKIP_DNAT)
                .filter(rule -> rule.hits() > 0)
                .findFirst()
                .map(rule -> new Finding(
                        Cause.PROXY_PATH,
                        "a container called the host's port, and " + rule.cite()
                                + " keeps containers of that bridge from being translated; docker-proxy takes such"
                                + " connections",
                        "send from outside, or call the container by its own address and port"));
    }

    /** Nat rules are asked for the first packet of a flow only, and UDP has nothing that begins another. */
    static Optional<Finding> staleFlow(Evidence evidence) {
        boolean inbound = evidence.claim() == Claim.DNAT || evidence.claim() == Claim.DELIVERY;
        if (!inbound || (evidence.claim() == Claim.DNAT && evidence.hits() > 0)) {
            return Optional.empty();
        }
        return evidence.surroundings().host().flows().stream()
                .flatMap(Proxies::entry)
                .filter(entry -> !entry.original().destination().isLoopbackAddress())
                // A probe is a flow of its own, so that older ones do not explain what became of it.
                .filter(entry -> evidence.probes().stream()
                        .noneMatch(p -> p.tuple().transport() == Transport.UDP
                                && p.tuple().destinationPort()
                                        == entry.original().destinationPort()))
                .filter(entry -> evidence.containers().stream()
                        .anyMatch(container -> container.ports().stream()
                                .filter(port -> port.isCalledBy(
                                        Transport.UDP,
                                        entry.original().destination(),
                                        entry.original().destinationPort()))
                                .anyMatch(port -> !container.owns(entry.reply().source()))))
                .findFirst()
                .map(entry -> new Finding(
                        Cause.STALE_CONNTRACK,
                        "conntrack still follows a flow to the port that "
                                + (entry.isDnat() ? "leads to another address" : "is not translated") + ": " + entry
                                + "; its datagrams are not shown to nat rules again",
                        "conntrack -D -p udp --orig-port-dst "
                                + entry.original().destinationPort()
                                + "; a sender with a fresh source port begins a new flow",
                        "`conntrack -E -p udp`, or tcpdump, while datagrams of that flow are sent"));
    }

    private static Stream<ConntrackEntry> entry(String line) {
        try {
            return Stream.of(ConntrackEntry.parse(line));
        } catch (IllegalArgumentException notOne) {
            return Stream.empty();
        }
    }
}
