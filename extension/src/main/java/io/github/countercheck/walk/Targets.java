// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.Option;
import io.github.countercheck.ruleset.Target;
import java.math.BigInteger;
import java.net.InetAddress;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Carries out targets. */
final class Targets {

    /** Targets that change nothing which a rule or the packet's way depends on. */
    private static final Set<String> NEUTRAL = Set.of(
            "LOG",
            "NFLOG",
            "ULOG",
            "TRACE",
            "AUDIT",
            "CHECKSUM",
            "CLASSIFY",
            "CONNSECMARK",
            "DSCP",
            "ECN",
            "HL",
            "IDLETIMER",
            "LED",
            "RATEEST",
            "SECMARK",
            "SET",
            "TCPMSS",
            "TCPOPTSTRIP",
            "TEE",
            "TOS",
            "TTL");

    private final Passage passage;
    private final Hook hook;

    Targets(Passage passage, Hook hook) {
        this.passage = passage;
        this.hook = hook;
    }

    /**
     * Does what the target says.
     *
     * @param chains finds a chain of the rule's table by its name
     */
    Ruling apply(@Nullable Target target, Function<String, Optional<Chain>> chains) {
        if (target == null || NEUTRAL.contains(target.name())) {
            return Ruling.CONTINUE;
        }
        return switch (target.name()) {
            case "ACCEPT" -> Ruling.ACCEPT;
            case "DROP" -> Ruling.of(Ruling.Kind.DROP);
            case "REJECT" -> Ruling.of(Ruling.Kind.REJECT);
            case "RETURN" -> Ruling.of(Ruling.Kind.RETURN);
            case "CONTINUE" -> Ruling.CONTINUE;
            case "QUEUE", "NFQUEUE" -> Ruling.of(Ruling.Kind.QUEUE);
            case "MARK" -> mark(target);
            case "CONNMARK" -> connectionMark(target);
            case "NOTRACK" -> notrack();
            case "CT" -> target.option("--notrack").isPresent() ? notrack() : Ruling.CONTINUE;
            case "DNAT" -> translate(target, "--to-destination", true);
            case "SNAT" -> translate(target, "--to-source", false);
            case "MASQUERADE" -> masquerade(target);
            case "REDIRECT" -> redirect(target);
            case "NETMAP" -> netmap(target);
            default ->
                chains.apply(target.name()).isPresent()
                        ? Ruling.to(target)
                        : Ruling.undecided("the target " + target.name() + " is not simulated");
        };
    }

    Ruling notrack() {
        // A packet that conntrack has seen keeps its flow.
        passage.untracked |= !passage.tracked;
        return Ruling.CONTINUE;
    }

    private Ruling mark(Target target) {
        Option set = target.options().isEmpty() ? null : target.options().get(0);
        long[] parts = set == null ? null : bitsAndMask(set.value());
        if (set == null || parts == null || !set.name().equals("--set-xmark")) {
            return Ruling.undecided("the options of MARK are not known");
        }
        passage.mark = passage.mark.xmark(parts[0], parts[1]);
        return Ruling.CONTINUE;
    }

    private Ruling connectionMark(Target target) {
        if (!passage.hasFlow()) {
            return Ruling.CONTINUE;
        }
        Optional<Option> set = target.option("--set-xmark");
        if (set.isPresent()) {
            long[] parts = bitsAndMask(set.get().value());
            if (parts == null) {
                return Ruling.undecided("the options of CONNMARK are not known");
            }
            passage.connectionMark = passage.connectionMark.xmark(parts[0], parts[1]);
            return Ruling.CONTINUE;
        }
        Bits nfMask = mask(target, "--nfmask");
        Bits ctMask = mask(target, "--ctmask");
        if (target.option("--save-mark").isPresent()) {
            passage.connectionMark = passage.connectionMark.and(ctMask.not()).xor(passage.mark.and(nfMask));
        } else if (target.option("--restore-mark").isPresent()) {
            passage.mark = passage.mark.and(nfMask.not()).xor(passage.connectionMark.and(ctMask));
        } else {
            return Ruling.undecided("the options of CONNMARK are not known");
        }
        return Ruling.CONTINUE;
    }

    private static Bits mask(Target target, String option) {
        String text = target.option(option)
                .or(() -> target.option("--mask"))
                .map(Option::value)
                .orElse("");
        long[] parts = text.isEmpty() ? null : bitsAndMask(text);
        return Bits.of(parts == null ? Bits.ALL : parts[0]);
    }

    private static long @Nullable [] bitsAndMask(String text) {
        String[] parts = text.split("/", 2);
        try {
            return new long[] {Long.decode(parts[0]), parts.length == 2 ? Long.decode(parts[1]) : Bits.ALL};
        } catch (NumberFormatException e) {
            return null;
        }
    }

    private Ruling translate(Target target, String option, boolean destination) {
        Optional<Range> to = target.option(option).flatMap(o -> Range.parse(o.value(), passage.family()));
        if (to.isEmpty()
                || target.options().stream()
                                .filter(o -> o.name().equals(option))
                                .count()
                        > 1) {
            return Ruling.undecided("where " + target.name() + " translates to is not decided");
        }
        Range range = to.get();
        Span oldPort = destination ? passage.destinationPort : passage.sourcePort;
        Span port = port(range.ports(), oldPort, isRandom(target));
        bind(
                destination,
                range.addresses() == null ? (destination ? passage.destination : passage.source) : range.addresses(),
                port);
        return Ruling.ACCEPT;
    }

    private void bind(boolean destination, Span address, Span port) {
        if (destination) {
            passage.translateTo(address, port);
            passage.moveTo(address, port);
            passage.destinationBound = true;
        } else {
            passage.translateFrom(address, port);
            passage.comeFrom(address, port);
            passage.sourceBound = true;
        }
    }

    /** Without a range the port stays; with one, the kernel chooses unless there is but one. */
    private Span port(@Nullable Span ports, Span old, boolean random) {
        if (!passage.packet.hasPorts()) {
            return old;
        }
        if (ports == null) {
            return random ? Span.of(1, 65_535, 16) : old;
        }
        return ports;
    }

    private static boolean isRandom(Target target) {
        return target.option("--random").isPresent()
                || target.option("--random-fully").isPresent();
    }

    private Ruling masquerade(Target target) {
        Span port = port(ports(target), passage.sourcePort, isRandom(target));
        passage.comeFromHost(port);
        passage.sourceBound = true;
        return Ruling.ACCEPT;
    }

    private Ruling redirect(Target target) {
        Span port = port(ports(target), passage.destinationPort, isRandom(target));
        passage.moveToHost(port);
        passage.destinationBound = true;
        return Ruling.ACCEPT;
    }

    private static @Nullable Span ports(Target target) {
        return target.option("--to-ports")
                .map(Option::value)
                .flatMap(Range::ports)
                .orElse(null);
    }

    private Ruling netmap(Target target) {
        boolean destination = hook == Hook.PREROUTING || hook == Hook.OUTPUT;
        InetAddress old = (destination ? passage.destination : passage.source).address();
        String to = target.option("--to").map(Option::value).orElse("");
        try {
            Cidr net = Cidr.parse(to);
            if (old == null) {
                return Ruling.undecided("which address was chosen in translation is not known");
            }
            Span block = Span.of(net);
            BigInteger offset = block.high().subtract(block.low()).and(new BigInteger(1, old.getAddress()));
            BigInteger mapped = block.low().add(offset);
            bind(
                    destination,
                    new Span(mapped, mapped, block.width()),
                    destination ? passage.destinationPort : passage.sourcePort);
            return Ruling.ACCEPT;
        } catch (IllegalArgumentException e) {
            return Ruling.undecided("where NETMAP translates to is not decided");
        }
    }

    /** {@code address[-address][:port[-port]]}; what is not given stays. */
    record Range(@Nullable Span addresses, @Nullable Span ports) {

        static Optional<Range> parse(String text, Family family) {
            int close = text.indexOf(']');
            boolean bracketed = text.startsWith("[") && close > 0;
            int colon = bracketed ? close + 1 : family == Family.IPV6 ? text.length() : text.indexOf(':');
            colon = colon < 0 ? text.length() : colon;
            if (family == Family.IPV6 && text.startsWith(":") && !text.startsWith("::")) {
                colon = 0;
            }
            String addresses = bracketed ? text.substring(1, close) : text.substring(0, colon);
            String ports = colon < text.length() ? text.substring(colon + 1) : "";
            Optional<Span> portRange = ports.isEmpty() ? Optional.empty() : ports(ports);
            if (!ports.isEmpty() && portRange.isEmpty()) {
                return Optional.empty();
            }
            if (addresses.isEmpty()) {
                return Optional.of(new Range(null, portRange.orElse(null)));
            }
            String[] ends = addresses.split("-", 2);
            try {
                Span span = Span.of(Cidr.parseAddress(ends[0]), Cidr.parseAddress(ends[ends.length - 1]));
                return Optional.of(new Range(span, portRange.orElse(null)));
            } catch (IllegalArgumentException e) {
                return Optional.empty();
            }
        }

        static Optional<Span> ports(String text) {
            String[] ends = text.split("-", 2);
            try {
                return Optional.of(Span.of(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]), 16));
            } catch (NumberFormatException e) {
                return Optional.empty();
            }
        }
    }
}
