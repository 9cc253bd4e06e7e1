// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import java.util.Locale;
import org.apiguardian.api.API;

/**
 * A way that packets take through a Docker host, by where they start and what they call.
 *
 * <p>Each of them is sent over TCP and UDP, and over every family that the network has.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum PathId {
    /** Somebody outside calls a published port by the host's address. */
    EXTERNAL_TO_PUBLISHED,
    /** A process on the host calls a published port by the host's own address. */
    HOST_ADDRESS_TO_PUBLISHED,
    /** A process on the host calls a published port by 127.0.0.1, or ::1. */
    LOOPBACK_TO_PUBLISHED,
    /** A container calls somebody outside. */
    CONTAINER_TO_OUTSIDE,
    /** A container calls its own published port by the host's address. */
    HAIRPIN,
    /** A container calls another one of its network by that one's address. */
    SAME_BRIDGE,
    /** A container calls the published port of another one of its network by the host's address. */
    SAME_BRIDGE_TO_PUBLISHED,
    /** A container calls one of another network by that one's address, at a port that it publishes. */
    ACROSS_BRIDGES,
    /** A container calls the published port of one of another network by the host's address. */
    ACROSS_BRIDGES_TO_PUBLISHED,
    /** Somebody outside, who has a route, calls a container's address at a port that it publishes. */
    DIRECT_TO_PUBLISHED,
    /** Somebody outside, who has a route, calls a container's address at a port that it does not publish. */
    DIRECT_TO_UNPUBLISHED,
    /** A container of an internal network calls somebody outside. */
    INTERNAL_TO_OUTSIDE,
    /** A process on the host calls a container's address. */
    HOST_TO_CONTAINER;

    /** Returns the name by which reports know it: {@code external-to-published}. */
    public String id() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Tells whether it leads by a published port. */
    public boolean isToPublishedPort() {
        return switch (this) {
            case EXTERNAL_TO_PUBLISHED,
                    HOST_ADDRESS_TO_PUBLISHED,
                    LOOPBACK_TO_PUBLISHED,
                    HAIRPIN,
                    SAME_BRIDGE_TO_PUBLISHED,
                    ACROSS_BRIDGES_TO_PUBLISHED -> true;
            default -> false;
        };
    }

    /** Returns the name by which reports know it. */
    @Override
    public String toString() {
        return id();
    }
}
