// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DnatTarget;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Target;
import io.github.countercheck.walk.MeasuredRule;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** A rule that stood before the one that was meant, and took its packets. */
final class Shadows {

    private static final Set<String> ENDING_NAT = Set.of("DNAT", "REDIRECT", "ACCEPT", "RETURN", "SNAT", "MASQUERADE");

    private Shadows() {}

    static Optional<Finding> shadowed(Evidence evidence) {
        return taker(evidence).map(found -> finding(evidence, found));
    }

    private record Taker(MeasuredRule rule, MeasuredRule place, MeasuredRule wanted) {}

    private static Optional<Taker> taker(Evidence evidence) {
        boolean met = evidence.hits() > 0 && evidence.counted() > 0;
        if (met || evidence.claimed().isEmpty()) {
            return Optional.empty();
        }
        MeasuredRule wanted = evidence.claimed().get(0);
        // Before the rule itself, or before a jump that leads to its chain.
        return Stream.concat(
                        Stream.of(wanted),
                        evidence.observation().rules().stream().filter(rule -> leadsToChainOf(evidence, rule, wanted)))
                .flatMap(place -> takers(evidence, wanted, place))
                .findFirst();
    }

    /** By a jump, or by way of a verdict map. */
    private static boolean leadsToChainOf(Evidence evidence, MeasuredRule rule, MeasuredRule wanted) {
        return rule.rule().table().equals(wanted.rule().table())
                && evidence.observation().classifications().stream()
                        .flatMap(classification ->
                                classification.ruleset().table(rule.rule().table()).stream())
                        .flatMap(table -> table.leadsTo(rule.rule()).stream())
                        .anyMatch(chain -> chain.name().equals(wanted.rule().chain()));
    }

    private static Stream<Taker> takers(Evidence evidence, MeasuredRule wanted, MeasuredRule place) {
        return evidence.observation()
                .moved()
                .filter(rule -> rule.location().equals(place.location()) && rule.position() < place.position())
                .filter(rule -> rule.rule().target() != null
                        && (isTranslation(evidence, wanted)
                                ? ENDING_NAT.contains(rule.rule().target().name())
                                : "ACCEPT".equals(rule.rule().target().name())))
                .filter(rule -> rule.role() == RuleRole.FOREIGN || takesSamePackets(rule, wanted))
                .map(rule -> new Taker(rule, place, wanted));
    }

    private static Finding finding(Evidence evidence, Taker found) {
        MeasuredRule rule = found.rule();
        boolean itself = found.place().equals(found.wanted());
        String seen = rule.cite() + "  stands before " + (itself ? "it" : "the jump to its chain") + " (#"
                + rule.position() + " before #" + found.place().position() + ") and counted +" + rule.hits();
        return ofNobody(evidence, rule)
                ? stale(seen)
                : new Finding(
                        Cause.RULE_SHADOWED,
                        seen,
                        "remove that rule or put it after Docker's; a rule for a container that is gone is left over: restart"
                                + " Docker");
    }

    private static Finding stale(String seen) {
        return new Finding(
                Cause.STALE_DNAT,
                seen + ", and no container has the address that it translates to",
                "delete that rule, which is left over from a container that is gone; a restart of Docker writes its chains"
                        + " anew");
    }

    /** Another chain of type nat came first: a flow is translated once, by the first that does. */
    static Optional<Finding> translatedElsewhere(Evidence evidence) {
        boolean destination = evidence.claim() == Claim.DNAT;
        if ((!destination && evidence.claim() != Claim.MASQUERADE)
                || !evidence.isShort()
                || evidence.claimed().isEmpty()) {
            return Optional.empty();
        }
        Set<String> doing = destination ? Set.of("DNAT", "REDIRECT") : Set.of("SNAT", "MASQUERADE");
        Optional<Finding> counted = evidence.observation()
                .moved()
                .filter(rule -> {
                    Target target = rule.rule().target();
                    return rule.role() == RuleRole.FOREIGN && target != null && doing.contains(target.name());
                })
                .filter(rule -> evidence.probes().stream().anyMatch(p -> Ways.mayMeet(rule.rule(), p, evidence)))
                .findFirst()
                .map(rule -> new Finding(
                        Cause.RULE_SHADOWED,
                        rule.cite() + "  counted +" + rule.hits()
                                + "; a flow is translated once, by the first that does",
                        "remove that rule, or give its chain a later priority"));
        return counted.or(() -> destination ? byConntrack(evidence) : Optional.empty());
    }

    /** What is kept from conntrack is shown to no nat rule, nor to one that asks for the state of its flow. */
    static Optional<Finding> notTracked(Evidence evidence) {
        boolean about = evidence.claim() == Claim.DELIVERY ? evidence.hasFailed() : evidence.isShort();
        return !about
                ? Optional.empty()
                : evidence.observation()
                        .moved()
                        .filter(rule -> rule.role() == RuleRole.FOREIGN && isNoTrack(rule))
                        .filter(rule -> evidence.probes().stream()
                                .anyMatch(p -> Ways.mayMeetEitherWay(rule.rule(), p, evidence)))
                        .findFirst()
                        .map(rule -> new Finding(
                                Cause.RULE_SHADOWED,
                                rule.cite() + "  counted +" + rule.hits()
                                        + " and kept them from conntrack: nat rules are not shown what is not tracked",
                                "take that rule away, or except Docker's ports and networks from it"));
    }

    private static boolean isNoTrack(MeasuredRule rule) {
        return rule.rule().hasTarget("NOTRACK")
                || (rule.rule().hasTarget("CT") && rule.rule().spec().contains("--notrack"))
                || (rule.rule().nft() != null && rule.rule().spec().contains("notrack"));
    }

    private static Optional<Finding> byConntrack(Evidence evidence) {
        ContainerFacts container = evidence.container();
        return container == null
                ? Optional.empty()
                : evidence.probes().stream()
                        .flatMap(probe -> probe.conntrack().entry().stream())
                        .filter(entry ->
                                entry.isDnat() && !container.owns(entry.reply().source()))
                        .filter(entry -> container.ports().stream()
                                .anyMatch(port ->
                                        port.hostPort() == entry.original().destinationPort()))
                        .findFirst()
                        .map(entry -> new Finding(
                                Cause.RULE_SHADOWED,
                                "conntrack knows a flow to the port as translated to "
                                        + Cidr.format(entry.reply().source())
                                        + ", by a rule that is not the container's and has no counter: " + entry,
                                "find it: nft list ruleset; iptables-save -t nat"));
    }

    /** A translation of the same kind of packets to an address in a network of the daemon where nobody is. */
    static Optional<Finding> staleDnat(Evidence evidence) {
        return !evidence.hasFailed()
                ? Optional.empty()
                : evidence.observation()
                        .moved()
                        .filter(rule -> ofNobody(evidence, rule))
                        .filter(rule -> evidence.probes().isEmpty()
                                || evidence.unanswered().anyMatch(p -> Ways.mayMeet(rule.rule(), p, evidence)))
                        .findFirst()
                        .map(rule -> stale(rule.cite() + "  counted +" + rule.hits()));
    }

    private static boolean ofNobody(Evidence evidence, MeasuredRule rule) {
        DnatTarget target = DnatTarget.of(rule.rule());
        return target != null
                && evidence.facts().networkOf(target.address()).isPresent()
                && evidence.facts().containerAt(target.address()).isEmpty();
    }

    /** Of nftables, the table's name does not tell. */
    private static boolean isTranslation(Evidence evidence, MeasuredRule wanted) {
        return switch (evidence.claim()) {
            case DNAT, MASQUERADE, HAIRPIN -> true;
            case RULE -> wanted.rule().table().equals("nat");
            case FORWARD_ACCEPT, RETURN_TRAFFIC, OUTBOUND_ACCEPT, ICC_ACCEPT, DELIVERY -> false;
        };
    }

    /** Docker writes rules of one role for each port and network; only one for the same port takes another's packets. */
    private static boolean takesSamePackets(MeasuredRule rule, MeasuredRule wanted) {
        return rule.role() == wanted.role()
                && rule.classified().transport() == wanted.classified().transport()
                && Objects.equals(
                        rule.classified().hostPort(), wanted.classified().hostPort())
                && (rule.role() == RuleRole.PORT_DNAT
                        || (Objects.equals(
                                        rule.classified().network(),
                                        wanted.classified().network())
                                && Objects.equals(
                                        rule.classified().container(),
                                        wanted.classified().container())
                                && Objects.equals(
                                        rule.classified().ports(),
                                        wanted.classified().ports())));
    }
}
