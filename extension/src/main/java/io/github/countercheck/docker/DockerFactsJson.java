// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.JsonObject;
import io.github.countercheck.ruleset.JsonReader;
import io.github.countercheck.ruleset.ParseException;
import io.github.countercheck.ruleset.Transport;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Reads what {@code docker inspect} and {@code docker network inspect} printed, for a daemon that cannot be asked itself:
 * an array of objects, or one object as the API answers it. Podman's commands of these names are understood too.
 *
 * <p>Fields that say nothing about networks are passed over, and those may be missing that an engine leaves out.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class DockerFactsJson {

    private final JsonReader reader;

    private DockerFactsJson(String text) {
        this.reader = new JsonReader(text);
    }

    /**
     * Reads containers.
     *
     * @throws ParseException if the text is no JSON, or one of its objects is no container
     */
    public static List<ContainerFacts> containers(String text) {
        DockerFactsJson json = new DockerFactsJson(text);
        List<ContainerFacts> containers = new ArrayList<>();
        json.reader.forEachElement(object -> containers.add(json.read(() -> json.container(object))));
        return containers;
    }

    /**
     * Reads networks.
     *
     * @throws ParseException if the text is no JSON, or one of its objects is no network
     */
    public static List<NetworkFacts> networks(String text) {
        DockerFactsJson json = new DockerFactsJson(text);
        List<NetworkFacts> networks = new ArrayList<>();
        json.reader.forEachElement(object -> networks.add(json.read(() -> json.network(object))));
        return networks;
    }

    /** Puts both together, each in the order of names. Either may be empty: rules then serve nothing of that kind. */
    public static DockerFacts facts(Collection<NetworkFacts> networks, Collection<ContainerFacts> containers) {
        return DockerFacts.inOrder(
                networks, containers.stream().map(c -> byId(c, networks)).toList());
    }

    /** Podman gives the name of a network where Docker gives its id. */
    private static ContainerFacts byId(ContainerFacts container, Collection<NetworkFacts> networks) {
        List<Endpoint> endpoints = container.endpoints().stream()
                .map(e -> networks.stream().anyMatch(n -> n.id().equals(e.networkId()))
                        ? e
                        : networks.stream()
                                .filter(n -> n.name().equals(e.networkName()))
                                .findFirst()
                                .map(n -> new Endpoint(n.id(), n.name(), e.ipv4(), e.ipv6(), e.gateway()))
                                .orElse(e))
                .toList();
        return new ContainerFacts(
                container.id(),
                container.name(),
                container.networkMode(),
                container.pid(),
                endpoints,
                container.ports());
    }

    private interface Reading<T> {
        T run();
    }

    /** Says where the object is that holds what is no address, port or number. */
    private <T> T read(Reading<T> reading) {
        try {
            return reading.run();
        } catch (IllegalArgumentException e) {
            throw reader.error(String.valueOf(e.getMessage()));
        }
    }

    private NetworkFacts network(JsonObject network) {
        String id = required(network, "network", "Id", "id");
        String driver = text(network, "Driver", "driver").orElse("");
        Map<String, String> options = options(network);
        List<Cidr> subnets = new ArrayList<>();
        List<InetAddress> gateways = new ArrayList<>();
        JsonObject ipam = object(network, "IPAM");
        for (JsonObject config : objects(ipam.has("Config") ? ipam : network, "Config", "subnets")) {
            text(config, "Subnet", "subnet").map(Cidr::parse).ifPresent(subnets::add);
            // Old engines print the default bridge's IPv6 gateway with its prefix length.
            text(config, "Gateway", "gateway")
                    .map(Cidr::parse)
                    .map(Cidr::address)
                    .ifPresent(gateways::add);
        }
        boolean internal = Boolean.TRUE.equals(network.get("Internal")) || Boolean.TRUE.equals(network.get("internal"));
        return new NetworkFacts(
                id,
                required(network, "network", "Name", "name"),
                driver,
                text(network, "network_interface").orElse(NetworkFacts.bridgeDevice(driver, id, options)),
                subnets,
                gateways,
                internal,
                options);
    }

    private static Map<String, String> options(JsonObject network) {
        Map<String, String> options = new TreeMap<>();
        for (String name : List.of("Options", "options")) {
            JsonObject given = object(network, name);
            for (int i = 0; i < given.size(); i++) {
                options.put(given.name(i), String.valueOf(given.value(i)));
            }
        }
        return options;
    }

    private ContainerFacts container(JsonObject container) {
        String id = required(container, "container", "Id");
        String name = required(container, "container", "Name");
        JsonObject settings = object(container, "NetworkSettings");
        return new ContainerFacts(
                id,
                name.startsWith("/") ? name.substring(1) : name,
                text(object(container, "HostConfig"), "NetworkMode").orElse(""),
                object(container, "State").number("Pid", 0),
                endpoints(object(settings, "Networks")),
                ports(object(settings, "Ports")));
    }

    private static List<Endpoint> endpoints(JsonObject networks) {
        List<Endpoint> endpoints = new ArrayList<>();
        for (int i = 0; i < networks.size(); i++) {
            JsonObject network = networks.value(i) instanceof JsonObject given ? given : new JsonObject();
            endpoints.add(new Endpoint(
                    text(network, "NetworkID").orElse(""),
                    networks.name(i),
                    address(network, "IPAddress"),
                    address(network, "GlobalIPv6Address"),
                    Optional.ofNullable(address(network, "Gateway")).orElse(address(network, "IPv6Gateway"))));
        }
        endpoints.sort(Comparator.comparing(Endpoint::networkName));
        return endpoints;
    }

    private static @Nullable InetAddress address(JsonObject network, String name) {
        return text(network, name).map(Cidr::parseAddress).orElse(null);
    }

    private static List<PublishedPort> ports(JsonObject ports) {
        List<PublishedPort> published = new ArrayList<>();
        for (int i = 0; i < ports.size(); i++) {
            // A port that is exposed and not published has null in place of its bindings.
            for (JsonObject binding : objects(ports, ports.name(i))) {
                published.add(port(ports.name(i), binding));
            }
        }
        published.sort(PublishedPort.ORDER);
        return published;
    }

    /** Reads the bindings of {@code 80/tcp}. */
    private static PublishedPort port(String exposed, JsonObject binding) {
        int slash = exposed.indexOf('/');
        String protocol = slash < 0 ? "tcp" : exposed.substring(slash + 1);
        return new PublishedPort(
                Transport.parse(protocol)
                        .orElseThrow(() -> new IllegalArgumentException("no protocol with ports: '" + protocol + "'")),
                number(slash < 0 ? exposed : exposed.substring(0, slash)),
                Cidr.parseAddress(text(binding, "HostIp").orElse("0.0.0.0")),
                text(binding, "HostPort").map(DockerFactsJson::number).orElse(0));
    }

    private static int number(String port) {
        return PortRange.parse(port)
                .filter(PortRange::isSingle)
                .map(PortRange::first)
                .orElseThrow(() -> new IllegalArgumentException("no port: '" + port + "'"));
    }

    private String required(JsonObject object, String what, String... names) {
        return text(object, names).orElseThrow(() -> reader.error("no " + what + ": \"" + names[0] + "\" is missing"));
    }

    /** Returns the first text that is there and not empty, as the daemon writes what is not there. */
    private static Optional<String> text(JsonObject object, String... names) {
        for (String name : names) {
            String text = object.text(name);
            if (text != null && !text.isEmpty()) {
                return Optional.of(text);
            }
        }
        return Optional.empty();
    }

    private static JsonObject object(JsonObject object, String name) {
        JsonObject found = object.object(name);
        return found == null ? new JsonObject() : found;
    }

    private static List<JsonObject> objects(JsonObject object, String... names) {
        List<JsonObject> found = new ArrayList<>();
        for (String name : names) {
            for (Object each : object.list(name)) {
                if (each instanceof JsonObject one) {
                    found.add(one);
                }
            }
        }
        return found;
    }
}
