// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Match;
import io.github.countercheck.ruleset.Option;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Transport;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a rule asks of a packet, as a set of parts with their values. The kinds of parts are those that Docker writes;
 * anything more, a comment even, is {@link Part#OTHER} and makes a shape that no rule of Docker's has.
 */
final class RuleShape {

    /** A kind of condition. */
    enum Part {
        SOURCE,
        NOT_SOURCE,
        DESTINATION,
        NOT_DESTINATION,
        IN,
        NOT_IN,
        OUT,
        NOT_OUT,
        PROTOCOL,
        DPORT,
        SPORT,
        /** Belongs to a known flow. */
        KNOWN_FLOW,
        SOURCE_IS_LOCAL,
        DESTINATION_IS_LOCAL,
        MARK,
        /** Goes to one of the bridges that 28.0.0 keeps in an ipset. */
        TO_ANY_BRIDGE,
        CAME_THROUGH_IPSEC,
        CAME_IN_THE_CLEAR,
        /** Is of one VXLAN network, looked up inside the packet. */
        VXLAN_NETWORK,
        OTHER
    }

    /** The set of 28.0.0 is called {@code docker-ext-bridges-v4} or {@code -v6}. */
    private static final String EXTERNAL_BRIDGES = "docker-ext-bridges-v";

    private final Set<Part> parts = EnumSet.noneOf(Part.class);
    private final Map<Part, String> names = new EnumMap<>(Part.class);
    private final Map<Part, Cidr> nets = new EnumMap<>(Part.class);

    private RuleShape() {}

    static RuleShape of(Rule rule) {
        RuleShape shape = new RuleShape();
        rule.matches().forEach(shape::add);
        return shape;
    }

    /** Tells whether the rule asks for exactly these parts. */
    boolean is(Part... wanted) {
        return parts.size() == wanted.length && parts.containsAll(Arrays.asList(wanted));
    }

    /** As {@link #is}, once the optional parts are taken away. */
    boolean isWithOptional(Set<Part> optional, Part... wanted) {
        Set<Part> rest = EnumSet.copyOf(List.of(wanted));
        rest.addAll(optional);
        return rest.containsAll(parts) && parts.containsAll(Arrays.asList(wanted));
    }

    boolean has(Part part) {
        return parts.contains(part);
    }

    @Nullable
    Cidr net(Part part) {
        return nets.get(part);
    }

    /** Returns the one address that the part names, or null where it names a block or is not there. */
    @Nullable
    InetAddress address(Part part) {
        Cidr net = nets.get(part);
        return net != null && net.isSingleAddress() ? net.address() : null;
    }

    @Nullable
    String name(Part part) {
        return names.get(part);
    }

    /** Returns the port that the part names. */
    @Nullable
    Integer port(Part part) {
        String port = names.get(part);
        return port == null ? null : Integer.valueOf(port);
    }

    @Nullable
    Transport transport() {
        String protocol = names.get(Part.PROTOCOL);
        return protocol == null ? null : Transport.parse(protocol).orElse(null);
    }

    /**
     * Returns the one device that all parts about devices name; null where they name none or more than one.
     * {@code ! -i docker0 -o docker0} is about docker0.
     */
    @Nullable
    String device() {
        List<String> devices = EnumSet.of(Part.IN, Part.NOT_IN, Part.OUT, Part.NOT_OUT).stream()
                .filter(names::containsKey)
                .map(names::get)
                .distinct()
                .toList();
        return devices.size() == 1 ? devices.get(0) : null;
    }

    private void add(Match match) {
        if (match instanceof Match.Source source) {
            add(source.negated() ? Part.NOT_SOURCE : Part.SOURCE, source.net());
        } else if (match instanceof Match.Destination destination) {
            add(destination.negated() ? Part.NOT_DESTINATION : Part.DESTINATION, destination.net());
        } else if (match instanceof Match.InInterface in) {
            add(in.negated() ? Part.NOT_IN : Part.IN, in.name());
        } else if (match instanceof Match.OutInterface out) {
            add(out.negated() ? Part.NOT_OUT : Part.OUT, out.name());
        } else if (match instanceof Match.Protocol protocol) {
            add(protocol.negated() ? Part.OTHER : Part.PROTOCOL, protocol.name());
        } else if (match instanceof Match.Module module) {
            add(module);
        } else {
            add(Part.OTHER);
        }
    }

    private void add(Match.Module module) {
        switch (module.name()) {
            case "tcp", "udp", "sctp" -> addPorts(module);
            case "conntrack" -> add(isKnownFlow(module, "--ctstate") ? Part.KNOWN_FLOW : Part.OTHER);
            // What Engine 24 and older write in the ingress chain.
            case "state" -> add(isKnownFlow(module, "--state") ? Part.KNOWN_FLOW : Part.OTHER);
            case "addrtype" -> add(localType(module));
            case "mark" -> add(only(module, "--mark").isPresent() ? Part.MARK : Part.OTHER);
            case "set" -> add(isExternalBridges(module) ? Part.TO_ANY_BRIDGE : Part.OTHER);
            case "policy" -> add(ipsecPolicy(module));
            case "u32", "bpf" -> add(Part.VXLAN_NETWORK);
            default -> add(Part.OTHER);
        }
    }

    private void addPorts(Match.Module module) {
        if (!module.name().equals(names.get(Part.PROTOCOL))) {
            add(Part.OTHER);
        }
        for (Option option : module.options()) {
            boolean onePort = !option.negated() && option.value().matches("\\d{1,5}");
            switch (option.name()) {
                case "--dport" -> add(onePort ? Part.DPORT : Part.OTHER, option.value());
                case "--sport" -> add(onePort ? Part.SPORT : Part.OTHER, option.value());
                default -> add(Part.OTHER);
            }
        }
    }

    private void add(Part part) {
        // Docker never says the same twice.
        parts.add(parts.contains(part) ? Part.OTHER : part);
    }

    private void add(Part part, Cidr net) {
        add(part);
        nets.put(part, net);
    }

    private void add(Part part, String name) {
        add(part);
        names.put(part, name);
    }

    private static boolean isKnownFlow(Match.Module module, String option) {
        return only(module, option)
                .map(o -> Set.of(o.value().split(",", -1)))
                .filter(Set.of("RELATED", "ESTABLISHED")::equals)
                .isPresent();
    }

    private static Part localType(Match.Module module) {
        if (only(module, "--dst-type").filter(o -> o.value().equals("LOCAL")).isPresent()) {
            return Part.DESTINATION_IS_LOCAL;
        }
        return only(module, "--src-type").filter(o -> o.value().equals("LOCAL")).isPresent()
                ? Part.SOURCE_IS_LOCAL
                : Part.OTHER;
    }

    private static boolean isExternalBridges(Match.Module module) {
        return only(module, "--match-set")
                .filter(o -> o.value().matches(EXTERNAL_BRIDGES + "[46] dst"))
                .isPresent();
    }

    private static Part ipsecPolicy(Match.Module module) {
        String text = String.join(
                " ",
                module.options().stream()
                        .map(o -> (o.negated() ? "! " : "") + o.name() + " " + o.value())
                        .toList());
        return switch (text) {
            case "--dir in --pol ipsec" -> Part.CAME_THROUGH_IPSEC;
            case "--dir in --pol none" -> Part.CAME_IN_THE_CLEAR;
            default -> Part.OTHER;
        };
    }

    /** Returns the option if it is the module's only one and not negated. */
    private static Optional<Option> only(Match.Module module, String option) {
        return module.option(option).filter(o -> module.options().size() == 1 && !o.negated());
    }
}
