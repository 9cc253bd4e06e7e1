// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import io.github.countercheck.snapshot.CounterDelta;
import io.github.countercheck.snapshot.RuleDelta;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;

/** What became of each rule between two snapshots, of which one in ten has counted. */
public class DeltaBenchmark extends MillisecondBenchmark {

    /** Compares two snapshots. */
    @Benchmark
    public List<RuleDelta> delta(Listings listings) {
        return CounterDelta.between(listings.before, listings.after).rules();
    }
}
