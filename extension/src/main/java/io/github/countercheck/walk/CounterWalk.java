// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.ruleset.BaseChain;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Counter;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Table;
import io.github.countercheck.snapshot.ChainDelta;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * The rules whose counters moved, in the order in which the kernel asks them: the path that packets took, as far as
 * counters can tell.
 *
 * <p>It is evidence, not a trace of one packet: where several flows took several ways, it shows all of them.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class CounterWalk {

    /**
     * One line of the walk.
     *
     * @param depth how many jumps lie before it
     * @param where its table and chain
     * @param position the rule's place in its chain, or 0 for a policy
     * @param text the rule without its chain, or the policy
     * @param role what the rule is for
     * @param hits what was counted
     * @param span the counter then and now: {@code 41 -> 44}
     */
    private record Step(int depth, String where, int position, String text, String role, long hits, String span) {}

    /** In the order of the packet's way: in, through, out; before that what the host itself sends and gets. */
    private static final List<Hook> ORDER = List.of(
            Hook.INGRESS, Hook.PREROUTING, Hook.OUTPUT, Hook.INPUT, Hook.FORWARD, Hook.POSTROUTING, Hook.EGRESS);

    private final List<Step> steps;

    private CounterWalk(List<Step> steps) {
        this.steps = List.copyOf(steps);
    }

    /** Draws the walk of what was counted: IPv4 and then IPv6, base chains in the order in which the kernel asks them. */
    public static CounterWalk of(Observation observation) {
        IdentityHashMap<Rule, MeasuredRule> measured = new IdentityHashMap<>();
        observation.rules().forEach(rule -> measured.put(rule.rule(), rule));
        List<Step> steps = new ArrayList<>();
        observation.delta().chains().stream()
                .filter(delta -> delta.after() != null && delta.after().base() != null)
                .sorted(Comparator.comparing((ChainDelta delta) -> delta.family() == Family.IPV6)
                        .thenComparingInt(delta -> ORDER.indexOf(base(delta).hook()))
                        .thenComparingInt(delta -> base(delta).priority()))
                .forEach(delta -> {
                    tableOf(observation, delta)
                            .ifPresent(table -> table.chain(delta.chain())
                                    .ifPresent(chain -> addChain(table, chain, measured, 0, new HashSet<>(), steps)));
                    if (delta.packets().orElse(0) > 0) {
                        steps.add(policy(delta));
                    }
                });
        return new CounterWalk(steps);
    }

    private static BaseChain base(ChainDelta delta) {
        return Objects.requireNonNull(Objects.requireNonNull(delta.after()).base());
    }

    private static Optional<Table> tableOf(Observation observation, ChainDelta delta) {
        return observation
                .delta()
                .after()
                .ruleset(delta.family(), delta.backend())
                .flatMap(r -> r.table(delta.table()));
    }

    private static Step policy(ChainDelta chain) {
        String policy =
                chain.after() == null ? "-" : String.valueOf(chain.after().policy());
        return new Step(
                0,
                MeasuredRule.location(chain.family(), chain.backend(), chain.table(), chain.chain()),
                0,
                "policy " + policy,
                "",
                chain.packets().orElse(0),
                span(
                        chain.before() == null ? null : chain.before().counter(),
                        chain.after() == null ? null : chain.after().counter()));
    }

    private static String span(@Nullable Counter before, @Nullable Counter after) {
        return after == null ? "" : (before == null ? 0 : before.packets()) + " -> " + after.packets();
    }

    /** A rule that is not counted, such as one that asks a verdict map, is drawn if something moved behind it. */
    private static void addChain(
            Table table,
            Chain chain,
            IdentityHashMap<Rule, MeasuredRule> measured,
            int depth,
            Set<String> above,
            List<Step> steps) {
        if (!above.add(chain.name())) {
            return;
        }
        for (Rule rule : chain.rules()) {
            MeasuredRule known = measured.get(rule);
            if (known == null || (known.hits() == 0 && known.isCounted())) {
                continue;
            }
            List<Step> behind = new ArrayList<>();
            table.leadsTo(rule).forEach(next -> addChain(table, next, measured, depth + 1, above, behind));
            if (known.hits() > 0 || !behind.isEmpty()) {
                steps.add(new Step(
                        depth,
                        known.location(),
                        known.position(),
                        body(rule),
                        known.classified().purpose(),
                        known.hits(),
                        span(
                                known.delta().before() == null
                                        ? null
                                        : known.delta().before().counter(),
                                rule.counter())));
                steps.addAll(behind);
            }
        }
        above.remove(chain.name());
    }

    private static String body(Rule rule) {
        return rule.nft() == null
                ? rule.spec().substring("-A ".length() + rule.chain().length()).strip()
                : rule.spec();
    }

    /** Tells whether no counter moved at all. */
    public boolean isEmpty() {
        return steps.isEmpty();
    }

    private int width(ToIntFunction<Step> length) {
        return Math.max(1, steps.stream().mapToInt(length).max().orElse(1));
    }

    /**
     * Prints it with a line for each rule: where it stands, what it counted, its counter before and after, what it says and
     * what it is for; what is called by a jump is set in under it.
     */
    public String inLines() {
        if (isEmpty()) {
            return "  no rule counted anything";
        }
        int width = width(s -> 2 * s.depth + s.where.length());
        int spans = width(s -> s.span.length());
        return steps.stream()
                .map(s -> String.format(
                                Locale.ROOT,
                                "  %-" + width + "s %4s %6s  %-" + spans + "s  %s%s",
                                "  ".repeat(s.depth) + s.where,
                                s.position == 0 ? "" : "#" + s.position,
                                s.hits == 0 ? "" : "+" + s.hits,
                                s.hits == 0 ? "" : s.span,
                                s.text,
                                s.role.isEmpty() ? "" : "   # " + s.role)
                        .stripTrailing())
                .collect(Collectors.joining("\n"));
    }
}
