// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import com.github.dockerjava.api.exception.DockerException;
import io.github.countercheck.diagnosis.Diagnosis;
import io.github.countercheck.diagnosis.Evidence;
import io.github.countercheck.diagnosis.Surroundings;
import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.host.HostFacts;
import io.github.countercheck.host.RouteAnswer;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.session.DaemonSession;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.walk.Observation;
import io.github.countercheck.walk.PacketWalk;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks for what only a failure needs: how the namespaces are set up, where routing would lead, what the rules say. While
 * tests pass none of it is read.
 */
final class Inquiry {

    private static final Logger LOG = LoggerFactory.getLogger(Inquiry.class);
    private static final int MOST_CONTAINERS = 4;
    private static final int MOST_WALKS = 2;

    private Inquiry() {}

    /** Returns what the daemon says of all running containers, and of those that are known already. */
    static DockerFacts facts(Window window, DockerFacts known) {
        DockerFacts running = orElse(() -> Containers.allFacts(window), known);
        List<ContainerFacts> containers = new ArrayList<>(running.containers());
        known.containers().stream()
                .filter(c -> running.container(c.id()).isEmpty())
                .forEach(containers::add);
        return new DockerFacts(running.networks(), containers);
    }

    /** Reads all rules, also those that see frames before they are packets of one family. */
    static Observation observe(Window window, Set<Family> families, DockerFacts facts) {
        Set<Family> all = EnumSet.of(Family.BRIDGE, Family.NETDEV, Family.ARP);
        all.addAll(families);
        return window.observe(all, facts);
    }

    /** Adds the surroundings where something was not answered, or may have been answered by somebody else. */
    static Evidence complete(Window window, Evidence evidence) {
        List<Probe> unanswered = evidence.probes().stream()
                .filter(p -> p.outcome().wasSent() && p.outcome() != Outcome.ANSWERED)
                .toList();
        boolean datagrams = evidence.probes().stream().anyMatch(p -> p.tuple().transport() == Transport.UDP);
        boolean unknown = evidence.probes().isEmpty();
        boolean foreign = !evidence.surroundings().errors().isEmpty();
        if (unanswered.isEmpty() && !datagrams && !unknown && !foreign) {
            return evidence;
        }
        DaemonSession session = window.session();
        HostFacts host = orElse(session::hostFacts, HostFacts.UNKNOWN);
        List<RouteAnswer> routes = new ArrayList<>();
        for (RouteAnswer.Question question : Diagnosis.routesToAsk(evidence, host)) {
            RouteAnswer answer = orElse(() -> session.route(question), new RouteAnswer(question, null, ""));
            if (!answer.answer().isEmpty()) {
                routes.add(answer);
            }
        }
        Surroundings before = evidence.surroundings();
        return evidence.with(new Surroundings(
                host,
                containers(session, evidence, foreign ? evidence.probes() : unanswered),
                routes,
                walks(window, evidence),
                before.errors(),
                orElse(session::firewalldReloaded, Optional.<String>empty()).orElse(null)));
    }

    private static Map<String, HostFacts> containers(DaemonSession session, Evidence evidence, List<Probe> probes) {
        Map<String, HostFacts> inside = new HashMap<>();
        Diagnosis.containersToAsk(evidence, probes).stream()
                .filter(container -> container.pid() > 0)
                .limit(MOST_CONTAINERS)
                .forEach(container ->
                        inside.put(container.id(), orElse(() -> session.hostFacts(container), HostFacts.UNKNOWN)));
        return inside;
    }

    private static List<PacketWalk> walks(Window window, Evidence evidence) {
        return window.flows().stream()
                .filter(flow -> !flow.answered() && flow.wasSent())
                .limit(MOST_WALKS)
                .flatMap(flow -> flow.walks().isEmpty() ? simulated(window, evidence, flow) : flow.walks().stream())
                .toList();
    }

    private static Stream<PacketWalk> simulated(Window window, Evidence evidence, Flow flow) {
        return flow.probes().stream()
                .filter(probe -> probe.outcome() != Outcome.ANSWERED)
                .limit(1)
                .map(probe -> Simulation.of(
                                window,
                                evidence.observation().delta().after().rulesets(),
                                evidence.observation().facts())
                        .walk(probe.tuple(), flow.vantage()));
    }

    /** What cannot be asked is not known; that must not hide the failure that it was asked for. */
    static <T> T orElse(Supplier<T> question, T otherwise) {
        try {
            return question.get();
        } catch (CountercheckException | DockerException e) {
            LOG.debug("not known", e);
            return otherwise;
        }
    }
}
