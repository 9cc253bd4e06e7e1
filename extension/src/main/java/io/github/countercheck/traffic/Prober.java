// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.traffic;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.netns.Command;
import io.github.countercheck.netns.CommandResult;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Transport;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.apiguardian.api.API;

/** Sends probes with {@code socat}, which names what the kernel answered. */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class Prober {

    private static final int TRIES_FOR_A_PORT = 20;
    private static final int COMMAND_NOT_FOUND = 127;

    /** What each answer of the kernel to connect(2) or read(2) means, in the words of strerror(3). */
    private static final List<Map.Entry<String, Outcome>> WORDS = List.of(
            Map.entry("Connection refused", Outcome.REFUSED),
            Map.entry("Connection reset", Outcome.RESET),
            Map.entry("Broken pipe", Outcome.RESET),
            Map.entry("timed out", Outcome.TIMED_OUT),
            Map.entry("No route to host", Outcome.UNREACHABLE),
            Map.entry("Host is unreachable", Outcome.UNREACHABLE),
            Map.entry("Network is unreachable", Outcome.UNREACHABLE),
            Map.entry("Operation not permitted", Outcome.UNREACHABLE),
            Map.entry("Cannot assign requested address", Outcome.NOT_SENT),
            Map.entry("Invalid argument", Outcome.NOT_SENT));

    /** What socat says where the kernel, or it itself, does not know a protocol. */
    private static final List<String> UNKNOWN =
            List.of("Protocol not supported", "Socket type not supported", "unknown device/address");

    private Prober() {}

    /**
     * Sends one probe and waits for what becomes of it.
     *
     * @param from where it starts
     * @param transport TCP or UDP
     * @param to the literal address; no name is ever looked up, for the look-up would be traffic too
     * @param port the port
     * @param payload what to send; a UDP probe sends it as one datagram
     * @param limits how long it may take
     * @param announce is told of the flow before anything of it is sent, again if its source port turns out to be taken
     * @throws CountercheckException if the place has no {@code socat}, or did not come back within the total limit
     */
    public static Probe send(
            Place from,
            Transport transport,
            InetAddress to,
            int port,
            String payload,
            Limits limits,
            Consumer<Tuple> announce) {
        if (transport == Transport.UDP && payload.isEmpty()) {
            throw new CountercheckException(
                    "a UDP probe without a payload would send nothing", "give it one: traffic.udp().payload(\"ping\")");
        }
        InetAddress source = to.isLoopbackAddress() ? to : source(from, to);
        for (int attempt = 0; attempt < TRIES_FOR_A_PORT; attempt++) {
            Tuple tuple = new Tuple(transport, source, from.freshPort(), to, port);
            announce.accept(tuple);
            long start = System.nanoTime();
            CommandResult result = from.netns().run(command(tuple, payload, limits), limits.total());
            Duration elapsed = Duration.ofNanos(System.nanoTime() - start);
            if (result.status() == COMMAND_NOT_FOUND) {
                throw new CountercheckException(
                        "there is no socat in " + from.netns().description(),
                        "name an image that has it with countercheck.toolbox.image");
            }
            if (transport == Transport.SCTP && UNKNOWN.stream().anyMatch(result.errors()::contains)) {
                throw new CountercheckException(
                        "SCTP cannot be sent from " + from.netns().description() + ": "
                                + detail(result, Outcome.NOT_SENT),
                        "it takes a kernel with SCTP (modprobe sctp) and a socat that was built with it");
            }
            if (!result.errors().contains("Address already in use")) {
                Outcome outcome = outcome(from, tuple, result);
                return new Probe(
                        tuple,
                        outcome,
                        result.output(),
                        detail(result, outcome),
                        elapsed,
                        null,
                        new ConntrackAnswer.Unreadable("it was not asked"));
            }
        }
        throw new CountercheckException(
                "no free source port was found in " + from.netns().description(),
                "look with `ss -an` for what holds the ports from 20000 to 31999 there");
    }

    /** A sender with several addresses uses the one that its routes choose. */
    private static InetAddress source(Place from, InetAddress to) {
        Family family = Family.of(to);
        InetAddress own = from.address(family)
                .orElseThrow(() -> new CountercheckException(
                        "nothing can be sent over " + family.inWords() + " from "
                                + from.netns().description() + ", which has no " + family.inWords() + " address",
                        family == Family.IPV6
                                ? "join the container to a network with IPv6 (enable_ipv6, or \"ipv6\" in daemon.json); see"
                                        + " `sysctl net.ipv6.conf.all.disable_ipv6` there"
                                : "join the container to a network with IPv4"));
        return from.sourceTo(to).orElse(own);
    }

    private static Command command(Tuple tuple, String payload, Limits limits) {
        boolean ipv6 = Family.of(tuple.destination()) == Family.IPV6;
        String version = ipv6 ? "6" : "4";
        String options = version + ":" + Tuple.endpoint(tuple.destination(), Integer.toString(tuple.destinationPort()))
                + ",sourceport=" + tuple.sourcePort();
        return switch (tuple.transport()) {
            // -t: how long the other direction may go on once one is at its end; -T: how long both may be silent.
            case TCP, SCTP ->
                Command.of(
                                "socat",
                                // A reset of an established connection is only a warning to it, and its status is 0.
                                "-d",
                                "-t" + seconds(limits.request()),
                                "-T" + seconds(limits.request()),
                                "-",
                                tuple.transport().name() + options + ",connect-timeout=" + seconds(limits.connect()))
                        .withInput(payload);
            // A datagram socket has no end, so a child sends, reads the one answer and ends; its fd 4 is our output.
            // socat
            // takes unescaped quotes away. dd makes one write, so one datagram, of what printf may write in parts.
            // Without
            // ip-recverr the kernel keeps a router's "unreachable" to itself.
            case UDP ->
                Command.of(
                                "/bin/sh",
                                "-c",
                                "exec 4>&1; exec socat -b65535 -t0.05 -T" + seconds(limits.request()) + " \"$1\""
                                        + " 'SYSTEM:printf %s \\\"$PROBE_PAYLOAD\\\" | dd obs=65507 2>/dev/null;"
                                        + " dd bs=65535 count=1 2>/dev/null >&4'",
                                "sh",
                                "UDP" + options + (ipv6 ? ",ipv6-recverr" : ",ip-recverr"))
                        .withEnvironment("PROBE_PAYLOAD", payload);
        };
    }

    private static String seconds(Duration duration) {
        return String.format(Locale.ROOT, "%.3f", duration.toMillis() / 1000.0);
    }

    private static Outcome outcome(Place from, Tuple tuple, CommandResult result) {
        String errors = result.errors();
        for (Map.Entry<String, Outcome> word : WORDS) {
            if (errors.contains(word.getKey())) {
                return word.getValue() == Outcome.UNREACHABLE && !hasRoute(from, tuple)
                        ? Outcome.NOT_SENT
                        : word.getValue();
            }
        }
        if (!result.ok()) {
            return Outcome.NOT_SENT;
        }
        return tuple.transport() == Transport.UDP && result.output().isEmpty() ? Outcome.TIMED_OUT : Outcome.ANSWERED;
    }

    /** "Unreachable" is either a router's answer or the word of the sender's own routing table; only one was sent. */
    private static boolean hasRoute(Place from, Tuple tuple) {
        return from.netns()
                .run(Command.of("ip", "route", "get", Cidr.format(tuple.destination())), Duration.ofSeconds(5))
                .ok();
    }

    private static String detail(CommandResult result, Outcome outcome) {
        return outcome == Outcome.ANSWERED
                ? ""
                : result.errors().lines().reduce((first, second) -> second).orElse("");
    }
}
