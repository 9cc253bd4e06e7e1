// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import org.apiguardian.api.API;

/** What an assertion says of a packet's way. */
@API(status = API.Status.INTERNAL, since = "0.1")
public enum Claim {
    /** A published port was translated to the container's. */
    DNAT,
    /** The first packet of a flow to a published port was let through to the container. */
    FORWARD_ACCEPT,
    /** Packets of flows that were already known were let through to the container. */
    RETURN_TRAFFIC,
    /** Packets from the container were let out. */
    OUTBOUND_ACCEPT,
    /** A flow from the subnet got the host's address as its source. */
    MASQUERADE,
    /** A flow of the container to a published port of its own got the host's address as its source. */
    HAIRPIN,
    /** Packets between containers of one network were let through. */
    ICC_ACCEPT,
    /** A rule that the test cites was met. */
    RULE,
    /** Nothing in particular: the test failed, and what it sent may not have been answered. */
    DELIVERY
}
