// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Expression;
import io.github.countercheck.ruleset.Match;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.traffic.Tuple;
import io.github.countercheck.walk.PacketWalk.Endpoint;
import java.net.InetAddress;
import java.util.List;
import java.util.stream.Stream;

/**
 * The shapes that packets of a probe have on their way, and whether a rule asks for something that none of them is. What it
 * asks for beside addresses, protocol and destination port is taken to hold.
 */
final class Ways {

    private record Shape(Transport transport, Endpoint from, Endpoint to) {}

    private Ways() {}

    /** Tells whether the rule may see what the probe sent. */
    static boolean mayMeet(Rule rule, Probe probe, Evidence evidence) {
        return sent(probe, evidence).anyMatch(shape -> mayMatch(rule, shape));
    }

    /** Tells whether the rule may see what the probe sent, as it was sent. */
    static boolean mayMeetUntranslated(Rule rule, Probe probe) {
        Tuple tuple = probe.tuple();
        return mayMatch(
                rule,
                new Shape(
                        tuple.transport(),
                        new Endpoint(tuple.source(), tuple.sourcePort()),
                        new Endpoint(tuple.destination(), tuple.destinationPort())));
    }

    /** Tells whether the rule may see what the probe sent once it is translated. */
    static boolean mayMeetTranslated(Rule rule, Probe probe, Evidence evidence) {
        Tuple tuple = probe.tuple();
        return mayMatch(
                rule,
                new Shape(tuple.transport(), new Endpoint(tuple.source(), tuple.sourcePort()), evidence.end(probe)));
    }

    /** Tells whether the rule may see what the probe sent, or the answer. */
    static boolean mayMeetEitherWay(Rule rule, Probe probe, Evidence evidence) {
        return Stream.concat(sent(probe, evidence), answered(probe, evidence)).anyMatch(shape -> mayMatch(rule, shape));
    }

    private static Stream<Shape> sent(Probe probe, Evidence evidence) {
        Tuple tuple = probe.tuple();
        Endpoint from = new Endpoint(tuple.source(), tuple.sourcePort());
        return Stream.of(new Endpoint(tuple.destination(), tuple.destinationPort()), evidence.end(probe))
                .distinct()
                .map(to -> new Shape(tuple.transport(), from, to));
    }

    private static Stream<Shape> answered(Probe probe, Evidence evidence) {
        return sent(probe, evidence).map(shape -> new Shape(shape.transport(), shape.to(), shape.from()));
    }

    private static boolean mayMatch(Rule rule, Shape shape) {
        return rule.matches().stream().allMatch(match -> mayMatch(match, shape));
    }

    private static boolean mayMatch(Match match, Shape shape) {
        if (match instanceof Match.Source source) {
            return source.negated() != source.net().contains(shape.from().address());
        }
        if (match instanceof Match.Destination destination) {
            return destination.negated()
                    != destination.net().contains(shape.to().address());
        }
        if (match instanceof Match.Protocol protocol) {
            return protocol.negated()
                    != protocol.name().equals(shape.transport().toString());
        }
        if (match instanceof Match.Module module) {
            return mayMatch(module, shape);
        }
        return !(match instanceof Match.Comparison comparison) || mayMatch(comparison, shape);
    }

    private static boolean mayMatch(Match.Module module, Shape shape) {
        return !List.of("tcp", "udp").contains(module.name())
                || (portMayMatch(module, "--dport", shape.to().port())
                        && portMayMatch(module, "--sport", shape.from().port()));
    }

    private static boolean portMayMatch(Match.Module module, String option, int port) {
        return module.option(option)
                .filter(o -> !o.negated())
                .flatMap(o -> o.values().stream().findFirst())
                .filter(value -> value.matches("\\d+"))
                .map(value -> Integer.parseInt(value) == port)
                .orElse(true);
    }

    private static boolean mayMatch(Match.Comparison comparison, Shape shape) {
        boolean equal = comparison.operator().equals("==");
        if ((!equal && !comparison.operator().equals("!="))
                || !(comparison.left() instanceof Expression.Payload payload)) {
            return true;
        }
        return switch (payload.field()) {
            case "saddr" -> addressMayMatch(comparison.right(), shape.from().address(), equal);
            case "daddr" -> addressMayMatch(comparison.right(), shape.to().address(), equal);
            case "dport" -> portMayMatch(comparison.right(), shape.to().port(), equal);
            case "sport" -> portMayMatch(comparison.right(), shape.from().port(), equal);
            default -> true;
        };
    }

    private static boolean portMayMatch(Expression expression, int port, boolean equal) {
        return !(expression instanceof Expression.Value value && value.text().matches("\\d+"))
                || Integer.toString(port).equals(value.text()) == equal;
    }

    private static boolean addressMayMatch(Expression expression, InetAddress address, boolean equal) {
        if (expression instanceof Expression.Prefix prefix) {
            return prefix.net().contains(address) == equal;
        }
        if (expression instanceof Expression.Value value) {
            try {
                return Cidr.parse(value.text()).contains(address) == equal;
            } catch (IllegalArgumentException notAnAddress) {
                return true;
            }
        }
        return true;
    }
}
