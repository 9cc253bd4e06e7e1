// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import org.apiguardian.api.API;

/**
 * What the kernel counted on a rule or a chain policy.
 *
 * <p>In the filter, raw and mangle tables {@code packets} counts packets. In the nat table only the first packet of a
 * flow is seen, so there it counts flows, or rather attempts: a first packet that is dropped later in the host leaves no
 * conntrack entry, and each of its retransmissions counts again.
 *
 * @param packets packets (flows in the nat table) that reached the end of the rule's matches
 * @param bytes the length of these packets' IP headers and payloads
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Counter(long packets, long bytes) {

    /** Nothing counted yet. */
    public static final Counter ZERO = new Counter(0, 0);

    /** Checks that neither number is negative. */
    public Counter {
        if (packets < 0 || bytes < 0) {
            throw new IllegalArgumentException("negative counter [" + packets + ":" + bytes + "]");
        }
    }

    /** Prints the counter as {@code iptables-save -c} does. */
    @Override
    public String toString() {
        return "[" + packets + ":" + bytes + "]";
    }
}
