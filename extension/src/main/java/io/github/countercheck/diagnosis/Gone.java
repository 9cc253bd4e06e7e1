// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import io.github.countercheck.docker.ClassifiedRule;
import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DnatTarget;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.snapshot.Change;
import io.github.countercheck.snapshot.RuleDelta;
import io.github.countercheck.walk.MeasuredRule;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;

/** A container that is not what it was when the window began. */
final class Gone {

    private Gone() {}

    static Optional<Finding> stopped(Evidence evidence) {
        return evidence.containers().stream()
                .filter(container -> container.pid() == 0)
                .filter(container -> evidence.container() != null || calledNobody(evidence))
                .findFirst()
                .map(container -> new Finding(
                        Cause.CONTAINER_STOPPED,
                        "container " + container.name() + " does not run any more, and Docker has taken back its rules",
                        "see in its log why it ended; send and assert while it is running"));
    }

    /** Of a container that does not run the daemon lists no port, so that what was called is told by what is left. */
    private static boolean calledNobody(Evidence evidence) {
        return evidence.hasFailed()
                && (evidence.probes().isEmpty()
                        || evidence.unanswered()
                                .anyMatch(p -> evidence.target(p).isEmpty()
                                        && evidence.facts()
                                                .containerAt(p.tuple().source())
                                                .isEmpty()
                                        && evidence.facts()
                                                .containerAt(p.tuple().destination())
                                                .isEmpty()));
    }

    /**
     * Its translations went and came back with another address or host port, as Docker publishes it now. What came back
     * otherwise, somebody else wrote.
     */
    static Optional<Finding> restarted(Evidence evidence) {
        if (evidence.claim() != Claim.DELIVERY && !evidence.isShort()) {
            return Optional.empty();
        }
        List<Rule> removed = removedTranslations(evidence);
        return evidence.observation()
                .withRole(RuleRole.PORT_DNAT)
                .filter(rule -> rule.delta().change() == Change.ADDED)
                .flatMap(rule -> Stream.ofNullable(rule.classified().container())
                        .filter(c -> evidence.containers().stream()
                                .anyMatch(known -> known.id().equals(c.id())))
                        .filter(c -> isAsPublished(rule.classified(), c))
                        .flatMap(container -> removed.stream()
                                .filter(before -> leadsToSamePort(before, rule))
                                .filter(before -> !isOfAnother(evidence, before, container))
                                .map(before -> restarted(container, before, rule))))
                .findFirst();
    }

    private static boolean isAsPublished(ClassifiedRule rule, ContainerFacts container) {
        return container.ports().stream()
                .anyMatch(port -> port.transport() == rule.transport()
                        && Integer.valueOf(port.hostPort()).equals(rule.hostPort()));
    }

    private static Finding restarted(ContainerFacts container, Rule before, MeasuredRule now) {
        return new Finding(
                Cause.CONTAINER_RESTARTED,
                "container " + container.name() + " was started again since the baseline: " + before.spec()
                        + "  went, and " + now.rule().spec() + "  came",
                "ask for its address and port again (Testcontainers remembers those of the first start), and begin a new"
                        + " window with traffic.mark()");
    }

    /** A rule for a container went, and nobody has the address any more. */
    static Optional<Finding> removed(Evidence evidence) {
        return evidence.claim() != Claim.DELIVERY || !evidence.hasFailed()
                ? Optional.empty()
                : removedTranslations(evidence).stream()
                        .filter(rule -> isOfNobody(evidence, rule))
                        .findFirst()
                        .map(rule -> new Finding(
                                Cause.CONTAINER_STOPPED,
                                "a container's rule went since the baseline, and no container has its address any more: "
                                        + rule.spec(),
                                "see in the container's log why it ended; send and assert while it is running"));
    }

    private static boolean isOfNobody(Evidence evidence, Rule rule) {
        DnatTarget target = DnatTarget.of(rule);
        return target != null
                && evidence.facts().networkOf(target.address()).isPresent()
                && evidence.facts().containerAt(target.address()).isEmpty();
    }

    private static List<Rule> removedTranslations(Evidence evidence) {
        return evidence.observation().delta().rules().stream()
                .filter(delta -> delta.change() == Change.REMOVED)
                .map(RuleDelta::before)
                .filter(Objects::nonNull)
                .filter(rule -> DnatTarget.of(rule) != null)
                .toList();
    }

    private static boolean leadsToSamePort(Rule before, MeasuredRule now) {
        DnatTarget earlier = DnatTarget.of(before);
        DnatTarget later = DnatTarget.of(now.rule());
        return earlier != null && later != null && earlier.ports().equals(later.ports());
    }

    /** The rule of another container that runs on, or one of the same container that was only moved. */
    private static boolean isOfAnother(Evidence evidence, Rule before, ContainerFacts container) {
        DnatTarget earlier = DnatTarget.of(before);
        return earlier != null
                && evidence.facts()
                        .containerAt(earlier.address())
                        .filter(owner -> !owner.id().equals(container.id()))
                        .isPresent();
    }
}
