// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.docker.ClassifiedRule;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.RuleClassifier;
import io.github.countercheck.ruleset.BaseChain;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Table;
import io.github.countercheck.walk.PacketWalk.Fate;
import io.github.countercheck.walk.PacketWalk.Origin;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Simulates the way of a packet through rules as they were listed: what the kernel would do with it, without sending one.
 *
 * <p>It follows the kernel: all base chains of a hook in the order of their priorities, whichever backend holds them; an
 * accepted packet goes on to the next one; nat chains see the first packet of a flow only, and none after the first that
 * translates; conntrack comes behind the raw table.
 *
 * <p>It proves what the rules say, not what happens: whether an address answers, whether forwarding is switched on
 * ({@code net.ipv4.ip_forward}), routes by mark, and filters beside netfilter (eBPF, {@code rp_filter}) are out of its
 * sight, and a source port is taken to stay where a translation does not say otherwise. What depends on more than packet
 * and rules, such as {@code -m limit}, is walked both ways; if the end is the same the walk is decided, else its fate is
 * {@link Fate#UNDECIDED} and its reason names the rule. It never guesses; what it takes for granted it says in
 * {@link PacketWalk#assumptions}.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class RulesetWalker {

    /** How many ways an undecided walk may fork into before it is given up. */
    private static final int MOST_WALKS = 16;

    private final List<Ruleset> rulesets;
    private final RoutingFacts routing;
    private final Map<String, ? extends Collection<Cidr>> sets;
    private final IdentityHashMap<Rule, ClassifiedRule> classified = new IdentityHashMap<>();

    private RulesetWalker(
            List<Ruleset> rulesets,
            DockerFacts facts,
            RoutingFacts routing,
            Map<String, ? extends Collection<Cidr>> sets) {
        this.rulesets = List.copyOf(rulesets);
        this.routing = routing;
        this.sets = Map.copyOf(sets);
        for (Ruleset ruleset : rulesets) {
            RuleClassifier.classify(ruleset, facts).rules().forEach(r -> classified.put(r.rule(), r));
        }
    }

    /**
     * Makes a walker.
     *
     * @param rulesets everything that one network namespace holds, of every backend and family; what is left out is
     *     taken to be empty
     * @param facts what the daemon said at that time, or {@link DockerFacts#NONE}
     * @param routing the host's addresses and devices
     */
    public static RulesetWalker of(List<Ruleset> rulesets, DockerFacts facts, RoutingFacts routing) {
        return new RulesetWalker(rulesets, facts, routing, Map.of());
    }

    /**
     * Makes a walker that knows the members of ipsets.
     *
     * @param rulesets everything that one network namespace holds, of every backend and family
     * @param facts what the daemon said at that time, or {@link DockerFacts#NONE}
     * @param routing the host's addresses and devices
     * @param sets the members of ipsets of addresses, by the sets' names; others stay undecided
     */
    public static RulesetWalker of(
            List<Ruleset> rulesets,
            DockerFacts facts,
            RoutingFacts routing,
            Map<String, ? extends Collection<Cidr>> sets) {
        return new RulesetWalker(rulesets, facts, routing, sets);
    }

    /** Walks one packet. */
    public PacketWalk walk(Packet packet) {
        List<Run> runs = new ArrayList<>();
        Deque<List<Boolean>> open = new ArrayDeque<>(List.of(List.of()));
        while (!open.isEmpty()) {
            if (runs.size() == MOST_WALKS) {
                return undecided(
                        runs,
                        "more than " + MOST_WALKS + " ways, of which the first forks at "
                                + describe(runs.get(0).questions().asked().get(0)));
            }
            Questions questions = new Questions(open.removeFirst());
            PacketWalk walk = new Walk(this, packet, questions).run();
            runs.add(new Run(walk, questions));
            open.addAll(questions.alternatives());
        }
        Run first = runs.get(0);
        Run other = runs.stream().filter(r -> !r.endsAs(first)).findFirst().orElse(null);
        if (first.walk().fate() == Fate.UNDECIDED) {
            return undecided(runs, first.walk().reason());
        }
        return other == null ? agreed(runs) : undecided(runs, describe(fork(runs, first)));
    }

    /**
     * Returns the rules that the packet comes to and passes by, with the match that it does not meet. Where a walk forks
     * they are those of one way only.
     */
    public List<Unmet> unmet(Packet packet) {
        Walk walk = new Walk(this, packet, new Questions(List.of()));
        walk.run();
        return List.copyOf(walk.unmet());
    }

    private record Run(PacketWalk walk, Questions questions) {

        /** Where a packet that is dropped was going does not matter. */
        boolean endsAs(Run other) {
            boolean gone = walk.fate() == Fate.DROPPED || walk.fate() == Fate.REJECTED;
            return walk.fate() == other.walk.fate()
                    && (gone
                            || (Objects.equals(walk.destination(), other.walk.destination())
                                    && Objects.equals(walk.source(), other.walk.source())));
        }
    }

    /** Finds the first question of the first walk whose other answer leads to another end. */
    private static Questions.Asked fork(List<Run> runs, Run first) {
        List<Questions.Asked> asked = first.questions().asked();
        for (int i = 0; i < asked.size(); i++) {
            int at = i;
            boolean matters =
                    runs.stream().filter(r -> commonAnswers(r, first) == at).anyMatch(r -> !r.endsAs(first));
            if (matters) {
                return asked.get(i);
            }
        }
        throw new IllegalStateException("walks that differ have a question between them");
    }

    private static int commonAnswers(Run a, Run b) {
        List<Questions.Asked> mine = a.questions().asked();
        List<Questions.Asked> theirs = b.questions().asked();
        int common = 0;
        while (common < mine.size()
                && common < theirs.size()
                && mine.get(common).equals(theirs.get(common))) {
            common++;
        }
        return common;
    }

    private static String describe(Questions.Asked asked) {
        return asked.where() + ": " + asked.reason() + " (" + asked.question() + "?)";
    }

    private static PacketWalk agreed(List<Run> runs) {
        PacketWalk first = runs.get(0).walk();
        Set<String> assumptions = assumptions(runs);
        for (Run run : runs) {
            for (Questions.Asked asked : run.questions().asked()) {
                assumptions.add("does not matter: " + describe(asked));
            }
        }
        boolean sameEnds = runs.stream()
                .map(Run::walk)
                .allMatch(w -> Objects.equals(w.destination(), first.destination())
                        && Objects.equals(w.source(), first.source()));
        return new PacketWalk(
                Origin.SIMULATION,
                runs.size() == 1 ? first.steps() : common(runs),
                first.fate(),
                first.reason(),
                sameEnds ? first.destination() : null,
                sameEnds ? first.source() : null,
                List.copyOf(assumptions));
    }

    private static PacketWalk undecided(List<Run> runs, String reason) {
        return new PacketWalk(
                Origin.SIMULATION, common(runs), Fate.UNDECIDED, reason, null, null, List.copyOf(assumptions(runs)));
    }

    private static Set<String> assumptions(List<Run> runs) {
        Set<String> all = new LinkedHashSet<>();
        runs.forEach(r -> all.addAll(r.walk().assumptions()));
        return all;
    }

    /** Returns the steps that the packet takes in any case. */
    private static List<PacketWalk.Step> common(List<Run> runs) {
        List<PacketWalk.Step> common = new ArrayList<>(runs.get(0).walk().steps());
        runs.forEach(r -> common.retainAll(r.walk().steps()));
        return common;
    }

    RoutingFacts routing() {
        return routing;
    }

    Map<String, ? extends Collection<Cidr>> sets() {
        return sets;
    }

    @Nullable
    ClassifiedRule classified(Rule rule) {
        return classified.get(rule);
    }

    /** Returns the base chains that the packet is shown to at a hook, in no order but that of the listings. */
    List<HookEntry> entries(Hook hook, Passage passage) {
        List<HookEntry> entries = new ArrayList<>();
        for (Ruleset ruleset : rulesets) {
            for (Table table : ruleset.tables()) {
                List<Chain> chains = table.flags().contains("dormant") ? List.of() : table.chains();
                for (Chain chain : chains) {
                    BaseChain base = chain.base();
                    if (base != null && base.hook() == hook && sees(ruleset, base, passage)) {
                        entries.add(new HookEntry(ruleset, table, chain, base));
                    }
                }
            }
        }
        return entries;
    }

    private static boolean sees(Ruleset ruleset, BaseChain base, Passage passage) {
        if (!base.devices().isEmpty()) {
            return base.devices().contains(base.hook() == Hook.INGRESS ? passage.in : String.valueOf(passage.out));
        }
        return ruleset.family().sees(passage.family());
    }
}
