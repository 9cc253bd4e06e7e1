// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.traffic;

import java.time.Duration;
import org.apiguardian.api.API;

/**
 * How long a probe may take.
 *
 * @param connect for the TCP handshake
 * @param request for an answer, once connected (TCP) or sent (UDP)
 * @param total for everything; when it is over the sender is ended
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Limits(Duration connect, Duration request, Duration total) {

    /** Two seconds to connect, two to answer, ten in all: a TCP handshake gets one retry after a second. */
    public static final Limits DEFAULT =
            new Limits(Duration.ofSeconds(2), Duration.ofSeconds(2), Duration.ofSeconds(10));

    /** Checks that each limit is positive. */
    public Limits {
        if (connect.isZero()
                || connect.isNegative()
                || request.isZero()
                || request.isNegative()
                || total.isZero()
                || total.isNegative()) {
            throw new IllegalArgumentException("a limit must be positive");
        }
    }
}
