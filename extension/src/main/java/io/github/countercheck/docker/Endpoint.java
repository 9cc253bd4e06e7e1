// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import java.net.InetAddress;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * A container's place in one network.
 *
 * @param networkId the network's id
 * @param networkName the network's name
 * @param ipv4 the container's IPv4 address there; null where the network has none or the container does not run
 * @param ipv6 the container's global IPv6 address there; null likewise
 * @param gateway the network's gateway as the container sees it, the IPv4 one where there are two; null on internal
 *     networks and for a container that does not run
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Endpoint(
        String networkId,
        String networkName,
        @Nullable InetAddress ipv4,
        @Nullable InetAddress ipv6,
        @Nullable InetAddress gateway) {

    /** Tells whether the address is the container's own here. */
    public boolean has(InetAddress address) {
        return address.equals(ipv4) || address.equals(ipv6);
    }
}
