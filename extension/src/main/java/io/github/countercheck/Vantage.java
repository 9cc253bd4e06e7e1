// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import org.apiguardian.api.API;

/**
 * From where a probe is sent. It decides which rules its packets meet, so it is always explicit and never guessed from
 * the address that a client happens to use.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum Vantage {
    /**
     * A machine outside the Docker host: nat PREROUTING, then filter FORWARD. This is what a published port is for, and
     * the default.
     */
    OUTSIDE("outside"),
    /** A process on the Docker host that calls one of its non-loopback addresses: nat OUTPUT, never FORWARD. */
    HOST("the Docker host"),
    /**
     * A process on the Docker host that calls 127.0.0.1. With Docker's default settings no NAT rule sees it: docker-proxy
     * takes the connection and opens one of its own.
     */
    LOOPBACK("the Docker host's loopback"),
    /** A process inside a container; chosen with {@link Traffic#from(org.testcontainers.containers.ContainerState)}. */
    CONTAINER("a container");

    private final String words;

    Vantage(String words) {
        this.words = words;
    }

    @Override
    public String toString() {
        return words;
    }
}
