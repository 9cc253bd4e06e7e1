// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.traffic;

import java.util.Locale;
import org.apiguardian.api.API;

/** What became of a probe, as its sender saw it. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum Outcome {
    /**
     * TCP: the handshake was completed and the connection did not break. UDP: a datagram came back. It does not say who
     * answered: docker-proxy completes handshakes too.
     */
    ANSWERED,
    /** The far end said that nobody listens (TCP reset during the handshake, or ICMP port unreachable). */
    REFUSED,
    /** The connection was made and then reset. */
    RESET,
    /** Nothing came back within the limit. */
    TIMED_OUT,
    /** A router, or the neighbour search on the last link, said that the address cannot be reached. */
    UNREACHABLE,
    /** No packet left the sender: no route, no free port, or no tool. It proves nothing about the network. */
    NOT_SENT;

    /** Tells whether at least one packet left the sender. */
    public boolean wasSent() {
        return this != NOT_SENT;
    }

    /** Returns the word as it reads in a sentence, {@code timed out}. */
    public String inWords() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
