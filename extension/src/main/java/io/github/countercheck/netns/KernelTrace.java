// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.netns.LineReader.End;
import io.github.countercheck.netns.LineReader.Reading;
import io.github.countercheck.ruleset.NftJsonParser;
import io.github.countercheck.ruleset.NftListing;
import io.github.countercheck.ruleset.ParseException;
import io.github.countercheck.ruleset.Transport;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/**
 * Listens with {@code nft monitor} to what the kernel reports of chosen flows: each rule that their packets meet.
 *
 * <p>The same stream tells of changes to rules. So what was added to our table is seen to be in force, and what was
 * deleted marks the end: the kernel queues one message after the other.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class KernelTrace implements AutoCloseable {

    private static final Duration LIMIT = Duration.ofSeconds(10);

    /** nft's socket has joined the groups NFNLGRP_NFTABLES (7) and NFNLGRP_NFTRACE (9) when it is said to listen. */
    private static final String LISTEN = """
            exec 3<&0 </dev/null
            nft -a monitor 3<&- 2>&1 &
            child=$!
            listening=
            while [ -z "$listening" ] && kill -0 "$child" 2>/dev/null; do
              for fd in /proc/"$child"/fd/*; do
                link=$(readlink "$fd") || continue
                while read -r _ protocol _ groups _ _ _ _ _ inode _; do
                  [ "$protocol $groups $link" = "12 00000140 socket:[$inode]" ] && listening=yes
                done </proc/net/netlink
              done
            done
            [ -n "$listening" ] && echo listening
            exec >/dev/null
            cat <&3
            kill "$child"
            """;

    private static final String LOST = "We lost some netlink events";

    private final OwnTable table;
    private final Netns netns;
    private final RunningCommand nft;
    private final LineReader lines;
    private final Pattern added;
    private final List<String> rules = new ArrayList<>();
    private final List<String> text = new ArrayList<>();

    private KernelTrace(OwnTable table, Netns netns, RunningCommand nft, LineReader lines) {
        this.table = table;
        this.netns = netns;
        this.nft = nft;
        this.lines = lines;
        this.added = Pattern.compile("add rule inet " + Pattern.quote(table.name()) + " (\\S+) .* # (handle \\d+)\\s*");
    }

    static KernelTrace start(OwnTable table, Netns netns) {
        RunningCommand nft = netns.start(Command.of("/bin/sh", "-c", LISTEN));
        try {
            LineReader lines = new LineReader(nft.output());
            Reading start = lines.readUntil("listening"::equals, LIMIT);
            if (start.end() != End.FOUND) {
                throw new CountercheckException(
                        "nft does not listen to the kernel's trace in " + netns.description() + ": " + start.text(),
                        "install nftables there (nft, 0.9.8 or newer) and let the reader have NET_ADMIN; or do not"
                                + " trace");
            }
            return new KernelTrace(table, netns, nft, lines);
        } catch (IOException e) {
            nft.close();
            throw new CountercheckException(
                    "the output of nft in " + netns.description() + " could not be read", "try again", e);
        } catch (RuntimeException e) {
            nft.close();
            throw e;
        }
    }

    /**
     * Has the kernel report a flow from now on, in both directions.
     *
     * @param transport its protocol
     * @param source the sender's address
     * @param sourcePort the sender's port
     * @param destination the address it will be sent to, before any translation
     * @param destinationPort the port it will be sent to, before any translation
     * @throws CountercheckException if the rules for it do not come into force
     */
    public void watch(
            Transport transport, InetAddress source, int sourcePort, InetAddress destination, int destinationPort) {
        for (String comment : table.report(transport, source, sourcePort, destination, destinationPort)) {
            Reading reading =
                    read(line -> line.contains(comment) && added.matcher(line).matches());
            Matcher rule = added.matcher(reading.lines().get(reading.lines().size() - 1));
            if (rule.matches()) {
                rules.add(rule.group(1) + " " + rule.group(2));
            }
        }
    }

    /**
     * Takes the rules away and returns what the kernel reported until then.
     *
     * @return the lines of {@code nft -a monitor} that tell of packets
     * @throws CountercheckException if the kernel had more to tell than was read in time
     */
    public String end() {
        if (!rules.isEmpty()) {
            String last = "delete rule inet " + table.name() + " " + rules.get(rules.size() - 1);
            table.withdraw(rules);
            rules.clear();
            read(line -> line.strip().equals(last));
        }
        return text.stream().filter(line -> line.startsWith("trace id ")).collect(Collectors.joining("\n"));
    }

    /**
     * Lists a table with the handles of its rules.
     *
     * @param family nftables' word for its family
     * @param name its name
     * @throws CountercheckException if it cannot be listed
     */
    public NftListing list(String family, String name) {
        Command command = Command.of("nft", "-j", "list", "table", family, name);
        CommandResult result = netns.run(command, LIMIT);
        try {
            if (result.ok()) {
                return NftJsonParser.parse(result.output());
            }
            throw new CountercheckException(
                    "`" + command + "` failed in " + netns.description() + ": " + result.errors(),
                    "let nobody change the firewall while the test sends");
        } catch (ParseException e) {
            throw new CountercheckException(
                    "the output of `" + command + "` was not understood: " + e.getMessage(),
                    "report this with the output of that command",
                    e);
        }
    }

    private Reading read(Predicate<String> wanted) {
        Reading reading = lines.readUntil(line -> line.contains(LOST) || wanted.test(line), LIMIT);
        text.addAll(reading.lines());
        if (reading.lines().stream().anyMatch(line -> line.contains(LOST))) {
            throw new CountercheckException(
                    "the kernel had more to tell than `nft monitor` could take in " + netns.description(),
                    "send fewer probes at a time, or wait until whoever changes many rules there is done");
        }
        if (reading.end() != End.FOUND) {
            throw new CountercheckException(
                    "`nft monitor` in " + netns.description()
                            + (reading.end() == End.LIMIT ? " did not tell of our own rules " : " has ended ")
                            + table.complaints(),
                    "try again; report this if it happens twice");
        }
        return reading;
    }

    /** Takes away what rules are left, and ends the listening. */
    @Override
    public void close() {
        try {
            if (!rules.isEmpty()) {
                table.withdraw(rules);
            }
        } finally {
            nft.close();
        }
    }
}
