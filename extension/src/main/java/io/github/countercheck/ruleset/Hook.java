// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import org.apiguardian.api.API;

/** A point of the kernel's packet path at which a base chain is entered. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum Hook {
    /** As a device hands frames over, before all else; nftables only. */
    INGRESS,
    /** Before routing: everything that arrives on a device. */
    PREROUTING,
    /** After routing, for this host. */
    INPUT,
    /** After routing, for another host or a container. */
    FORWARD,
    /** Sent by a process of this host. */
    OUTPUT,
    /** Just before leaving on a device. */
    POSTROUTING,
    /** As frames are handed to a device, after all else; nftables only. */
    EGRESS
}
