// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import org.apiguardian.api.API;

/** How packets got where they got, or what became of them. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum Mechanism {
    /** A rule translated the published port to the container's. */
    DNAT,
    /** docker-proxy took the connection, and opened one of its own to the container. */
    DOCKER_PROXY,
    /** They were passed on as they were sent: no translation of either address, no docker-proxy. */
    DIRECT,
    /** They were passed on with another source address, by MASQUERADE or SNAT. */
    MASQUERADE,
    /** A rule, or a chain's policy, dropped or rejected them. */
    BLOCKED_BY,
    /** The sender has no route there, so nothing was sent. */
    NO_ROUTE,
    /** There is no such port to call: the daemon publishes none at this address. */
    NOT_PUBLISHED,
    /** The host does not forward packets of that family. */
    NOT_FORWARDED,
    /** No rule stopped them, and yet no answer found its way back. */
    LOST
}
