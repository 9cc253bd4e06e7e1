// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Expression;
import io.github.countercheck.ruleset.Match;
import io.github.countercheck.ruleset.NftRule;
import io.github.countercheck.ruleset.Option;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Statement;
import io.github.countercheck.ruleset.Transport;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What a rule asks of a packet, as a set of parts with their values, whether it is written for iptables or for nftables.
 * The kinds of parts are those that Docker and Podman write; anything more is {@link Part#OTHER} and makes a shape that no
 * rule of theirs has. Nor has a rule of Docker's that is written for iptables a comment.
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
        /** Came in by none of several devices. */
        NOT_IN_SET,
        OUT,
        NOT_OUT,
        PROTOCOL,
        TCP_OR_UDP,
        DPORT,
        /** As {@link #DPORT}, but several in a row. */
        DPORT_RANGE,
        SPORT,
        /** Belongs to a known flow. */
        KNOWN_FLOW,
        /** Belongs to a flow that was answered. */
        ESTABLISHED,
        /** As {@link #ESTABLISHED}, or begins a flow. */
        NEW_OR_ESTABLISHED,
        /** Belongs to no flow and can begin none. */
        INVALID,
        SOURCE_IS_LOCAL,
        DESTINATION_IS_LOCAL,
        MARK,
        /** The mark of the flow, not of the packet. */
        FLOW_MARK,
        /** Asks nothing: the rule sets the packet's mark. */
        MARKS_PACKET,
        /** Asks nothing: the rule sets the flow's mark. */
        MARKS_FLOW,
        /** Asks a verdict map where the device by which the packet came leads. */
        DISPATCHES_IN,
        /** As {@link #DISPATCHES_IN}, of the device by which it leaves. */
        DISPATCHES_OUT,
        /** Asks nothing: says what the rule is for. */
        COMMENT,
        /** Was sent on by IPVS. */
        THROUGH_IPVS,
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

    private static final List<Part> DEVICES = List.of(Part.IN, Part.NOT_IN, Part.OUT, Part.NOT_OUT);

    private static final Set<String> EQUAL = Set.of("==", "in");

    private final Set<Part> parts = EnumSet.noneOf(Part.class);

    /** The value of each part that has one: a name or a {@link Cidr}. */
    private final Map<Part, Object> values = new EnumMap<>(Part.class);

    private List<String> devices = List.of();

    private RuleShape() {}

    static RuleShape of(Rule rule) {
        RuleShape shape = new RuleShape();
        rule.matches().forEach(shape::add);
        NftRule nft = rule.nft();
        if (nft != null) {
            nft.statements().forEach(shape::add);
        }
        return shape;
    }

    /** Tells whether the rule asks for exactly these parts. */
    boolean is(Part... wanted) {
        return parts.size() == wanted.length && hasAll(wanted);
    }

    /** As {@link #is}, once the optional parts are taken away. */
    boolean isWithOptional(Set<Part> optional, Part... wanted) {
        int more = 0;
        for (Part part : optional) {
            more += has(part) ? 1 : 0;
        }
        return parts.size() == wanted.length + more && hasAll(wanted);
    }

    boolean has(Part part) {
        return parts.contains(part);
    }

    // A large ruleset has tens of thousands of rules, each of which is asked dozens of times: no collections here.
    private boolean hasAll(Part... wanted) {
        for (Part part : wanted) {
            if (!has(part)) {
                return false;
            }
        }
        return true;
    }

    @Nullable
    Cidr net(Part part) {
        return values.get(part) instanceof Cidr net ? net : null;
    }

    /** Returns the one address that the part names, or null where it names a block or is not there. */
    @Nullable
    InetAddress address(Part part) {
        Cidr net = net(part);
        return net != null && net.isSingleAddress() ? net.address() : null;
    }

    @Nullable
    String name(Part part) {
        return values.get(part) instanceof String name ? name : null;
    }

    /** Returns the destination port, or the ports where the rule names several in a row. */
    @Nullable
    PortRange dports() {
        return ports(has(Part.DPORT_RANGE) ? Part.DPORT_RANGE : Part.DPORT);
    }

    /** Returns the port that the part names. */
    @Nullable
    PortRange ports(Part part) {
        String port = name(part);
        return port == null ? null : PortRange.parse(port).orElse(null);
    }

    /** Returns the devices of {@link Part#NOT_IN_SET}. */
    List<String> devices() {
        return devices;
    }

    @Nullable
    Transport transport() {
        String protocol = name(Part.PROTOCOL);
        return protocol == null ? null : Transport.parse(protocol).orElse(null);
    }

    /**
     * Returns the one device that all parts about devices name; null where they name none or more than one.
     * {@code ! -i docker0 -o docker0} is about docker0.
     */
    @Nullable
    String device() {
        String only = null;
        for (Part part : DEVICES) {
            String device = name(part);
            if (device != null && only != null && !device.equals(only)) {
                return null;
            }
            only = device == null ? only : device;
        }
        return only;
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
        } else if (match instanceof Match.Comparison comparison) {
            add(comparison);
        } else {
            add(Part.OTHER);
        }
    }

    private void add(Match.Module module) {
        switch (module.name()) {
            case "tcp", "udp", "sctp" -> addPorts(module);
            case "conntrack" -> add(flowState(module, "--ctstate"));
            // What Engine 24 and older write in the ingress chain.
            case "state" -> add(flowState(module, "--state"));
            case "addrtype" -> add(localType(module));
            case "mark" ->
                add(mark(module), module.option("--mark").map(Option::value).orElse(""));
            case "comment" ->
                add(Part.COMMENT, module.option("--comment").map(Option::value).orElse(""));
            case "ipvs" -> add(only(module, "--ipvs").isPresent() ? Part.THROUGH_IPVS : Part.OTHER);
            case "set" -> add(isExternalBridges(module) ? Part.TO_ANY_BRIDGE : Part.OTHER);
            case "policy" -> add(ipsecPolicy(module));
            case "u32", "bpf" -> add(Part.VXLAN_NETWORK);
            default -> add(Part.OTHER);
        }
    }

    private void addPorts(Match.Module module) {
        if (!module.name().equals(name(Part.PROTOCOL))) {
            add(Part.OTHER);
        }
        for (Option option : module.options()) {
            Optional<PortRange> ports = option.negated() ? Optional.empty() : PortRange.parse(option.value());
            switch (option.name()) {
                case "--dport" -> add(dport(ports), option.value());
                case "--sport" -> add(sport(ports), option.value());
                default -> add(Part.OTHER);
            }
        }
    }

    private static Part dport(Optional<PortRange> ports) {
        return ports.map(p -> p.isSingle() ? Part.DPORT : Part.DPORT_RANGE).orElse(Part.OTHER);
    }

    private static Part sport(Optional<PortRange> ports) {
        return ports.filter(PortRange::isSingle).map(p -> Part.SPORT).orElse(Part.OTHER);
    }

    private void add(Match.Comparison comparison) {
        boolean negated = comparison.operator().equals("!=");
        Expression left = comparison.left();
        Expression right = comparison.right();
        if (!negated && !EQUAL.contains(comparison.operator())) {
            add(Part.OTHER);
        } else if (left instanceof Expression.Payload field) {
            addField(field, negated, right);
        } else if (left instanceof Expression.Meta meta) {
            addMeta(meta.key(), negated, right);
        } else if (!negated
                && left instanceof Expression.Conntrack ct
                && ct.key().equals("state")) {
            add(flowState(words(right)));
        } else if (!negated && left instanceof Expression.Fib fib) {
            add(localType(fib, right));
        } else if (!negated && left instanceof Expression.Binary binary) {
            addMasked(binary, right);
        } else {
            add(Part.OTHER);
        }
    }

    private void addField(Expression.Payload field, boolean negated, Expression right) {
        switch (field.protocol() + " " + field.field()) {
            case "ip saddr", "ip6 saddr" -> addNet(negated ? Part.NOT_SOURCE : Part.SOURCE, right);
            case "ip daddr", "ip6 daddr" -> addNet(negated ? Part.NOT_DESTINATION : Part.DESTINATION, right);
            case "ip protocol", "ip6 nexthdr" -> addProtocol(negated, right);
            case "th dport" -> addPort(negated, dport(ports(right)), right);
            case "tcp dport", "udp dport", "sctp dport" -> {
                addProtocolOf(field);
                addPort(negated, dport(ports(right)), right);
            }
            case "tcp sport", "udp sport", "sctp sport" -> {
                addProtocolOf(field);
                addPort(negated, sport(ports(right)), right);
            }
            default -> add(Part.OTHER);
        }
    }

    /** A port of a protocol implies it; some versions of nft list the implied condition as well. */
    private void addProtocolOf(Expression.Payload field) {
        if (!field.protocol().equals(name(Part.PROTOCOL))) {
            add(Part.PROTOCOL, field.protocol());
        }
    }

    private void addPort(boolean negated, Part part, Expression right) {
        if (negated) {
            add(Part.OTHER);
        } else {
            add(part, ports(right).map(PortRange::toString).orElse(""));
        }
    }

    private static Optional<PortRange> ports(Expression right) {
        if (right instanceof Expression.Range range) {
            return PortRange.parse(text(range.low()) + "-" + text(range.high()));
        }
        return PortRange.parse(text(right));
    }

    private void addNet(Part part, Expression right) {
        if (right instanceof Expression.Prefix prefix) {
            add(part, prefix.net());
            return;
        }
        try {
            add(part, Cidr.parse(text(right)));
        } catch (IllegalArgumentException severalAddresses) {
            add(Part.OTHER);
        }
    }

    private void addProtocol(boolean negated, Expression right) {
        if (!negated && words(right).equals(Set.of("tcp", "udp"))) {
            add(Part.TCP_OR_UDP);
        } else {
            add(negated || text(right).isEmpty() ? Part.OTHER : Part.PROTOCOL, text(right));
        }
    }

    private void addMeta(String key, boolean negated, Expression right) {
        switch (key) {
            case "iifname" -> addDevices(negated, right);
            case "oifname" -> add(device(text(right), negated ? Part.NOT_OUT : Part.OUT), text(right));
            case "l4proto" -> addProtocol(negated, right);
            case "mark" -> add(negated ? Part.OTHER : Part.MARK, text(right));
            default -> add(Part.OTHER);
        }
    }

    private void addDevices(boolean negated, Expression right) {
        if (negated && right instanceof Expression.AnonymousSet set) {
            devices = set.elements().stream().map(e -> text(e.key())).toList();
            add(Part.NOT_IN_SET);
        } else {
            add(device(text(right), negated ? Part.NOT_IN : Part.IN), text(right));
        }
    }

    private static Part device(String name, Part part) {
        return name.isEmpty() ? Part.OTHER : part;
    }

    /** {@code meta mark & 0x2000 == 0x2000}, printed as iptables prints it. */
    private void addMasked(Expression.Binary binary, Expression right) {
        boolean packets =
                binary.left() instanceof Expression.Meta meta && meta.key().equals("mark");
        boolean flows =
                binary.left() instanceof Expression.Conntrack ct && ct.key().equals("mark");
        if (binary.operator().equals("&") && (packets || flows)) {
            add(packets ? Part.MARK : Part.FLOW_MARK, hex(text(right)) + "/" + hex(text(binary.right())));
        } else {
            add(Part.OTHER);
        }
    }

    private static String hex(String number) {
        try {
            return "0x" + Long.toHexString(Long.decode(number));
        } catch (NumberFormatException name) {
            return number;
        }
    }

    /** What a rule does beside its verdict. A condition, counter or verdict is none of it. */
    private void add(Statement statement) {
        if (statement instanceof Statement.VerdictMap dispatch) {
            boolean in =
                    dispatch.key() instanceof Expression.Meta meta && meta.key().equals("iifname");
            boolean out =
                    dispatch.key() instanceof Expression.Meta meta && meta.key().equals("oifname");
            add(in ? Part.DISPATCHES_IN : out ? Part.DISPATCHES_OUT : Part.OTHER);
        } else if (statement instanceof Statement.Mangle mangle) {
            if (mangle.key() instanceof Expression.Meta meta && meta.key().equals("mark")) {
                add(Part.MARKS_PACKET);
            } else {
                boolean flow = mangle.key() instanceof Expression.Conntrack ct
                        && ct.key().equals("mark");
                add(flow ? Part.MARKS_FLOW : Part.OTHER);
            }
        } else if (statement instanceof Statement.Other) {
            add(Part.OTHER);
        }
    }

    /** Returns the one value as text; empty for anything else. */
    private static String text(Expression expression) {
        return expression instanceof Expression.Value value ? value.text() : "";
    }

    private static Set<String> words(Expression expression) {
        if (expression instanceof Expression.Flags flags) {
            return flags.values().stream().map(RuleShape::text).collect(Collectors.toSet());
        }
        if (expression instanceof Expression.AnonymousSet set) {
            return set.elements().stream().map(e -> text(e.key())).collect(Collectors.toSet());
        }
        return Set.copyOf(Arrays.asList(text(expression).split(",", -1)));
    }

    private void add(Part part) {
        // Docker never says the same twice.
        parts.add(has(part) ? Part.OTHER : part);
    }

    private void add(Part part, Cidr net) {
        add(part);
        values.put(part, net);
    }

    private void add(Part part, String name) {
        add(part);
        values.put(part, name);
    }

    private static Part flowState(Match.Module module, String option) {
        return only(module, option)
                .map(o -> flowState(Set.copyOf(
                        Arrays.asList(o.value().toLowerCase(Locale.ROOT).split(",", -1)))))
                .orElse(Part.OTHER);
    }

    private static Part flowState(Set<String> states) {
        if (states.equals(Set.of("related", "established"))) {
            return Part.KNOWN_FLOW;
        }
        if (states.equals(Set.of("new", "established"))) {
            return Part.NEW_OR_ESTABLISHED;
        }
        if (states.equals(Set.of("established"))) {
            return Part.ESTABLISHED;
        }
        return states.equals(Set.of("invalid")) ? Part.INVALID : Part.OTHER;
    }

    private static Part mark(Match.Module module) {
        return only(module, "--mark").isPresent() ? Part.MARK : Part.OTHER;
    }

    private static Part localType(Expression.Fib fib, Expression right) {
        if (!fib.result().equals("type") || !text(right).equals("local")) {
            return Part.OTHER;
        }
        if (fib.inputs().equals(List.of("daddr"))) {
            return Part.DESTINATION_IS_LOCAL;
        }
        return fib.inputs().equals(List.of("saddr")) ? Part.SOURCE_IS_LOCAL : Part.OTHER;
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
