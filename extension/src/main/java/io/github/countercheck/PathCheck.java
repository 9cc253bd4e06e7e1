// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.diagnosis.FailureText;
import io.github.countercheck.docker.ClassifiedRule;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.walk.PacketWalk;
import io.github.countercheck.walk.PacketWalk.Direction;
import io.github.countercheck.walk.PacketWalk.Fate;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.opentest4j.AssertionFailedError;

/** Compares the rules that a flow's packets met with those that they should have met. */
final class PathCheck {

    private PathCheck() {}

    static void check(Flow flow, RuleRole... roles) {
        List<RuleRole> wanted = List.of(roles);
        if (wanted.isEmpty()) {
            throw new IllegalArgumentException("name at least one role that the flow's packets are to meet");
        }
        if (flow.walks().isEmpty()) {
            throw new CountercheckException("the path of " + flow + " was not traced", "send it with traffic.traced()");
        }
        if (!flow.wasSent()) {
            throw new CountercheckException(
                    "the path of " + flow + " is not known, for a probe never left its sender",
                    "give the sender a route and an address, then send again");
        }
        for (PacketWalk walk : flow.walks()) {
            List<RuleRole> met = roles(walk);
            int found = inOrder(wanted, met);
            if (found < wanted.size()) {
                if (walk.fate() == Fate.UNDECIDED) {
                    throw undecided(flow, walk);
                }
                throw failure(flow, walk, wanted, found, met);
            }
        }
    }

    private static List<RuleRole> roles(PacketWalk walk) {
        return walk.steps().stream()
                .filter(step -> step.direction() == Direction.ORIGINAL)
                .map(PacketWalk.Step::rule)
                .filter(Objects::nonNull)
                .map(ClassifiedRule::role)
                .toList();
    }

    /** Returns how many of the wanted roles, from the first on, were met in their order. */
    private static int inOrder(List<RuleRole> wanted, List<RuleRole> met) {
        int found = 0;
        for (RuleRole role : met) {
            if (found < wanted.size() && role == wanted.get(found)) {
                found++;
            }
        }
        return found;
    }

    private static CountercheckException undecided(Flow flow, PacketWalk walk) {
        return new CountercheckException(
                "the path of " + flow + " is not known: " + walk.reason(),
                "send again while nobody else changes the firewall; on a host with iptables-legacy, use the assertions that"
                        + " count");
    }

    private static AssertionFailedError failure(
            Flow flow, PacketWalk walk, List<RuleRole> wanted, int found, List<RuleRole> met) {
        String expected = names(wanted);
        String actual = names(met.stream().distinct().toList());
        boolean elsewhere = met.contains(wanted.get(found));
        String because = elsewhere
                ? "ORDER: " + wanted.get(found) + " was met, but before " + wanted.get(found - 1)
                : walk.fate() == Fate.ACCEPTED
                        ? "NOT_MET: no packet that was sent met a rule of role " + wanted.get(found)
                                + (walk.reason().isEmpty() ? "" : "; " + walk.reason())
                        : walk.fate() + " before it could meet " + wanted.get(found) + ": " + walk.reason();
        String tried = walk.fate() == Fate.ACCEPTED
                ? "compare the walk below with `iptables-save -c`: the rule is missing, stands behind another one that"
                        + " decides, or asks for something else"
                : "remove or reorder the rule named above";
        FailureText text = new FailureText("path not taken by " + flow)
                .line("expected", expected)
                .line("actual", actual.isEmpty() ? "no rule of a known role" : actual)
                .line("because", because)
                .line("try", tried)
                .line("walk", walk.inLines().stripIndent());
        return new AssertionFailedError(text.toString(), expected, actual);
    }

    private static String names(List<RuleRole> roles) {
        return roles.stream().map(RuleRole::name).collect(Collectors.joining(" -> "));
    }
}
