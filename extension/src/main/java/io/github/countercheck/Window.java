// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.session.DaemonSession;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.walk.Observation;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What an assertion looks at: everything that was counted since a baseline, and what was sent since then.
 *
 * @param session the daemon
 * @param await how long to wait for a hit
 * @param names what the test calls its containers, by container id
 * @param baseline the counters before
 * @param flows what was sent through {@link Traffic} since then
 */
record Window(
        DaemonSession session, Duration await, Map<String, String> names, CounterSnapshot baseline, List<Flow> flows) {

    Window {
        names = Map.copyOf(names);
        flows = List.copyOf(flows);
    }

    /** Joins what was read with the baseline and with what the rules are for. */
    Observation observe(Set<Family> of, CounterSnapshot now, DockerFacts facts) {
        return Observation.of(of, baseline, now, facts, session.classifications());
    }

    /** Reads all rules, and joins them with the baseline and with what they are for. */
    Observation observe(Set<Family> of, DockerFacts facts) {
        return observe(of, session.counters().read(), facts);
    }

    /** Returns the families over which something was sent; both where nothing was. */
    Set<Family> families() {
        Set<Family> families = EnumSet.noneOf(Family.class);
        flows.forEach(flow -> families.add(flow.family()));
        return families.isEmpty() ? EnumSet.of(Family.IPV4, Family.IPV6) : families;
    }
}
