// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Match;
import io.github.countercheck.ruleset.Option;
import io.github.countercheck.ruleset.Protocols;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.walk.Packet.State;
import io.github.countercheck.walk.PacketWalk.Endpoint;
import java.math.BigInteger;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Decides the matches of iptables for a packet on its way. */
final class IptablesMatcher {

    /** Matches that depend on more than the packet and the tables, and on what. */
    private static final Map<String, String> UNDECIDED = Map.ofEntries(
            Map.entry("limit", "whether the rate is used up depends on packets before"),
            Map.entry("hashlimit", "whether the rate is used up depends on packets before"),
            Map.entry("recent", "it depends on packets before"),
            Map.entry("connlimit", "it depends on other flows"),
            Map.entry("connbytes", "it depends on the flow's packets before"),
            Map.entry("quota", "it depends on packets before"),
            Map.entry("statistic", "it is decided by chance or by packets before"),
            Map.entry("string", "the packet's payload is not known"),
            Map.entry("bpf", "its program is not run"),
            Map.entry("u32", "the packet's bytes are not known"),
            Map.entry("mac", "the packet's link layer is not known"),
            Map.entry("length", "the packet's length is not known"),
            Map.entry("ttl", "the packet's TTL is not known"),
            Map.entry("hl", "the packet's hop limit is not known"),
            Map.entry("time", "it depends on the time"));

    private final Passage passage;
    private final Rule rule;
    private final Map<String, ? extends Collection<Cidr>> sets;

    IptablesMatcher(Passage passage, Rule rule, Map<String, ? extends Collection<Cidr>> sets) {
        this.passage = passage;
        this.rule = rule;
        this.sets = sets;
    }

    Truth test(Match match) {
        if (match instanceof Match.Source m) {
            return within(passage.source, m.net()).negatedIf(m.negated());
        }
        if (match instanceof Match.Destination m) {
            return within(passage.destination, m.net()).negatedIf(m.negated());
        }
        if (match instanceof Match.IrregularNet m) {
            return irregular(m).negatedIf(m.negated());
        }
        if (match instanceof Match.InInterface m) {
            return arrivesOn(m.name()).negatedIf(m.negated());
        }
        if (match instanceof Match.OutInterface m) {
            return leavesBy(m.name()).negatedIf(m.negated());
        }
        if (match instanceof Match.Protocol m) {
            return protocol(m.name()).negatedIf(m.negated());
        }
        if (match instanceof Match.Fragment m) {
            // Conntrack puts fragments together before any rule but those of the raw table.
            return Truth.NO.negatedIf(m.negated());
        }
        return match instanceof Match.Module m ? module(m) : unknown("this match is not known");
    }

    private Truth unknown(String reason) {
        return Truth.open(rule.table() + "/" + rule.chain() + " " + rule.spec() + " matches", reason);
    }

    private static Truth within(Span addresses, Cidr net) {
        return addresses.in(
                Span.of(net),
                RoutingFacts.describe(addresses) + " is in " + net,
                "which address was chosen in translation is not known");
    }

    private Truth irregular(Match.IrregularNet match) {
        InetAddress address = (match.source() ? passage.source : passage.destination).address();
        if (address == null) {
            return unknown("which address was chosen in translation is not known");
        }
        int slash = match.net().indexOf('/');
        byte[] net = Cidr.parseAddress(match.net().substring(0, slash)).getAddress();
        byte[] mask = Cidr.parseAddress(match.net().substring(slash + 1)).getAddress();
        byte[] bytes = address.getAddress();
        for (int i = 0; i < bytes.length; i++) {
            if ((bytes[i] & mask[i]) != (net[i] & mask[i])) {
                return Truth.NO;
            }
        }
        return Truth.YES;
    }

    private Truth arrivesOn(String name) {
        return Truth.of(isNamed(passage.in, name));
    }

    private Truth leavesBy(String name) {
        String out = passage.out;
        if (out != null) {
            return Truth.of(isNamed(out, name));
        }
        return name.endsWith("+")
                ? Truth.open("it leaves by " + name, "by which device it leaves is not known")
                : passage.leavesBy(name);
    }

    private static boolean isNamed(String device, String pattern) {
        return pattern.endsWith("+")
                ? device.startsWith(pattern.substring(0, pattern.length() - 1))
                : device.equals(pattern);
    }

    private Truth protocol(String name) {
        int number = PacketReader.protocolNumber(name);
        if (number == 0 || name.equals("all")) {
            return Truth.YES;
        }
        return number < 0
                ? unknown("the protocol's number is not known")
                : Truth.of(number == passage.packet.protocol());
    }

    private Truth module(Match.Module module) {
        Truth all = Truth.YES;
        switch (module.name()) {
            case "tcp", "udp", "sctp", "dccp", "udplite" -> all = Truth.of(isProtocol(module.name()));
            case "icmp" -> all = Truth.of(passage.packet.protocol() == Packet.ICMP);
            case "icmp6" -> all = Truth.of(passage.packet.protocol() == Packet.ICMP6);
            case "multiport" -> all = Truth.of(passage.packet.hasPorts());
            case "connmark" -> all = Truth.of(passage.hasFlow());
            case "conntrack" -> {
                return conntrack(module);
            }
            case "addrtype" -> {
                return addressType(module);
            }
            case "owner" -> {
                return owner(module);
            }
            case "set" -> {
                return set(module);
            }
            case "comment" -> {
                return Truth.YES;
            }
            default -> {
                String reason = UNDECIDED.get(module.name());
                if (reason != null) {
                    return unknown(module.name() + ": " + reason);
                }
            }
        }
        for (Option option : module.options()) {
            all = all.and(option(module, option).negatedIf(option.negated()));
        }
        return all;
    }

    private boolean isProtocol(String name) {
        return PacketReader.protocolNumber(name) == passage.packet.protocol();
    }

    private Truth option(Match.Module module, Option option) {
        return switch (module.name() + " " + option.name()) {
            case "tcp --sport",
                    "udp --sport",
                    "sctp --sport",
                    "dccp --sport",
                    "udplite --sport",
                    "multiport --sports" -> ports(passage.sourcePort, option.value());
            case "tcp --dport",
                    "udp --dport",
                    "sctp --dport",
                    "dccp --dport",
                    "udplite --dport",
                    "multiport --dports" -> ports(passage.destinationPort, option.value());
            case "multiport --ports" ->
                ports(passage.sourcePort, option.value()).or(ports(passage.destinationPort, option.value()));
            case "tcp --syn" -> tcpFlags("FIN,SYN,RST,ACK", "SYN");
            case "tcp --tcp-flags" ->
                option.values().size() == 2
                        ? tcpFlags(option.values().get(0), option.values().get(1))
                        : unknown("its flags are not known");
            case "state --state" -> states(option.value());
            case "mark --mark" -> mark(passage.mark, option.value());
            case "connmark --mark" -> mark(passage.connectionMark, option.value());
            case "icmp --icmp-type", "icmp6 --icmpv6-type" -> icmpType(option.value());
            case "iprange --src-range" -> range(passage.source, option.value());
            case "iprange --dst-range" -> range(passage.destination, option.value());
            case "pkttype --pkt-type" -> packetType(option.value());
            case "physdev --physdev-is-bridged" -> Truth.of(passage.bridged);
            case "physdev --physdev-in",
                    "physdev --physdev-is-in",
                    "physdev --physdev-out",
                    "physdev --physdev-is-out" -> bridgePort();
            default -> unknown(module.name() + " is not decided without the kernel");
        };
    }

    private Truth ports(Span port, String list) {
        List<Truth> any = new ArrayList<>();
        for (String part : list.split(",", -1)) {
            String[] ends = part.split(":", -1);
            Optional<Span> range = ends.length <= 2 ? portRange(ends[0], ends[ends.length - 1]) : Optional.empty();
            any.add(range.map(r -> port.in(
                            r,
                            "the translated port is in " + part,
                            "which port was chosen in translation is not known"))
                    .orElseGet(() -> unknown("the port " + part + " has no known number")));
        }
        return Truth.any(any);
    }

    private static Optional<Span> portRange(String low, String high) {
        try {
            return Optional.of(Span.of(
                    low.isEmpty() ? 0 : Integer.parseInt(Protocols.port(low)),
                    high.isEmpty() ? 65_535 : Integer.parseInt(Protocols.port(high)),
                    16));
        } catch (NumberFormatException e) {
            return Optional.empty();
        }
    }

    private Truth tcpFlags(String mask, String set) {
        int maskBits = flagBits(mask);
        int setBits = flagBits(set);
        if (maskBits < 0 || setBits < 0) {
            return unknown("its flags are not known");
        }
        Integer flags = passage.packet.tcpFlags();
        return (flags == null ? Bits.UNKNOWN : Bits.of(flags))
                .matches(
                        setBits,
                        maskBits,
                        "its TCP flags " + mask + " are " + set,
                        "the packet's TCP flags are not known; say flags");
    }

    private static int flagBits(String list) {
        int bits = 0;
        for (String flag : list.toUpperCase(Locale.ROOT).split(",", -1)) {
            switch (flag) {
                case "ALL" -> bits |= 0x3f;
                case "NONE" -> {}
                default -> {
                    int bit = Protocols.TCP_FLAGS.indexOf(flag);
                    if (bit < 0) {
                        return -1;
                    }
                    bits |= 1 << bit;
                }
            }
        }
        return bits;
    }

    private Truth states(String list) {
        List<Truth> any = new ArrayList<>();
        for (String word : list.split(",", -1)) {
            any.add(
                    switch (word) {
                        case "DNAT" -> passage.hasFlow() ? passage.dnat : Truth.NO;
                        case "SNAT" -> passage.hasFlow() ? passage.snat : Truth.NO;
                        default -> Truth.of(passage.state().name().equals(word));
                    });
        }
        return Truth.any(any);
    }

    /** Without a flow the kernel answers by the state alone, and no to a rule that does not ask for one. */
    private Truth conntrack(Match.Module module) {
        Truth all = Truth.YES;
        boolean asksState = false;
        for (Option option : module.options()) {
            if (option.name().equals("--ctstate")) {
                asksState = true;
                all = all.and(states(option.value()).negatedIf(option.negated()));
            } else if (passage.hasFlow()) {
                all = all.and(flow(option).negatedIf(option.negated()));
            }
        }
        return passage.hasFlow() || asksState ? all : Truth.NO;
    }

    private Truth flow(Option option) {
        String value = option.value();
        return switch (option.name()) {
            case "--ctproto" -> protocol(value);
            case "--ctdir" ->
                passage.packet.direction() == null
                        ? Truth.open("it goes in its flow's direction ORIGINAL", "its direction is not known; say dir")
                                .negatedIf(!value.equals("ORIGINAL"))
                        : Truth.of(passage.packet.direction().name().equals(value));
            case "--ctstatus" -> status(value);
            case "--ctorigsrc" -> originalAddress(true, value);
            case "--ctorigdst" -> originalAddress(false, value);
            case "--ctorigsrcport" -> originalPort(true, value);
            case "--ctorigdstport" -> originalPort(false, value);
            case "--ctreplsrc" -> isFirst() ? net(passage.destination, value) : unknownFlow();
            case "--ctrepldst" -> isFirst() ? net(passage.source, value) : unknownFlow();
            case "--ctreplsrcport" -> isFirst() ? ports(passage.destinationPort, value) : unknownFlow();
            case "--ctrepldstport" -> isFirst() ? ports(passage.sourcePort, value) : unknownFlow();
            default -> unknown("conntrack " + option.name() + " is not decided without the kernel");
        };
    }

    private boolean isFirst() {
        return passage.packet.state() == State.NEW;
    }

    private Truth unknownFlow() {
        return unknown("the addresses of its flow are not known");
    }

    private Truth originalAddress(boolean source, String value) {
        return passage.original()
                .map(flow -> source ? flow.source() : flow.destination())
                .map(Endpoint::address)
                .map(address -> net(Span.of(address), value))
                .orElseGet(this::unknownFlow);
    }

    private Truth originalPort(boolean source, String value) {
        return passage.original()
                .map(flow -> source ? flow.source() : flow.destination())
                .map(end -> ports(Span.of(end.port(), 16), value))
                .orElseGet(this::unknownFlow);
    }

    private Truth net(Span addresses, String value) {
        try {
            return within(addresses, Cidr.parse(value));
        } catch (IllegalArgumentException e) {
            return unknown(String.valueOf(e.getMessage()));
        }
    }

    private Truth status(String list) {
        List<Truth> any = new ArrayList<>();
        for (String word : list.split(",", -1)) {
            any.add(
                    switch (word) {
                        case "NONE" -> Truth.NO;
                        case "CONFIRMED" -> Truth.of(passage.confirmed);
                        case "SEEN_REPLY" ->
                            passage.packet.state() == State.RELATED
                                    ? unknown("whether its flow was answered is not known")
                                    : Truth.of(passage.packet.state() == State.ESTABLISHED);
                        default -> isFirst() ? Truth.NO : unknown("whether its flow is " + word + " is not known");
                    });
        }
        return Truth.any(any);
    }

    private Truth addressType(Match.Module module) {
        boolean onArrivalDevice = module.option("--limit-iface-in").isPresent();
        boolean onDevice = onArrivalDevice || module.option("--limit-iface-out").isPresent();
        Truth all = Truth.YES;
        for (Option option : module.options()) {
            boolean source = option.name().equals("--src-type");
            if (!source && !option.name().equals("--dst-type")) {
                continue;
            }
            String device = onDevice ? (onArrivalDevice ? passage.in : passage.out) : "";
            List<String> words = List.of(option.value().split(",", -1));
            Truth one =
                    passage.family() == Family.IPV6 ? ipv6Type(source, words, device) : anyType(source, words, device);
            all = all.and(one.negatedIf(option.negated()));
        }
        return all;
    }

    private Truth anyType(boolean source, List<String> words, @Nullable String device) {
        return Truth.any(words.stream().map(w -> type(source, w, device)).toList());
    }

    /** In IPv6 the kernel takes a local address for a unicast one too, and wants that beside what else is listed. */
    private Truth ipv6Type(boolean source, List<String> words, @Nullable String device) {
        Span addresses = source ? passage.source : passage.destination;
        Truth multicast = within(addresses, Cidr.parse("ff00::/8"));
        Truth all = Truth.YES;
        if (words.contains("MULTICAST")) {
            all = all.and(multicast);
        }
        if (words.contains("UNICAST")) {
            all = all.and(multicast.negatedIf(true));
        }
        List<String> routed = words.stream()
                .filter(w -> !w.equals("MULTICAST") && !w.equals("UNICAST"))
                .toList();
        return routed.isEmpty() ? all : all.and(anyType(source, routed, device));
    }

    private Truth type(boolean source, String word, @Nullable String device) {
        AddressType type;
        try {
            type = AddressType.valueOf(word);
        } catch (IllegalArgumentException e) {
            return unknown("address type " + word + " is not decided without the kernel");
        }
        Truth anywhere = source ? passage.sourceIs(type) : passage.destinationIs(type);
        if (device != null && device.isEmpty()) {
            return anywhere;
        }
        if (device == null || type != AddressType.LOCAL) {
            return unknown("the device's own addresses and routes are not known");
        }
        return anywhere.and(passage.routing.isOwnOf(device, source ? passage.source : passage.destination));
    }

    /** What is forwarded has no socket on this host, and so no owner. */
    private Truth owner(Match.Module module) {
        return passage.isHostSent()
                ? unknown("owner: which process sends it is not known")
                : Truth.of(module.options().stream().allMatch(Option::negated));
    }

    private Truth set(Match.Module module) {
        if (module.options().size() != 1 || module.options().get(0).values().size() != 2) {
            return unknown("set: its options are not decided without the kernel");
        }
        Option option = module.options().get(0);
        Collection<Cidr> members = sets.get(option.values().get(0));
        String side = option.values().get(1);
        if (members == null || !(side.equals("src") || side.equals("dst"))) {
            return unknown("set: the members of " + option.values().get(0) + " are not known");
        }
        Span addresses = side.equals("src") ? passage.source : passage.destination;
        return Truth.any(members.stream().map(m -> within(addresses, m)).toList())
                .negatedIf(option.negated());
    }

    private Truth mark(Bits mark, String value) {
        String[] parts = value.split("/", 2);
        try {
            long bits = Long.decode(parts[0]);
            long mask = parts.length == 2 ? Long.decode(parts[1]) : Bits.ALL;
            return mark.matches(bits, mask, "the mark is " + value, "the mark is not known; say mark or ctmark");
        } catch (NumberFormatException e) {
            return unknown("no mark: " + value);
        }
    }

    private Truth icmpType(String value) {
        String[] parts = Protocols.icmpType(passage.family(), value).split("/", 2);
        if (parts[0].equals("any")) {
            return Truth.YES;
        }
        Integer type = passage.packet.icmpType();
        if (type == null) {
            return unknown("the packet's ICMP type is not known; say icmp-type");
        }
        try {
            return Truth.of(type >> 8 == Integer.parseInt(parts[0])
                    && (parts.length == 1 || (type & 0xff) == Integer.parseInt(parts[1])));
        } catch (NumberFormatException e) {
            return unknown("ICMP type " + value + " has no known number");
        }
    }

    private Truth range(Span addresses, String value) {
        String[] ends = value.split("-", 2);
        try {
            BigInteger low = new BigInteger(1, Cidr.parseAddress(ends[0]).getAddress());
            BigInteger high =
                    new BigInteger(1, Cidr.parseAddress(ends[ends.length - 1]).getAddress());
            return addresses.in(
                    new Span(low, high, passage.family() == Family.IPV6 ? 128 : 32),
                    RoutingFacts.describe(addresses) + " is in " + value,
                    "which address was chosen in translation is not known");
        } catch (IllegalArgumentException e) {
            return unknown(String.valueOf(e.getMessage()));
        }
    }

    private Truth packetType(String value) {
        Truth several = passage.destinationIs(AddressType.BROADCAST).or(passage.destinationIs(AddressType.MULTICAST));
        return several.isNo()
                ? Truth.of(value.equals("unicast"))
                : unknown("to whom the frame was addressed is not known");
    }

    private Truth bridgePort() {
        boolean noBridge = passage.isHostSent() || passage.in.equals("lo");
        return noBridge ? Truth.NO : unknown("physdev: the ports of bridges are not known");
    }
}
