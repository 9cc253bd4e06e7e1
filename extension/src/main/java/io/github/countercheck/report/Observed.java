// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.report;

import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.walk.PacketWalk;
import io.github.countercheck.walk.Unmet;
import java.util.List;
import java.util.Set;
import org.apiguardian.api.API;

/**
 * What was read for one test by the time that it ended.
 *
 * @param families the address families of its packets
 * @param before the counters before
 * @param after the counters as they were read last; a table that nobody asked for again is missing
 * @param facts what the daemon said
 * @param flows what the test sent
 * @param stale the tables that were read after the first packet, and not again after the last
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public record Observed(
        Set<Family> families,
        CounterSnapshot before,
        CounterSnapshot after,
        DockerFacts facts,
        List<SentFlow> flows,
        Set<String> stale) {

    /**
     * What one call sent.
     *
     * @param text the flow in words
     * @param probes its probes
     * @param walks the walk of each probe that was traced
     * @param unmet the rules that its first packet passes by, as simulated
     */
    @API(status = API.Status.INTERNAL, since = "0.1")
    public record SentFlow(String text, List<Probe> probes, List<PacketWalk> walks, List<Unmet> unmet) {

        /** Copies the lists. */
        public SentFlow {
            probes = List.copyOf(probes);
            walks = List.copyOf(walks);
            unmet = List.copyOf(unmet);
        }
    }

    /** Copies the collections. */
    public Observed {
        families = Set.copyOf(families);
        flows = List.copyOf(flows);
        stale = Set.copyOf(stale);
    }
}
