// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.host;

import java.net.InetAddress;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What the kernel answered when it was asked where it would forward a packet ({@code ip route get}).
 *
 * @param question the packet
 * @param device by which device, or null where it would not
 * @param answer what it said
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public record RouteAnswer(Question question, @Nullable String device, String answer) {

    /**
     * A packet that would have to be forwarded.
     *
     * @param to its destination
     * @param from its source
     * @param in the device that it comes in by
     */
    public record Question(InetAddress to, InetAddress from, String in) {}
}
