// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import io.github.countercheck.docker.Classification;
import io.github.countercheck.docker.RuleClassifier;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.infra.Blackhole;

/** What each rule is for, and whom it serves. */
public class ClassificationBenchmark extends MillisecondBenchmark {

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
