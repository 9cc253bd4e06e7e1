// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.netns.LineReader.End;
import io.github.countercheck.netns.LineReader.Reading;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Transport;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apiguardian.api.API;

/**
 * An nftables table of our own in a namespace. Its rules decide nothing: they let the kernel report chosen packets, or
 * begin to track connections. Nobody else's rule is touched.
 *
 * <p>It vanishes with this JVM, however that ends. An {@code nft} that waits for commands holds it, and reads the end of
 * its input when the JVM is gone. The table belongs to that nft's netlink socket ({@code flags owner}, from Linux 5.12), so
 * that the kernel removes it with the socket; and the shell that started nft deletes it where the kernel does not. Should
 * both have been killed at once on an older kernel, the next table that is opened there reaps it: the table's name is the
 * inode of the socket that held it, which is listed in /proc/net/netlink as long as it is open.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class OwnTable implements AutoCloseable {

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final Pattern NAME = Pattern.compile("countercheck-(\\d+)");
    private static final Pattern TABLE = Pattern.compile("table inet (countercheck-\\d+)");

    /** The fields of /proc/net/netlink; protocol 12 is NETLINK_NETFILTER. */
    private static final int PROTOCOL_FIELD = 1;

    private static final int INODE_FIELD = 9;
    private static final String NETFILTER = "12";

    /** Before the tables of iptables and whatever stands at their usual priorities. */
    private static final int FIRST = -350;

    /** Just after conntrack (-200) knows the flow of the packet. */
    private static final int AFTER_CONNTRACK = -199;

    private static final String HOLD = """
            exec 3<&0 </dev/null
            nft -i <&3 3<&- 2>&1 &
            child=$!
            exec 3<&-
            socket=
            while [ -z "$socket" ] && kill -0 "$child" 2>/dev/null; do
              for fd in /proc/"$child"/fd/*; do
                link=$(readlink "$fd") || continue
                while read -r _ protocol _ _ _ _ _ _ _ inode _; do
                  [ "$protocol $link" = "12 socket:[$inode]" ] && socket=$inode
                done </proc/net/netlink
              done
            done
            echo "socket $socket"
            wait "$child"
            nft delete table inet "countercheck-$socket" 2>/dev/null
            """;

    private static final Pattern SOCKET = Pattern.compile("socket (\\d+)");

    private final Netns netns;
    private final RunningCommand nft;
    private final LineReader answers;
    private final String name;
    private boolean traces;
    private boolean tracksConnections;
    private int traced;

    private OwnTable(Netns netns, RunningCommand nft, LineReader answers, String name) {
        this.netns = netns;
        this.nft = nft;
        this.answers = answers;
        this.name = name;
    }

    /** Tells whether a table is one of ours, of this JVM or another one; such a table is no part of what is measured. */
    public static boolean isOwn(String table) {
        return NAME.matcher(table).matches();
    }

    /**
     * Makes the table, empty.
     *
     * @param netns where; it stays the caller's to close, and must stay open as long as the table
     * @throws CountercheckException if it could not be made
     */
    public static OwnTable open(Netns netns) {
        return open(netns, "{ flags owner; }");
    }

    /** Makes it as on a kernel that knows no owners if there is no flag. */
    static OwnTable open(Netns netns, String flags) {
        reap(netns);
        RunningCommand nft = netns.start(Command.of("/bin/sh", "-c", HOLD).withEnvironment("TERM", "dumb"));
        try {
            LineReader answers = new LineReader(nft.output());
            // Until nft has asked the kernel something, its socket is not listed.
            tell(nft, "list tables");
            Reading start = answers.readUntil(line -> SOCKET.matcher(line).matches(), LIMIT);
            if (start.end() != End.FOUND) {
                throw unusable(netns, "nft did not start", start);
            }
            Matcher socket = SOCKET.matcher(start.lines().get(start.lines().size() - 1));
            if (!socket.matches()) {
                throw unusable(netns, "nft did not start", start);
            }
            OwnTable table = new OwnTable(netns, nft, answers, "countercheck-" + socket.group(1));
            table.create(flags);
            return table;
        } catch (IOException e) {
            nft.close();
            throw new CountercheckException(
                    "nft in " + netns.description() + " could not be talked to", "try again", e);
        } catch (RuntimeException e) {
            nft.close();
            throw e;
        }
    }

    private static void reap(Netns netns) {
        // The sockets are listed after the tables: a table's socket is older than the table.
        // "list tables" has nft 1.0 fetch every rule first; this names the tables without chains as well.
        String tables = netns.run(Command.of("nft", "list", "chains"), LIMIT).output();
        Set<String> names = new HashSet<>();
        tables.lines().map(TABLE::matcher).filter(Matcher::lookingAt).forEach(table -> names.add(table.group(1)));
        if (names.isEmpty()) {
            return;
        }
        netns.run(Command.of("cat", "/proc/net/netlink"), LIMIT)
                .output()
                .lines()
                .map(line -> line.trim().split("\\s+", -1))
                .filter(fields -> fields.length > INODE_FIELD && fields[PROTOCOL_FIELD].equals(NETFILTER))
                .forEach(fields -> names.remove("countercheck-" + fields[INODE_FIELD]));
        // Another JVM may do the same at this moment, so that it may be gone already.
        names.forEach(dead -> netns.run(Command.of("nft", "delete", "table", "inet", dead), LIMIT));
    }

    private void create(String flags) {
        Reading owned = ask("add table inet " + name + " " + flags);
        if (!isListed(owned) && !isListed(ask("add table inet " + name))) {
            throw unusable(netns, "the table " + name + " could not be made", owned);
        }
    }

    /** Has nft carry out a line, and list the table so that there is an answer in any case. */
    private Reading ask(String line) {
        String list = "list table inet " + name;
        tell(line);
        tell(list);
        // An error cites the line that it is about, unless nft is refused all it asks the kernel.
        return answers.readUntil(
                answer -> answer.equals("}") || answer.equals(list) || answer.contains("Operation not permitted"),
                LIMIT);
    }

    private static boolean isListed(Reading answer) {
        return answer.end() == End.FOUND
                && answer.lines().get(answer.lines().size() - 1).equals("}");
    }

    private void require(String line) {
        Reading answer = ask(line);
        if (!isListed(answer) || answer.lines().stream().anyMatch(said -> said.startsWith("Error"))) {
            throw unusable(netns, "`" + line + "` failed", answer);
        }
    }

    private static void tell(RunningCommand nft, String line) throws IOException {
        OutputStream input = nft.input();
        input.write((line + "\n").getBytes(StandardCharsets.UTF_8));
        input.flush();
    }

    private void tell(String line) {
        try {
            tell(nft, line);
        } catch (IOException e) {
            throw new CountercheckException(
                    "the nft that holds the table " + name + " in " + netns.description() + " has ended",
                    "find what ended it; the table went with it",
                    e);
        }
    }

    /**
     * Lets the namespace track connections also where no other rule asks for it, with a rule that matches on conntrack's
     * state and does nothing.
     */
    public synchronized void trackConnections() {
        if (!tracksConnections) {
            // The kernel begins to track when such a rule is made. The chain hangs on no hook: no packet ever meets it.
            require("add chain inet " + name + " tracking; add rule inet " + name + " tracking ct state new");
            tracksConnections = true;
        }
    }

    /**
     * Begins to listen to what the kernel reports of packets.
     *
     * @throws CountercheckException if that is not possible
     */
    public synchronized KernelTrace trace() {
        if (!traces) {
            List<String> chains = new ArrayList<>();
            for (String hook : List.of("prerouting", "output")) {
                chains.add("add chain inet " + name + " " + hook + " " + base(hook, FIRST));
                chains.add("add chain inet " + name + " " + hook + "-reply " + base(hook, AFTER_CONNTRACK));
            }
            require(String.join("; ", chains));
            traces = true;
        }
        return KernelTrace.start(this, netns);
    }

    private static String base(String hook, int priority) {
        return "{ type filter hook " + hook + " priority " + priority + "; policy accept; }";
    }

    /** Returns the table's name. */
    public String name() {
        return name;
    }

    /**
     * Lets the kernel report the packets of one flow.
     *
     * @return the comments that the rules bear
     */
    synchronized List<String> report(
            Transport transport, InetAddress source, int sourcePort, InetAddress destination, int destinationPort) {
        String family = source instanceof Inet4Address ? "ip" : "ip6";
        String from = Cidr.format(source);
        String to = Cidr.format(destination);
        // What is sent; what comes back to the sender; and what conntrack knows to come back, whatever its addresses
        // are
        // before they are translated. Of a conntrack tuple's ports nft 1.0.6 takes one.
        String original = String.format(
                "%1$s saddr %2$s %1$s daddr %3$s %4$s sport %5$d %4$s dport %6$d",
                family, from, to, transport, sourcePort, destinationPort);
        String reply = String.format("%s daddr %s %s dport %d", family, from, transport, sourcePort);
        String known = String.format(
                "ct direction reply ct original %1$s saddr %2$s ct original %1$s daddr %3$s meta l4proto %4$s"
                        + " ct original proto-src %5$d",
                family, from, to, transport, sourcePort);
        List<String> rules = new ArrayList<>();
        List<String> comments = new ArrayList<>();
        for (String hook : List.of("prerouting", "output")) {
            for (String rule : List.of(hook + " " + original, hook + " " + reply, hook + "-reply " + known)) {
                String comment = "comment \"" + ++traced + "\"";
                comments.add(comment);
                rules.add("add rule inet " + name + " " + rule + " meta nftrace set 1 " + comment);
            }
        }
        tell(String.join("; ", rules));
        return comments;
    }

    /** Takes rules away again, each given as its chain and handle: {@code output handle 7}. */
    synchronized void withdraw(List<String> rules) {
        tell(String.join(
                "; ",
                rules.stream()
                        .map(rule -> "delete rule inet " + name + " " + rule)
                        .toList()));
    }

    /** Returns what nft complained of since it was last asked. */
    synchronized String complaints() {
        Reading answer = ask("");
        return String.join(
                " ",
                answer.lines().stream().filter(line -> line.startsWith("Error")).toList());
    }

    private static CountercheckException unusable(Netns netns, String problem, Reading answer) {
        return new CountercheckException(
                problem + " in " + netns.description() + ": "
                        + (answer.lines().isEmpty() ? "no answer" : answer.text()),
                "install nftables there (nft, 0.9.8 or newer) and let the reader have NET_ADMIN; or do not trace");
    }

    /** Removes the table and waits until it is gone. */
    @Override
    public synchronized void close() {
        try {
            tell("quit");
            answers.readUntil(line -> false, LIMIT);
        } catch (CountercheckException e) {
            // nft has ended already, and the table with it.
            return;
        } finally {
            nft.close();
        }
    }
}
