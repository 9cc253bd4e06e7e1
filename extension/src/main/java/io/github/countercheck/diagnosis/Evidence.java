// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.walk.MeasuredRule;
import io.github.countercheck.walk.Observation;
import java.util.List;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Everything that is known about a claim that did not hold.
 *
 * @param claim what was claimed
 * @param container the container it is about, if about one
 * @param network the network it is about, if about one
 * @param transport the protocol, where the claim is about a port
 * @param port the container's port, where the claim is about one, else 0
 * @param claimed the rules that should have counted; empty if there is none
 * @param most the highest count that would have satisfied the claim
 * @param observation all rules and what they counted
 * @param probes what was sent
 * @param attribution what conntrack knows of those probes that the claim is about
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public record Evidence(
        Claim claim,
        @Nullable ContainerFacts container,
        @Nullable NetworkFacts network,
        Transport transport,
        int port,
        List<MeasuredRule> claimed,
        long most,
        Observation observation,
        List<Probe> probes,
        Attribution attribution) {

    /** Copies the lists. */
    public Evidence {
        claimed = List.copyOf(claimed);
        probes = List.copyOf(probes);
    }

    /** Returns how often the claim was met: by the own flows where conntrack knows them, else by anybody. */
    long hits() {
        return attribution.met(counted());
    }

    /** Returns what the rules counted, whoever it was. */
    long counted() {
        return claimed.stream().mapToLong(MeasuredRule::hits).sum();
    }
}
