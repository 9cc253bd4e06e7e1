// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Protocols;
import io.github.countercheck.walk.PacketWalk.Direction;
import io.github.countercheck.walk.PacketWalk.Endpoint;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads the text form of a packet. */
final class PacketReader {

    private static final List<String> TCP_FLAGS = List.of("fin", "syn", "rst", "psh", "ack", "urg");
    private static final Set<String> BARE = Set.of("dnat", "snat");
    private static final Set<String> WITH_VALUE = Set.of(
            "iif",
            "oif",
            "state",
            "dir",
            "dnat-to",
            "snat-to",
            "mark",
            "ctmark",
            "flags",
            "icmp-type",
            "src-type",
            "dst-type");

    private final String[] words;
    private final Map<String, String> options = new HashMap<>();
    private int next;

    PacketReader(String text) {
        words = text.isBlank() ? new String[0] : text.strip().split("\\s+");
    }

    Packet read() {
        int protocol = protocol(word("a protocol"));
        Endpoint source = end(word("a source"), protocol);
        String arrow = word("->");
        if (!arrow.equals("->")) {
            throw refused(arrow, "expected -> and a destination");
        }
        String to = word("a destination");
        Endpoint destination = end(to, protocol);
        Family family = family(source);
        if (family(destination) != family) {
            throw refused(to, "of another family than the source");
        }
        readOptions();
        Direction direction = one("dir", Direction.class);
        Packet.State state = one("state", Packet.State.class);
        Long mark = mark("mark");
        boolean reply = direction == Direction.REPLY;
        return new Packet(
                protocol,
                source,
                destination,
                options.get("iif"),
                options.get("oif"),
                state == null ? Packet.State.NEW : state,
                direction,
                has("dnat") || has(reply ? "snat-to" : "dnat-to"),
                has("snat") || has(reply ? "dnat-to" : "snat-to"),
                translated("dnat-to", protocol, family),
                translated("snat-to", protocol, family),
                mark == null ? 0 : mark,
                mark("ctmark"),
                flags(),
                icmpType(family),
                one("src-type", AddressType.class),
                one("dst-type", AddressType.class));
    }

    private void readOptions() {
        while (next < words.length) {
            String name = word("an option");
            if (!BARE.contains(name) && !WITH_VALUE.contains(name)) {
                throw refused(
                        name,
                        "expected one of iif, oif, state, dir, dnat, snat, dnat-to, snat-to, mark, ctmark,"
                                + " flags, icmp-type, src-type, dst-type");
            }
            String value = BARE.contains(name) ? "" : word("a value behind " + name);
            if (options.put(name, value) != null) {
                throw refused(name, "given twice");
            }
        }
    }

    private boolean has(String option) {
        return options.containsKey(option);
    }

    private String word(String expected) {
        if (next == words.length) {
            throw new IllegalArgumentException("expected " + expected
                    + (next == 0 ? "" : " behind '" + words[next - 1] + "'")
                    + "; a packet reads like: tcp 203.0.113.20:40000 -> 203.0.113.10:8080 iif eth0");
        }
        return words[next++];
    }

    private static IllegalArgumentException refused(String word, String why) {
        return new IllegalArgumentException("'" + word + "': " + why);
    }

    private static int protocol(String word) {
        int number = protocolNumber(word);
        if (number < 0) {
            throw refused(word, "no protocol; expected tcp, udp, sctp, icmp, ipv6-icmp or a number up to 255");
        }
        return number;
    }

    /** Returns the number of a protocol given by name or number, or -1. */
    static int protocolNumber(String word) {
        String known = Protocols.number(word);
        String digits = known == null ? word : known;
        boolean isNumber = digits.matches("\\d{1,3}") && Integer.parseInt(digits) <= 255;
        return isNumber ? Integer.parseInt(digits) : -1;
    }

    private static Family family(Endpoint end) {
        return end.address().getAddress().length == 16 ? Family.IPV6 : Family.IPV4;
    }

    private static Endpoint end(String word, int protocol) {
        int close = word.indexOf(']');
        boolean bracketed = word.startsWith("[") && close > 0;
        int colon = bracketed ? close + 1 : word.indexOf(':');
        boolean bareIpv6 = !bracketed && colon >= 0 && word.indexOf(':', colon + 1) >= 0;
        boolean hasPort = !bareIpv6 && colon >= 0 && colon < word.length();
        String address = bracketed ? word.substring(1, close) : hasPort ? word.substring(0, colon) : word;
        if (hasPort != Packet.hasPorts(protocol)) {
            throw refused(
                    word,
                    hasPort ? "this protocol has no ports" : "expected a port: 203.0.113.10:80 or [2001:db8::1]:80");
        }
        try {
            return new Endpoint(Cidr.parseAddress(address), hasPort ? port(word, word.substring(colon + 1)) : 0);
        } catch (IllegalArgumentException e) {
            throw refused(word, String.valueOf(e.getMessage()));
        }
    }

    private static int port(String word, String digits) {
        if (!digits.matches("\\d{1,5}") || Integer.parseInt(digits) > 65_535) {
            throw refused(word, "no port: " + digits);
        }
        return Integer.parseInt(digits);
    }

    private @Nullable Endpoint translated(String option, int protocol, Family family) {
        String word = options.get(option);
        if (word == null) {
            return null;
        }
        Endpoint end = end(word, protocol);
        if (family(end) != family) {
            throw refused(word, "of another family than the packet");
        }
        return end;
    }

    private <E extends Enum<E>> @Nullable E one(String option, Class<E> type) {
        String word = options.get(option);
        if (word == null) {
            return null;
        }
        return Arrays.stream(type.getEnumConstants())
                .filter(e -> e.name().equalsIgnoreCase(word))
                .findFirst()
                .orElseThrow(() -> refused(
                        word,
                        "no value of " + option + "; expected one of " + Arrays.toString(type.getEnumConstants())));
    }

    private @Nullable Long mark(String option) {
        String word = options.get(option);
        if (word == null) {
            return null;
        }
        try {
            long mark = Long.decode(word);
            if (mark >= 0 && mark <= Bits.ALL) {
                return mark;
            }
        } catch (NumberFormatException e) {
            // Refused below as any other word.
        }
        throw refused(word, "no mark; expected up to 32 bits such as 5 or 0x5");
    }

    private @Nullable Integer flags() {
        String word = options.get("flags");
        if (word == null) {
            return null;
        }
        int flags = 0;
        for (String flag : word.toLowerCase(Locale.ROOT).split(",", -1)) {
            int bit = TCP_FLAGS.indexOf(flag);
            if (bit < 0) {
                throw refused(word, "expected flags such as syn,ack of " + String.join(",", TCP_FLAGS));
            }
            flags |= 1 << bit;
        }
        return flags;
    }

    private @Nullable Integer icmpType(Family family) {
        String word = options.get("icmp-type");
        if (word == null) {
            return null;
        }
        String[] parts = Protocols.icmpType(family, word).split("/", 2);
        int type = octet(word, parts[0]);
        int code = parts.length == 1 ? 0 : octet(word, parts[1]);
        return type << 8 | code;
    }

    private static int octet(String word, String digits) {
        if (!digits.matches("\\d{1,3}") || Integer.parseInt(digits) > 255) {
            throw refused(word, "no ICMP type; expected 8, 3/1 or echo-request");
        }
        return Integer.parseInt(digits);
    }
}
