// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.await;

import java.time.Duration;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.apiguardian.api.API;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/**
 * Waits with Awaitility, without what it would otherwise do to the JVM around it.
 *
 * <p>Its defaults poll in another thread and install a handler for uncaught exceptions of the whole JVM; and running
 * out of time is an exception there, while here it is an answer.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class Patience {

    private static final Duration INTERVAL = Duration.ofMillis(5);

    private Patience() {}

    /**
     * Looks again and again until what is seen is good or the time is up. The first look is at once; when it is good,
     * nothing is waited for.
     *
     * @param limit how long to go on
     * @param look how to look; what it throws ends the wait
     * @param good when to stop
     * @return what was seen last, good or not
     */
    public static <T> T look(Duration limit, Supplier<T> look, Predicate<T> good) {
        Holder<T> seen = new Holder<>(look.get());
        if (good.test(seen.value) || limit.isZero()) {
            return seen.value;
        }
        try {
            Awaitility.await()
                    .pollInSameThread()
                    .dontCatchUncaughtExceptions()
                    .pollDelay(INTERVAL)
                    .pollInterval(INTERVAL)
                    .atMost(limit.plus(INTERVAL))
                    .until(() -> {
                        seen.value = look.get();
                        return good.test(seen.value);
                    });
        } catch (ConditionTimeoutException e) {
            // The caller judges what was seen last, in its own words.
            return seen.value;
        }
        return seen.value;
    }

    private static final class Holder<T> {
        private T value;

        Holder(T value) {
            this.value = value;
        }
    }
}
