// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import org.apiguardian.api.API;

/** How a bridge network is joined to the world outside, {@code com.docker.network.bridge.gateway_mode_ipv4} and {@code …6}. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum GatewayMode {
    /** Published ports are translated, the others are closed; the default. */
    NAT,
    /** Published ports are translated, and every port can be reached by the container's own address. From 28.0. */
    NAT_UNPROTECTED,
    /** Nothing is translated; published ports can be reached by the container's own address. From 27.0. */
    ROUTED;

    /** Returns what an engine of that version makes of a value of the option; older ones pay no attention to it. */
    static GatewayMode of(String value, EngineVersion engine) {
        return switch (value) {
            case "routed" -> engine.isAtLeast(27, 0) ? ROUTED : NAT;
            case "nat-unprotected" -> engine.isAtLeast(28, 0) ? NAT_UNPROTECTED : NAT;
            default -> NAT;
        };
    }
}
