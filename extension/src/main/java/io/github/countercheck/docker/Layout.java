// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import org.apiguardian.api.API;

/** How the engine that wrote a ruleset arranges its filter rules. Read from the rules, not asked of the daemon. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum Layout {
    /** Engine 20.10 to 27: a block of rules per bridge in {@code FORWARD} itself. */
    G1("Engine 20.10-27"),
    /** Engine 28.0.0 only: one rule for all bridges by an ipset of their subnets. */
    G2("Engine 28.0.0"),
    /** Engine 28.0.1 to 28.5: own chains under {@code DOCKER-FORWARD}, with isolation between bridges. */
    G3("Engine 28.0.1-28.5"),
    /** Engine 29 with iptables: as {@link #G3}, but bridges are kept apart in the raw table only. */
    G4("Engine 29 with iptables"),
    /** Engine 29 with nftables: a table of its own, {@code docker-bridges}, for each address family. */
    GN("Engine 29 with nftables"),
    /** Podman's netavark, and no Docker. */
    NETAVARK("Podman netavark"),
    /** Rules of more than one layout: an upgraded engine leaves old ones until their network is made anew. */
    MIXED("several engines"),
    /** No rule tells: Docker has written none for this family, or they were flushed. */
    NONE("none");

    private final String displayName;

    Layout(String displayName) {
        this.displayName = displayName;
    }

    @Override
    public String toString() {
        return displayName;
    }
}
