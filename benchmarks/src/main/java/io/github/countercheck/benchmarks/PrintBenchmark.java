// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import io.github.countercheck.ruleset.IptablesSavePrinter;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.Blackhole;

/** From rules back to text. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 5, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class PrintBenchmark {

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
