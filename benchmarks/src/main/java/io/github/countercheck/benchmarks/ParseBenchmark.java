// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import io.github.countercheck.ruleset.NftJsonParser;
import io.github.countercheck.ruleset.NftListing;
import io.github.countercheck.ruleset.Ruleset;
import java.io.IOException;
import org.openjdk.jmh.annotations.Benchmark;

/** From text to rules; beside it, what Jackson needs for no more than the tokens of the same JSON. */
public class ParseBenchmark extends MillisecondBenchmark {

    /** Reads what iptables-save printed. */
    @Benchmark
    public Ruleset iptablesSave(Listings listings) {
        return Listings.parsed(listings.save);
    }

    /** Reads what nft printed. */
    @Benchmark
    public NftListing nftJson(Listings listings) {
        return NftJsonParser.parse(listings.json);
    }

    /** Reads it while the last listing is remembered; one rule in ten has another counter. */
    @Benchmark
    public NftListing nftJsonAgain(Listings listings) {
        return NftJsonParser.parse(listings.nextJson(), listings.memory);
    }

    /** Goes through the same bytes. */
    @Benchmark
    public long jacksonTokens(Listings listings) throws IOException {
        return Parsing.scan(listings.jsonBytes);
    }
}
