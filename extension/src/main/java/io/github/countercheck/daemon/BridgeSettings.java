// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import java.net.InetAddress;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * How a bridge network is set up, by the daemon's configuration alone.
 *
 * @param masquerade whether what leaves it gets another source address
 * @param icc whether its containers may call each other
 * @param ipv4 how it is joined to the world outside over IPv4
 * @param ipv6 the same over IPv6
 * @param hostAddress the one host address on which ports are published that name none; null for every address
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record BridgeSettings(
        boolean masquerade,
        boolean icc,
        GatewayMode ipv4,
        GatewayMode ipv6,
        @Nullable InetAddress hostAddress) {

    private static final String OPTION = "com.docker.network.bridge.";
    private static final Set<String> OFF = Set.of("0", "f", "F", "false", "False", "FALSE");

    /** Reads the settings of the default bridge, {@code docker0}. */
    static BridgeSettings ofDefaultBridge(DaemonConfig config) {
        return new BridgeSettings(
                config.ipMasq(),
                config.icc(),
                GatewayMode.NAT,
                GatewayMode.NAT,
                config.ip().filter(address -> !address.isAnyLocalAddress()).orElse(null));
    }

    /** Reads the settings of a network that a user makes without options of its own. */
    static BridgeSettings ofUserNetwork(DaemonConfig config, EngineVersion engine) {
        Map<String, String> options = engine.isAtLeast(24, 0) ? config.defaultNetworkOpts("bridge") : Map.of();
        return new BridgeSettings(
                isOn(options, "enable_ip_masquerade"),
                isOn(options, "enable_icc"),
                GatewayMode.of(options.getOrDefault(OPTION + "gateway_mode_ipv4", ""), engine),
                GatewayMode.of(options.getOrDefault(OPTION + "gateway_mode_ipv6", ""), engine),
                Optional.ofNullable(options.get(OPTION + "host_binding_ipv4"))
                        .flatMap(DaemonConfig::address)
                        .filter(address -> !address.isAnyLocalAddress())
                        .orElse(null));
    }

    /** As the daemon reads a switch. */
    private static boolean isOn(Map<String, String> options, String name) {
        return !OFF.contains(options.getOrDefault(OPTION + name, "true"));
    }

    GatewayMode gatewayMode(Family family) {
        return family == Family.IPV6 ? ipv6 : ipv4;
    }

    /** Tells whether a port that names no host address is published on an address of that family. */
    boolean publishes(Family family) {
        return gatewayMode(family) != GatewayMode.ROUTED && (hostAddress == null || Family.of(hostAddress) == family);
    }

    /** Tells whether a port that names no host address is published on loopback addresses alone. */
    boolean isOnLoopback() {
        return hostAddress != null && hostAddress.isLoopbackAddress();
    }

    @Override
    public String toString() {
        return "masquerade " + masquerade + ", icc " + icc + ", gateway mode " + ipv4 + " and " + ipv6
                + (hostAddress == null ? "" : ", published on " + Cidr.format(hostAddress));
    }
}
