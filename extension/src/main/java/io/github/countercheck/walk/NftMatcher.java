// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Expression;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Match;
import io.github.countercheck.ruleset.NamedSet;
import io.github.countercheck.ruleset.Protocols;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Table;
import io.github.countercheck.walk.Packet.State;
import io.github.countercheck.walk.PacketWalk.Direction;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** Decides the conditions of nftables for a packet on its way. */
final class NftMatcher {

    private static final NftValue ABSENT = new NftValue.Absent();
    private static final String CHOSEN = "what was chosen in translation is not known";

    private static final Map<String, Long> STATES =
            Map.of("invalid", 1L, "established", 2L, "related", 4L, "new", 8L, "untracked", 64L);
    private static final Map<String, Long> STATUSES = Map.of(
            "expected", 1L, "seen-reply", 2L, "assured", 4L, "confirmed", 8L, "snat", 16L, "dnat", 32L, "dying", 512L);
    private static final Map<String, Long> TCP_FLAGS =
            Map.of("fin", 1L, "syn", 2L, "rst", 4L, "psh", 8L, "ack", 16L, "urg", 32L, "ecn", 64L, "cwr", 128L);

    private final Passage passage;
    private final Rule rule;
    private final Table table;

    NftMatcher(Passage passage, Rule rule, Table table) {
        this.passage = passage;
        this.rule = rule;
        this.table = table;
    }

    Truth test(Match.Comparison comparison) {
        return compare(value(comparison.left()), comparison.operator(), comparison.right());
    }

    Truth unknown(String reason) {
        return Truth.open(rule.table() + "/" + rule.chain() + " " + rule.spec() + " matches", reason);
    }

    /** Returns the elements of a set or map, as the listing has them; empty where it has no such set. */
    private Optional<List<NamedSet.Element>> elements(Expression set) {
        if (set instanceof Expression.AnonymousSet anonymous) {
            return Optional.of(anonymous.elements());
        }
        return set instanceof Expression.SetReference reference
                ? table.set(reference.name()).map(NamedSet::elements)
                : Optional.empty();
    }

    /** Settles whether a key leads to an element. */
    interface Decision {
        boolean leadsThere(Truth truth);
    }

    /** Finds the element that the key leads to; empty where it leads nowhere. */
    Optional<NamedSet.Element> find(Expression key, Expression map, Decision decision) {
        NftValue value = value(key);
        NamedSet.Element otherwise = null;
        for (NamedSet.Element element : elements(map).orElse(List.of())) {
            if (isCatchAll(element.key())) {
                otherwise = element;
            } else if (decision.leadsThere(is(value, element.key()))) {
                return Optional.of(element);
            }
        }
        return value instanceof NftValue.Absent ? Optional.empty() : Optional.ofNullable(otherwise);
    }

    boolean isKnown(Expression map) {
        return elements(map).isPresent();
    }

    private static boolean isCatchAll(Expression key) {
        return key instanceof Expression.Value value && value.text().equals("*");
    }

    NftValue value(Expression expression) {
        if (expression instanceof Expression.Payload payload) {
            return payload(payload);
        }
        if (expression instanceof Expression.Meta meta) {
            return meta(meta.key());
        }
        if (expression instanceof Expression.Conntrack conntrack) {
            return conntrack(conntrack);
        }
        if (expression instanceof Expression.Fib fib) {
            return fib.result().equals("type")
                    ? new NftValue.Address(fib.inputs().contains("saddr"), fib.inputs())
                    : new NftValue.Open("routes are not known");
        }
        if (expression instanceof Expression.Concatenation all) {
            return tuple(all);
        }
        if (expression instanceof Expression.Binary binary) {
            return binary(binary);
        }
        return new NftValue.Open("it is not decided without the kernel");
    }

    private NftValue tuple(Expression.Concatenation all) {
        List<NftValue> parts = all.parts().stream().map(this::value).toList();
        return parts.contains(ABSENT) ? ABSENT : new NftValue.Tuple(parts);
    }

    private NftValue payload(Expression.Payload payload) {
        boolean ipv6 = passage.family() == Family.IPV6;
        return switch (payload.protocol() + " " + payload.field()) {
            case "ip saddr" -> ipv6 ? ABSENT : new NftValue.Numeric(NftValue.Type.ADDRESS, passage.source);
            case "ip daddr" -> ipv6 ? ABSENT : new NftValue.Numeric(NftValue.Type.ADDRESS, passage.destination);
            case "ip6 saddr" -> ipv6 ? new NftValue.Numeric(NftValue.Type.ADDRESS, passage.source) : ABSENT;
            case "ip6 daddr" -> ipv6 ? new NftValue.Numeric(NftValue.Type.ADDRESS, passage.destination) : ABSENT;
            case "ip protocol" -> ipv6 ? ABSENT : protocol();
            case "ip6 nexthdr" -> ipv6 ? protocol() : ABSENT;
            case "icmp type", "icmpv6 type" -> icmp(payload.protocol(), true);
            case "icmp code", "icmpv6 code" -> icmp(payload.protocol(), false);
            case "tcp flags" -> tcpFlags();
            default -> port(payload);
        };
    }

    private NftValue protocol() {
        return new NftValue.Numeric(NftValue.Type.PROTOCOL, Span.of(passage.packet.protocol(), 8));
    }

    private NftValue icmp(String protocol, boolean type) {
        if (passage.packet.protocol() != (protocol.equals("icmp") ? Packet.ICMP : Packet.ICMP6)) {
            return ABSENT;
        }
        Integer typeAndCode = passage.packet.icmpType();
        if (typeAndCode == null) {
            return new NftValue.Open("the packet's ICMP type is not known; say icmp-type");
        }
        return new NftValue.Numeric(
                type ? NftValue.Type.ICMP_TYPE : NftValue.Type.NUMBER,
                Span.of(type ? typeAndCode >> 8 : typeAndCode & 0xff, 8));
    }

    private NftValue tcpFlags() {
        if (passage.packet.protocol() != Packet.TCP) {
            return ABSENT;
        }
        Integer flags = passage.packet.tcpFlags();
        return flags == null
                ? new NftValue.Open("the packet's TCP flags are not known; say flags")
                : new NftValue.Flags(NftValue.Type.TCP_FLAGS, Bits.of(flags));
    }

    private NftValue port(Expression.Payload payload) {
        boolean source = payload.field().equals("sport");
        boolean isPort = source || payload.field().equals("dport");
        boolean any = payload.protocol().equals("th");
        int number = any ? passage.packet.protocol() : PacketReader.protocolNumber(payload.protocol());
        if (number >= 0 && number != passage.packet.protocol()) {
            return ABSENT;
        }
        return isPort && passage.packet.hasPorts()
                ? new NftValue.Numeric(NftValue.Type.PORT, source ? passage.sourcePort : passage.destinationPort)
                : new NftValue.Open("the packet's " + payload.protocol() + " " + payload.field() + " is not known");
    }

    private NftValue meta(String key) {
        return switch (key) {
            case "iifname", "iif" -> new NftValue.Text(NftValue.Type.DEVICE, List.of(passage.in));
            case "oifname", "oif" ->
                passage.out == null
                        ? new NftValue.OutDevice()
                        : new NftValue.Text(NftValue.Type.DEVICE, List.of(passage.out));
            case "mark" -> new NftValue.Flags(NftValue.Type.NUMBER, passage.mark);
            case "l4proto" -> protocol();
            case "nfproto" -> NftValue.Text.of(passage.family() == Family.IPV6 ? "ipv6" : "ipv4");
            case "protocol" -> NftValue.Text.of(passage.family().keyword());
            case "pkttype" -> packetType();
            case "skuid", "skgid" ->
                passage.isHostSent() ? new NftValue.Open("which process sends it is not known") : ABSENT;
            default -> new NftValue.Open("meta " + key + " is not known");
        };
    }

    private NftValue packetType() {
        Truth several = passage.destinationIs(AddressType.BROADCAST).or(passage.destinationIs(AddressType.MULTICAST));
        return several.isNo()
                ? NftValue.Text.of("unicast", "host")
                : new NftValue.Open("to whom the frame was addressed is not known");
    }

    private NftValue conntrack(Expression.Conntrack conntrack) {
        if (conntrack.key().equals("state")) {
            String state = passage.state().name().toLowerCase(Locale.ROOT);
            return new NftValue.Flags(NftValue.Type.STATE, Bits.of(STATES.getOrDefault(state, 0L)));
        }
        if (!passage.hasFlow()) {
            return ABSENT;
        }
        String direction = conntrack.direction();
        Direction own = passage.packet.direction();
        return switch (conntrack.key()) {
            case "status" -> new NftValue.Flags(NftValue.Type.STATUS, status());
            case "mark" -> new NftValue.Flags(NftValue.Type.NUMBER, passage.connectionMark);
            case "direction" ->
                own == null
                        ? new NftValue.Open("its direction is not known; say dir")
                        : NftValue.Text.of(own.name().toLowerCase(Locale.ROOT));
            case "protocol" -> protocol();
            case "saddr", "daddr", "proto-src", "proto-dst" ->
                direction == null
                        ? new NftValue.Open("ct " + conntrack.key() + " is not known")
                        : end(conntrack, direction);
            default -> new NftValue.Open("ct " + conntrack.key() + " is not known");
        };
    }

    private Bits status() {
        boolean first = passage.packet.state() == State.NEW;
        boolean answered = passage.packet.state() == State.ESTABLISHED;
        long value = (passage.snat.isYes() ? 16 : 0)
                | (passage.dnat.isYes() ? 32 : 0)
                | (answered ? 2 : 0)
                | (passage.confirmed ? 8 : 0);
        long known = (passage.snat.question() == null ? 16 : 0)
                | (passage.dnat.question() == null ? 32 : 0)
                | 8
                | (first ? 1 | 2 | 4 | 512 : answered ? 2 : 0);
        return new Bits(value, known);
    }

    private NftValue end(Expression.Conntrack conntrack, String direction) {
        String family = conntrack.family();
        if (family != null && !family.equals(passage.family().keyword())) {
            return ABSENT;
        }
        boolean source = conntrack.key().equals("saddr") || conntrack.key().equals("proto-src");
        boolean port = conntrack.key().startsWith("proto");
        NftValue.Type type = port ? NftValue.Type.PORT : NftValue.Type.ADDRESS;
        if (direction.equals("reply")) {
            if (passage.packet.state() != State.NEW) {
                return new NftValue.Open("the addresses of its flow are not known");
            }
            // An answer goes to where the packet now comes from.
            Span address = source ? passage.destination : passage.source;
            Span number = source ? passage.destinationPort : passage.sourcePort;
            return new NftValue.Numeric(type, port ? number : address);
        }
        return passage.original()
                .map(flow -> source ? flow.source() : flow.destination())
                .<NftValue>map(e -> new NftValue.Numeric(type, port ? Span.of(e.port(), 16) : Span.of(e.address())))
                .orElseGet(() -> new NftValue.Open("the addresses of its flow are not known"));
    }

    private NftValue binary(Expression.Binary binary) {
        NftValue left = value(binary.left());
        if (left instanceof NftValue.Absent) {
            return left;
        }
        Optional<NftValue.Flags> bits = asBits(left);
        if (bits.isEmpty()) {
            return left instanceof NftValue.Open ? left : new NftValue.Open("it is not decided without the kernel");
        }
        NftValue.Type type = bits.get().type();
        Bits value = bits.get().bits();
        Optional<Bits> right = operand(binary.right(), type);
        if (right.isEmpty()) {
            return new NftValue.Open("it is not decided without the kernel");
        }
        return new NftValue.Flags(
                type,
                switch (binary.operator()) {
                    case "&" -> value.and(right.get());
                    case "|" -> value.or(right.get());
                    case "^" -> value.xor(right.get());
                    case "<<" -> value.shiftLeft((int) right.get().value());
                    default -> value.shiftRight((int) right.get().value());
                });
    }

    /** A fixed value, or another one of the packet's: {@code meta mark | ct mark}. */
    private Optional<Bits> operand(Expression expression, NftValue.Type type) {
        OptionalLong fixed = bits(expression, type);
        return fixed.isPresent()
                ? Optional.of(Bits.of(fixed.getAsLong()))
                : asBits(value(expression)).map(NftValue.Flags::bits);
    }

    private static Optional<NftValue.Flags> asBits(NftValue value) {
        if (value instanceof NftValue.Flags flags) {
            return Optional.of(flags);
        }
        if (value instanceof NftValue.Numeric number
                && number.span().isSingle()
                && number.span().width() <= 32) {
            return Optional.of(new NftValue.Flags(
                    number.type(), Bits.of(number.span().low().longValue())));
        }
        return Optional.empty();
    }

    /** Returns what a value set into a mark is. */
    Optional<Bits> markValue(Expression expression) {
        return operand(expression, NftValue.Type.NUMBER);
    }

    private Truth compare(NftValue left, String operator, Expression right) {
        if (left instanceof NftValue.Absent) {
            return Truth.NO;
        }
        if (left instanceof NftValue.Open open) {
            return unknown(open.reason());
        }
        if (right instanceof Expression.SetReference || right instanceof Expression.AnonymousSet) {
            return member(left, right).negatedIf(operator.equals("!="));
        }
        return switch (operator) {
            case "==" -> is(left, right);
            case "!=" -> is(left, right).negatedIf(true);
            case "in" -> has(left, right);
            case "!" -> has(left, right).negatedIf(true);
            case "<", "<=", ">", ">=" -> order(left, operator, right);
            default -> unknown("the operator " + operator + " is not known");
        };
    }

    private Truth member(NftValue left, Expression set) {
        Optional<List<NamedSet.Element>> elements = elements(set);
        return elements.isEmpty()
                ? unknown("its set is not in the listing")
                : Truth.any(elements.get().stream()
                        .map(NamedSet.Element::key)
                        .map(key -> isCatchAll(key) ? Truth.YES : is(left, key))
                        .toList());
    }

    private Truth has(NftValue left, Expression right) {
        if (left instanceof NftValue.Flags flags) {
            OptionalLong bits = bits(right, flags.type());
            return bits.isEmpty()
                    ? unknown("its flags are not known")
                    : flags.bits()
                            .intersects(bits.getAsLong(), question(right), "the packet's flags are not all known");
        }
        return is(left, right);
    }

    private String question(Expression right) {
        return rule.spec() + " holds for " + right;
    }

    private Truth is(NftValue left, Expression right) {
        if (left instanceof NftValue.Absent) {
            return Truth.NO;
        }
        if (left instanceof NftValue.Open open) {
            return unknown(open.reason());
        }
        if (left instanceof NftValue.Tuple tuple) {
            return right instanceof Expression.Concatenation parts
                            && parts.parts().size() == tuple.parts().size()
                    ? each(tuple.parts(), parts.parts())
                    : unknown("its parts are not known");
        }
        if (left instanceof NftValue.Text text) {
            return right instanceof Expression.Value value
                    ? Truth.of(text.words().stream()
                            .anyMatch(word -> text.type() == NftValue.Type.DEVICE
                                    ? isNamed(word, value.text())
                                    : word.equals(value.text())))
                    : unknown("what it is compared with is not known");
        }
        if (left instanceof NftValue.OutDevice) {
            return right instanceof Expression.Value value && !value.text().endsWith("*")
                    ? passage.leavesBy(value.text())
                    : unknown("by which device it leaves is not known");
        }
        if (left instanceof NftValue.Address address) {
            return right instanceof Expression.Value value
                    ? addressType(address, value.text())
                    : unknown("what it is compared with is not known");
        }
        if (left instanceof NftValue.Flags flags) {
            return equalBits(flags, right);
        }
        NftValue.Numeric number = (NftValue.Numeric) left;
        Span span = span(right, number.type(), number.span().width());
        return span == null
                ? unknown("what it is compared with is not known")
                : number.span().in(span, RoutingFacts.describe(number.span()) + " is " + right, CHOSEN);
    }

    private Truth each(List<NftValue> left, List<Expression> right) {
        Truth all = Truth.YES;
        for (int i = 0; i < left.size(); i++) {
            all = all.and(is(left.get(i), right.get(i)));
        }
        return all;
    }

    private static boolean isNamed(String device, String pattern) {
        return pattern.endsWith("*")
                ? device.startsWith(pattern.substring(0, pattern.length() - 1))
                : device.equals(pattern);
    }

    private Truth equalBits(NftValue.Flags flags, Expression right) {
        OptionalLong bits = bits(right, flags.type());
        if (bits.isPresent()) {
            return flags.bits().matches(bits.getAsLong(), Bits.ALL, question(right), "not all its bits are known");
        }
        Span span = span(right, flags.type(), 32);
        return span == null || !flags.bits().isKnown()
                ? unknown("what it is compared with is not known")
                : Span.of(flags.bits().value(), 32).in(span, "", "");
    }

    private Truth addressType(NftValue.Address address, String word) {
        AddressType type;
        try {
            type = AddressType.valueOf(word.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            return unknown("address type " + word + " is not decided without the kernel");
        }
        Truth anywhere = address.source() ? passage.sourceIs(type) : passage.destinationIs(type);
        boolean in = address.inputs().contains("iif");
        if (!in && !address.inputs().contains("oif")) {
            return anywhere;
        }
        String device = in ? passage.in : passage.out;
        if (device == null || device.isEmpty() || type != AddressType.LOCAL) {
            return unknown("the device's own addresses and routes are not known");
        }
        return anywhere.and(passage.routing.isOwnOf(device, address.source() ? passage.source : passage.destination));
    }

    private Truth order(NftValue left, String operator, Expression right) {
        NftValue.Numeric number = left instanceof NftValue.Numeric n
                ? n
                : left instanceof NftValue.Flags flags && flags.bits().isKnown()
                        ? new NftValue.Numeric(
                                flags.type(), Span.of(flags.bits().value(), 32))
                        : null;
        Span bound =
                number == null ? null : span(right, number.type(), number.span().width());
        if (number == null || bound == null || !bound.isSingle()) {
            return unknown("what it is compared with is not known");
        }
        int width = number.span().width();
        Span all = Span.anything(width);
        boolean below = operator.startsWith("<");
        // x < n is not x >= n.
        boolean strict = operator.length() == 1;
        boolean lower = below != strict;
        Span part = lower ? new Span(all.low(), bound.low(), width) : new Span(bound.low(), all.high(), width);
        return number.span().in(part, rule.spec() + " holds", CHOSEN).negatedIf(strict);
    }

    /** Returns the numbers that a fixed value stands for, or null. */
    private @Nullable Span span(Expression expression, NftValue.Type type, int width) {
        if (expression instanceof Expression.Prefix prefix) {
            return Span.of(prefix.net());
        }
        if (expression instanceof Expression.Range range) {
            Span low = span(range.low(), type, width);
            Span high = span(range.high(), type, width);
            return low == null || high == null ? null : new Span(low.low(), high.high(), low.width());
        }
        if (!(expression instanceof Expression.Value value)) {
            return null;
        }
        if (type == NftValue.Type.ADDRESS) {
            try {
                return Span.of(Cidr.parse(value.text()));
            } catch (IllegalArgumentException e) {
                return null;
            }
        }
        OptionalLong number = number(value.text(), type);
        return number.isPresent() ? Span.of(number.getAsLong(), width) : null;
    }

    /** Returns the bits that a fixed value stands for. */
    private OptionalLong bits(Expression expression, NftValue.Type type) {
        if (expression instanceof Expression.Flags flags) {
            return all(flags.values(), type);
        }
        if (expression instanceof Expression.Binary binary && binary.operator().equals("|")) {
            return all(List.of(binary.left(), binary.right()), type);
        }
        if (!(expression instanceof Expression.Value value)) {
            return OptionalLong.empty();
        }
        if (type == NftValue.Type.ADDRESS) {
            Span span = span(expression, type, 32);
            return span == null || !span.isSingle()
                    ? OptionalLong.empty()
                    : OptionalLong.of(span.low().longValue());
        }
        return number(value.text(), type);
    }

    private OptionalLong all(List<Expression> values, NftValue.Type type) {
        long all = 0;
        for (Expression value : values) {
            OptionalLong one = bits(value, type);
            if (one.isEmpty()) {
                return one;
            }
            all |= one.getAsLong();
        }
        return OptionalLong.of(all);
    }

    private OptionalLong number(String text, NftValue.Type type) {
        Map<String, Long> names = switch (type) {
            case STATE -> STATES;
            case STATUS -> STATUSES;
            case TCP_FLAGS -> TCP_FLAGS;
            default -> Map.of();
        };
        Long named = names.get(text);
        if (named != null) {
            return OptionalLong.of(named);
        }
        String digits = switch (type) {
            case PORT -> Protocols.port(text);
            case PROTOCOL -> Integer.toString(PacketReader.protocolNumber(text));
            case ICMP_TYPE -> Protocols.icmpType(passage.family(), text);
            default -> text;
        };
        try {
            long number = Long.decode(digits);
            return number < 0 ? OptionalLong.empty() : OptionalLong.of(number);
        } catch (NumberFormatException e) {
            return OptionalLong.empty();
        }
    }
}
