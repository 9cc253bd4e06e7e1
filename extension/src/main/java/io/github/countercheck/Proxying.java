// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.diagnosis.Cause;
import io.github.countercheck.diagnosis.FailureText;
import io.github.countercheck.diagnosis.Finding;
import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.traffic.ConntrackEntry;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.walk.CounterWalk;
import io.github.countercheck.walk.MeasuredRule;
import io.github.countercheck.walk.Observation;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.opentest4j.AssertionFailedError;

/**
 * Decides the claim that docker-proxy carried a flow: the host's port answered although nothing was translated.
 *
 * @param flow what was sent
 * @param facts what the daemon says
 * @param container the container that publishes the port
 * @param port the port inside the container
 */
record Proxying(Flow flow, DockerFacts facts, ContainerFacts container, int port) {

    Proof assertHolds() {
        if (!flow.wasSent()) {
            throw new CountercheckException(
                    claim() + ": a probe did not leave its sender (" + flow + ")",
                    "give the sender a route and an address, then send again");
        }
        Window window = flow.window();
        Observation seen = window.observe(window.families(), facts);
        List<MeasuredRule> dnat = seen.select(classified -> classified.dnat(container, flow.transport(), port));
        long hits = dnat.stream().mapToLong(MeasuredRule::hits).sum();
        List<ConntrackEntry> entries = flow.probes().stream()
                .flatMap(probe -> probe.conntrack().entry().stream())
                .toList();
        boolean tracked = entries.size() == flow.probes().size();
        if (flow.probes().stream().anyMatch(probe -> !callsPublishedPort(probe))) {
            throw failure(seen, Cause.RULE_NOT_HIT, "the flow did not go to a host port that it is published on");
        }
        if (!flow.answered()) {
            throw failure(
                    seen, Cause.RULE_NOT_HIT, "not every probe was answered, and docker-proxy answers all it gets");
        }
        if (entries.stream().anyMatch(ConntrackEntry::isDnat)) {
            throw failure(seen, Cause.RULE_NOT_HIT, "conntrack knows it as translated: " + entries.get(0));
        }
        if (!tracked && dnat.stream().anyMatch(rule -> rule.isReset() || !rule.isCounted())) {
            throw new CountercheckException(
                    "snapshot invalid: neither conntrack nor the counter tells whether it was translated: "
                            + dnat.get(0).cite(),
                    "let no container start or stop between the sending and the assertion");
        }
        if (!tracked && hits > 0) {
            throw failure(
                    seen,
                    Cause.RULE_NOT_HIT,
                    "the DNAT rule counted " + hits + ": " + dnat.get(0).cite());
        }
        Set<Proof.Witness> witnesses = EnumSet.of(Proof.Witness.PEER);
        witnesses.add(tracked ? Proof.Witness.CONNTRACK : Proof.Witness.COUNTER);
        return Proof.of(claim(), dnat, witnesses, window);
    }

    private String claim() {
        return "proxied to container " + container.name() + ", port " + port + "/" + flow.transport();
    }

    private boolean callsPublishedPort(Probe probe) {
        return container.ports(flow.transport(), port).stream()
                .anyMatch(binding -> binding.hostPort() == probe.tuple().destinationPort());
    }

    private AssertionFailedError failure(Observation seen, Cause cause, String evidence) {
        String expected = "an answer, and no new flow on a rule that translates it";
        FailureText text = new FailureText("not " + claim())
                .line("expected", expected)
                .line("actual", evidence)
                .line("sent", flow.toString())
                .findings(List.of(new Finding(
                        cause,
                        evidence,
                        "send to 127.0.0.1 (from(Vantage.LOOPBACK)) on a daemon with docker-proxy, or claim"
                                + " assertDnatHit")))
                .line("walk", CounterWalk.of(seen).inLines().stripIndent());
        return new AssertionFailedError(text.toString(), expected, evidence);
    }
}
