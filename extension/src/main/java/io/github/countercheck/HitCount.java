// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import org.apiguardian.api.API;

/**
 * How often a rule is expected to have counted: flows in the nat table, packets elsewhere.
 *
 * @param atLeast the lowest count that is right
 * @param atMost the highest count that is right
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record HitCount(long atLeast, long atMost) {

    static final HitCount ANY = new HitCount(1, Long.MAX_VALUE);

    /** Checks the bounds; none at all is claimed by an assertion of its own, with a control that something was sent. */
    public HitCount {
        if (atLeast < 1 || atMost < atLeast) {
            throw new IllegalArgumentException(
                    "a hit count begins at 1; that nothing hit is claimed by assertNoDnatHit or assertNotMasqueraded");
        }
    }

    boolean reachedBy(long count) {
        return count >= atLeast;
    }

    boolean holdsFor(long count) {
        return count >= atLeast && count <= atMost;
    }

    /** Prints it as it reads in a failure: {@code exactly 3}, {@code at least 1}. */
    @Override
    public String toString() {
        return atLeast == atMost ? "exactly " + atLeast : "at least " + atLeast;
    }
}
