// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import io.github.countercheck.ruleset.IptablesSavePrinter;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.infra.Blackhole;

/** From rules back to text. */
public class PrintBenchmark extends MillisecondBenchmark {

    /** Prints as iptables-save does. */
    @Benchmark
    public String iptablesSave(Listings listings) {
        return IptablesSavePrinter.print(listings.ofIptables.get(0));
    }

    /** Prints each rule as nft lists it. */
    @Benchmark
    public void nft(Listings listings, Blackhole text) {
        listings.ofNftables.forEach(ruleset -> ruleset.rules().forEach(rule -> text.consume(rule.spec())));
    }
}
