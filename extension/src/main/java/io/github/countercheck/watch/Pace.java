// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.watch;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;

/**
 * How long to rest between looks, so that they take at most a twentieth of one core, however much there is to read. How
 * long a look takes is told by the quickest of the last ones: the others had to wait for somebody else. Some of it is done
 * on several processors at once, so it may pass for a twenty-fifth; before it is known, while the JVM is still cold, for a
 * fifth.
 */
final class Pace {

    private static final Duration AT_LEAST = Duration.ofMillis(250);
    private static final int REST = 24;
    private static final int COLD_REST = 4;

    private static final int REMEMBERED = 5;

    private final Deque<Duration> looks = new ArrayDeque<>();

    /** Returns how long to rest after a look that took so long. */
    Duration restAfter(Duration took) {
        looks.add(took);
        if (looks.size() < REMEMBERED) {
            return atLeast(took.multipliedBy(COLD_REST));
        }
        if (looks.size() > REMEMBERED) {
            looks.remove();
        }
        return atLeast(Collections.min(looks).multipliedBy(REST));
    }

    private static Duration atLeast(Duration rest) {
        return rest.compareTo(AT_LEAST) < 0 ? AT_LEAST : rest;
    }
}
