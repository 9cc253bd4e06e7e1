// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.daemon.Promise;
import io.github.countercheck.diagnosis.Attribution;
import io.github.countercheck.diagnosis.Claim;
import io.github.countercheck.diagnosis.Diagnosis;
import io.github.countercheck.diagnosis.Evidence;
import io.github.countercheck.diagnosis.Surroundings;
import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.walk.MeasuredRule;
import io.github.countercheck.walk.PacketWalk;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Says why a path's packets did not do what was promised. */
final class Causes {

    private Causes() {}

    /** Returns the cause that the evidence speaks for, and where the kernel's trace of the same packets ends. */
    static String of(Measuring measuring, Call call, Promise promise, Observed observed) {
        Stream<String> found = claim(promise).stream()
                .flatMap(claim -> Diagnosis.of(evidence(measuring, call, claim, observed)).stream())
                .map(finding -> finding.cause() + ": " + finding.evidence());
        String traced = trace(measuring, call);
        return Stream.concat(
                        found,
                        Stream.of(
                                observed.dropper()
                                        .map(rule -> "dropped by " + rule.cite())
                                        .orElse(""),
                                traced))
                .filter(text -> !text.isEmpty())
                .collect(Collectors.joining("; "));
    }

    private static Optional<Claim> claim(Promise promise) {
        return switch (promise.mechanism()) {
            case DNAT -> Optional.of(Claim.DNAT);
            case MASQUERADE -> Optional.of(Claim.MASQUERADE);
            default -> Optional.empty();
        };
    }

    private static Evidence evidence(Measuring measuring, Call call, Claim claim, Observed observed) {
        ContainerFacts container = call.called() == null ? null : measuring.known(call.called());
        ContainerFacts sender = call.sender() == null ? null : measuring.known(call.sender());
        List<NetworkFacts> networks =
                sender == null ? List.of() : measuring.facts().networksOf(sender);
        List<MeasuredRule> claimed = observed.rules()
                .select(rules -> claim == Claim.DNAT && container != null
                        ? rules.dnat(container, call.transport(), Scene.SERVED_PORT)
                        : sender == null ? List.of() : rules.masquerade(sender));
        return new Evidence(
                claim,
                claim == Claim.DNAT ? container : sender,
                networks.isEmpty() ? null : networks.get(0),
                call.transport(),
                claim == Claim.DNAT ? Scene.SERVED_PORT : 0,
                claimed,
                1,
                observed.rules(),
                List.of(observed.probe()),
                Attribution.none(claim),
                Surroundings.UNKNOWN);
    }

    private static String trace(Measuring measuring, Call call) {
        try {
            return measuring
                    .trace(call)
                    .map(walk -> "trace: " + steps(walk) + walk.fate()
                            + (walk.reason().isEmpty() ? "" : " (" + walk.reason() + ")"))
                    .orElse("");
        } catch (CountercheckException e) {
            return "no trace: " + e.problem();
        }
    }

    private static String steps(PacketWalk walk) {
        return walk.firstPacket().stream()
                .filter(step -> step.rule() != null)
                .map(step -> step.table() + "/" + step.chain() + "#" + step.position() + " " + step.verdict() + ", ")
                .collect(Collectors.joining());
    }
}
