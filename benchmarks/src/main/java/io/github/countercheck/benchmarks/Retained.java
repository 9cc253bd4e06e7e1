// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import io.github.countercheck.netns.LocalNetns;
import io.github.countercheck.netns.NetfilterCounterSource;
import io.github.countercheck.snapshot.CounterSnapshot;
import java.lang.ref.Reference;
import java.util.ArrayList;
import java.util.List;

/** What snapshots keep of the heap: of one, and of two that are held as a test holds its baseline and what it reads later. */
final class Retained implements Group {

    private static final int RULES = 30_000;
    private static final double MEGABYTE = 1 << 20;

    @Override
    public String title() {
        return "the heap that snapshots keep";
    }

    @Override
    public void measure(Plan plan) throws Exception {
        try (Namespace namespace = Namespace.open()) {
            Namespace.restore(namespace.pid(), "iptables-nft-restore", new RulesetOfSize(RULES).iptablesSave());
            List<Double> ofOne = new ArrayList<>();
            List<Double> ofTwo = new ArrayList<>();
            for (int round = -1; round < plan.rounds(3, 1); round++) {
                try (NetfilterCounterSource source = new NetfilterCounterSource(new LocalNetns(namespace.pid()))) {
                    double before = usedHeap();
                    List<CounterSnapshot> held = new ArrayList<>();
                    try {
                        held.add(source.read());
                        double one = usedHeap() - before;
                        held.add(source.read());
                        double two = usedHeap() - before;
                        if (round >= 0) {
                            ofOne.add(one);
                            ofTwo.add(two);
                        }
                    } finally {
                        Reference.reachabilityFence(held);
                    }
                }
            }
            plan.report(Figure.ofRatio(
                    "two-snapshots-" + RULES,
                    Goal.atMost(1.2),
                    new Sample("heap that two snapshots of " + RULES + " rules keep", "MB", ofTwo),
                    new Sample("one", "MB", ofOne)));
        }
    }

    /** Returns what is reachable, in megabytes. */
    static double usedHeap() {
        double used = Double.MAX_VALUE;
        // The first collection may leave what has yet to be finalised or cleaned.
        for (int i = 0; i < 3; i++) {
            System.gc();
            Runtime runtime = Runtime.getRuntime();
            used = Math.min(used, (runtime.totalMemory() - runtime.freeMemory()) / MEGABYTE);
        }
        return used;
    }
}
