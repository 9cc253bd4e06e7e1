// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.walk.Packet;
import io.github.countercheck.walk.PacketWalk;
import io.github.countercheck.walk.RoutingFacts;
import io.github.countercheck.walk.RulesetWalker;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The simulated way of a packet to the published port whose rules come last. */
@State(Scope.Benchmark)
public class WalkBenchmark extends MillisecondBenchmark {

    private RulesetWalker walker = RulesetWalker.of(List.of(), DockerFacts.NONE, RoutingFacts.NONE);
    private Packet packet = new Listings().packet();

    /** Makes a walker, which classifies all rules, once. */
    @Setup
    public void make(Listings listings) {
        List<Ruleset> rulesets = listings.ofIptables;
        walker = RulesetWalker.of(rulesets, listings.facts, RoutingFacts.of(listings.facts, rulesets));
        packet = listings.packet();
    }

    /** Walks it. */
    @Benchmark
    public PacketWalk walk() {
        return walker.walk(packet);
    }
}
