// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import io.github.countercheck.docker.Classification;
import io.github.countercheck.docker.RuleClassifier;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/** What each rule is for, and whom it serves. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class ClassificationBenchmark {

    /** As for an assertion, which asks the daemon for all networks and one container. */
    @Benchmark
    public Classification iptables(Listings listings) {
        return RuleClassifier.classify(listings.ofIptables.get(0), listings.facts);
    }

    /** As for the report of a test that failed, which asks it for all containers. */
    @Benchmark
    public Classification iptablesWithAllContainers(Listings listings) {
        return RuleClassifier.classify(listings.ofIptables.get(0), listings.allFacts);
    }

    /** The same of rules that an engine wrote with nftables. */
    @Benchmark
    public void nftables(Listings listings, Blackhole classified) {
        listings.ofNftables.forEach(ruleset -> classified.consume(RuleClassifier.classify(ruleset, listings.facts)));
    }
}
