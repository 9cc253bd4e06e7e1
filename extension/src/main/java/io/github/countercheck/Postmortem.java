// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.diagnosis.Diagnosis;
import io.github.countercheck.diagnosis.Evidence;
import io.github.countercheck.diagnosis.FailureText;
import io.github.countercheck.diagnosis.Finding;
import io.github.countercheck.diagnosis.Surroundings;
import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.host.HostFacts;
import io.github.countercheck.traffic.ConntrackAnswer;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.walk.CounterWalk;
import io.github.countercheck.walk.Observation;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Adds to a failure that says nothing of packets what was measured. */
final class Postmortem {

    private Postmortem() {}

    static void attach(Window window, Throwable failure) {
        Set<Throwable> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        if (saysIt(failure, seen)) {
            return;
        }
        try {
            failure.addSuppressed(new PacketReport(text(window, failure)));
        } catch (RuntimeException e) {
            // Whatever it is, it must not take the place of what the test failed with.
            failure.addSuppressed(new PacketReport(new FailureText("what its packets did is not known")
                    .line("because", String.valueOf(e.getMessage()))
                    .line("try", "see whether the Docker daemon still answers")));
        }
    }

    /** Also where several failures were gathered into one, or another one is the cause. */
    private static boolean saysIt(Throwable failure, Set<Throwable> seen) {
        if (!seen.add(failure)) {
            return false;
        }
        return failure instanceof PacketReport
                || (failure.getMessage() != null && FailureText.isIn(failure.getMessage()))
                || (failure.getCause() != null && saysIt(failure.getCause(), seen))
                || List.of(failure.getSuppressed()).stream().anyMatch(t -> saysIt(t, seen));
    }

    static FailureText text(Window window, Throwable failure) {
        Evidence evidence = evidence(window, errors(failure));
        List<Finding> findings = Diagnosis.of(evidence);
        FailureText text = new FailureText("what was measured while this test failed").line("sent", sent(window));
        evidence.probes().stream()
                .filter(p -> p.outcome() != Outcome.ANSWERED)
                .map(Probe::conntrack)
                .filter(answer -> !(answer instanceof ConntrackAnswer.Unreadable))
                .findFirst()
                .ifPresent(answer -> text.line("conntrack", answer.toString()));
        if (findings.isEmpty()) {
            text.line(
                    "because",
                    "no cause is named, for nothing that was measured speaks for a fault of the network"
                            + (evidence.probes().isEmpty() ? "" : ": what was sent was answered"));
        }
        return text.findings(findings)
                .line("walk", CounterWalk.of(evidence.observation()).inLines().stripIndent());
    }

    private static Evidence evidence(Window window, List<String> errors) {
        DockerFacts facts = Inquiry.facts(window, ofTest(window));
        Observation observation = Inquiry.observe(window, window.families(), facts);
        List<Probe> probes =
                window.flows().stream().flatMap(flow -> flow.probes().stream()).toList();
        return Inquiry.complete(
                window,
                Evidence.ofDelivery(
                        observation,
                        probes,
                        new Surroundings(HostFacts.UNKNOWN, Map.of(), List.of(), List.of(), errors, null)));
    }

    /** The containers of the test, also those that do not run any more. */
    private static DockerFacts ofTest(Window window) {
        List<ContainerFacts> containers = new ArrayList<>();
        for (String id : window.names().keySet()) {
            containers.addAll(Inquiry.orElse(
                    () -> Containers.named(window, window.session().facts(List.of(id)))
                            .containers(),
                    List.of()));
        }
        return new DockerFacts(List.of(), containers);
    }

    private static String sent(Window window) {
        return window.flows().isEmpty()
                ? "nothing by Traffic in this window"
                : window.flows().stream().map(Flow::toString).collect(Collectors.joining("\n"));
    }

    private static List<String> errors(Throwable failure) {
        List<String> errors = new ArrayList<>();
        for (Throwable t = failure; t != null && errors.size() < 10; t = t.getCause()) {
            errors.add(t.getClass().getSimpleName() + ": " + t.getMessage());
        }
        return errors;
    }
}
