// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.traffic.Peer;
import io.github.countercheck.traffic.Tuple;
import io.github.countercheck.walk.Packet;
import io.github.countercheck.walk.PacketWalk;
import io.github.countercheck.walk.PacketWalk.Endpoint;
import io.github.countercheck.walk.RoutingFacts;
import io.github.countercheck.walk.RulesetWalker;
import io.github.countercheck.walk.Unmet;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/** Walks a flow's first packet through rules, without sending it. */
final class Simulation {

    private final RulesetWalker walker;
    private final DockerFacts facts;
    private final String outsideDevice;

    private Simulation(RulesetWalker walker, DockerFacts facts, String outsideDevice) {
        this.walker = walker;
        this.facts = facts;
        this.outsideDevice = outsideDevice;
    }

    /** Prepares it; something must have been sent, so that there is a world outside. */
    static Simulation of(Window window, List<Ruleset> rulesets, DockerFacts facts) {
        return of(window.session().peer(), rulesets, facts);
    }

    /** Prepares it with that world outside. */
    static Simulation of(Peer peer, List<Ruleset> rulesets, DockerFacts facts) {
        RoutingFacts routing = RoutingFacts.of(facts, rulesets);
        for (InetAddress address : peer.hostAddresses()) {
            routing = routing.withDevice(
                    peer.hostDevice(), new Cidr(address, address instanceof Inet4Address ? 30 : 112));
        }
        return new Simulation(RulesetWalker.of(rulesets, facts, routing), facts, peer.hostDevice());
    }

    PacketWalk walk(Tuple tuple, Vantage vantage) {
        return walker.walk(packet(tuple, vantage));
    }

    /** Returns the rules that the packet passes by. */
    List<Unmet> unmet(Tuple tuple, Vantage vantage) {
        return walker.unmet(packet(tuple, vantage));
    }

    private Packet packet(Tuple tuple, Vantage vantage) {
        return Packet.first(
                tuple.transport(),
                source(tuple),
                destination(tuple),
                inputDevice(tuple, vantage).orElse(null));
    }

    private Optional<String> inputDevice(Tuple tuple, Vantage vantage) {
        return switch (vantage) {
            case OUTSIDE -> Optional.of(outsideDevice);
            case CONTAINER -> facts.networkOf(tuple.source()).map(NetworkFacts::bridge);
            case HOST, LOOPBACK -> Optional.empty();
        };
    }

    static Endpoint source(Tuple tuple) {
        return new Endpoint(tuple.source(), tuple.sourcePort());
    }

    static Endpoint destination(Tuple tuple) {
        return new Endpoint(tuple.destination(), tuple.destinationPort());
    }
}
