// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.traffic;

import io.github.countercheck.netns.Netns;
import java.net.InetAddress;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.apiguardian.api.API;

/**
 * A namespace to send from, with the address that its packets carry and source ports that were not used before.
 *
 * <p>The ports lie below the kernel's own ephemeral range (32768 and up by default), so the two do not meet; they begin
 * at random, so that a later run does not meet conntrack entries of an earlier one.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class Place {

    private static final int FIRST_PORT = 20_000;
    private static final int PORTS = 12_000;

    private final Netns netns;
    private final InetAddress address;
    private final AtomicInteger next =
            new AtomicInteger(ThreadLocalRandom.current().nextInt(PORTS));

    /** Makes it from a namespace and the address it sends with. */
    public Place(Netns netns, InetAddress address) {
        this.netns = netns;
        this.address = address;
    }

    Netns netns() {
        return netns;
    }

    /** Returns the address that packets from here carry when they leave. */
    public InetAddress address() {
        return address;
    }

    int freshPort() {
        return FIRST_PORT + Math.floorMod(next.getAndIncrement(), PORTS);
    }
}
