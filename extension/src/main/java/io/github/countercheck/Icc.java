// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.traffic.Tuple;
import org.testcontainers.containers.ContainerState;

/**
 * Two containers of one network and what the one sent to the other.
 *
 * @param window what was sent
 * @param facts what the daemon says
 * @param from the sender
 * @param to the receiver
 * @param network the network that both are in
 */
record Icc(Window window, DockerFacts facts, ContainerFacts from, ContainerFacts to, NetworkFacts network) {

    /**
     * Finds the network, and makes sure that rules are asked in it and that something was sent.
     *
     * @throws CountercheckException if one of these is not so
     */
    static Icc of(Window window, ContainerState sender, ContainerState receiver) {
        DockerFacts facts = Containers.facts(window, sender, receiver);
        ContainerFacts from = Containers.require(facts, sender);
        ContainerFacts to = Containers.require(facts, receiver);
        NetworkFacts network = facts.networksOf(from).stream()
                .filter(candidate ->
                        candidate.bridge() != null && to.endpoint(candidate).isPresent())
                .findFirst()
                .orElseThrow(() -> new CountercheckException(
                        "containers " + from.name() + " and " + to.name() + " share no bridge network",
                        "claim it of containers of one network; between networks, assertIsolated"));
        Icc icc = new Icc(window, facts, from, to, network);
        icc.requireRulesAreAsked();
        icc.requireSent();
        return icc;
    }

    private void requireRulesAreAsked() {
        for (Family family : window.families()) {
            if (!window.session().bridgesAskRules(family)) {
                throw new CountercheckException(
                        "bridges of the daemon's host pass frames between containers of a network without asking any rule of "
                                + family.inWords(),
                        "load br_netfilter and set net.bridge.bridge-nf-call-"
                                + (family == Family.IPV6 ? "ip6tables" : "iptables")
                                + "=1; from Engine 27.4 Docker does so only with \"icc\": false or without docker-proxy");
            }
        }
    }

    private void requireSent() {
        if (window.flows().stream()
                .flatMap(flow -> flow.probes().stream())
                .noneMatch(probe -> probe.outcome().wasSent() && isFromTo(probe.tuple()))) {
            throw new CountercheckException(
                    "container " + from.name() + " sent nothing to an address of " + to.name() + " in this window",
                    "send first: traffic.from(container).toContainer(other, port)");
        }
    }

    boolean isFromTo(Tuple tuple) {
        return from.owns(tuple.source()) && to.owns(tuple.destination());
    }
}
