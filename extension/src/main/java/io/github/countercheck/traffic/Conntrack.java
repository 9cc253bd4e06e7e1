// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.traffic;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.netns.Command;
import io.github.countercheck.netns.CommandResult;
import io.github.countercheck.netns.Netns;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Ruleset;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apiguardian.api.API;

/**
 * Asks the connection tracking of one namespace for single flows.
 *
 * <p>{@code conntrack -G} has the kernel look up one tuple, so that the cost does not grow with the table. Where the tool or
 * what it speaks to is missing, /proc/net/nf_conntrack is searched. Both know flows of zone 0 only, where all are that no
 * rule puts elsewhere.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class Conntrack {

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final int COMMAND_NOT_FOUND = 127;
    private static final String NO_SUCH_ENTRY = "such conntrack doesn't exist";
    private static final String PROC = "/proc/net/nf_conntrack";
    private static final int NO_LINE = 1;

    /** What of a rule makes the kernel register connection tracking; the words of iptables, then those of nft. */
    private static final Pattern ASKS = Pattern.compile(
            "(^| )(-m (state|conn|helper|cluster)|-j (DNAT|SNAT|MASQUERADE|REDIRECT|NETMAP|CT|CONN|SYNPROXY)"
                    + "|ct |dnat |snat |masquerade|redirect)");

    private final Netns netns;
    private volatile boolean toolMissing;

    /** Asks in that namespace, which stays the caller's to close. */
    public Conntrack(Netns netns) {
        this.netns = netns;
    }

    /**
     * Tells whether one of the rules makes the kernel track flows of that family. It tracks nothing where no rule asks for
     * it, as with {@code "iptables": false}, or over IPv6 where all rules are of IPv4.
     */
    public static boolean isAskedFor(Family family, List<Ruleset> rulesets) {
        return rulesets.stream()
                .filter(ruleset -> ruleset.family().sees(family))
                .flatMap(Ruleset::rules)
                .anyMatch(rule -> ASKS.matcher(rule.spec()).find());
    }

    /** Returns what the kernel knows of the flow that its sender made so. */
    public ConntrackAnswer find(Tuple tuple) {
        try {
            if (toolMissing) {
                return search(tuple, "there is no conntrack tool");
            }
            CommandResult result = netns.run(get(tuple), LIMIT);
            if (result.ok()) {
                return of(tuple, result.output());
            }
            if (result.errors().contains(NO_SUCH_ENTRY)) {
                return new ConntrackAnswer.Absent();
            }
            toolMissing = result.status() == COMMAND_NOT_FOUND;
            return search(tuple, lastLine(result));
        } catch (CountercheckException e) {
            return new ConntrackAnswer.Unreadable(e.problem());
        }
    }

    private static Command get(Tuple tuple) {
        return Command.of(
                "conntrack",
                "-G",
                "-p",
                tuple.transport().toString(),
                "--orig-src",
                Cidr.format(tuple.source()),
                "--orig-dst",
                Cidr.format(tuple.destination()),
                "--sport",
                Integer.toString(tuple.sourcePort()),
                "--dport",
                Integer.toString(tuple.destinationPort()));
    }

    private ConntrackAnswer search(Tuple tuple, String whyNotTheTool) {
        String ports = " sport=" + tuple.sourcePort() + " dport=" + tuple.destinationPort() + " ";
        CommandResult result = netns.run(Command.of("grep", "-F", "-e", ports, PROC), LIMIT);
        if (result.ok() || (result.status() == NO_LINE && result.errors().isEmpty())) {
            return of(tuple, result.output());
        }
        return new ConntrackAnswer.Unreadable(
                whyNotTheTool + "; " + lastLine(result) + " (" + netns.description() + ")");
    }

    /** The kernel finds an entry by either of its directions; only the one that the sender made is meant. */
    private static ConntrackAnswer of(Tuple tuple, String lines) {
        List<ConntrackEntry> entries;
        try {
            entries = lines.lines().map(ConntrackEntry::parse).toList();
        } catch (IllegalArgumentException e) {
            return new ConntrackAnswer.Unreadable(String.valueOf(e.getMessage()));
        }
        Optional<ConntrackEntry> own = entries.stream()
                .filter(entry -> entry.zone() == 0 && entry.isOf(tuple))
                .findFirst();
        return own.<ConntrackAnswer>map(ConntrackAnswer.Found::new).orElseGet(ConntrackAnswer.Absent::new);
    }

    private static String lastLine(CommandResult result) {
        return result.errors()
                .lines()
                .filter(line -> !line.startsWith("Try `"))
                .reduce((first, second) -> second)
                .orElse("`" + result.command() + "` ended with status " + result.status());
    }
}
