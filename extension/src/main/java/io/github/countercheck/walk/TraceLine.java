// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One line of {@code nft -a monitor trace}.
 *
 * @param id the kernel's number; that of one packet within one base chain, and no more
 * @param family nftables' word for the family of the table
 * @param table the table
 * @param chain the chain
 * @param what what the line tells
 */
record TraceLine(String id, String family, String table, String chain, What what) {

    /** What a line tells. */
    sealed interface What {}

    /**
     * The packet as it enters a base chain.
     *
     * @param input the device it came by, or empty
     * @param output the device it will leave by, or empty
     * @param source its source address as text
     * @param sourcePort its source port, or 0
     * @param destination its destination address as text
     * @param destinationPort its destination port, or 0
     * @param mark what stays the same on its whole way through this host, though another packet may have it too
     */
    record Header(
            String input,
            String output,
            String source,
            int sourcePort,
            String destination,
            int destinationPort,
            String mark)
            implements What {}

    /**
     * A rule that the packet met.
     *
     * @param handle its handle, or -1 where it is not printed
     * @param text the rule as nftables prints it, or empty where nft did not know it
     * @param verdict what it did, in nftables' words
     */
    record RuleMet(long handle, String text, String verdict) implements What {}

    /** The end of a base chain that no rule decided. */
    record PolicyMet(String verdict) implements What {}

    /** Something else: the end of a user-defined chain, or what conntrack made of the packet. */
    record Other() implements What {}

    private static final Pattern LINE = Pattern.compile("trace id ([0-9a-f]+) (\\S+) (\\S+) (\\S+) (.*)");
    private static final Pattern RULE =
            Pattern.compile("rule (?<text>.*?)(?: # handle (?<handle>\\d+))? \\(verdict (?<verdict>[^)]+)\\)\\s*");
    private static final Pattern UNKNOWN_RULE =
            Pattern.compile("unknown rule handle (?<handle>\\d+) \\(verdict (?<verdict>[^)]+)\\)\\s*");
    private static final Pattern POLICY = Pattern.compile("policy (\\S+)\\s*");
    private static final Pattern INPUT = Pattern.compile("\\biif (\\S+)");
    private static final Pattern OUTPUT = Pattern.compile("\\boif (\\S+)");
    private static final Pattern ADDRESSES = Pattern.compile("\\bip6? saddr (\\S+) ip6? daddr (\\S+)");
    private static final Pattern PORTS = Pattern.compile("\\b\\w+ sport (\\d+) \\w+ dport (\\d+)");

    /** No translation changes these; what nft prints besides, such as the time to live, differs from hook to hook. */
    private static final Pattern STEADY = Pattern.compile(
            "\\b(ip id|ip6? length|ip6 flowlabel|tcp flags ==|tcp window|udp length|icmp(v6)? (type|code|id|sequence)) \\S+");

    /** Reads a line; empty for one that is not of a trace. */
    static Optional<TraceLine> parse(String line) {
        Matcher matcher = LINE.matcher(line);
        return matcher.matches()
                ? Optional.of(new TraceLine(
                        matcher.group(1), matcher.group(2), matcher.group(3), matcher.group(4), what(matcher.group(5))))
                : Optional.empty();
    }

    private static What what(String text) {
        if (text.startsWith("packet:")) {
            return header(text);
        }
        Matcher rule = RULE.matcher(text);
        if (rule.matches()) {
            String handle = rule.group("handle");
            return new RuleMet(handle == null ? -1 : Long.parseLong(handle), rule.group("text"), rule.group("verdict"));
        }
        Matcher unknown = UNKNOWN_RULE.matcher(text);
        if (unknown.matches()) {
            return new RuleMet(Long.parseLong(unknown.group("handle")), "", unknown.group("verdict"));
        }
        Matcher policy = POLICY.matcher(text);
        return policy.matches() ? new PolicyMet(policy.group(1).toUpperCase(Locale.ROOT)) : new Other();
    }

    private static What header(String text) {
        Matcher addresses = ADDRESSES.matcher(text);
        if (!addresses.find()) {
            // Not of the Internet protocols.
            return new Other();
        }
        Matcher ports = PORTS.matcher(text);
        boolean hasPorts = ports.find();
        return new Header(
                device(INPUT, text),
                device(OUTPUT, text),
                addresses.group(1),
                hasPorts ? Integer.parseInt(ports.group(1)) : 0,
                addresses.group(2),
                hasPorts ? Integer.parseInt(ports.group(2)) : 0,
                STEADY.matcher(text).results().map(result -> result.group()).collect(Collectors.joining(" ")));
    }

    private static String device(Pattern pattern, String text) {
        Matcher device = pattern.matcher(text);
        return device.find() ? device.group(1).replace("\"", "") : "";
    }

    /** Returns the header, if it is one. */
    @Nullable
    Header header() {
        return what instanceof Header header ? header : null;
    }
}
