// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.ContainerNetwork;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Network;
import com.github.dockerjava.api.model.NetworkSettings;
import com.github.dockerjava.api.model.Ports;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Transport;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** Asks a daemon for its networks and containers. The only class that knows the client library. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class DockerFactsReader {

    private DockerFactsReader() {}

    /**
     * Reads all networks and all running containers. A container that goes away between the list and its inspection is
     * left out.
     */
    public static DockerFacts read(DockerClient client) {
        List<ContainerFacts> containers = new ArrayList<>();
        for (Container listed : client.listContainersCmd().exec()) {
            inspect(client, listed.getId()).ifPresent(containers::add);
        }
        return DockerFacts.inOrder(networks(client), containers);
    }

    /**
     * Reads all networks and only these containers, running or not.
     *
     * @throws NotFoundException if the daemon knows no container of that id or name
     */
    public static DockerFacts read(DockerClient client, Collection<String> idsOrNames) {
        List<ContainerFacts> containers = new ArrayList<>();
        for (String idOrName : idsOrNames) {
            containers.add(container(client.inspectContainerCmd(idOrName).exec()));
        }
        return DockerFacts.inOrder(networks(client), containers);
    }

    private static Optional<ContainerFacts> inspect(DockerClient client, String id) {
        try {
            return Optional.of(container(client.inspectContainerCmd(id).exec()));
        } catch (NotFoundException goneMeanwhile) {
            return Optional.empty();
        }
    }

    private static List<NetworkFacts> networks(DockerClient client) {
        return client.listNetworksCmd().exec().stream()
                .map(DockerFactsReader::network)
                .toList();
    }

    static NetworkFacts network(Network network) {
        Map<String, String> options = orEmpty(network.getOptions());
        List<Cidr> subnets = new ArrayList<>();
        List<InetAddress> gateways = new ArrayList<>();
        for (Network.Ipam.Config config : ipamConfigs(network)) {
            given(config.getSubnet()).map(Cidr::parse).ifPresent(subnets::add);
            // Old engines print the default bridge's IPv6 gateway with its prefix length.
            given(config.getGateway()).map(Cidr::parse).map(Cidr::address).ifPresent(gateways::add);
        }
        String driver = network.getDriver() == null ? "" : network.getDriver();
        return new NetworkFacts(
                network.getId(),
                network.getName(),
                driver,
                NetworkFacts.bridgeDevice(driver, network.getId(), options),
                subnets,
                gateways,
                Boolean.TRUE.equals(network.getInternal()),
                options);
    }

    private static List<Network.Ipam.Config> ipamConfigs(Network network) {
        Network.Ipam ipam = network.getIpam();
        return ipam == null || ipam.getConfig() == null ? List.of() : ipam.getConfig();
    }

    static ContainerFacts container(InspectContainerResponse container) {
        NetworkSettings settings = container.getNetworkSettings();
        return new ContainerFacts(
                container.getId(),
                container.getName().startsWith("/") ? container.getName().substring(1) : container.getName(),
                networkMode(container.getHostConfig()),
                pid(container.getState()),
                settings == null ? List.of() : endpoints(orEmpty(settings.getNetworks())),
                settings == null ? List.of() : ports(settings.getPorts()));
    }

    private static String networkMode(@Nullable HostConfig config) {
        return config == null || config.getNetworkMode() == null ? "" : config.getNetworkMode();
    }

    private static long pid(InspectContainerResponse.@Nullable ContainerState state) {
        return state == null || state.getPidLong() == null ? 0 : state.getPidLong();
    }

    private static List<Endpoint> endpoints(Map<String, ContainerNetwork> networks) {
        return networks.entrySet().stream()
                .map(e -> endpoint(e.getKey(), e.getValue()))
                .sorted(Comparator.comparing(Endpoint::networkName))
                .toList();
    }

    private static Endpoint endpoint(String networkName, ContainerNetwork network) {
        InetAddress gateway = address(network.getGateway());
        return new Endpoint(
                network.getNetworkID() == null ? "" : network.getNetworkID(),
                networkName,
                address(network.getIpAddress()),
                address(network.getGlobalIPv6Address()),
                gateway == null ? address(network.getIpV6Gateway()) : gateway);
    }

    private static List<PublishedPort> ports(@Nullable Ports ports) {
        List<PublishedPort> published = new ArrayList<>();
        if (ports != null) {
            ports.getBindings().forEach((exposed, bindings) -> {
                // A port that is exposed and not published has null in place of its bindings.
                if (bindings != null) {
                    for (Ports.Binding binding : bindings) {
                        published.add(port(exposed, binding));
                    }
                }
            });
        }
        published.sort(PublishedPort.ORDER);
        return published;
    }

    private static PublishedPort port(ExposedPort exposed, Ports.Binding binding) {
        return new PublishedPort(
                Transport.valueOf(exposed.getProtocol().name()),
                exposed.getPort(),
                Cidr.parseAddress(given(binding.getHostIp()).orElse("0.0.0.0")),
                given(binding.getHostPortSpec()).map(Integer::parseInt).orElse(0));
    }

    private static @Nullable InetAddress address(@Nullable String text) {
        return given(text).map(Cidr::parseAddress).orElse(null);
    }

    /** The daemon writes the empty string for what is not there. */
    private static Optional<String> given(@Nullable String text) {
        return Optional.ofNullable(text).filter(t -> !t.isEmpty());
    }

    private static <V> Map<String, V> orEmpty(@Nullable Map<String, V> map) {
        return map == null ? Map.of() : map;
    }
}
