// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What {@link RuleSpec} knows of match and target extensions: their options in the order in which the tools print them,
 * what else these are called, how many words they take, and how a value is printed. Found by loading rules into iptables
 * 1.8.9 and reading them back; {@code RuleSpecIT} does it again.
 */
final class Extensions {

    private static final long ALL_BITS = 0xffff_ffffL;

    private static final List<String> STATES =
            List.of("INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT");
    private static final List<String> STATUSES = List.of("NONE", "EXPECTED", "SEEN_REPLY", "ASSURED", "CONFIRMED");
    private static final List<String> ADDRESS_TYPES = List.of(
            "UNSPEC",
            "UNICAST",
            "LOCAL",
            "BROADCAST",
            "ANYCAST",
            "MULTICAST",
            "BLACKHOLE",
            "UNREACHABLE",
            "PROHIBIT",
            "THROW",
            "NAT",
            "XRESOLVE");
    private static final List<String> LOG_LEVELS =
            List.of("emerg", "alert", "crit", "error", "warning", "notice", "info", "debug");

    private static final Map<String, String> ICMP_TYPES = Map.ofEntries(
            Map.entry("echo-reply", "0"),
            Map.entry("pong", "0"),
            Map.entry("destination-unreachable", "3"),
            Map.entry("network-unreachable", "3/0"),
            Map.entry("host-unreachable", "3/1"),
            Map.entry("protocol-unreachable", "3/2"),
            Map.entry("port-unreachable", "3/3"),
            Map.entry("fragmentation-needed", "3/4"),
            Map.entry("source-quench", "4"),
            Map.entry("redirect", "5"),
            Map.entry("echo-request", "8"),
            Map.entry("ping", "8"),
            Map.entry("router-advertisement", "9"),
            Map.entry("router-solicitation", "10"),
            Map.entry("time-exceeded", "11"),
            Map.entry("ttl-exceeded", "11"),
            Map.entry("parameter-problem", "12"),
            Map.entry("timestamp-request", "13"),
            Map.entry("timestamp-reply", "14"),
            Map.entry("255", "any"));

    private static final Map<String, String> ICMP6_TYPES = Map.ofEntries(
            Map.entry("destination-unreachable", "1"),
            Map.entry("no-route", "1/0"),
            Map.entry("address-unreachable", "1/3"),
            Map.entry("port-unreachable", "1/4"),
            Map.entry("packet-too-big", "2"),
            Map.entry("time-exceeded", "3"),
            Map.entry("ttl-exceeded", "3"),
            Map.entry("parameter-problem", "4"),
            Map.entry("echo-request", "128"),
            Map.entry("ping", "128"),
            Map.entry("echo-reply", "129"),
            Map.entry("pong", "129"),
            Map.entry("router-solicitation", "133"),
            Map.entry("router-advertisement", "134"),
            Map.entry("neighbour-solicitation", "135"),
            Map.entry("neighbor-solicitation", "135"),
            Map.entry("neighbour-advertisement", "136"),
            Map.entry("neighbor-advertisement", "136"),
            Map.entry("redirect", "137"));

    private static final Map<String, String> REJECTIONS = Map.ofEntries(
            Map.entry("net-unreach", "icmp-net-unreachable"),
            Map.entry("host-unreach", "icmp-host-unreachable"),
            Map.entry("proto-unreach", "icmp-proto-unreachable"),
            Map.entry("icmp-proto-unreach", "icmp-proto-unreachable"),
            Map.entry("port-unreach", "icmp-port-unreachable"),
            Map.entry("net-prohib", "icmp-net-prohibited"),
            Map.entry("host-prohib", "icmp-host-prohibited"),
            Map.entry("admin-prohib", "icmp-admin-prohibited"),
            Map.entry("tcp-rst", "tcp-reset"));

    private static final Map<String, String> REJECTIONS6 = Map.of(
            "no-route", "icmp6-no-route",
            "adm-prohibited", "icmp6-adm-prohibited",
            "addr-unreach", "icmp6-addr-unreachable",
            "port-unreach", "icmp6-port-unreachable",
            "policy-fail", "icmp6-policy-fail",
            "reject-route", "icmp6-reject-route");

    private static final Known[] PORTS = {
        known("--sport", 1, each(Extensions::portRange), "--source-port"),
        known("--dport", 1, each(Extensions::portRange), "--destination-port")
    };

    private static final Map<String, Extension> MODULES = byName(
            extension(
                    "tcp",
                    PORTS[0],
                    PORTS[1],
                    known("--tcp-option", 1),
                    known("--tcp-flags", 2, Extensions::tcpFlags),
                    known("--syn", 0, Extensions::syn)),
            extension("udp", PORTS),
            extension("sctp", PORTS[0], PORTS[1], known("--chunk-types", 2)),
            extension("dccp", PORTS[0], PORTS[1], known("--dccp-types", 1), known("--dccp-option", 1)),
            extension("icmp", known("--icmp-type", 1, each(v -> named(v, ICMP_TYPES)))),
            extension("icmp6", known("--icmpv6-type", 1, each(v -> named(v, ICMP6_TYPES)))),
            extension(
                    "conntrack",
                    known("--ctstate", 1, each(v -> sorted(v, STATES))),
                    known("--ctproto", 1, each(Extensions::protocolNumber)),
                    known("--ctorigsrc", 1, each(Extensions::net)),
                    known("--ctorigdst", 1, each(Extensions::net)),
                    known("--ctreplsrc", 1, each(Extensions::net)),
                    known("--ctrepldst", 1, each(Extensions::net)),
                    known("--ctorigsrcport", 1, each(Extensions::range)),
                    known("--ctorigdstport", 1, each(Extensions::range)),
                    known("--ctreplsrcport", 1, each(Extensions::range)),
                    known("--ctrepldstport", 1, each(Extensions::range)),
                    known("--ctstatus", 1, each(v -> sorted(v, STATUSES))),
                    known("--ctexpire", 1),
                    known("--ctdir", 1, each(Extensions::upper))),
            extension("state", known("--state", 1, each(v -> sorted(v, STATES)))),
            extension("comment", known("--comment", 1)),
            extension(
                    "multiport",
                    known("--sports", 1, each(Extensions::portList), "--source-ports"),
                    known("--dports", 1, each(Extensions::portList), "--destination-ports"),
                    known("--ports", 1, each(Extensions::portList))),
            extension(
                    "addrtype",
                    known("--src-type", 1, each(v -> sorted(v, ADDRESS_TYPES))),
                    known("--dst-type", 1, each(v -> sorted(v, ADDRESS_TYPES))),
                    known("--limit-iface-in", 0),
                    known("--limit-iface-out", 0)),
            extension("mark", known("--mark", 1, each(Extensions::mark))),
            extension("connmark", known("--mark", 1, each(Extensions::mark))),
            extension(
                            "limit",
                            known("--limit", 1, each(Extensions::rate)),
                            known("--limit-burst", 1, (family, o) -> unless("5", o)))
                    .with((family, all) -> withDefault(all, "--limit", "3/hour")),
            extension("length", known("--length", 1, each(Extensions::range))),
            extension("ttl", known("--ttl-eq", 1, "--ttl"), known("--ttl-lt", 1), known("--ttl-gt", 1)),
            extension("hl", known("--hl-eq", 1), known("--hl-lt", 1), known("--hl-gt", 1)),
            extension("mac", known("--mac-source", 1, each(Extensions::lower))),
            extension("pkttype", known("--pkt-type", 1, each(v -> v.equalsIgnoreCase("host") ? "unicast" : lower(v)))),
            extension(
                    "iprange",
                    known("--src-range", 1, each(Extensions::wholeRange)),
                    known("--dst-range", 1, each(Extensions::wholeRange))),
            extension("helper", known("--helper", 1)),
            extension(
                    "physdev",
                    known("--physdev-in", 1),
                    known("--physdev-is-in", 0),
                    known("--physdev-out", 1),
                    known("--physdev-is-out", 0),
                    known("--physdev-is-bridged", 0)),
            extension(
                    "string",
                    known("--string", 1),
                    known("--hex-string", 1),
                    known("--algo", 1),
                    known("--from", 1, (family, o) -> unless("0", o)),
                    known("--to", 1, (family, o) -> unless("65535", o)),
                    known("--icase", 0)),
            extension(
                            "policy",
                            known("--dir", 1),
                            known("--pol", 1),
                            known("--strict", 0),
                            known("--reqid", 1),
                            known("--spi", 1),
                            known("--proto", 1),
                            known("--mode", 1),
                            known("--tunnel-src", 1),
                            known("--tunnel-dst", 1),
                            known("--next", 0))
                    .unsorted());

    private static final Known RANDOM = known("--random", 0);
    private static final Known FULLY_RANDOM = known("--random-fully", 0);
    private static final Known PERSISTENT = known("--persistent", 0);
    private static final Known TO_PORTS = known("--to-ports", 1, each(Extensions::natPorts));

    private static final Map<String, Extension> TARGETS = byName(
            extension("ACCEPT"),
            extension("DROP"),
            extension("RETURN"),
            extension("QUEUE"),
            extension("DNAT", known("--to-destination", 1, Extensions::natRange), RANDOM, PERSISTENT),
            extension("SNAT", known("--to-source", 1, Extensions::natRange), RANDOM, FULLY_RANDOM, PERSISTENT),
            extension("MASQUERADE", TO_PORTS, RANDOM, FULLY_RANDOM),
            extension("REDIRECT", TO_PORTS, RANDOM),
            extension("NETMAP", known("--to", 1, each(Extensions::netWithPrefix))),
            extension("REJECT", known("--reject-with", 1, Extensions::rejection))
                    .with((family, all) -> withDefault(
                            all,
                            "--reject-with",
                            family == Family.IPV4 ? "icmp-port-unreachable" : "icmp6-port-unreachable")),
            extension(
                    "LOG",
                    known("--log-prefix", 1),
                    known("--log-level", 1, Extensions::logLevel),
                    known("--log-tcp-sequence", 0),
                    known("--log-tcp-options", 0),
                    known("--log-ip-options", 0),
                    known("--log-uid", 0),
                    known("--log-macdecode", 0)),
            extension(
                    "NFLOG",
                    known("--nflog-prefix", 1),
                    known("--nflog-group", 1, (family, o) -> unless("0", o)),
                    known("--nflog-range", 1),
                    known("--nflog-size", 1),
                    known("--nflog-threshold", 1)),
            extension("NFQUEUE", known("--queue-num", 1), known("--queue-balance", 1), known("--queue-bypass", 0))
                    .with((family, all) -> all.stream().anyMatch(o -> o.name().equals("--queue-balance"))
                            ? all
                            : withDefault(all, "--queue-num", "0")),
            extension(
                    "MARK",
                    known("--set-xmark", 1, Extensions::setMark),
                    known("--set-mark", 1, Extensions::setMark),
                    known("--or-mark", 1, Extensions::setMark),
                    known("--and-mark", 1, Extensions::setMark),
                    known("--xor-mark", 1, Extensions::setMark)),
            extension(
                            "CONNMARK",
                            known("--set-xmark", 1, Extensions::setMark),
                            known("--set-mark", 1, Extensions::setMark),
                            known("--or-mark", 1, Extensions::setMark),
                            known("--and-mark", 1, Extensions::setMark),
                            known("--xor-mark", 1, Extensions::setMark),
                            known("--save-mark", 0),
                            known("--restore-mark", 0),
                            known("--nfmask", 1, each(Extensions::hex)),
                            known("--ctmask", 1, each(Extensions::hex)),
                            known("--mask", 1, each(Extensions::hex)))
                    .with((family, all) -> copiedMarkMasks(all)),
            extension("TCPMSS", known("--set-mss", 1), known("--clamp-mss-to-pmtu", 0)),
            extension("CHECKSUM", known("--checksum-fill", 0)),
            extension("TRACE"),
            extension("NOTRACK"));

    private Extensions() {}

    /** How one option prints itself; null for a default that is not printed. */
    private interface Canonical {
        @Nullable
        Option apply(Family family, Option option);
    }

    /** What follows from all options of an extension together, such as defaults that are printed. */
    private interface Whole {
        List<Option> apply(Family family, List<Option> options);
    }

    /** One option. Negation is part of what {@code canonical} gets and returns. */
    record Known(String name, int values, Canonical canonical, List<String> synonyms) {

        boolean isCalled(String other) {
            return name.equals(other) || synonyms.contains(other);
        }

        boolean startsWith(String prefix) {
            return name.startsWith(prefix) || synonyms.stream().anyMatch(s -> s.startsWith(prefix));
        }
    }

    private record Extension(String name, List<Known> options, boolean sorted, Whole whole) {

        Extension with(Whole other) {
            return new Extension(name, options, sorted, other);
        }

        Extension unsorted() {
            return new Extension(name, options, false, whole);
        }

        @Nullable
        Known called(String option) {
            for (Known known : options) {
                if (known.isCalled(option)) {
                    return known;
                }
            }
            return null;
        }

        /** Finds an option by any unambiguous beginning of its name, as getopt does. */
        @Nullable
        Known find(String option) {
            Known exact = called(option);
            if (exact != null) {
                return exact;
            }
            List<Known> found =
                    options.stream().filter(k -> k.startsWith(option)).toList();
            return found.size() == 1 ? found.get(0) : null;
        }

        /** Puts options that are not known behind the others. */
        int rank(Option option) {
            Known known = called(option.name());
            return known == null ? options.size() : options.indexOf(known);
        }
    }

    private static Extension extension(String name, Known... options) {
        return new Extension(name, List.of(options), true, (family, all) -> all);
    }

    private static Known known(String name, int values, String... synonyms) {
        return known(name, values, (family, option) -> option, synonyms);
    }

    private static Known known(String name, int values, Canonical canonical, String... synonyms) {
        return new Known(name, values, canonical, List.of(synonyms));
    }

    /** Canonical form by the text of each value; an empty text stands for a default that is not printed. */
    private static Canonical each(UnaryOperator<String> canonical) {
        return (family, option) -> {
            List<String> values = option.values().stream().map(canonical).toList();
            return values.contains("") ? null : new Option(option.negated(), option.name(), values);
        };
    }

    private static Map<String, Extension> byName(Extension... extensions) {
        return Arrays.stream(extensions).collect(Collectors.toMap(Extension::name, Function.identity()));
    }

    /** Names the module that the options right behind {@code -p} belong to. */
    static String moduleOfProtocol(String protocol) {
        String name = Protocols.canonical(protocol);
        return name.equals("ipv6-icmp") ? "icmp6" : name;
    }

    static String moduleName(String name, Family family) {
        return name.equals("icmpv6") || (name.equals("icmp") && family == Family.IPV6) ? "icmp6" : name;
    }

    private static @Nullable Extension extension(String name, boolean isTarget, Family family) {
        return isTarget ? TARGETS.get(name) : MODULES.get(moduleName(name, family));
    }

    /** Finds an option of an extension by its name, a synonym or an unambiguous beginning. */
    static @Nullable Known find(String extension, boolean isTarget, Family family, String option) {
        Extension found = extension(extension, isTarget, family);
        return found == null ? null : found.find(option);
    }

    /** Returns the options as the tools print them. Those of an unknown extension stay as they are. */
    static List<Option> canonical(String extension, boolean isTarget, Family family, List<Option> options) {
        Extension found = extension(extension, isTarget, family);
        if (found == null) {
            return options;
        }
        List<Option> canonical = new ArrayList<>();
        for (Option option : options) {
            Known known = found.called(option.name());
            Option printed = known == null || option.values().size() != known.values()
                    ? option
                    : known.canonical().apply(family, new Option(option.negated(), known.name(), option.values()));
            if (printed != null) {
                canonical.add(printed);
            }
        }
        if (found.sorted()) {
            canonical.sort(Comparator.comparingInt(found::rank));
        }
        return found.whole().apply(family, canonical);
    }

    private static List<Option> withDefault(List<Option> options, String name, String value) {
        if (options.stream().anyMatch(o -> o.name().equals(name))) {
            return options;
        }
        return Stream.concat(Stream.of(new Option(false, name, List.of(value))), options.stream())
                .toList();
    }

    private static @Nullable Option unless(String value, Option option) {
        return option.value().equals(value) && !option.negated() ? null : option;
    }

    /** Completes an address as the tools do: {@code 10/8} is {@code 10.0.0.0/8}. */
    static String padded(String net) {
        int slash = net.indexOf('/');
        String address = slash < 0 ? net : net.substring(0, slash);
        long dots = address.chars().filter(c -> c == '.').count();
        boolean digits = !address.isEmpty() && address.chars().allMatch(c -> c == '.' || (c >= '0' && c <= '9'));
        if (!digits || dots >= 3) {
            return net;
        }
        return address + ".0".repeat((int) (3 - dots)) + (slash < 0 ? "" : net.substring(slash));
    }

    private static String lower(String value) {
        return value.toLowerCase(Locale.ROOT);
    }

    private static String upper(String value) {
        return value.toUpperCase(Locale.ROOT);
    }

    static String icmpType(Family family, String type) {
        return named(type, family == Family.IPV6 ? ICMP6_TYPES : ICMP_TYPES);
    }

    private static String named(String value, Map<String, String> names) {
        String name = names.get(lower(value));
        return name == null ? value : name;
    }

    /** Sorts words of a list in the kernel's order of their bits; words that are not known come last. */
    private static String sorted(String list, List<String> order) {
        Set<String> words = new LinkedHashSet<>(Arrays.asList(upper(list).split(",", -1)));
        return words.stream()
                .sorted(Comparator.comparingInt(w -> order.contains(w) ? order.indexOf(w) : order.size()))
                .collect(Collectors.joining(","));
    }

    private static String portRange(String value) {
        String range = range(value);
        return range.equals("0:65535") ? "" : range;
    }

    /** Completes {@code 5:} and {@code :5}, and shortens {@code 5:5}. */
    private static String range(String value) {
        int colon = value.indexOf(':');
        if (colon < 0) {
            return Protocols.port(value);
        }
        String from = colon == 0 ? "0" : Protocols.port(value.substring(0, colon));
        String to = colon == value.length() - 1 ? "65535" : Protocols.port(value.substring(colon + 1));
        return from.equals(to) ? from : from + ":" + to;
    }

    private static String portList(String value) {
        return Arrays.stream(value.split(",", -1)).map(Extensions::range).collect(Collectors.joining(","));
    }

    private static String wholeRange(String value) {
        return value.indexOf('-') < 0 ? value + "-" + value : value;
    }

    private static @Nullable Option tcpFlags(Family family, Option option) {
        String mask = flags(option.values().get(0));
        String set = flags(option.values().get(1));
        return mask.equals("NONE") && set.equals("NONE") && !option.negated()
                ? null
                : new Option(option.negated(), option.name(), List.of(mask, set));
    }

    private static String flags(String value) {
        return switch (upper(value)) {
            case "ALL" -> String.join(",", Protocols.TCP_FLAGS);
            case "NONE" -> "NONE";
            default -> sorted(value, Protocols.TCP_FLAGS);
        };
    }

    private static Option syn(Family family, Option option) {
        return new Option(option.negated(), "--tcp-flags", List.of("FIN,SYN,RST,ACK", "SYN"));
    }

    private static String protocolNumber(String value) {
        String number = Protocols.number(value);
        return number == null ? value : number;
    }

    /** Prints a net without the prefix length of a single address. */
    private static String net(String value) {
        try {
            Cidr net = Cidr.parse(value).network();
            return net.isSingleAddress() ? Cidr.format(net.address()) : net.toString();
        } catch (IllegalArgumentException e) {
            return value;
        }
    }

    private static String netWithPrefix(String value) {
        try {
            return Cidr.parse(value).network().toString();
        } catch (IllegalArgumentException e) {
            return value;
        }
    }

    /** Reads a number as C does: {@code 0x10}, {@code 010} and {@code 8}; -1 if it is none of 32 bits. */
    private static long bits(String value) {
        try {
            long bits = Long.decode(value);
            return bits >= 0 && bits <= ALL_BITS ? bits : -1;
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    private static String hex(String value) {
        long bits = bits(value);
        return bits < 0 ? value : hex(bits);
    }

    private static String hex(long bits) {
        return "0x" + Long.toHexString(bits);
    }

    private static String mark(String value) {
        int slash = value.indexOf('/');
        long mark = bits(slash < 0 ? value : value.substring(0, slash));
        long mask = slash < 0 ? ALL_BITS : bits(value.substring(slash + 1));
        if (mark < 0 || mask < 0) {
            return value;
        }
        return mask == ALL_BITS ? hex(mark) : hex(mark) + "/" + hex(mask);
    }

    private static Option setMark(Family family, Option option) {
        String value = option.value();
        int slash = value.indexOf('/');
        long mark = bits(slash < 0 ? value : value.substring(0, slash));
        long mask = slash < 0 ? ALL_BITS : bits(value.substring(slash + 1));
        if (mark < 0 || mask < 0) {
            return option;
        }
        String printed = switch (option.name()) {
            case "--or-mark" -> hex(mark) + "/" + hex(mark);
            case "--and-mark" -> "0x0/" + hex(~mark & ALL_BITS);
            case "--xor-mark" -> hex(mark) + "/0x0";
            case "--set-mark" -> hex(mark) + "/" + hex(mark | mask);
            default -> hex(mark) + "/" + hex(mask);
        };
        return new Option(option.negated(), "--set-xmark", List.of(printed));
    }

    private static List<Option> copiedMarkMasks(List<Option> options) {
        String both = hex(ALL_BITS);
        String netfilter = null;
        String connection = null;
        List<Option> printed = new ArrayList<>();
        boolean copies = false;
        for (Option option : options) {
            switch (option.name()) {
                case "--mask" -> both = option.value();
                case "--nfmask" -> netfilter = option.value();
                case "--ctmask" -> connection = option.value();
                default -> {
                    printed.add(option);
                    copies |=
                            option.name().equals("--save-mark") || option.name().equals("--restore-mark");
                }
            }
        }
        if (!copies) {
            return options;
        }
        printed.add(new Option(false, "--nfmask", List.of(netfilter == null ? both : netfilter)));
        printed.add(new Option(false, "--ctmask", List.of(connection == null ? both : connection)));
        return printed;
    }

    /** Prints a rate in the largest unit in which it is a whole number, or nearly; the kernel keeps only the pause. */
    private static String rate(String value) {
        int slash = value.indexOf('/');
        String count = slash < 0 ? value : value.substring(0, slash);
        String unit = slash < 0 ? "second" : lower(value.substring(slash + 1));
        long[] seconds = {86_400, 3_600, 60, 1};
        List<String> units = List.of("day", "hour", "minute", "second");
        List<String> printed = List.of("day", "hour", "min", "sec");
        long perUnit = 0;
        for (int i = 0; i < seconds.length; i++) {
            if (!unit.isEmpty()
                    && (units.get(i).startsWith(unit) || printed.get(i).equals(unit))) {
                perUnit = seconds[i] * 10_000;
            }
        }
        if (perUnit == 0 || count.length() > 7 || !Words.isDigits(count)) {
            return value;
        }
        long rate = Long.parseLong(count);
        if (rate == 0 || rate > perUnit) {
            return value;
        }
        long pause = perUnit / rate;
        int chosen = 0;
        for (int i = 1; i < seconds.length; i++) {
            long whole = seconds[i] * 10_000;
            if (pause > whole || whole / pause < whole % pause) {
                break;
            }
            chosen = i;
        }
        return seconds[chosen] * 10_000 / pause + "/" + printed.get(chosen);
    }

    /** Prints {@code address[-address][:ports]}, with brackets around IPv6 addresses before ports. */
    private static Option natRange(Family family, Option option) {
        String value = option.value();
        String printed;
        if (family == Family.IPV6) {
            int close = value.indexOf(']');
            printed = value.startsWith("[") && close > 0
                    ? "[" + addressRange(value.substring(1, close)) + "]" + portsBehind(value.substring(close + 1))
                    : addressRange(value);
        } else {
            int colon = value.indexOf(':');
            printed = colon < 0
                    ? addressRange(value)
                    : addressRange(value.substring(0, colon)) + portsBehind(value.substring(colon));
        }
        return new Option(option.negated(), option.name(), List.of(printed));
    }

    private static String portsBehind(String colonAndPorts) {
        return colonAndPorts.startsWith(":") ? ":" + natPorts(colonAndPorts.substring(1)) : colonAndPorts;
    }

    private static String natPorts(String value) {
        if (!value.isEmpty() && !Character.isDigit(value.charAt(0))) {
            return Protocols.port(value);
        }
        int dash = value.indexOf('-');
        return dash > 0 && value.substring(0, dash).equals(value.substring(dash + 1))
                ? value.substring(0, dash)
                : value;
    }

    private static String addressRange(String value) {
        int dash = value.indexOf('-');
        String first = net(dash < 0 ? value : value.substring(0, dash));
        String last = dash < 0 ? first : net(value.substring(dash + 1));
        return first.equals(last) ? first : first + "-" + last;
    }

    private static Option rejection(Family family, Option option) {
        String lower = lower(option.value());
        String printed = (family == Family.IPV4 ? REJECTIONS : REJECTIONS6).get(lower);
        return new Option(option.negated(), option.name(), List.of(printed == null ? lower : printed));
    }

    private static @Nullable Option logLevel(Family family, Option option) {
        String lower = lower(option.value());
        int level = lower.equals("panic") ? 0 : LOG_LEVELS.indexOf(lower);
        String printed = level < 0 ? lower : Integer.toString(level);
        return printed.equals("4") ? null : new Option(option.negated(), option.name(), List.of(printed));
    }
}
