// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.Locale;
import java.util.Optional;
import org.apiguardian.api.API;

/** A transport protocol that has ports, and that Docker can publish. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum Transport {
    TCP,
    UDP,
    SCTP;

    private final String lowerCase = name().toLowerCase(Locale.ROOT);

    /** Reads {@code tcp}, {@code udp} or {@code sctp} in any case. Empty for any other protocol. */
    public static Optional<Transport> parse(String name) {
        for (Transport transport : values()) {
            if (transport.lowerCase.equalsIgnoreCase(name)) {
                return Optional.of(transport);
            }
        }
        return Optional.empty();
    }

    /** Prints the name as rules and Docker's API have it: {@code tcp}. */
    @Override
    public String toString() {
        return lowerCase;
    }
}
