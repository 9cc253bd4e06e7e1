// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.host.HostFacts;
import io.github.countercheck.host.RouteAnswer;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.walk.MeasuredRule;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apiguardian.api.API;

/**
 * Says why a claim did not hold. Names a cause only where something that was measured speaks for it.
 *
 * <p>The signatures rest on how netfilter counts: nat rules see the first packet of a flow only, and a first packet that is
 * dropped after nat PREROUTING leaves no conntrack entry, so that each of its retransmissions counts on the DNAT rule
 * again.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class Diagnosis {

    private static final int MOST = 2;

    /** That a rule was not hit, that Traffic sent nothing, or that nobody answered says less than whatever fits. */
    private static final Set<Cause> SAYS_LITTLE =
            EnumSet.of(Cause.RULE_NOT_HIT, Cause.TRAFFIC_NOT_SENT, Cause.NOT_ANSWERED);

    /** What explains others comes before them: a setting before the drop that it led to, that before a count. */
    private static final List<Detector> DETECTORS = List.of(
            Errors::rawTableMissing,
            Errors::zoneConflict,
            Errors::poolOverlaps,
            Gone::restarted,
            Gone::stopped,
            Gone::removed,
            Errors::containerNotRunning,
            Errors::reset,
            Errors::notCounted,
            Counts::noProbeLeft,
            Errors::notSent,
            Missing::ofNetavark,
            Missing::afterReload,
            Missing::flushed,
            Kernel::forwardingOff,
            Missing::masquerade,
            Missing::any,
            Proxies::staleFlow,
            Counts::nothingSent,
            Counts::everyPacket,
            Proxies::loopback,
            Proxies::ownBridge,
            Kernel::bridgedReply,
            Kernel::overlap,
            Kernel::reversePath,
            Kernel::returnRouteOfHost,
            Shadows::staleDnat,
            Drops::byRule,
            Drops::byPolicy,
            Drops::uncounted,
            Kernel::conntrackFull,
            Shadows::shadowed,
            Shadows::translatedElsewhere,
            Shadows::notTracked,
            Kernel::wrongRoute,
            Kernel::shadowedLan,
            Kernel::trafficControl,
            Kernel::neighbour,
            Answers::notListening,
            Answers::noWayBack,
            Answers::noWayOut,
            Answers::tooLarge,
            Drops::perhapsUncounted,
            Kernel::perhapsPolicyRouting,
            Drops::unseen,
            Counts::retries,
            Counts::stranger,
            Answers::none,
            Counts::notHit);

    private Diagnosis() {}

    /**
     * Returns the causes that the evidence speaks for, the most telling first: the one that leaves no doubt, if there is one,
     * else those that fit.
     */
    public static List<Finding> of(Evidence evidence) {
        List<Finding> fitting = new ArrayList<>();
        for (Detector detector : DETECTORS) {
            Optional<Finding> found = detector.look(evidence);
            if (found.isPresent() && found.get().isProven()) {
                return fitting.isEmpty() || !SAYS_LITTLE.contains(found.get().cause()) ? List.of(found.get()) : fitting;
            }
            if (fitting.size() < MOST) {
                found.filter(finding -> fitting.stream().noneMatch(f -> f.cause() == finding.cause()))
                        .ifPresent(fitting::add);
            }
        }
        return fitting;
    }

    /** Returns why probes were answered that somebody meant to stop, where a rule tells. */
    public static Optional<Finding> ofUnstopped(Evidence evidence) {
        return Stream.<Detector>of(Bypasses::input, Bypasses::usersChain, Bypasses::loopbackPort)
                .flatMap(detector -> detector.look(evidence).stream())
                .findFirst();
    }

    /** Returns what the host's routing should be asked before its word can be among the evidence. */
    public static List<RouteAnswer.Question> routesToAsk(Evidence evidence, HostFacts host) {
        return Kernel.questions(evidence, host);
    }

    /** Returns the containers that these probes came from or went to. */
    public static List<ContainerFacts> containersToAsk(Evidence evidence, List<Probe> probes) {
        return probes.stream()
                .flatMap(probe ->
                        Stream.of(evidence.end(probe).address(), probe.tuple().source()))
                .distinct()
                .flatMap(address -> evidence.facts().containerAt(address).stream())
                .distinct()
                .toList();
    }

    /**
     * Returns the rule that shares most words with one that was not found.
     *
     * @param wanted the rule that was sought
     * @param candidates where to look
     */
    public static Optional<MeasuredRule> nearest(Rule wanted, List<MeasuredRule> candidates) {
        Set<String> words = words(wanted);
        return candidates.stream()
                .filter(c -> c.rule().table().equals(wanted.table()))
                .max(Comparator.comparingLong((MeasuredRule c) ->
                                words(c.rule()).stream().filter(words::contains).count())
                        .thenComparing(c -> c.rule().chain().equals(wanted.chain())));
    }

    private static Set<String> words(Rule rule) {
        return new HashSet<>(Arrays.asList(rule.spec().split(" ", -1)));
    }
}
