// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;

/** Tells what the time of one daemon went to. It runs from when it is made, and its user is one thread. */
final class Stopwatch {

    private final Map<Phase, Duration> spent = new EnumMap<>(Phase.class);
    private long since = System.nanoTime();

    /** Counts the time since it was last asked as spent on that. */
    void spent(Phase phase) {
        long now = System.nanoTime();
        spent.merge(phase, Duration.ofNanos(now - since), Duration::plus);
        since = now;
    }

    Map<Phase, Duration> spent() {
        return spent;
    }
}
