// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import io.github.countercheck.diagnosis.Diagnosis;
import io.github.countercheck.diagnosis.Evidence;
import io.github.countercheck.diagnosis.Finding;
import io.github.countercheck.diagnosis.Surroundings;
import io.github.countercheck.host.HostFacts;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.traffic.ConntrackAnswer;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.traffic.Tuple;
import io.github.countercheck.walk.Observation;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.openjdk.jmh.annotations.Benchmark;

/** Why a probe was not answered, all rules being as they should. */
public class DiagnosisBenchmark extends MillisecondBenchmark {

    /** Joins two snapshots, and asks each cause whether it fits. */
    @Benchmark
    public List<Finding> diagnosis(Listings listings) {
        Probe probe = new Probe(
                new Tuple(
                        Transport.TCP,
                        listings.source().address(),
                        listings.source().port(),
                        listings.destination().address(),
                        listings.destination().port()),
                Outcome.TIMED_OUT,
                "",
                "",
                Duration.ZERO,
                null,
                new ConntrackAnswer.Absent());
        return Diagnosis.of(Evidence.ofDelivery(
                Observation.of(Set.of(Family.IPV4), listings.before, listings.after, listings.facts),
                List.of(probe),
                new Surroundings(HostFacts.parse(""), Map.of(), List.of(), List.of(), List.of(), null)));
    }
}
