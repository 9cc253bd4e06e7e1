// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.docker.PublishedPort;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.snapshot.Change;
import io.github.countercheck.snapshot.RuleDelta;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.walk.MeasuredRule;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Rules that should be there and are not. */
final class Missing {

    private static final Set<RuleRole> NOT_THE_ENGINES = Set.of(RuleRole.FOREIGN, RuleRole.EMBEDDED_DNS);
    private static final String NETAVARK = "netavark";

    private Missing() {}

    /** Tells whether the rule that would do what is claimed is not there; for a delivery, that a published port has none. */
    private static boolean isMissing(Evidence evidence) {
        return evidence.claim() == Claim.DELIVERY
                ? unserved(evidence).isPresent()
                : evidence.claimed().isEmpty() && evidence.claim() != Claim.RULE;
    }

    private record Unserved(ContainerFacts container, PublishedPort port) {}

    /** A published port that was called, or may have been, and that no rule translates. */
    private static Optional<Unserved> unserved(Evidence evidence) {
        boolean called = !evidence.probes().isEmpty() || evidence.hasFailed();
        return !called
                ? Optional.empty()
                : evidence.containers().stream()
                        .filter(container -> container.pid() > 0)
                        .flatMap(container -> container.ports().stream()
                                .filter(port -> port.hostPort() > 0 && Family.of(port.hostAddress()) == Family.IPV4)
                                .filter(port -> evidence.probes().isEmpty()
                                        || evidence.probes().stream().anyMatch(p -> calls(p, port)))
                                .filter(port -> !isTranslated(evidence, container, port))
                                .map(port -> new Unserved(container, port)))
                        .findFirst();
    }

    private static boolean calls(Probe probe, PublishedPort port) {
        return probe.tuple().transport() == port.transport()
                && probe.tuple().destinationPort() == port.hostPort()
                && !probe.tuple().destination().isLoopbackAddress();
    }

    private static boolean isTranslated(Evidence evidence, ContainerFacts container, PublishedPort port) {
        return evidence.observation()
                .withRole(RuleRole.PORT_DNAT)
                .map(MeasuredRule::classified)
                .anyMatch(rule -> rule.serves(container) && rule.servesPort(port.transport(), port.containerPort()));
    }

    /** Not one rule of the engine's is left where the missing one should be. */
    static Optional<Finding> flushed(Evidence evidence) {
        if (!isMissing(evidence) || isNotPublished(evidence)) {
            return Optional.empty();
        }
        boolean nat = isTranslation(evidence.claim());
        boolean left = evidence.observation().rules().stream()
                .filter(rule -> !NOT_THE_ENGINES.contains(rule.role()))
                .anyMatch(rule -> rule.delta().id().backend() == Backend.NFTABLES
                        || rule.rule().table().equals(nat ? "nat" : "filter"));
        if (left) {
            return Optional.empty();
        }
        long gone = gone(evidence, Missing::isEngines);
        return Optional.of(new Finding(
                Cause.RULES_FLUSHED,
                "not one rule of Docker's is left "
                        + (evidence.isNative() ? "in nftables" : "in the " + (nat ? "nat" : "filter") + " table")
                        + (gone > 0 ? "; " + gone + " rules went since the baseline" : "")
                        + answeredByProxy(evidence),
                "restart Docker, which writes its rules anew, and find what flushed them (iptables -F, nft flush ruleset, a"
                        + " firewall's own start); with \"iptables\": false Docker writes none"));
    }

    /** Podman's rules are known by their chains; some that stood in the baseline are gone. */
    static Optional<Finding> ofNetavark(Evidence evidence) {
        long gone = gone(evidence, Missing::isNetavarks);
        boolean left = evidence.observation().rules().stream().anyMatch(rule -> isNetavarks(rule.rule()));
        return gone == 0 || left || !(isMissing(evidence) || evidence.hasFailed())
                ? Optional.empty()
                : Optional.of(new Finding(
                        Cause.NETAVARK_RULES_GONE,
                        gone + " rules of Podman's went since the baseline, and none is left",
                        "`podman network reload --all`; enable netavark-firewalld-reload.service where firewalld is"
                                + " reloaded"));
    }

    private static boolean isNetavarks(Rule rule) {
        return rule.table().equals(NETAVARK) || rule.chain().startsWith("NETAVARK");
    }

    private static boolean isEngines(Rule rule) {
        return rule.chain().startsWith("DOCKER") || rule.table().startsWith("docker") || isNetavarks(rule);
    }

    private static long gone(Evidence evidence, Predicate<Rule> whose) {
        return evidence.observation().delta().rules().stream()
                .filter(delta -> delta.change() == Change.REMOVED)
                .map(RuleDelta::before)
                .filter(Objects::nonNull)
                .filter(whose)
                .count();
    }

    static Optional<Finding> afterReload(Evidence evidence) {
        String reloaded = evidence.surroundings().reloadedAt();
        return reloaded == null || !isMissing(evidence) || isNotPublished(evidence)
                ? Optional.empty()
                : Optional.of(new Finding(
                        Cause.RELOAD_INCOMPLETE,
                        "firewalld was reloaded at " + reloaded + ", and since then a rule is missing: "
                                + noRule(evidence).evidence(),
                        "restart Docker, which writes its rules anew; Engine 28.2 to 28.3.2 restores only part of them after"
                                + " a reload"));
    }

    static Optional<Finding> masquerade(Evidence evidence) {
        if (evidence.claim() == Claim.MASQUERADE && evidence.claimed().isEmpty()) {
            return Optional.of(masqueradeOf(evidence));
        }
        return evidence.claim() != Claim.DELIVERY
                ? Optional.empty()
                : evidence.unanswered()
                        .filter(probe -> Tracked.isUnreplied(probe)
                                && probe.conntrack()
                                        .entry()
                                        .filter(entry -> !entry.isSnat())
                                        .isPresent())
                        .flatMap(probe -> evidence
                                .facts()
                                .networkOf(probe.tuple().source())
                                .stream()
                                .filter(network ->
                                        !network.contains(probe.tuple().destination())))
                        .findFirst()
                        .filter(network -> evidence.observation().rules().stream()
                                .noneMatch(rule -> (rule.role() == RuleRole.MASQUERADE || rule.role() == RuleRole.SNAT)
                                        && rule.classified().serves(network)))
                        .map(network -> masqueradeOf(evidence));
    }

    private static Finding masqueradeOf(Evidence evidence) {
        NetworkFacts network = evidence.network();
        String where = evidence.isNative()
                ? "in Docker's nftables"
                : "of Docker's in " + (evidence.family() == Family.IPV6 ? "ip6tables " : "") + "nat/POSTROUTING";
        boolean off = network != null
                && "false".equals(network.options().get("com.docker.network.bridge.enable_ip_masquerade"));
        return new Finding(
                Cause.MASQUERADE_MISSING,
                "no rule " + where + " gives flows from " + evidence.networkWords() + " another source address"
                        + (off ? "; the network has enable_ip_masquerade=false" : "")
                        + evidence.seenUntranslated(),
                "look at \"ip-masq\" in daemon.json and the network option"
                        + " com.docker.network.bridge.enable_ip_masquerade; if both are on, some tool"
                        + " removed the rule (" + evidence.whatRemoves() + "): restart Docker to get it back");
    }

    static Optional<Finding> any(Evidence evidence) {
        boolean missing = evidence.claim() == Claim.DELIVERY
                ? evidence.hasFailed() && unserved(evidence).isPresent()
                : evidence.claimed().isEmpty();
        return missing ? Optional.of(noRule(evidence)) : Optional.empty();
    }

    private static Finding noRule(Evidence evidence) {
        return switch (evidence.claim()) {
            case DNAT, FORWARD_ACCEPT ->
                noPortRule(evidence, evidence.container(), evidence.transport(), evidence.port());
            case DELIVERY ->
                unserved(evidence)
                        .map(u -> noPortRule(
                                evidence,
                                u.container(),
                                u.port().transport(),
                                u.port().containerPort()))
                        .orElseThrow();
            case MASQUERADE -> masqueradeOf(evidence);
            case RULE ->
                new Finding(
                        Cause.NO_RULE,
                        "the chain holds no such rule",
                        "compare with the chain as it is: " + evidence.howToList());
            case HAIRPIN ->
                new Finding(
                        Cause.NO_RULE,
                        "no rule of nat/POSTROUTING masquerades what the container sends to its own port"
                                + " " + evidence.port() + "/" + evidence.transport()
                                + "; from Engine 28 Docker writes one only without docker-proxy",
                        "set \"userland-proxy\": false, or send from outside; with docker-proxy such a connection"
                                + " ends at the proxy");
            case RETURN_TRAFFIC, OUTBOUND_ACCEPT, ICC_ACCEPT ->
                new Finding(
                        Cause.NO_RULE,
                        "no rule of the filter table accepts it for " + evidence.networkWords(),
                        "restart Docker, which writes its rules anew, and find what removed this one ("
                                + evidence.whatRemoves() + ")");
        };
    }

    private static boolean isNotPublished(Evidence evidence) {
        ContainerFacts container = evidence.container();
        return (evidence.claim() == Claim.DNAT || evidence.claim() == Claim.FORWARD_ACCEPT)
                && (container == null
                        || container
                                .ports(evidence.transport(), evidence.port())
                                .isEmpty());
    }

    private static boolean isTranslation(Claim claim) {
        return switch (claim) {
            case DNAT, MASQUERADE, HAIRPIN, DELIVERY -> true;
            case FORWARD_ACCEPT, RETURN_TRAFFIC, OUTBOUND_ACCEPT, ICC_ACCEPT, RULE -> false;
        };
    }

    private static Finding noPortRule(
            Evidence evidence, @Nullable ContainerFacts container, Transport transport, int number) {
        String port = number + "/" + transport;
        List<PublishedPort> bindings = container == null ? List.of() : container.ports(transport, number);
        if (container == null || bindings.isEmpty()) {
            String others = container == null || container.ports().isEmpty()
                    ? "it publishes none"
                    : "it publishes "
                            + container.ports().stream()
                                    .map(p -> p.containerPort() + "/" + p.transport())
                                    .distinct()
                                    .collect(Collectors.joining(", "));
            return new Finding(
                    Cause.NO_RULE,
                    "Docker publishes no port " + port + " of the container; " + others,
                    "publish the port, or assert on the one that is published (the port inside the container counts, not"
                            + " the host's)");
        }
        boolean translated = evidence.claim() != Claim.FORWARD_ACCEPT;
        return new Finding(
                Cause.NO_RULE,
                "Docker says the port is published, but no rule "
                        + (translated ? "of the nat table translates" : "of the filter table lets new flows in")
                        + " to " + addresses(evidence, container) + " port " + port
                        + misled(evidence, container, translated)
                        + answeredByProxy(evidence),
                "restart the container, which writes its rules anew, and find what removed this one ("
                        + evidence.whatRemoves() + ", another tool); with \"iptables\": false Docker writes none");
    }

    /** The nearest: a rule for the same container that leads to another port. */
    private static String misled(Evidence evidence, ContainerFacts container, boolean translated) {
        return evidence.observation()
                .withRole(translated ? RuleRole.PORT_DNAT : RuleRole.PORT_ACCEPT)
                .filter(rule -> rule.classified().serves(container))
                .findFirst()
                .map(rule -> "; the nearest is " + rule.cite())
                .orElse("");
    }

    private static String answeredByProxy(Evidence evidence) {
        return evidence.probes().stream().anyMatch(p -> p.outcome() == Outcome.ANSWERED)
                ? "; what was answered all the same, docker-proxy answered"
                : "";
    }

    /** The addresses that probes of these families could have been translated to. */
    private static String addresses(Evidence evidence, ContainerFacts container) {
        Set<Family> families = evidence.probes().stream()
                .map(probe -> Family.of(probe.tuple().destination()))
                .collect(Collectors.toSet());
        String addresses = container.addresses().stream()
                .filter(address -> families.isEmpty() || families.contains(Family.of(address)))
                .map(address ->
                        Family.of(address) == Family.IPV6 ? "[" + Cidr.format(address) + "]" : Cidr.format(address))
                .collect(Collectors.joining(" or "));
        return addresses.isEmpty() ? "the container" : addresses;
    }
}
