// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.host;

import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Transport;
import java.net.InetAddress;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What one network namespace says of itself beside its rules, at one moment. What could not be read is not there: nothing may
 * be concluded from its absence.
 *
 * @param sysctls settings by their names, {@code net.ipv4.ip_forward}
 * @param links the devices
 * @param routes the routes of all tables
 * @param policies rules of {@code ip rule} beside the three of every kernel, as listed
 * @param neighbours the neighbours that were sought
 * @param listeners the sockets that wait for somebody
 * @param queues what {@code tc} says of disciplines and filters that dropped packets, a line for each
 * @param flows UDP flows that conntrack follows, as {@code conntrack -L} lists them
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public record HostFacts(
        Map<String, String> sysctls,
        List<Link> links,
        List<Route> routes,
        List<String> policies,
        List<Neighbour> neighbours,
        List<Listener> listeners,
        List<String> queues,
        List<String> flows) {

    /** Nothing is known. */
    public static final HostFacts UNKNOWN =
            new HostFacts(Map.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of(), List.of());

    /**
     * A device.
     *
     * @param name its name
     * @param mtu the largest packet that it takes, in bytes
     * @param up whether it is switched on
     * @param mac its hardware address, or empty
     * @param addresses its addresses with their prefixes
     */
    public record Link(String name, int mtu, boolean up, String mac, List<Cidr> addresses) {

        /** Copies the addresses. */
        public Link {
            addresses = List.copyOf(addresses);
        }
    }

    /**
     * A route.
     *
     * @param text the route as listed
     * @param type {@code unicast}, {@code local}, {@code blackhole}…
     * @param net where it leads
     * @param device by which device, or null where it leads nowhere or by several
     * @param table the table, {@code main}
     */
    public record Route(
            String text, String type, Cidr net, @Nullable String device, String table) {

        /** Tells whether packets are thrown away on it. */
        public boolean leadsNowhere() {
            return type.equals("blackhole") || type.equals("unreachable") || type.equals("prohibit");
        }
    }

    /**
     * What is known of a neighbour.
     *
     * @param address its address
     * @param device where it was sought
     * @param mac its hardware address, or null where none is known
     * @param state {@code REACHABLE}, {@code FAILED}, {@code PERMANENT}…
     */
    public record Neighbour(
            InetAddress address, String device, @Nullable String mac, String state) {}

    /**
     * A socket that waits.
     *
     * @param transport its protocol
     * @param address its own address; any address where it is bound to none
     * @param port its port
     */
    public record Listener(Transport transport, InetAddress address, int port) {}

    /** Copies the collections. */
    public HostFacts {
        sysctls = Map.copyOf(sysctls);
        links = List.copyOf(links);
        routes = List.copyOf(routes);
        policies = List.copyOf(policies);
        neighbours = List.copyOf(neighbours);
        listeners = List.copyOf(listeners);
        queues = List.copyOf(queues);
        flows = List.copyOf(flows);
    }

    /** Reads what {@code session} had the namespace print. Lines that are not understood are left out. */
    public static HostFacts parse(String text) {
        return new HostFactsParser(text).facts();
    }

    /** Returns the number that a setting is set to; empty where it is not known. */
    public OptionalLong setting(String name) {
        String value = sysctls.get(name);
        return value == null || !value.matches("-?\\d{1,18}")
                ? OptionalLong.empty()
                : OptionalLong.of(Long.parseLong(value));
    }

    /** Returns the device of that name. */
    public Optional<Link> link(String name) {
        return links.stream().filter(link -> link.name().equals(name)).findFirst();
    }

    /** Returns the device whose own subnet the address lies in; the narrowest, where there are several. */
    public Optional<Link> linkTo(InetAddress address) {
        return links.stream()
                .flatMap(link -> link.addresses().stream()
                        .filter(net -> net.contains(address))
                        .map(net -> Map.entry(net.prefixLength(), link)))
                .max(Map.Entry.comparingByKey())
                .map(Map.Entry::getValue);
    }

    /** Returns the route to there in the tables that are asked without a rule of {@code ip rule}: the narrowest. */
    public Optional<Route> route(InetAddress to) {
        return routes.stream()
                .filter(route -> route.table().equals("main") || route.table().equals("local"))
                .filter(route -> route.net().contains(to))
                .max(Comparator.comparing((Route route) -> route.table().equals("local"))
                        .thenComparingInt(route -> route.net().prefixLength()));
    }

    /** Returns what is known of the neighbour with that address. */
    public Optional<Neighbour> neighbour(InetAddress address) {
        return neighbours.stream().filter(n -> n.address().equals(address)).findFirst();
    }

    /** Returns what waits on that port. */
    public List<Listener> listeners(Transport transport, int port) {
        return listeners.stream()
                .filter(listener -> listener.transport() == transport && listener.port() == port)
                .toList();
    }
}
