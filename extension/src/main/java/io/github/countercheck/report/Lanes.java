// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.report;

import io.github.countercheck.report.Observed.SentFlow;
import io.github.countercheck.report.TestReport.Lane;
import io.github.countercheck.report.TestReport.Station;
import io.github.countercheck.report.TestReport.WalkedChain;
import io.github.countercheck.report.TestReport.WalkedRule;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.BaseChain;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Counter;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.Policy;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Table;
import io.github.countercheck.ruleset.Target;
import io.github.countercheck.snapshot.ChainDelta;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.walk.MeasuredRule;
import io.github.countercheck.walk.Observation;
import io.github.countercheck.walk.PacketWalk;
import io.github.countercheck.walk.PacketWalk.Fate;
import io.github.countercheck.walk.PacketWalk.Step;
import io.github.countercheck.walk.Unmet;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Lays out by hooks what was counted and what was traced. */
final class Lanes {

    /** In the order of a packet's way. */
    static final List<Hook> ORDER = List.of(
            Hook.INGRESS, Hook.PREROUTING, Hook.OUTPUT, Hook.INPUT, Hook.FORWARD, Hook.POSTROUTING, Hook.EGRESS);

    private static final Set<String> ENDING =
            Set.of("ACCEPT", "DROP", "REJECT", "DNAT", "SNAT", "MASQUERADE", "REDIRECT", "QUEUE", "NFQUEUE");

    /** A chain that several hooks jump to asks at each of them. */
    private record At(Hook hook, Place place) {}

    private record Place(Family family, Backend backend, String table, String chain, int position) {}

    /** A base chain of the baseline or of the later reading. */
    private record Entry(Ruleset ruleset, Table table, Chain chain, BaseChain base, boolean read) {

        String name() {
            return (ruleset.family() == Family.IPV4 && ruleset.backend().isIptables()
                            ? ""
                            : ruleset.family().keyword() + " ")
                    + table.name();
        }
    }

    private final Observation observation;
    private final List<Entry> entries;
    private final IdentityHashMap<Rule, MeasuredRule> measured = new IdentityHashMap<>();
    private final Map<At, String> unmet = new HashMap<>();
    private final Set<Place> traced = new HashSet<>();
    private final Map<Place, String> tracedStops = new HashMap<>();

    private Lanes(Observed observed) {
        observation = Observation.of(observed.families(), observed.before(), observed.after(), observed.facts());
        observation.rules().forEach(rule -> measured.put(rule.rule(), rule));
        entries = entries(observed);
        for (SentFlow flow : observed.flows()) {
            flow.unmet().forEach(rule -> unmet.putIfAbsent(new At(rule.hook(), place(rule)), rule.match()));
            flow.walks().forEach(this::add);
        }
    }

    static Lanes of(Observed observed) {
        return new Lanes(observed);
    }

    private void add(PacketWalk walk) {
        walk.steps().forEach(step -> traced.add(place(step)));
        boolean gone = walk.fate() == Fate.DROPPED || walk.fate() == Fate.REJECTED;
        if (gone && !walk.steps().isEmpty()) {
            Step last = walk.steps().get(walk.steps().size() - 1);
            tracedStops.put(place(last), walk.reason());
        }
    }

    private static Place place(Unmet rule) {
        return new Place(rule.family(), rule.backend(), rule.table(), rule.chain(), rule.position());
    }

    private static Place place(Step step) {
        return new Place(step.family(), step.backend(), step.table(), step.chain(), step.position());
    }

    /** A table that was not read again stands as it was in the baseline. */
    private static List<Entry> entries(Observed observed) {
        Map<String, Entry> all = new TreeMap<>();
        for (boolean isAfter : List.of(false, true)) {
            CounterSnapshot snapshot = isAfter ? observed.after() : observed.before();
            for (Ruleset ruleset :
                    snapshot.only(observed.families(), table -> true).rulesets()) {
                for (Table table : ruleset.tables()) {
                    for (Chain chain : table.chains()) {
                        BaseChain base = chain.base();
                        if (base != null) {
                            all.put(
                                    ruleset.family() + "/" + ruleset.backend() + "/" + table.name() + "/"
                                            + chain.name(),
                                    new Entry(ruleset, table, chain, base, isAfter));
                        }
                    }
                }
            }
        }
        return all.values().stream()
                .sorted(Comparator.comparingInt(
                                (Entry e) -> ORDER.indexOf(e.base().hook()))
                        .thenComparing(e -> e.ruleset().family() == Family.IPV6)
                        .thenComparingInt(e -> e.base().priority()))
                .toList();
    }

    List<Station> stations() {
        List<Station> stations = new ArrayList<>();
        for (Entry entry : entries) {
            Walked walked = walk(entry);
            boolean passive = entry.chain().rules().isEmpty()
                    && (entry.chain().policy() == null || entry.chain().policy() == Policy.ACCEPT);
            boolean crossed = walked.moved > 0 || walked.traced;
            if (!passive || crossed) {
                stations.add(new Station(
                        entry.base().hook(), entry.name(), entry.read(), walked.moved, crossed, walked.stop));
            }
        }
        return stations;
    }

    List<Lane> lanes() {
        Map<Integer, List<WalkedChain>> lanes = new TreeMap<>();
        for (Entry entry : entries) {
            Walked walked = walk(entry);
            if (walked.moved > 0 || walked.traced) {
                lanes.computeIfAbsent(ORDER.indexOf(entry.base().hook()), hook -> new ArrayList<>())
                        .add(walked.chain);
            }
        }
        return lanes.entrySet().stream()
                .map(lane -> new Lane(ORDER.get(lane.getKey()), lane.getValue()))
                .toList();
    }

    /** What is known of a chain and of all behind it. */
    private record Walked(
            WalkedChain chain,
            long moved,
            boolean traced,
            long ended,
            @Nullable String stop) {}

    private Walked walk(Entry entry) {
        return walk(entry, entry.chain(), new HashSet<>());
    }

    private Walked walk(Entry entry, Chain chain, Set<String> above) {
        above.add(chain.name());
        List<WalkedRule> rules = new ArrayList<>();
        long moved = 0;
        long ended = 0;
        boolean anyTraced = false;
        String stop = null;
        int position = 0;
        for (Rule rule : chain.rules()) {
            position++;
            MeasuredRule known = entry.read() ? measured.get(rule) : null;
            Place place = placeOf(entry, chain, position);
            boolean isTraced = traced.contains(place);
            Long hits = known == null || known.isReset() || !known.isCounted() ? null : (Long) known.hits();
            List<WalkedChain> calls = new ArrayList<>();
            if (isTraced || hits == null || hits > 0) {
                for (Chain next : entry.table().leadsTo(rule)) {
                    if (!above.contains(next.name())) {
                        Walked behind = walk(entry, next, above);
                        if (behind.moved > 0 || behind.traced) {
                            long through = hits == null ? behind.moved : hits;
                            calls.add(withReturned(behind.chain, Math.max(0, through - behind.ended)));
                            anyTraced |= behind.traced;
                            ended += behind.ended;
                            stop = stop == null ? behind.stop : stop;
                            moved = Math.max(moved, hits == null ? behind.moved : 0);
                        }
                    }
                }
            }
            boolean met = isTraced || (hits != null && hits > 0);
            Target target = rule.target();
            if (hits != null && target != null && ENDING.contains(target.name())) {
                ended += hits;
            }
            if (stop == null && tracedStops.containsKey(place)) {
                stop = Objects.requireNonNull(tracedStops.get(place));
            }
            if (stop == null && met && target != null && rule.stops()) {
                stop = target.name() + " " + location(entry, chain) + " #" + position
                        + (hits == null || hits == 0 ? "" : " +" + hits);
            }
            moved = Math.max(moved, hits == null ? 0 : hits);
            anyTraced |= isTraced;
            rules.add(new WalkedRule(
                    position,
                    body(rule),
                    known == null ? "" : known.classified().purpose(),
                    known == null || known.delta().before() == null
                            ? null
                            : packets(Objects.requireNonNull(known.delta().before())
                                    .counter()),
                    packets(entry.read() ? rule.counter() : null),
                    hits,
                    met || !calls.isEmpty(),
                    met || !calls.isEmpty()
                            ? ""
                            : unmet.getOrDefault(new At(entry.base().hook(), place), ""),
                    calls));
        }
        above.remove(chain.name());
        Long policyHits = policyHits(entry, chain);
        boolean policyTraced = traced.contains(placeOf(entry, chain, 0));
        anyTraced |= policyTraced;
        if (policyHits != null) {
            moved = Math.max(moved, policyHits);
        }
        if (stop == null && chain.policy() == Policy.DROP && (policyTraced || (policyHits != null && policyHits > 0))) {
            stop = "policy DROP " + location(entry, chain)
                    + (policyHits == null || policyHits == 0 ? "" : " +" + policyHits);
        }
        WalkedChain walked = new WalkedChain(
                location(entry, chain),
                chain.policy() == null ? null : chain.policy().name(),
                policyHits,
                0,
                rules);
        return new Walked(walked, moved, anyTraced, ended, stop);
    }

    private static WalkedChain withReturned(WalkedChain chain, long returned) {
        return new WalkedChain(chain.name(), chain.policy(), chain.policyHits(), returned, chain.rules());
    }

    private static Place placeOf(Entry entry, Chain chain, int position) {
        return new Place(
                entry.ruleset().family(),
                entry.ruleset().backend(),
                entry.table().name(),
                chain.name(),
                position);
    }

    private static String location(Entry entry, Chain chain) {
        return MeasuredRule.location(
                entry.ruleset().family(),
                entry.ruleset().backend(),
                entry.table().name(),
                chain.name());
    }

    private @Nullable Long policyHits(Entry entry, Chain chain) {
        if (!entry.read() || chain.base() == null) {
            return null;
        }
        Stream<ChainDelta> same = observation.delta().chains().stream()
                .filter(delta -> delta.family() == entry.ruleset().family()
                        && delta.backend() == entry.ruleset().backend()
                        && delta.table().equals(entry.table().name())
                        && delta.chain().equals(chain.name()));
        var packets = same.findFirst().map(ChainDelta::packets).orElseThrow();
        return packets.isPresent() ? (Long) packets.getAsLong() : null;
    }

    private static @Nullable Long packets(@Nullable Counter counter) {
        return counter == null ? null : (Long) counter.packets();
    }

    private static String body(Rule rule) {
        return rule.nft() == null
                ? rule.spec().substring("-A ".length() + rule.chain().length()).strip()
                : rule.spec();
    }
}
