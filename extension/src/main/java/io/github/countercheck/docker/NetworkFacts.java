// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.Cidr;
import java.net.InetAddress;
import java.util.List;
import java.util.Map;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What the daemon says about one network.
 *
 * @param id its full id
 * @param name its name
 * @param driver its driver: {@code bridge}, {@code host}, {@code macvlan}, {@code overlay}…
 * @param bridge the bridge device that its rules name; null for every driver but {@code bridge}
 * @param subnets its subnets, both families
 * @param gateways the host's addresses in it
 * @param internal whether it was created {@code --internal}, without a way out
 * @param options its driver options
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record NetworkFacts(
        String id,
        String name,
        String driver,
        @Nullable String bridge,
        List<Cidr> subnets,
        List<InetAddress> gateways,
        boolean internal,
        Map<String, String> options) {

    private static final String BRIDGE_NAME = "com.docker.network.bridge.name";
    private static final String DEFAULT_BRIDGE = "com.docker.network.bridge.default_bridge";

    /** Copies the collections. */
    public NetworkFacts {
        subnets = List.copyOf(subnets);
        gateways = List.copyOf(gateways);
        options = Map.copyOf(options);
    }

    /** Tells whether the address lies in one of the network's subnets. */
    public boolean contains(InetAddress address) {
        return subnets.stream().anyMatch(s -> s.contains(address));
    }

    /** Tells whether the block is one of the network's subnets, not only part of one. */
    public boolean has(Cidr subnet) {
        return subnets.stream()
                .anyMatch(s -> s.prefixLength() == subnet.prefixLength() && s.contains(subnet.address()));
    }

    /** The bridge driver names a device {@code br-} and the first twelve digits of the id unless it is told a name. */
    static @Nullable String bridgeDevice(String driver, String id, Map<String, String> options) {
        if (!driver.equals("bridge")) {
            return null;
        }
        String given = options.getOrDefault(BRIDGE_NAME, "");
        if (!given.isEmpty()) {
            return given;
        }
        boolean isDefault = "true".equals(options.get(DEFAULT_BRIDGE));
        return isDefault ? "docker0" : "br-" + id.substring(0, Math.min(12, id.length()));
    }
}
