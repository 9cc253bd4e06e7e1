// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import static io.github.countercheck.docker.RuleShape.Part.DESTINATION;
import static io.github.countercheck.docker.RuleShape.Part.DPORT;
import static io.github.countercheck.docker.RuleShape.Part.ESTABLISHED;
import static io.github.countercheck.docker.RuleShape.Part.NEW_OR_ESTABLISHED;
import static io.github.countercheck.docker.RuleShape.Part.PROTOCOL;
import static io.github.countercheck.docker.RuleShape.Part.SOURCE;
import static io.github.countercheck.docker.RuleShape.Part.SPORT;
import static io.github.countercheck.docker.RuleShape.Part.THROUGH_IPVS;
import static io.github.countercheck.docker.Verdicts.does;

import io.github.countercheck.ruleset.Option;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import java.net.InetAddress;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What the rules are for that swarm mode keeps in network namespaces of its own: that of the ingress sandbox, where IPVS
 * spreads flows over a service's tasks, and that of a task. They stand in built-in chains and each could be anybody's, so
 * that they count as Docker's only together: marks beside the translation of what IPVS sends on, ports of an address
 * beside the drops of everything else for it.
 */
final class SwarmSandboxRoles implements RuleWriter {

    private static final Set<String> TRANSPORTS = Set.of("tcp", "udp", "sctp");

    private final boolean isBalancer;
    private final Set<String> serviceMarks = new HashSet<>();
    private final Set<InetAddress> fencedTasks = new HashSet<>();

    SwarmSandboxRoles(Ruleset ruleset) {
        isBalancer = rules(ruleset, "nat", "POSTROUTING").anyMatch(r -> isIpvsSnat(r, RuleShape.of(r)));
        rules(ruleset, "mangle", "INPUT")
                .filter(r -> RuleShape.of(r).is(DESTINATION))
                .forEach(r -> serviceMarks.add(mark(r)));
        serviceMarks.remove("");
        Map<InetAddress, Set<String>> dropped = new HashMap<>();
        rules(ruleset, "filter", "INPUT")
                .filter(r -> does(r, "DROP"))
                .map(RuleShape::of)
                .filter(s -> s.is(DESTINATION, PROTOCOL))
                .forEach(s -> dropped.computeIfAbsent(s.address(DESTINATION), none -> new HashSet<>())
                        .add(s.name(PROTOCOL)));
        dropped.forEach((address, protocols) -> {
            if (address != null && protocols.equals(TRANSPORTS)) {
                fencedTasks.add(address);
            }
        });
    }

    private static Stream<Rule> rules(Ruleset ruleset, String table, String chain) {
        return ruleset.chain(table, chain).stream().flatMap(c -> c.rules().stream());
    }

    @Override
    public RuleRole role(Rule rule, RuleShape shape) {
        return switch (rule.table()) {
            case "mangle" -> mangleRole(rule, shape);
            case "nat" -> natRole(rule, shape);
            case "filter" -> filterRole(rule, shape);
            default -> RuleRole.FOREIGN;
        };
    }

    private RuleRole mangleRole(Rule rule, RuleShape shape) {
        return switch (rule.chain()) {
            case "PREROUTING" -> isMark(rule, shape.is(PROTOCOL, DPORT));
            case "INPUT" -> isMark(rule, shape.is(DESTINATION) && shape.address(DESTINATION) != null);
            default -> RuleRole.FOREIGN;
        };
    }

    private RuleRole natRole(Rule rule, RuleShape shape) {
        return switch (rule.chain()) {
            case "POSTROUTING" -> isIpvsSnat(rule, shape) ? RuleRole.INGRESS_SNAT : RuleRole.FOREIGN;
            case "PREROUTING" ->
                isTask(shape.address(DESTINATION))
                                && shape.is(DESTINATION, PROTOCOL, DPORT)
                                && does(rule, "REDIRECT", "--to-ports")
                        ? RuleRole.INGRESS_TASK_REDIRECT
                        : RuleRole.FOREIGN;
            default -> RuleRole.FOREIGN;
        };
    }

    private RuleRole filterRole(Rule rule, RuleShape shape) {
        return switch (rule.chain()) {
            case "INPUT" ->
                taskRole(
                        rule,
                        shape.address(DESTINATION),
                        shape.is(DESTINATION, PROTOCOL, DPORT, NEW_OR_ESTABLISHED),
                        shape.is(DESTINATION, PROTOCOL));
            case "OUTPUT" ->
                taskRole(
                        rule,
                        shape.address(SOURCE),
                        shape.is(SOURCE, PROTOCOL, SPORT, ESTABLISHED),
                        shape.is(SOURCE, PROTOCOL));
            default -> RuleRole.FOREIGN;
        };
    }

    private RuleRole isMark(Rule rule, boolean asks) {
        return isBalancer && asks && serviceMarks.contains(mark(rule)) ? RuleRole.INGRESS_MARK : RuleRole.FOREIGN;
    }

    /** Returns the mark that the rule sets and does nothing else; empty where it sets none. */
    private static String mark(Rule rule) {
        return rule.target() != null && does(rule, "MARK", "--set-xmark")
                ? rule.target().option("--set-xmark").map(Option::value).orElse("")
                : "";
    }

    private static boolean isIpvsSnat(Rule rule, RuleShape shape) {
        return shape.is(DESTINATION, THROUGH_IPVS) && does(rule, "SNAT", "--to-source");
    }

    private boolean isTask(@Nullable InetAddress address) {
        return address != null && fencedTasks.contains(address);
    }

    private RuleRole taskRole(Rule rule, @Nullable InetAddress address, boolean port, boolean rest) {
        if (!isTask(address)) {
            return RuleRole.FOREIGN;
        }
        if (port && does(rule, "ACCEPT")) {
            return RuleRole.INGRESS_TASK_ACCEPT;
        }
        return rest && does(rule, "DROP") ? RuleRole.INGRESS_TASK_DROP : RuleRole.FOREIGN;
    }
}
