// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.traffic;

import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Transport;
import java.net.InetAddress;
import org.apiguardian.api.API;

/**
 * The conntrack tuple of a flow in its original direction, as its sender made it.
 *
 * @param transport the protocol
 * @param source the sender's address
 * @param sourcePort the sender's port
 * @param destination the address it was sent to, before any translation
 * @param destinationPort the port it was sent to, before any translation
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Tuple(
        Transport transport, InetAddress source, int sourcePort, InetAddress destination, int destinationPort) {

    /** Prints it as {@code tcp 198.18.200.2:21000 -> 198.18.200.1:32768}. */
    @Override
    public String toString() {
        return transport + " " + endpoint(source, Integer.toString(sourcePort)) + " -> "
                + endpoint(destination, Integer.toString(destinationPort));
    }

    /** Prints an address and port, an IPv6 address in brackets. */
    public static String endpoint(InetAddress address, String port) {
        String text = Cidr.format(address);
        return (address.getAddress().length == 4 ? text : "[" + text + "]") + ":" + port;
    }
}
