// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import io.github.countercheck.traffic.ConntrackAnswer;
import io.github.countercheck.traffic.Probe;
import java.util.Set;

/** What conntrack's word on one probe comes to. */
final class Tracked {

    private static final Set<String> HANGING = Set.of("ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT");

    private Tracked() {}

    static boolean isAbsent(Probe probe) {
        return probe.conntrack() instanceof ConntrackAnswer.Absent;
    }

    static boolean isUnreplied(Probe probe) {
        return probe.conntrack().entry().filter(entry -> entry.unreplied()).isPresent();
    }

    /** Tells whether a connection was made, and one end has not closed it, after the other one gave up. */
    static boolean hangs(Probe probe) {
        return probe.conntrack()
                .entry()
                .filter(entry -> HANGING.contains(entry.state()))
                .isPresent();
    }
}
