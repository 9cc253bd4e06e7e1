// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Target;
import io.github.countercheck.snapshot.ChainDelta;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

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
     */
    private record Step(int depth, String where, int position, String text, String role, long hits) {}

    /** What lists rules apart from others': their chains have nothing to do with one another. */
    private record Holder(Family family, Backend backend) {}

    /** Base chains in the order of the packet's way: in, through, out; then what the host itself sends and gets. */
    private static final List<String> ORDER = List.of(
            "raw/PREROUTING",
            "mangle/PREROUTING",
            "nat/PREROUTING",
            "raw/OUTPUT",
            "mangle/OUTPUT",
            "nat/OUTPUT",
            "filter/OUTPUT",
            "mangle/INPUT",
            "filter/INPUT",
            "nat/INPUT",
            "mangle/FORWARD",
            "filter/FORWARD",
            "mangle/POSTROUTING",
            "nat/POSTROUTING");

    private final List<Step> steps;

    private CounterWalk(List<Step> steps) {
        this.steps = List.copyOf(steps);
    }

    /** Draws the walk of what was counted. */
    public static CounterWalk of(Observation observation) {
        List<Step> steps = new ArrayList<>();
        observation.rules().stream()
                .map(rule ->
                        new Holder(rule.delta().id().family(), rule.delta().id().backend()))
                .distinct()
                .forEach(holder -> addHolder(observation, holder, steps));
        return new CounterWalk(steps);
    }

    private static void addHolder(Observation observation, Holder holder, List<Step> steps) {
        Map<String, List<MeasuredRule>> chains = observation.rules().stream()
                .filter(rule -> holder.equals(
                        new Holder(rule.delta().id().family(), rule.delta().id().backend())))
                .collect(Collectors.groupingBy(
                        rule -> rule.rule().table() + "/" + rule.rule().chain(),
                        LinkedHashMap::new,
                        Collectors.toList()));
        for (String base : ORDER) {
            addChain(base, chains, 0, new HashSet<>(), steps);
            observation.delta().chains().stream()
                    .filter(chain -> holder.equals(new Holder(chain.family(), chain.backend())))
                    .filter(chain -> base.equals(chain.table() + "/" + chain.chain()))
                    .filter(chain -> chain.packets().orElse(0) > 0)
                    .forEach(chain -> steps.add(policy(chain)));
        }
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
                chain.packets().orElse(0));
    }

    private static void addChain(
            String location, Map<String, List<MeasuredRule>> chains, int depth, Set<String> above, List<Step> steps) {
        if (!above.add(location)) {
            return;
        }
        for (MeasuredRule rule : chains.getOrDefault(location, List.of())) {
            if (rule.hits() > 0) {
                steps.add(new Step(
                        depth, rule.location(), rule.position(), body(rule.rule()), purpose(rule), rule.hits()));
                Target target = rule.rule().target();
                if (target != null) {
                    addChain(rule.rule().table() + "/" + target.name(), chains, depth + 1, above, steps);
                }
            }
        }
        above.remove(location);
    }

    /** What the rule is for, and whom it serves: {@code PORT_DNAT web1 80/tcp}. */
    private static String purpose(MeasuredRule rule) {
        ContainerFacts container = rule.classified().container();
        Integer port = rule.classified().port();
        return rule.role()
                + (container == null ? "" : " " + container.name())
                + (port == null ? "" : " " + port + "/" + rule.classified().transport());
    }

    private static String body(Rule rule) {
        return rule.spec().substring("-A ".length() + rule.chain().length()).strip();
    }

    /** Tells whether no counter moved at all. */
    public boolean isEmpty() {
        return steps.isEmpty();
    }

    /** Prints it with a line for each rule, what is called by a jump set in under it. */
    public String inLines() {
        if (isEmpty()) {
            return "  no rule counted anything";
        }
        int width = steps.stream()
                .mapToInt(s -> 2 * s.depth + s.where.length())
                .max()
                .orElse(0);
        return steps.stream()
                .map(s -> String.format(
                                Locale.ROOT,
                                "  %-" + width + "s %4s %6s  %s%s",
                                "  ".repeat(s.depth) + s.where,
                                s.position == 0 ? "" : "#" + s.position,
                                "+" + s.hits,
                                s.text,
                                s.role.isEmpty() ? "" : "   # " + s.role)
                        .stripTrailing())
                .collect(Collectors.joining("\n"));
    }
}
