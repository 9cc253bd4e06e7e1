// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import io.github.countercheck.Vantage;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Transport;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.GenericContainer;

/**
 * What is sent on a path.
 *
 * @param vantage from where
 * @param sender the container that sends, for {@link Vantage#CONTAINER}
 * @param called the container that is called; null for somebody outside
 * @param transport by which protocol
 * @param address to which address
 * @param port to which port
 */
record Call(
        Vantage vantage,
        @Nullable GenericContainer<?> sender,
        @Nullable GenericContainer<?> called,
        Transport transport,
        InetAddress address,
        int port) {

    Family family() {
        return Family.of(address);
    }
}
