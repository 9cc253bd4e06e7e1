// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.session.DaemonSession;
import io.github.countercheck.snapshot.CounterSnapshot;
import java.time.Duration;
import java.util.List;
import java.util.Map;

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
}
