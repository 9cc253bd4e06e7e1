// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.walk.PacketWalk.Direction;
import io.github.countercheck.walk.PacketWalk.Endpoint;
import io.github.countercheck.walk.PacketWalk.Fate;
import io.github.countercheck.walk.PacketWalk.Origin;
import io.github.countercheck.walk.PacketWalk.Step;
import io.github.countercheck.walk.TraceLine.Header;
import io.github.countercheck.walk.TraceLine.PolicyMet;
import io.github.countercheck.walk.TraceLine.RuleMet;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Reads what {@code nft -a monitor trace} prints into the walk of one flow.
 *
 * <p>The kernel's trace id does not tell packets apart: it changes when a packet is handed from one layer to the next, and a
 * later packet may bear one that was used before. So a packet is followed from base chain to base chain by what no
 * translation changes in it (identification, length, flags) and by the order of the hooks.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class TraceParser {

    /** To the kernel a packet is dropped after its sender was told; only the rule says so. */
    private static final Pattern REJECT = Pattern.compile("\\b(REJECT|reject)\\b");

    private static final Pattern QUOTED = Pattern.compile("\"[^\"]*\"");

    /** A table that a trace names. */
    public record TracedTable(String family, String table) {}

    /** One packet, as far as it was followed. */
    private static final class Followed {
        private final List<Step> steps = new ArrayList<>();
        private final List<Header> headers = new ArrayList<>();
        private Hook hook;

        Followed(Hook hook) {
            this.hook = hook;
        }

        Header first() {
            return headers.get(0);
        }

        Header last() {
            return headers.get(headers.size() - 1);
        }

        boolean goesOn(Header header, Hook next) {
            boolean again = hook == Hook.POSTROUTING
                    && next == Hook.PREROUTING
                    && last().output().equals("lo")
                    && header.input().equals("lo");
            return header.mark().equals(first().mark()) && (again || rank(next) >= rank(hook));
        }

        private static int rank(Hook hook) {
            return switch (hook) {
                case INGRESS -> 0;
                case PREROUTING, OUTPUT -> 1;
                case FORWARD, INPUT -> 2;
                case POSTROUTING -> 3;
                case EGRESS -> 4;
            };
        }
    }

    private final TracedRules rules;
    private final Predicate<String> own;
    private final List<Followed> packets = new ArrayList<>();
    private final Map<String, Followed> current = new HashMap<>();

    private TraceParser(TracedRules rules, Predicate<String> own) {
        this.rules = rules;
        this.own = own;
    }

    /**
     * Returns the tables that a trace names, in the order in which they first appear.
     *
     * @param text the output of {@code nft -a monitor trace}
     * @param own tells which tables made the trace and are no part of it
     */
    public static Set<TracedTable> tables(String text, Predicate<String> own) {
        Set<TracedTable> tables = new LinkedHashSet<>();
        text.lines()
                .map(TraceLine::parse)
                .flatMap(Optional::stream)
                .filter(line -> !own.test(line.table()))
                .forEach(line -> tables.add(new TracedTable(line.family(), line.table())));
        return tables;
    }

    /**
     * Reads the walk of one flow. What else was traced meanwhile is left out.
     *
     * @param text the output of {@code nft -a monitor trace}
     * @param rules the rules of the tables that it names
     * @param own tells which tables made the trace and are no part of the walk
     * @param source the sender's end of the flow
     * @param destination the end that it was sent to, before any translation
     * @throws CountercheckException if the trace names a base chain that is not among the rules
     */
    public static PacketWalk parse(
            String text, TracedRules rules, Predicate<String> own, Endpoint source, Endpoint destination) {
        TraceParser parser = new TraceParser(rules, own);
        text.lines().map(TraceLine::parse).flatMap(Optional::stream).forEach(parser::read);
        return parser.walk(source, destination);
    }

    private void read(TraceLine line) {
        Header header = line.header();
        String lane = line.id() + " " + line.family() + " " + line.table();
        if (header != null) {
            current.put(lane, enter(line, header));
            return;
        }
        Followed packet = current.get(lane);
        if (packet == null || own.test(line.table())) {
            return;
        }
        if (line.what() instanceof RuleMet met) {
            packet.steps.add(step(line, packet, met));
        } else if (line.what() instanceof PolicyMet policy) {
            packet.steps.add(step(line, packet, 0, Optional.empty(), "policy " + policy.verdict(), policy.verdict()));
        }
    }

    private Followed enter(TraceLine line, Header header) {
        Hook hook = hook(line);
        Followed packet = null;
        for (Followed candidate : packets) {
            if (candidate.goesOn(header, hook)) {
                packet = candidate;
            }
        }
        if (packet == null) {
            packet = new Followed(hook);
            packets.add(packet);
        }
        packet.hook = hook;
        packet.headers.add(header);
        return packet;
    }

    private Hook hook(TraceLine line) {
        if (own.test(line.table())) {
            return line.chain().startsWith("output") ? Hook.OUTPUT : Hook.PREROUTING;
        }
        return rules.hook(line.family(), line.table(), line.chain())
                .orElseThrow(() -> new CountercheckException(
                        "a packet met the chain " + line.chain() + " of table " + line.family() + " " + line.table()
                                + ", which was not there any more when the rules were listed",
                        "let nobody change the firewall while the test sends"));
    }

    private Step step(TraceLine line, Followed packet, RuleMet met) {
        Optional<TracedRules.Known> known = rules.rule(line.family(), line.table(), line.chain(), met.handle());
        String text =
                known.map(TracedRules.Known::text).orElse(met.text().isEmpty() ? "handle " + met.handle() : met.text());
        return step(
                line, packet, known.map(TracedRules.Known::position).orElse(0), known, text, verdict(met.verdict()));
    }

    private Step step(
            TraceLine line,
            Followed packet,
            int position,
            Optional<TracedRules.Known> known,
            String text,
            String verdict) {
        Backend backend = rules.backend(line.family(), line.table(), line.chain());
        return new Step(
                0,
                Direction.ORIGINAL,
                packet.hook,
                Family.ofKeyword(line.family()).orElse(Family.INET),
                backend,
                line.table(),
                line.chain(),
                position,
                known.map(TracedRules.Known::classified).orElse(null),
                text,
                verdict);
    }

    /** {@code jump DOCKER} becomes {@code JUMP DOCKER}: the word is ours, the chain's name is not. */
    private static String verdict(String text) {
        int blank = text.indexOf(' ');
        return blank < 0
                ? text.toUpperCase(Locale.ROOT)
                : text.substring(0, blank).toUpperCase(Locale.ROOT) + text.substring(blank);
    }

    private PacketWalk walk(Endpoint source, Endpoint destination) {
        List<Step> steps = new ArrayList<>();
        Followed original = null;
        Followed reply = null;
        String laterLoss = "";
        int number = 0;
        for (Followed packet : packets) {
            Direction direction = direction(packet, source, destination);
            if (direction == null) {
                continue;
            }
            number++;
            for (Step step : packet.steps) {
                steps.add(step.ofPacket(number, direction));
            }
            if (direction == Direction.ORIGINAL && original == null) {
                original = packet;
            } else if (laterLoss.isEmpty() && fate(packet) != Fate.ACCEPTED) {
                laterLoss = "packet " + number + " (" + direction.name().toLowerCase(Locale.ROOT) + ") ended at "
                        + end(packet);
            }
            if (direction == Direction.REPLY && reply == null && hasPortsLike(packet, source)) {
                reply = packet;
            }
        }
        if (original == null) {
            return new PacketWalk(
                    Origin.TRACE,
                    steps,
                    Fate.UNDECIDED,
                    "the kernel reported no packet from " + source + " to " + destination,
                    null,
                    null);
        }
        Fate fate = fate(original);
        return new PacketWalk(
                Origin.TRACE,
                steps,
                fate,
                fate == Fate.ACCEPTED ? accepted(original, laterLoss) : end(original),
                reply == null ? destinationOf(original.last()) : sourceOf(reply.first()),
                reply == null ? null : destinationOf(reply.first()));
    }

    private static boolean hasPortsLike(Followed packet, Endpoint source) {
        return packet.first().sourcePort() != 0 || source.port() == 0;
    }

    private static String accepted(Followed packet, String laterLoss) {
        if (packet.hook == Hook.PREROUTING || packet.hook == Hook.OUTPUT) {
            return "no base chain saw it after " + packet.hook
                    + ": it was for this host, whose INPUT has none, or routing did not let it on";
        }
        return laterLoss;
    }

    /** The sender's port is fresh, so that it tells a flow of its own; a translation may change it on the way. */
    private static @Nullable Direction direction(Followed packet, Endpoint source, Endpoint destination) {
        String from = Cidr.format(source.address());
        String to = Cidr.format(destination.address());
        for (Header header : packet.headers) {
            if (header.sourcePort() == source.port() && header.source().equals(from)) {
                return Direction.ORIGINAL;
            }
            if (header.destinationPort() == source.port()
                    && header.destination().equals(from)) {
                return Direction.REPLY;
            }
            boolean error = header.sourcePort() == 0 && header.destinationPort() == 0;
            if (error && header.destination().equals(from) && !header.source().equals(from)) {
                return Direction.REPLY;
            }
            if (header.destinationPort() == source.port()
                    && header.sourcePort() == destination.port()
                    && header.source().equals(to)) {
                return Direction.REPLY;
            }
        }
        return null;
    }

    private static boolean rejects(Step step) {
        return REJECT.matcher(QUOTED.matcher(step.text()).replaceAll("")).find();
    }

    private static Fate fate(Followed packet) {
        if (packet.steps.isEmpty()) {
            return Fate.ACCEPTED;
        }
        Step last = packet.steps.get(packet.steps.size() - 1);
        return switch (last.verdict().split(" ", 2)[0]) {
            case "DROP" -> rejects(last) ? Fate.REJECTED : Fate.DROPPED;
            case "QUEUE" -> Fate.QUEUED;
            default -> Fate.ACCEPTED;
        };
    }

    private static String end(Followed packet) {
        Step last = packet.steps.get(packet.steps.size() - 1);
        return last.table() + "/" + last.chain() + "  " + last.text();
    }

    private static Endpoint destinationOf(Header header) {
        return new Endpoint(Cidr.parseAddress(header.destination()), header.destinationPort());
    }

    private static Endpoint sourceOf(Header header) {
        return new Endpoint(Cidr.parseAddress(header.source()), header.sourcePort());
    }
}
