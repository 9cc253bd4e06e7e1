// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.docker.PublishedPort;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.Match;
import io.github.countercheck.ruleset.Policy;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.traffic.ConntrackAnswer;
import io.github.countercheck.traffic.ConntrackEntry;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.traffic.Tuple;
import io.github.countercheck.walk.MeasuredRule;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apiguardian.api.API;

/**
 * Says why a claim did not hold. Names a cause only where something that was measured speaks for it.
 *
 * <p>The signatures rest on how netfilter counts: nat rules see the first packet of a flow only, and a first packet that is
 * dropped after nat PREROUTING leaves no conntrack entry, so that each of its retransmissions counts on the DNAT rule
 * again.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class Diagnosis {

    private static final Set<String> DROPPING = Set.of("DROP", "REJECT");
    private static final Set<String> ENDING_NAT = Set.of("DNAT", "REDIRECT", "ACCEPT", "RETURN", "SNAT", "MASQUERADE");

    private final Evidence evidence;

    private Diagnosis(Evidence evidence) {
        this.evidence = evidence;
    }

    /** Returns the causes that the evidence speaks for, the most telling first. */
    public static List<Finding> of(Evidence evidence) {
        Diagnosis diagnosis = new Diagnosis(evidence);
        return Stream.of(
                        diagnosis.noRule(),
                        diagnosis.tooMany(),
                        diagnosis.loopback(),
                        diagnosis.ownBridge(),
                        diagnosis.droppedLater(),
                        diagnosis.shadowed(),
                        diagnosis.notAnswered(),
                        diagnosis.notHit())
                .flatMap(Optional::stream)
                .limit(1)
                .toList();
    }

    private Optional<Finding> noRule() {
        if (!evidence.claimed().isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                switch (evidence.claim()) {
                    case DNAT, FORWARD_ACCEPT -> noPortRule();
                    case MASQUERADE ->
                        new Finding(
                                Cause.NO_RULE,
                                "no rule of Docker's in nat/POSTROUTING gives flows from " + networkWords()
                                        + " another source address" + seenUntranslated(),
                                "look at \"ip-masq\" in daemon.json and the network option"
                                        + " com.docker.network.bridge.enable_ip_masquerade; if both are on, some tool"
                                        + " removed the rule (iptables -F, a firewall reload): restart Docker to get it"
                                        + " back");
                    case RULE ->
                        new Finding(
                                Cause.NO_RULE,
                                "the chain holds no such rule",
                                "compare with the chain as it is: iptables-save -c, or iptables -t TABLE -S CHAIN");
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
                                "no rule of the filter table accepts it for " + networkWords(),
                                "restart Docker, which writes its rules anew, and find what removed this one"
                                        + " (iptables -F, a firewall reload)");
                });
    }

    private Finding noPortRule() {
        ContainerFacts container = evidence.container();
        String port = evidence.port() + "/" + evidence.transport();
        List<PublishedPort> bindings =
                container == null ? List.of() : container.ports(evidence.transport(), evidence.port());
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
        boolean translated = evidence.claim() == Claim.DNAT;
        return new Finding(
                Cause.NO_RULE,
                "Docker says the port is published, but no rule "
                        + (translated ? "of the nat table translates" : "of the filter table lets new flows in")
                        + " to " + addresses(container) + " port " + port
                        + (evidence.probes().stream().anyMatch(p -> p.outcome() == Outcome.ANSWERED)
                                ? "; what was answered all the same, docker-proxy answered"
                                : ""),
                "restart the container, which writes its rules anew, and find what removed this one (iptables -F, a"
                        + " firewall reload, another tool); with \"iptables\": false Docker writes none");
    }

    private Optional<Finding> tooMany() {
        if (evidence.hits() <= evidence.most()) {
            return Optional.empty();
        }
        long unanswered = probes(Outcome.TIMED_OUT).count();
        if (evidence.claim() == Claim.DNAT && unanswered > 0) {
            return Optional.of(droppedLater()
                    .orElseGet(() -> new Finding(
                            Cause.DROPPED_LATER,
                            unanswered + " of the probes timed out, and a first packet that is dropped after this rule"
                                    + " counts again with each retry"
                                    + (unconfirmed() == 0 ? "" : "; conntrack has no entry of " + unconfirmed()),
                            "look for what drops it: filter/FORWARD, " + forwarding() + ", rp_filter")));
        }
        if (evidence.claim() == Claim.FORWARD_ACCEPT && !returnTrafficIsAccepted()) {
            return Optional.of(new Finding(
                    Cause.NO_RULE,
                    "no rule accepts RELATED,ESTABLISHED before this one, so that every packet of a flow met it and not"
                            + " the first alone",
                    "restart Docker, which writes its rules anew, and find what removed that one (iptables -F, a firewall"
                            + " reload)"));
        }
        if (!evidence.probes().isEmpty()
                && (!countsOncePerProbe()
                        || evidence.hits() <= evidence.probes().size())) {
            // What the test sent accounts for it, or may: nothing speaks for somebody else.
            return Optional.empty();
        }
        return Optional.of(new Finding(
                Cause.HIT_BY_STRANGER,
                "the rule counted " + evidence.hits() + ", the test sent "
                        + (evidence.probes().isEmpty()
                                ? "nothing by Traffic"
                                : evidence.probes().size() + " probes"),
                "keep other clients off the port while the test runs (health checks and wait strategies connect too), or"
                        + " begin the window later with traffic.mark()"));
    }

    /** A rule without a network serves all of them; that of another network does not help this container. */
    private boolean returnTrafficIsAccepted() {
        ContainerFacts container = evidence.container();
        return evidence.observation()
                .withRole(RuleRole.RETURN_TRAFFIC)
                .map(MeasuredRule::classified)
                .anyMatch(rule -> rule.network() == null
                        || container == null
                        || evidence.observation().facts().networksOf(container).stream()
                                .anyMatch(rule::serves));
    }

    /** Rules that see every packet count several for a probe; how many is not known. */
    private boolean countsOncePerProbe() {
        return switch (evidence.claim()) {
            case DNAT, MASQUERADE, FORWARD_ACCEPT, HAIRPIN -> true;
            case RETURN_TRAFFIC, OUTBOUND_ACCEPT, ICC_ACCEPT -> false;
            case RULE ->
                evidence.claimed().stream().allMatch(rule -> rule.rule().table().equals("nat"));
        };
    }

    private Optional<Finding> loopback() {
        if (evidence.hits() > evidence.most()) {
            return Optional.empty();
        }
        boolean inbound = evidence.claim() == Claim.DNAT || evidence.claim() == Claim.FORWARD_ACCEPT;
        if (!inbound || loopbackProbes().findAny().isEmpty()) {
            return Optional.empty();
        }
        boolean answered =
                probes(Outcome.ANSWERED).anyMatch(p -> p.tuple().destination().isLoopbackAddress());
        Optional<MeasuredRule> excluding = evidence.observation()
                .withRole(RuleRole.NAT_JUMP_OUT)
                .filter(rule -> loopbackProbes().anyMatch(p -> excludes(rule, p)))
                .findFirst();
        return excluding.map(rule -> new Finding(
                Cause.PROXY_PATH,
                "traffic to " + excluded(rule) + " skips DNAT (" + rule.location() + " has \"! -d " + excluded(rule)
                        + "\")"
                        + (answered ? "; docker-proxy answered instead" : ""),
                "send from outside: traffic.toPublishedPort(container, " + evidence.port()
                        + "); or set \"userland-proxy\": false"));
    }

    private Stream<Probe> loopbackProbes() {
        return probesTo(t -> t.destination().isLoopbackAddress());
    }

    private static boolean excludes(MeasuredRule rule, Probe probe) {
        return rule.rule()
                .match(Match.Destination.class)
                .filter(destination -> destination.negated()
                        && destination.net().contains(probe.tuple().destination()))
                .isPresent();
    }

    private static String excluded(MeasuredRule rule) {
        return rule.rule()
                .match(Match.Destination.class)
                .map(destination -> destination.net().toString())
                .orElse("-");
    }

    private Optional<Finding> ownBridge() {
        if ((evidence.claim() != Claim.DNAT && evidence.claim() != Claim.HAIRPIN) || evidence.hits() > 0) {
            return Optional.empty();
        }
        return evidence.observation()
                .withRole(RuleRole.SKIP_DNAT)
                .filter(rule -> rule.hits() > 0)
                .findFirst()
                .map(rule -> new Finding(
                        Cause.PROXY_PATH,
                        "a container called the host's port, and " + rule.cite()
                                + " keeps containers of that bridge from being translated; docker-proxy takes such"
                                + " connections",
                        "send from outside, or call the container by its own address and port"));
    }

    private Optional<Finding> droppedLater() {
        if (evidence.hits() > evidence.most()
                && probes(Outcome.TIMED_OUT).findAny().isEmpty()) {
            return Optional.empty();
        }
        Optional<String> dropper = dropper();
        if (dropper.isPresent()) {
            return Optional.of(new Finding(
                    Cause.DROPPED_LATER,
                    (evidence.claim() == Claim.DNAT ? "the packets were translated, and then " : "") + dropper.get(),
                    "change or move that rule; rules of your own belong in DOCKER-USER, where a packet already has the"
                            + " container's address and port (match the host's with -m conntrack --ctorigdstport)"));
        }
        boolean forward = evidence.claim() == Claim.FORWARD_ACCEPT;
        if (forward && evidence.hits() == 0 && dnatHits() > 0 && !sentByHost() && !forwardMoved()) {
            return Optional.of(new Finding(
                    Cause.DROPPED_LATER,
                    "the packets were translated (" + dnatHits() + " counted in nat), and no rule of filter/FORWARD saw"
                            + " them: the kernel dropped them while routing",
                    "check `sysctl " + forwarding()
                            + "` (1 is needed) and rp_filter of the interface they came in by"));
        }
        if (forward && evidence.hits() == 0 && dnatHits() > 0 && !sentByHost() && unconfirmed() > 0) {
            return Optional.of(new Finding(
                    Cause.DROPPED_LATER,
                    "the packets were translated (" + dnatHits() + " counted in nat), and conntrack has no entry of "
                            + unconfirmed() + " flows: they were dropped on this host before their last hook",
                    "look for chains outside iptables that drop them: nft list ruleset"));
        }
        return Optional.empty();
    }

    /** The setting that lets packets of the probes' family through at all. */
    private String forwarding() {
        return !evidence.probes().isEmpty()
                        && Family.of(evidence.probes().get(0).tuple().destination()) == Family.IPV6
                ? "net.ipv6.conf.all.forwarding"
                : "net.ipv4.ip_forward";
    }

    /** Conntrack keeps an entry only of a flow whose first packet has passed every hook. */
    private long unconfirmed() {
        return evidence.attribution().unknown().stream()
                .filter(p -> p.outcome() == Outcome.TIMED_OUT && p.conntrack() instanceof ConntrackAnswer.Absent)
                .count();
    }

    private Optional<Finding> notAnswered() {
        boolean needsAnswer = evidence.claim() == Claim.RETURN_TRAFFIC || evidence.claim() == Claim.OUTBOUND_ACCEPT;
        if (!needsAnswer || evidence.hits() > 0) {
            return Optional.empty();
        }
        return evidence.attribution().own().stream()
                .flatMap(p -> p.conntrack().entry().stream())
                .filter(ConntrackEntry::unreplied)
                .findFirst()
                .map(entry -> new Finding(
                        Cause.NOT_ANSWERED,
                        "the packets went all the way, and "
                                + Tuple.endpoint(
                                        entry.reply().source(),
                                        Integer.toString(entry.reply().sourcePort()))
                                + " sent nothing back (conntrack: [UNREPLIED])",
                        "see whether something listens there, and at that end's own firewall and routes"));
    }

    /** What dropped packets since the baseline: a rule, or the policy of a base chain. */
    private Optional<String> dropper() {
        Optional<String> rule = evidence.observation()
                .moved()
                .filter(r -> r.rule().target() != null
                        && DROPPING.contains(r.rule().target().name()))
                .filter(r -> r.classified().hooks().contains(Hook.FORWARD)
                        || r.classified().hooks().contains(Hook.PREROUTING))
                .max(Comparator.comparingLong(MeasuredRule::hits))
                .map(r -> r.cite() + "  dropped " + r.hits() + " packets");
        return rule.or(() -> evidence.observation().delta().chains().stream()
                .filter(chain -> chain.table().equals("filter") && chain.chain().equals("FORWARD"))
                .filter(chain -> {
                    Chain after = chain.after();
                    return after != null && after.policy() == Policy.DROP;
                })
                .filter(chain -> chain.packets().orElse(0) > 0)
                .findFirst()
                .map(chain -> "the policy DROP of "
                        + MeasuredRule.location(chain.family(), chain.backend(), chain.table(), chain.chain())
                        + " dropped "
                        + chain.packets().orElse(0) + " packets that no rule accepted"));
    }

    private Optional<Finding> shadowed() {
        boolean met = evidence.hits() > 0 && evidence.counted() > 0;
        if (met || evidence.claimed().isEmpty()) {
            return Optional.empty();
        }
        MeasuredRule wanted = evidence.claimed().get(0);
        // Before the rule itself, or before a jump that leads to its chain.
        return Stream.concat(
                        Stream.of(wanted),
                        evidence.observation().rules().stream()
                                .filter(rule ->
                                        rule.rule().table().equals(wanted.rule().table())
                                                && rule.rule()
                                                        .hasTarget(wanted.rule().chain())))
                .flatMap(place -> shadowing(wanted, place))
                .findFirst();
    }

    private Stream<Finding> shadowing(MeasuredRule wanted, MeasuredRule place) {
        return evidence.observation()
                .moved()
                .filter(rule -> rule.location().equals(place.location()) && rule.position() < place.position())
                .filter(rule -> rule.rule().target() != null
                        && (isTranslation(wanted)
                                ? ENDING_NAT.contains(rule.rule().target().name())
                                : "ACCEPT".equals(rule.rule().target().name())))
                .filter(rule -> rule.role() == RuleRole.FOREIGN || takesSamePackets(rule, wanted))
                .map(rule -> new Finding(
                        Cause.RULE_SHADOWED,
                        rule.cite() + "  stands before " + (place.equals(wanted) ? "it" : "the jump to its chain")
                                + " (#" + rule.position() + " before #" + place.position() + ") and counted +"
                                + rule.hits(),
                        "remove that rule or put it after Docker's; a rule for a container that is gone is left over:"
                                + " restart Docker"));
    }

    /** Of nftables, the table's name does not tell. */
    private boolean isTranslation(MeasuredRule wanted) {
        return switch (evidence.claim()) {
            case DNAT, MASQUERADE, HAIRPIN -> true;
            case RULE -> wanted.rule().table().equals("nat");
            case FORWARD_ACCEPT, RETURN_TRAFFIC, OUTBOUND_ACCEPT, ICC_ACCEPT -> false;
        };
    }

    /** Docker writes rules of one role for each port and network; only one for the same port takes another's packets. */
    private static boolean takesSamePackets(MeasuredRule rule, MeasuredRule wanted) {
        return rule.role() == wanted.role()
                && rule.classified().transport() == wanted.classified().transport()
                && Objects.equals(
                        rule.classified().hostPort(), wanted.classified().hostPort())
                && (rule.role() == RuleRole.PORT_DNAT
                        || Objects.equals(
                                rule.classified().network(), wanted.classified().network()));
    }

    private Optional<Finding> notHit() {
        if (evidence.hits() > evidence.most() || evidence.attribution().contradicts(evidence.counted())) {
            return Optional.empty();
        }
        String rest = evidence.hits() == 0 ? "nothing that met it was seen" : "only " + evidence.hits() + " met it";
        if (evidence.probes().isEmpty()) {
            return Optional.of(new Finding(
                    Cause.RULE_NOT_HIT,
                    rest + ", and nothing was sent by Traffic in this window",
                    "send first: traffic.toPublishedPort(container, port), or traffic.from(container).toOutside()"));
        }
        Optional<Finding> elsewhere = otherAddress();
        if (elsewhere.isPresent()) {
            return elsewhere;
        }
        if (evidence.claim() == Claim.FORWARD_ACCEPT && sentByHost()) {
            return Optional.of(new Finding(
                    Cause.RULE_NOT_HIT,
                    "a process on the Docker host sent it, and what the host itself sends never comes by FORWARD",
                    "send from outside: traffic.toPublishedPort(container, port)"));
        }
        if (evidence.claim() == Claim.FORWARD_ACCEPT && dnatHits() == 0) {
            return Optional.of(new Finding(
                    Cause.RULE_NOT_HIT,
                    rest + ", nor was anything translated to the container",
                    "see why with assertDnatHit(container, " + evidence.port() + ")"));
        }
        return Optional.of(new Finding(
                Cause.RULE_NOT_HIT,
                rest + seenUntranslated(),
                "compare what was sent with what the rule asks for: interface, protocol, address, port"));
    }

    private Optional<Finding> otherAddress() {
        ContainerFacts container = evidence.container();
        if (container == null || evidence.claim() != Claim.DNAT) {
            return Optional.empty();
        }
        List<PublishedPort> bindings = container.ports(evidence.transport(), evidence.port());
        Tuple sent = evidence.probes().get(0).tuple();
        boolean reached = bindings.stream()
                .anyMatch(b -> b.hostPort() == sent.destinationPort()
                        && evidence.transport() == sent.transport()
                        && (b.isOnAnyAddress() || b.hostAddress().equals(sent.destination())));
        if (reached || bindings.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(new Finding(
                Cause.RULE_NOT_HIT,
                "port " + evidence.port() + "/" + evidence.transport() + " is published on "
                        + bindings.stream()
                                .map(b -> Tuple.endpoint(b.hostAddress(), Integer.toString(b.hostPort())))
                                .collect(Collectors.joining(", "))
                        + " only; the probe went to " + sent.transport() + " "
                        + Tuple.endpoint(sent.destination(), Integer.toString(sent.destinationPort())),
                "send to the address, port and protocol that are published"));
    }

    private String seenUntranslated() {
        return evidence.probes().stream()
                .filter(p -> p.seenByPeer() != null
                        && p.seenByPeer().equals(p.tuple().source()))
                .findFirst()
                .map(p -> "; the peer saw the container's own address, "
                        + Cidr.format(p.tuple().source()))
                .orElse("");
    }

    private boolean sentByHost() {
        return !evidence.probes().isEmpty()
                && evidence.probes().stream()
                        .allMatch(p -> p.tuple().source().equals(p.tuple().destination()));
    }

    private boolean forwardMoved() {
        return evidence.observation()
                .moved()
                .anyMatch(r -> (r.rule().table().equals("filter")
                                || !r.delta().id().backend().isIptables())
                        && r.classified().hooks().contains(Hook.FORWARD));
    }

    private long dnatHits() {
        ContainerFacts container = evidence.container();
        return evidence.observation()
                .withRole(RuleRole.PORT_DNAT)
                .filter(rule -> container == null || rule.classified().serves(container))
                .mapToLong(MeasuredRule::hits)
                .sum();
    }

    private Stream<Probe> probes(Outcome outcome) {
        return evidence.probes().stream().filter(p -> p.outcome() == outcome);
    }

    private Stream<Probe> probesTo(Predicate<Tuple> test) {
        return evidence.probes().stream().filter(p -> test.test(p.tuple()));
    }

    private String networkWords() {
        NetworkFacts network = evidence.network();
        return network == null
                ? "that subnet"
                : network.subnets().stream().map(Cidr::toString).collect(Collectors.joining(", ")) + " (network "
                        + network.name() + ")";
    }

    /** The addresses that probes of these families could have been translated to. */
    private String addresses(ContainerFacts container) {
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

    /**
     * Returns the rule that shares most words with one that was not found.
     *
     * @param wanted the rule that was sought
     * @param candidates where to look
     */
    public static Optional<MeasuredRule> nearest(Rule wanted, List<MeasuredRule> candidates) {
        Set<String> words = words(wanted);
        return candidates.stream()
                .filter(c -> c.rule().table().equals(wanted.table()))
                .max(Comparator.comparingLong((MeasuredRule c) ->
                                words(c.rule()).stream().filter(words::contains).count())
                        .thenComparing(c -> c.rule().chain().equals(wanted.chain())));
    }

    private static Set<String> words(Rule rule) {
        return new HashSet<>(Arrays.asList(rule.spec().split(" ", -1)));
    }
}
