// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.docker.Classification;
import io.github.countercheck.docker.ClassifiedRule;
import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.Endpoint;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.docker.RuleClassifier;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Expression;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Match;
import io.github.countercheck.ruleset.Ruleset;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a host's addresses and routes without asking its kernel: the devices with the networks behind them.
 * Routes by mark, by source or through a container are not known.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class RoutingFacts {

    /** Nothing but what every host has. */
    public static final RoutingFacts NONE = new RoutingFacts(List.of(), Set.of(), Set.of(), null, false);

    /**
     * What lies behind a device.
     *
     * @param bridge whether it is a bridge
     * @param isSubnet whether it is a whole subnet of the device, not one neighbour of which alone is known
     */
    private record Link(String device, Cidr net, boolean bridge, boolean isSubnet) {}

    /** An address of this host; of no particular device where that is not known. */
    private record Own(@Nullable String device, InetAddress address) {}

    private final List<Link> links;
    private final Set<Own> own;
    private final Set<String> loopbackRouted;
    private final @Nullable String defaultDevice;
    private final boolean complete;

    private RoutingFacts(
            Collection<Link> links,
            Collection<Own> own,
            Set<String> loopbackRouted,
            @Nullable String defaultDevice,
            boolean complete) {
        this.links = links.stream()
                .sorted(Comparator.comparingInt((Link l) -> -l.net().prefixLength()))
                .toList();
        this.own = Set.copyOf(own);
        this.loopbackRouted = Set.copyOf(loopbackRouted);
        this.defaultDevice = defaultDevice;
        this.complete = complete;
    }

    /**
     * Takes from the daemon's word which subnets its bridges have, and, where it does not say so, from Docker's own rules
     * which addresses are behind which bridge.
     */
    public static RoutingFacts of(DockerFacts facts, Collection<Ruleset> rulesets) {
        List<Link> links = new ArrayList<>();
        Set<Own> own = new HashSet<>();
        for (NetworkFacts network : facts.networks()) {
            String bridge = network.bridge();
            if (bridge != null) {
                network.subnets().forEach(s -> links.add(new Link(bridge, s.network(), true, true)));
                gateways(facts, network).forEach(g -> own.add(new Own(bridge, g)));
                containers(facts, network).forEach(c -> links.add(new Link(bridge, new Cidr(c, bits(c)), true, false)));
            }
        }
        for (Ruleset ruleset : rulesets) {
            Classification classified = RuleClassifier.classify(ruleset, facts);
            for (ClassifiedRule rule : classified.rules()) {
                told(rule)
                        .filter(l -> links.stream().noneMatch(known -> covers(known, l)))
                        .ifPresent(links::add);
            }
        }
        return new RoutingFacts(links, own, Set.of(), null, false);
    }

    private static boolean covers(Link known, Link told) {
        return known.net().prefixLength() <= told.net().prefixLength()
                && known.net().contains(told.net().address());
    }

    private static Stream<InetAddress> gateways(DockerFacts facts, NetworkFacts network) {
        return Stream.concat(
                network.gateways().stream(),
                facts.containers().stream()
                        .flatMap(c -> c.endpoint(network).stream())
                        .map(Endpoint::gateway)
                        .flatMap(Stream::ofNullable));
    }

    private static Stream<InetAddress> containers(DockerFacts facts, NetworkFacts network) {
        return facts.containers().stream()
                .map((ContainerFacts c) -> c.endpoint(network))
                .flatMap(Optional::stream)
                .flatMap(e -> Stream.of(Optional.ofNullable(e.ipv4()), Optional.ofNullable(e.ipv6())))
                .flatMap(Optional::stream);
    }

    private static int bits(InetAddress address) {
        return address.getAddress().length * 8;
    }

    /** What a rule of Docker's says about the addresses behind a bridge. */
    private static Optional<Link> told(ClassifiedRule rule) {
        boolean subnet = true;
        Optional<Cidr> net;
        Optional<String> device;
        switch (rule.role()) {
            case MASQUERADE, SNAT -> {
                net = net(rule, true);
                device = device(rule, false, true);
            }
            case PORT_ACCEPT -> {
                subnet = false;
                net = net(rule, false);
                device = device(rule, false, false);
            }
            case DIRECT_ACCESS_DROP -> {
                subnet = false;
                net = net(rule, false);
                device = device(rule, true, true);
            }
            default -> {
                return Optional.empty();
            }
        }
        boolean isSubnet = subnet;
        return net.flatMap(n -> device.map(d -> new Link(d, n.network(), true, isSubnet)));
    }

    private static Optional<Cidr> net(ClassifiedRule rule, boolean source) {
        return rule.rule().matches().stream()
                .map(match -> source ? source(match) : destination(match))
                .flatMap(Optional::stream)
                .findFirst();
    }

    private static Optional<Cidr> source(Match match) {
        if (match instanceof Match.Source s) {
            return s.negated() ? Optional.empty() : Optional.of(s.net());
        }
        return compared(match, "saddr");
    }

    private static Optional<Cidr> destination(Match match) {
        if (match instanceof Match.Destination d) {
            return d.negated() ? Optional.empty() : Optional.of(d.net());
        }
        return compared(match, "daddr");
    }

    private static Optional<Cidr> compared(Match match, String field) {
        if (match instanceof Match.Comparison c
                && c.operator().equals("==")
                && c.left() instanceof Expression.Payload payload
                && payload.field().equals(field)) {
            if (c.right() instanceof Expression.Prefix prefix) {
                return Optional.of(prefix.net());
            }
            if (c.right() instanceof Expression.Value value) {
                try {
                    return Optional.of(Cidr.parse(value.text()));
                } catch (IllegalArgumentException e) {
                    return Optional.empty();
                }
            }
        }
        return Optional.empty();
    }

    private static Optional<String> device(ClassifiedRule rule, boolean in, boolean negated) {
        for (Match match : rule.rule().matches()) {
            if (in && match instanceof Match.InInterface i && i.negated() == negated) {
                return Optional.of(i.name());
            }
            if (!in && match instanceof Match.OutInterface o && o.negated() == negated) {
                return Optional.of(o.name());
            }
            if (match instanceof Match.Comparison c
                    && c.left() instanceof Expression.Meta meta
                    && meta.key().equals(in ? "iifname" : "oifname")
                    && c.operator().equals(negated ? "!=" : "==")
                    && c.right() instanceof Expression.Value value) {
                return Optional.of(value.text());
            }
        }
        return Optional.empty();
    }

    /** Adds the host's own addresses, all that it has beside loopback and gateways: no other is then taken for its own. */
    public RoutingFacts withHostAddresses(Collection<InetAddress> addresses) {
        Set<Own> all = new HashSet<>(own);
        addresses.forEach(a -> all.add(new Own(null, a)));
        return new RoutingFacts(links, all, loopbackRouted, defaultDevice, true);
    }

    /**
     * Adds an address of a device, with its subnet.
     *
     * @param device the device
     * @param address the device's address with the length of its prefix, {@code 198.51.100.1/24}
     */
    public RoutingFacts withDevice(String device, Cidr address) {
        List<Link> more = new ArrayList<>(links);
        more.add(new Link(device, address.network(), false, true));
        Set<Own> all = new HashSet<>(own);
        all.add(new Own(device, address.address()));
        return new RoutingFacts(more, all, loopbackRouted, defaultDevice, complete);
    }

    /** Adds a device on which packets for loopback addresses are let in: {@code net.ipv4.conf.DEV.route_localnet} is 1. */
    public RoutingFacts withLoopbackRouted(String device) {
        Set<String> all = new HashSet<>(loopbackRouted);
        all.add(device);
        return new RoutingFacts(links, own, all, defaultDevice, complete);
    }

    /** Says by which device packets leave for addresses that are in no device's subnet. */
    public RoutingFacts withDefaultDevice(String device) {
        return new RoutingFacts(links, own, loopbackRouted, device, complete);
    }

    boolean routesLoopback(String device) {
        return loopbackRouted.contains(device);
    }

    /** Tells whether that is a bridge of which all subnets are known. */
    boolean knows(String device) {
        return links.stream().anyMatch(l -> l.device().equals(device) && l.bridge() && l.isSubnet());
    }

    boolean isBridge(@Nullable String device) {
        return links.stream().anyMatch(l -> l.device().equals(device) && l.bridge());
    }

    /** Returns the device behind which all of these addresses are. */
    Optional<String> deviceTo(Span addresses) {
        return links.stream()
                .filter(l -> addresses.isIn(l.net()))
                .map(Link::device)
                .findFirst()
                .or(() -> isOutside(addresses) ? Optional.ofNullable(defaultDevice) : Optional.empty());
    }

    private boolean isOutside(Span addresses) {
        return links.stream()
                .allMatch(l -> addresses.in(Span.of(l.net()), "", "").isNo());
    }

    boolean isInSubnet(Span addresses) {
        return links.stream().anyMatch(l -> addresses.isIn(l.net()));
    }

    /** Tells whether the address is in a subnet of that device. */
    boolean isBehind(String device, Span addresses) {
        return links.stream().anyMatch(l -> l.device().equals(device) && addresses.isIn(l.net()));
    }

    /** Returns the one address of that device of a family, if that is known. */
    Optional<InetAddress> addressOf(@Nullable String device, Family family) {
        if ("lo".equals(device)) {
            return Optional.of(Cidr.parseAddress(family == Family.IPV6 ? "::1" : "127.0.0.1"));
        }
        List<InetAddress> found = own.stream()
                .filter(o -> o.device() != null && o.device().equals(device))
                .map(Own::address)
                .filter(a -> a instanceof Inet6Address == (family == Family.IPV6))
                .toList();
        return found.size() == 1 ? Optional.of(found.get(0)) : Optional.empty();
    }

    /** Tells whether the address is one of that device. */
    Truth isOwnOf(String device, Span addresses) {
        boolean known = own.stream().anyMatch(o -> device.equals(o.device()) && addresses.equals(Span.of(o.address())));
        return known || ("lo".equals(device) && isLoopback(addresses))
                ? Truth.YES
                : typeOf(addresses)
                        .filter(t -> t != AddressType.LOCAL)
                        .map(t -> Truth.NO)
                        .orElseGet(() -> Truth.open(
                                describe(addresses) + " is an address of " + device,
                                "the addresses of " + device + " are not known"));
    }

    /** Returns what these addresses are to the host, if it is known and the same for all. */
    Optional<AddressType> typeOf(Span addresses) {
        if (isLoopback(addresses)) {
            return Optional.of(AddressType.LOCAL);
        }
        if (addresses.isIn(Cidr.parse("224.0.0.0/4")) || addresses.isIn(Cidr.parse("ff00::/8"))) {
            return Optional.of(AddressType.MULTICAST);
        }
        if (own.stream().anyMatch(o -> addresses.equals(Span.of(o.address())))) {
            return Optional.of(AddressType.LOCAL);
        }
        if (own.stream()
                .anyMatch(o -> !Span.of(o.address()).in(addresses, "", "").isNo())) {
            return Optional.empty();
        }
        if (isBroadcast(addresses)) {
            return Optional.of(AddressType.BROADCAST);
        }
        Optional<Link> link =
                links.stream().filter(l -> addresses.isIn(l.net())).findFirst();
        if (link.isPresent()) {
            // In a subnet whose own address is not known, an address that nobody has may be the host's.
            boolean neighbour = !link.get().isSubnet()
                    || complete
                    || addressOf(link.get().device(), addresses.width() == 128 ? Family.IPV6 : Family.IPV4)
                            .isPresent();
            return neighbour ? Optional.of(AddressType.UNICAST) : Optional.empty();
        }
        return complete && addresses.isSingle() ? Optional.of(AddressType.UNICAST) : Optional.empty();
    }

    private static boolean isLoopback(Span addresses) {
        return addresses.isIn(Cidr.parse("127.0.0.0/8")) || addresses.isIn(Cidr.parse("::1/128"));
    }

    private boolean isBroadcast(Span addresses) {
        return addresses.isSingle()
                && addresses.width() == 32
                && (addresses.isIn(Cidr.parse("255.255.255.255/32"))
                        || links.stream()
                                .map(Link::net)
                                .filter(n -> n.prefixLength() < 31 && !n.isIpv6())
                                .anyMatch(n -> Span.of(n).high().equals(addresses.high())));
    }

    static String describe(Span addresses) {
        InetAddress one = addresses.address();
        return one == null ? "the translated address" : Cidr.format(one);
    }
}
