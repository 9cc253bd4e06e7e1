// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.traffic;

import java.net.InetAddress;
import java.time.Duration;
import java.util.Optional;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * One TCP connection or UDP exchange that was tried, and what became of it.
 *
 * @param tuple the flow as its sender made it
 * @param outcome what the sender saw
 * @param reply what came back, as text
 * @param detail the sender's own words where something went wrong, else empty
 * @param elapsed how long it took, the start of the sending program included
 * @param seenByPeer the source address that our own far end saw, or null where the far end was somebody else
 * @param conntrack what conntrack said of the flow in the daemon's namespace right after the probe had ended
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Probe(
        Tuple tuple,
        Outcome outcome,
        String reply,
        String detail,
        Duration elapsed,
        @Nullable InetAddress seenByPeer,
        ConntrackAnswer conntrack) {

    /** Returns the same probe with what others saw of it. */
    public Probe witnessed(@Nullable InetAddress peer, ConntrackAnswer tracked) {
        return new Probe(tuple, outcome, reply, detail, elapsed, peer, tracked);
    }

    /** Returns the source address that our own far end saw; empty where it did not answer or was somebody else. */
    public Optional<InetAddress> sourceSeen() {
        return Optional.ofNullable(seenByPeer);
    }
}
