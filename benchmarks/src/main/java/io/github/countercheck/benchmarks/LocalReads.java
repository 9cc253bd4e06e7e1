// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import io.github.countercheck.benchmarks.Contest.Side;
import io.github.countercheck.docker.ClassificationMemory;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.netns.LocalNetns;
import io.github.countercheck.netns.NetfilterCounterSource;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.snapshot.CounterSnapshot;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** A snapshot of everything as root on the daemon's host takes it, beside the commands it is made of and what else reads rules. */
final class LocalReads implements Group {

    private static final int[] SIZES = {30, 300, 3_000, 30_000};
    private static final int POLLED = 300;
    /** The last is the cheapest that names nft's tables: `nft list tables` fetches all rules with them (1.0.6). */
    static final String[] BARE = {"iptables-nft-save -c", "ip6tables-nft-save -c", "nft list chains"};

    @Override
    public String title() {
        return "snapshots beside the bare commands";
    }

    @Override
    public void measure(Plan plan) throws Exception {
        for (int rules : SIZES) {
            measure(plan, rules);
        }
    }

    private static void measure(Plan plan, int rules) throws Exception {
        RulesetOfSize listing = new RulesetOfSize(rules);
        DockerFacts facts = listing.factsForAnAssertion();
        ClassificationMemory memory = new ClassificationMemory();
        int rounds = rules >= 30_000 ? plan.rounds(9, 3) : plan.rounds(61, 11);
        try (Namespace namespace = Namespace.open()) {
            Namespace.restore(namespace.pid(), "iptables-nft-restore", listing.iptablesSave());
            try (NetfilterCounterSource source = new NetfilterCounterSource(new LocalNetns(namespace.pid()));
                    BareShell shell = BareShell.in(namespace.pid());
                    BareShell other = BareShell.in(namespace.pid())) {
                requireRules(source.read(), rules);
                Side[] sides = {
                    Side.timed(
                            "snapshot of " + rules + " rules, read, parsed and classified,",
                            () -> classify(source.read(), facts, memory)),
                    Side.timed(
                            "the least that tells as much, one after the other: " + String.join("; ", quoted(BARE)),
                            () -> shell.run(BARE)),
                    Side.timed(quoted(BARE)[0], () -> other.run(BARE[0])),
                    Side.timed("the same snapshot, read and parsed only,", source::read)
                };
                Contest.warmUp(forWarmUp(plan), sides);
                List<Sample> took = Contest.inTurn(0, rounds, sides);
                Sample snapshot = took.get(0);
                Sample bare = took.get(1);
                plan.report(Figure.ofRatio("local-snapshot-" + rules, goal(rules), snapshot, bare));
                plan.report(Figure.ofRatio("local-snapshot-to-one-save-" + rules, null, snapshot, took.get(2))
                        .withRemark("one family of one variant is less than a snapshot reads"));
                plan.report(Figure.ofRatio("local-snapshot-unclassified-" + rules, null, took.get(3), bare));
                if (rules == POLLED) {
                    poll(plan, source, rounds);
                }
                peers(plan, rules, shell, other);
            }
        }
    }

    private static void requireRules(CounterSnapshot snapshot, int rules) throws IOException {
        long read = count(snapshot);
        if (read != rules) {
            throw new IOException(rules + " rules were put there, and " + read + " are read");
        }
    }

    /** Returns how many rules it holds. */
    static long count(CounterSnapshot snapshot) {
        return snapshot.rulesets().stream()
                .mapToLong(ruleset -> ruleset.rules().count())
                .sum();
    }

    private static Goal goal(int rules) {
        return Goal.atMost(rules < 3_000 ? 1.2 : 1.05);
    }

    /** As a session does, which knows the rules that stood there the last time. */
    static void classify(CounterSnapshot snapshot, DockerFacts facts, ClassificationMemory memory) {
        snapshot.rulesets().forEach(ruleset -> memory.classify(ruleset, facts));
    }

    /** Until the compiler has gone to rest, which would take one of two cores from what is measured. */
    static Duration forWarmUp(Plan plan) {
        return Duration.ofSeconds(plan.rounds(4, 1));
    }

    private static void poll(Plan plan, NetfilterCounterSource source, int rounds) throws Exception {
        Side[] sides = {
            Side.timed("a poll of table nat of IPv4", () -> source.read(Set.of(Family.IPV4), "nat")),
            Side.timed("a full snapshot of " + POLLED + " rules, not classified,", source::read)
        };
        Contest.warmUp(forWarmUp(plan), sides);
        List<Sample> took = Contest.inTurn(0, rounds, sides);
        plan.report(Figure.ofRatio("poll-" + POLLED, Goal.atMost(0.5), took.get(0), took.get(1)));
    }

    /** What somebody would use instead, beside the one that we use. */
    private static void peers(Plan plan, int rules, BareShell shell, BareShell other) throws Exception {
        int rounds = rules >= 30_000 ? plan.rounds(3, 1) : plan.rounds(11, 3);
        beside(plan, rounds, "iptables-list-" + rules, other, "iptables-nft -t nat -nvxL", shell, rules);
        if (rules < 30_000 || !plan.quick()) {
            beside(plan, rounds, "nft-json-list-" + rules, other, "nft -j list ruleset", shell, rules);
        }
        legacy(plan, rounds, rules, shell);
    }

    private static void beside(
            Plan plan, int rounds, String name, BareShell other, String command, BareShell shell, int rules)
            throws Exception {
        List<Sample> took = Contest.inTurn(
                1,
                rounds,
                Side.timed("`" + command + "` of " + rules + " rules", () -> other.run(command)),
                Side.timed(quoted(BARE)[0], () -> shell.run(BARE[0])));
        plan.report(Figure.ofRatio("peer-" + name, null, took.get(0), took.get(1)));
    }

    static String[] quoted(String... commands) {
        return Stream.of(commands).map(command -> "`" + command + "`").toArray(String[]::new);
    }

    /** In a namespace of their own, since iptables-nft-save speaks of them where there are some. */
    private static void legacy(Plan plan, int rounds, int rules, BareShell shell) throws Exception {
        try (Namespace namespace = Namespace.open()) {
            Namespace.restore(namespace.pid(), "iptables-legacy-restore", new RulesetOfSize(rules).iptablesSave());
            try (BareShell legacy = BareShell.in(namespace.pid())) {
                beside(plan, rounds, "legacy-save-" + rules, legacy, "iptables-legacy-save -c", shell, rules);
                if (rules <= (plan.quick() ? 300 : 3_000)) {
                    PythonIptables.beside(plan, rules, namespace.pid(), legacy);
                }
            }
        }
    }
}
