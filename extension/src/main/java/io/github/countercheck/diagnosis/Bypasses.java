// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.walk.MeasuredRule;
import java.net.InetAddress;
import java.util.Optional;
import java.util.stream.Stream;

/** Why something was answered that a rule was meant to stop. */
final class Bypasses {

    private Bypasses() {}

    static Optional<Finding> input(Evidence evidence) {
        return idle(evidence)
                .filter(rule -> rule.classified().hooks().contains(Hook.INPUT))
                .findFirst()
                .map(rule -> new Finding(
                        Cause.INPUT_RULE_BYPASSED,
                        rule.cite() + "  counted nothing: what is translated to a container (DNAT +"
                                + evidence.dnatHits() + ") is forwarded and never comes by INPUT",
                        "put it where forwarded packets pass; " + evidence.whereOwnRulesBelong()));
    }

    static Optional<Finding> usersChain(Evidence evidence) {
        return idle(evidence)
                .filter(rule -> rule.classified().hooks().contains(Hook.FORWARD))
                .filter(rule -> answered(evidence).anyMatch(p -> !Ways.mayMeetTranslated(rule.rule(), p, evidence)))
                .findFirst()
                .map(rule -> new Finding(
                        Cause.USER_RULE_BYPASSED,
                        rule.cite()
                                + "  counted nothing: where it stands, packets already have the container's address and"
                                + " port "
                                + answered(evidence)
                                        .map(p -> evidence.end(p).toString())
                                        .findFirst()
                                        .orElse(""),
                        "match the host's port with "
                                + (evidence.isNative()
                                        ? "ct original proto-dst"
                                        : "-m conntrack --ctorigdstport, the host's address with --ctorigdst")));
    }

    /** Up to Engine 27 the translation of a port on a loopback address also takes what other machines send there. */
    static Optional<Finding> loopbackPort(Evidence evidence) {
        return evidence.observation()
                .withRole(RuleRole.PORT_DNAT)
                .filter(rule -> {
                    InetAddress address = rule.classified().hostAddress();
                    return rule.hits() > 0 && address != null && address.isLoopbackAddress();
                })
                .filter(rule -> answered(evidence)
                        .anyMatch(p -> !p.tuple().source().isLoopbackAddress()
                                && p.tuple().destination().isLoopbackAddress()))
                .findFirst()
                .map(rule -> new Finding(
                        Cause.LOOPBACK_PORT,
                        rule.cite() + "  counted +" + rule.hits()
                                + " from another machine, although the port is published on a" + " loopback address",
                        "upgrade to Engine 28, which drops such packets; until then drop them in raw/PREROUTING"));
    }

    private static Stream<Probe> answered(Evidence evidence) {
        return evidence.probes(Outcome.ANSWERED);
    }

    /** A rule that drops, is none of the engine's, counted nothing, and asks for what was sent before translation. */
    private static Stream<MeasuredRule> idle(Evidence evidence) {
        return evidence.observation().rules().stream()
                .filter(rule -> rule.role() == RuleRole.FOREIGN
                        && rule.isCounted()
                        && rule.hits() == 0
                        && rule.rule().stops())
                .filter(rule -> answered(evidence)
                        .anyMatch(p -> evidence.target(p).isPresent() && Ways.mayMeet(rule.rule(), p, evidence)));
    }
}
