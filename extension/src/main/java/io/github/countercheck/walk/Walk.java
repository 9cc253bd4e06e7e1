// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.ruleset.BaseChain;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.IptablesSavePrinter;
import io.github.countercheck.ruleset.Match;
import io.github.countercheck.ruleset.NftPrinter;
import io.github.countercheck.ruleset.NftRule;
import io.github.countercheck.ruleset.Policy;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.walk.Packet.State;
import io.github.countercheck.walk.PacketWalk.Direction;
import io.github.countercheck.walk.PacketWalk.Endpoint;
import io.github.countercheck.walk.PacketWalk.Fate;
import io.github.countercheck.walk.PacketWalk.Step;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One walk of the packet, with the answers given to what is not known. */
final class Walk {

    /** Where conntrack looks at packets, and where the nat chains of a hook are asked, whatever their own priorities. */
    private static final int CONNTRACK = -200;

    private static final int NAT_DESTINATION = -100;
    private static final int NAT_SOURCE = 100;

    private final RulesetWalker walker;
    private final Passage passage;
    private final Questions questions;
    private final List<Step> steps = new ArrayList<>();
    private final List<Unmet> unmet = new ArrayList<>();
    private Hook hook = Hook.PREROUTING;
    private Fate fate = Fate.ACCEPTED;
    private String reason = "";

    Walk(RulesetWalker walker, Packet packet, Questions questions) {
        this.walker = walker;
        this.passage = new Passage(packet, walker.routing());
        this.questions = questions;
    }

    /** How the packet leaves a chain. */
    private enum Exit {
        /** No rule decided. */
        END,
        ACCEPTED,
        /** The packet's fate is settled. */
        STOPPED
    }

    /** Something that the kernel does at a hook. */
    private record Station(int priority, @Nullable HookEntry entry, List<HookEntry> nat, boolean isConntrack) {

        boolean matters() {
            return entry == null || entry.matters();
        }

        String name() {
            return entry != null ? entry.name() : isConntrack ? "conntrack" : "address translation";
        }
    }

    PacketWalk run() {
        boolean seen = !passage.bridged
                || questions.decide(
                        Truth.open(
                                "bridged packets are shown to the rules",
                                "a bridge carries it on by itself, unseen where net.bridge.bridge-nf-call-iptables is 0"),
                        "the bridge " + passage.in);
        if (seen) {
            if (passage.isHostSent()) {
                sent();
            } else {
                arrived();
            }
        }
        return new PacketWalk(
                PacketWalk.Origin.SIMULATION,
                steps,
                fate,
                reason,
                passage.destinationEnd(),
                passage.sourceEnd(),
                List.copyOf(passage.assumptions));
    }

    private void arrived() {
        if (!pass(Hook.INGRESS) || !pass(Hook.PREROUTING) || !routeArrived()) {
            return;
        }
        if (isLocal()) {
            pass(Hook.INPUT);
            return;
        }
        passage.route(false);
        if (pass(Hook.FORWARD) && pass(Hook.POSTROUTING)) {
            pass(Hook.EGRESS);
        }
    }

    private boolean routeArrived() {
        if (passage.isMartian()) {
            boolean passes = questions.decide(
                    Truth.open(
                            "packets for loopback addresses are let in on " + passage.in,
                            "the kernel drops them unless net.ipv4.conf." + passage.in + ".route_localnet is 1"),
                    "routing");
            if (!passes) {
                stop(
                        Fate.DROPPED,
                        "routing: " + RoutingFacts.describe(passage.destination) + " does not come from outside");
                return false;
            }
        }
        return true;
    }

    private boolean isLocal() {
        boolean several = passage.destinationIs(AddressType.BROADCAST).isYes()
                || passage.destinationIs(AddressType.MULTICAST).isYes();
        return several || questions.decide(passage.destinationIs(AddressType.LOCAL), "routing");
    }

    private void sent() {
        passage.route(isLocal());
        if (!pass(Hook.OUTPUT)) {
            return;
        }
        // A translation changes the route, but what is still to come in OUTPUT is told the device of before.
        boolean toHost = isLocal();
        passage.route(toHost);
        if (!pass(Hook.POSTROUTING)) {
            return;
        }
        if (!toHost) {
            pass(Hook.EGRESS);
            return;
        }
        passage.confirmed = true;
        passage.in = "lo";
        passage.out = "";
        if (pass(Hook.PREROUTING)) {
            pass(Hook.INPUT);
        }
    }

    private void stop(Fate settled, String why) {
        fate = settled;
        reason = why;
    }

    /** Goes by all that waits at a hook; false if the packet does not get past it. */
    private boolean pass(Hook next) {
        hook = next;
        if (hook == Hook.PREROUTING || hook == Hook.INPUT) {
            passage.out = "";
        }
        List<Station> open = stations();
        while (!open.isEmpty()) {
            Station station = first(open);
            open.remove(station);
            if (!visit(station)) {
                return false;
            }
        }
        return true;
    }

    private List<Station> stations() {
        List<Station> stations = new ArrayList<>();
        List<HookEntry> nat = new ArrayList<>();
        for (HookEntry entry : walker.entries(hook, passage)) {
            if (entry.base().type() == BaseChain.Type.NAT) {
                nat.add(entry);
            } else {
                stations.add(new Station(entry.base().priority(), entry, List.of(), false));
            }
        }
        boolean translates = hook != Hook.FORWARD && hook != Hook.INGRESS && hook != Hook.EGRESS;
        if (translates) {
            stations.add(new Station(atDestination() ? NAT_DESTINATION : NAT_SOURCE, null, nat, false));
        }
        if (hook == Hook.PREROUTING || hook == Hook.OUTPUT) {
            stations.add(new Station(CONNTRACK, null, List.of(), true));
        }
        return stations;
    }

    private boolean atDestination() {
        return hook == Hook.PREROUTING || hook == Hook.OUTPUT;
    }

    /**
     * Returns what comes next. Of those with equal priority the kernel asks first what was registered last, which a
     * listing shows within a table only.
     */
    private Station first(List<Station> open) {
        int priority = open.stream().mapToInt(Station::priority).min().orElseThrow();
        List<Station> tied = open.stream().filter(s -> s.priority() == priority).toList();
        Optional<Station> idle = tied.stream().filter(s -> !s.matters()).findFirst();
        if (idle.isPresent()) {
            return idle.get();
        }
        for (int i = 0; i < tied.size() - 1; i++) {
            if (comesFirst(tied.get(i), tied.subList(i + 1, tied.size()))) {
                return tied.get(i);
            }
        }
        return tied.get(tied.size() - 1);
    }

    // Two rulesets may be equal and still be two.
    @SuppressWarnings("ReferenceEquality")
    private boolean comesFirst(Station station, List<Station> others) {
        for (Station other : others) {
            HookEntry a = station.entry();
            HookEntry b = other.entry();
            boolean sameTable = a != null && b != null && a.ruleset() == b.ruleset() && a.table() == b.table();
            // Of one table, the one further down was made, and registered, later.
            boolean first = !sameTable
                    && questions.decide(
                            Truth.open(
                                    station.name() + " comes before " + other.name() + " in " + hook,
                                    "both have priority " + station.priority()
                                            + ", and the kernel asks first what was registered last, which listings do not"
                                            + " show"),
                            hook.name());
            if (!first) {
                return false;
            }
        }
        return true;
    }

    private boolean visit(Station station) {
        if (station.isConntrack()) {
            passage.tracked = !passage.untracked;
            return true;
        }
        return station.entry() == null ? translate(station.nat()) : enter(station.entry()) != Exit.STOPPED;
    }

    /**
     * Asks the nat chains of a hook, until one of them has translated. What belongs to a flow already has its translation
     * from there, and asks none.
     */
    private boolean translate(List<HookEntry> chains) {
        boolean destination = atDestination();
        if (!passage.hasFlow() || (destination ? passage.destinationBound : passage.sourceBound)) {
            return true;
        }
        Packet packet = passage.packet;
        boolean known = packet.state() != State.NEW
                || packet.dnat()
                || packet.snat()
                || packet.translatedDestination() != null
                || packet.translatedSource() != null;
        if (known) {
            boolean reply = packet.direction() == Direction.REPLY;
            follow(
                    destination,
                    destination ? packet.translatedDestination() : packet.translatedSource(),
                    destination == reply ? packet.snat() : packet.dnat());
        } else {
            for (HookEntry entry : ordered(chains)) {
                if (enter(entry) == Exit.STOPPED) {
                    return false;
                }
                if (destination ? passage.destinationBound : passage.sourceBound) {
                    break;
                }
            }
        }
        if (destination) {
            passage.destinationBound = true;
        } else {
            passage.sourceBound = true;
        }
        return true;
    }

    /** Translates as the packet's flow is translated. */
    private void follow(boolean destination, @Nullable Endpoint to, boolean translated) {
        Span address = to == null ? passage.anyAddress() : Span.of(to.address());
        Span port = to == null ? Span.anything(16) : Span.of(to.port(), 16);
        if (to == null && !translated) {
            return;
        }
        if (destination) {
            passage.moveTo(address, port);
        } else {
            passage.comeFrom(address, port);
        }
    }

    private List<HookEntry> ordered(List<HookEntry> chains) {
        List<Station> open = new ArrayList<>();
        chains.stream()
                .map(c -> new Station(c.base().priority(), c, List.of(), false))
                .forEach(open::add);
        List<HookEntry> ordered = new ArrayList<>();
        while (!open.isEmpty()) {
            Station next = first(open);
            open.remove(next);
            Optional.ofNullable(next.entry()).ifPresent(ordered::add);
        }
        return ordered;
    }

    private Exit enter(HookEntry entry) {
        Exit exit = ask(entry, entry.chain(), new ArrayDeque<>());
        if (exit != Exit.END) {
            return exit;
        }
        Policy policy =
                entry.chain().policy() == null ? Policy.ACCEPT : entry.chain().policy();
        steps.add(step(entry, entry.chain(), 0, null, "policy " + policy, policy.name()));
        switch (policy) {
            case ACCEPT -> {
                return Exit.ACCEPTED;
            }
            case DROP -> stop(Fate.DROPPED, "policy DROP of " + entry.name());
            case QUEUE -> stop(Fate.QUEUED, "policy QUEUE of " + entry.name());
        }
        return Exit.STOPPED;
    }

    private Exit ask(HookEntry entry, Chain chain, Deque<String> above) {
        if (above.contains(chain.name())) {
            stop(Fate.UNDECIDED, "chain " + chain.name() + " of " + entry.name() + " leads back to itself");
            return Exit.STOPPED;
        }
        above.push(chain.name());
        Exit exit = askRules(entry, chain, above);
        above.pop();
        return exit;
    }

    private Exit askRules(HookEntry entry, Chain chain, Deque<String> above) {
        int position = 0;
        for (Rule rule : chain.rules()) {
            position++;
            Ruling ruling = rule(entry, rule, position);
            if (ruling == null) {
                continue;
            }
            steps.add(step(entry, chain, position, rule, rule.spec(), ruling.toString()));
            Exit exit = Exit.END;
            switch (ruling.kind()) {
                case CONTINUE -> {}
                case ACCEPT -> exit = Exit.ACCEPTED;
                case RETURN -> {
                    return Exit.END;
                }
                case JUMP, GOTO -> exit = jump(entry, String.valueOf(ruling.chain()), above);
                case DROP -> exit = settle(Fate.DROPPED, entry, rule);
                case REJECT -> exit = settle(Fate.REJECTED, entry, rule);
                case QUEUE -> exit = settle(Fate.QUEUED, entry, rule);
                case UNDECIDED -> {
                    stop(Fate.UNDECIDED, cite(entry, rule) + ": " + ruling.reason());
                    exit = Exit.STOPPED;
                }
            }
            if (exit != Exit.END || ruling.kind() == Ruling.Kind.GOTO) {
                return exit;
            }
        }
        return Exit.END;
    }

    private Exit jump(HookEntry entry, String name, Deque<String> above) {
        Optional<Chain> chain = entry.table().chain(name);
        if (chain.isEmpty()) {
            stop(Fate.UNDECIDED, "chain " + name + " of " + entry.name() + " is not in the listing");
            return Exit.STOPPED;
        }
        return ask(entry, chain.get(), above);
    }

    private Exit settle(Fate settled, HookEntry entry, Rule rule) {
        stop(settled, cite(entry, rule));
        return Exit.STOPPED;
    }

    /** Returns what the rule does, or null if the packet does not meet it. */
    private @Nullable Ruling rule(HookEntry entry, Rule rule, int position) {
        Targets targets = new Targets(passage, hook);
        NftRule nft = rule.nft();
        if (nft != null) {
            return new NftRuleRunner(
                            passage,
                            rule,
                            entry.table(),
                            targets,
                            questions,
                            cite(entry, rule),
                            condition -> unmet.add(unmet(entry, rule, position, NftPrinter.print(condition))))
                    .run(nft.statements());
        }
        IptablesMatcher matcher = new IptablesMatcher(passage, rule, walker.sets());
        List<Truth> open = new ArrayList<>();
        for (Match match : rule.matches()) {
            Truth truth = questions.recall(matcher.test(match));
            if (truth.isNo()) {
                unmet.add(unmet(entry, rule, position, IptablesSavePrinter.print(match)));
                return null;
            }
            if (!truth.isYes()) {
                open.add(truth);
            }
        }
        for (Truth truth : open) {
            if (!questions.decide(truth, cite(entry, rule))) {
                return null;
            }
        }
        return targets.apply(rule.target(), entry.table()::chain);
    }

    private Unmet unmet(HookEntry entry, Rule rule, int position, String match) {
        return new Unmet(
                hook,
                entry.ruleset().family(),
                entry.ruleset().backend(),
                entry.table().name(),
                rule.chain(),
                position,
                match);
    }

    /** Returns the rules that it passed by, once it was run. */
    List<Unmet> unmet() {
        return unmet;
    }

    private static String cite(HookEntry entry, Rule rule) {
        return entry.ruleset().backend() + " " + rule.table() + "/" + rule.chain() + "  " + rule.spec();
    }

    private Step step(HookEntry entry, Chain chain, int position, @Nullable Rule rule, String text, String verdict) {
        return new Step(
                1,
                passage.packet.direction() == Direction.REPLY ? Direction.REPLY : Direction.ORIGINAL,
                hook,
                entry.ruleset().family(),
                entry.ruleset().backend(),
                entry.table().name(),
                chain.name(),
                position,
                rule == null ? null : walker.classified(rule),
                text,
                verdict);
    }
}
