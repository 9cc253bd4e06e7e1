// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import io.github.countercheck.daemon.Mechanism;
import io.github.countercheck.daemon.PathId;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Policy;
import io.github.countercheck.snapshot.ChainDelta;
import io.github.countercheck.traffic.ConntrackEntry;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.walk.MeasuredRule;
import io.github.countercheck.walk.Observation;
import java.net.InetAddress;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What was seen of one probe, and what that says of the way of its packets.
 *
 * @param path the path that it was sent on
 * @param probe the probe, with what conntrack said of it
 * @param answeredFrom the source address that the far end told in its answer; null where that was not the answer
 * @param arrivedFrom the source address under which it arrived, answered or not; null where it did not, or is not known
 * @param rules all rules, and what they counted meanwhile
 * @param forwarded whether the host forwards packets of that family
 */
record Observed(
        PathId path,
        Probe probe,
        @Nullable InetAddress answeredFrom,
        @Nullable InetAddress arrivedFrom,
        Observation rules,
        boolean forwarded) {

    private static final Set<RuleRole> NOT_OF_PROBES = EnumSet.of(RuleRole.EMBEDDED_DNS);

    /** Reads what became of the packets. */
    Way way() {
        if (answeredFrom != null) {
            return new Way(Outcome.ANSWERED, answeredBy(answeredFrom), null, answeredFrom);
        }
        return switch (probe.outcome()) {
            case NOT_SENT -> new Way(Outcome.NOT_SENT, Mechanism.NO_ROUTE, null, null);
            case REFUSED, RESET ->
                new Way(
                        probe.outcome(),
                        isTranslated()
                                ? Mechanism.DNAT
                                : path.isToPublishedPort() ? Mechanism.NOT_PUBLISHED : Mechanism.DIRECT,
                        null,
                        null);
            // Whoever completed the handshake, it was not the one that was called.
            case ANSWERED, TIMED_OUT, UNREACHABLE -> stopped();
        };
    }

    private Mechanism answeredBy(InetAddress source) {
        if (path.isToPublishedPort()) {
            return isTranslated() ? Mechanism.DNAT : Mechanism.DOCKER_PROXY;
        }
        return source.equals(probe.tuple().source()) ? Mechanism.DIRECT : Mechanism.MASQUERADE;
    }

    private boolean isTranslated() {
        return probe.conntrack()
                .entry()
                .map(ConntrackEntry::isDnat)
                .orElseGet(() -> rules.withRole(RuleRole.PORT_DNAT).anyMatch(rule -> rule.hits() > 0));
    }

    private Way stopped() {
        Outcome outcome = probe.outcome() == Outcome.UNREACHABLE ? Outcome.UNREACHABLE : Outcome.TIMED_OUT;
        Optional<MeasuredRule> dropper = dropper();
        if (dropper.isPresent()) {
            return new Way(outcome, Mechanism.BLOCKED_BY, dropper.get().role(), null);
        }
        if (droppedByPolicy().isPresent()) {
            return new Way(outcome, Mechanism.BLOCKED_BY, null, null);
        }
        if (!forwarded && arrivedFrom == null) {
            return new Way(outcome, Mechanism.NOT_FORWARDED, null, null);
        }
        return path.isToPublishedPort() && arrivedFrom != null && !isTranslated()
                ? new Way(outcome, Mechanism.DOCKER_PROXY, null, arrivedFrom)
                : new Way(outcome, Mechanism.LOST, null, null);
    }

    /** Returns the rule that dropped most. */
    Optional<MeasuredRule> dropper() {
        return rules.moved().filter(rule -> rule.rule().stops()).max(Comparator.comparingLong(MeasuredRule::hits));
    }

    private Optional<ChainDelta> droppedByPolicy() {
        return rules.delta().chains().stream()
                .filter(chain -> chain.table().equals("filter") && chain.chain().equals("FORWARD"))
                .filter(chain -> {
                    Chain after = chain.after();
                    return after != null && after.policy() == Policy.DROP;
                })
                .filter(chain -> chain.packets().orElse(0) > 0)
                .findFirst();
    }

    /** Returns the rules that counted, in the order of the listing. */
    List<RuleHit> hits() {
        return rules.moved()
                .filter(rule -> !NOT_OF_PROBES.contains(rule.role()))
                .map(rule -> new RuleHit(rule.location(), rule.rule().spec(), rule.role(), rule.hits()))
                .toList();
    }

    Family family() {
        return Family.of(probe.tuple().destination());
    }
}
