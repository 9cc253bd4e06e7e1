// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.netns.KernelTrace;
import io.github.countercheck.netns.OwnTable;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.NftListing;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.traffic.Tuple;
import io.github.countercheck.walk.PacketWalk;
import io.github.countercheck.walk.TraceParser;
import io.github.countercheck.walk.TracedRules;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Follows the probes of one flow through the rules, where that is asked for.
 *
 * <p>The kernel tells of the rules that it keeps in nf_tables. Where Docker's are in x_tables (iptables-legacy), the walk is
 * simulated with the rules as they were just before, and says so.
 */
final class Tracing implements AutoCloseable {

    private final Window before;
    private final Vantage vantage;
    private final boolean wanted;
    private final @Nullable KernelTrace trace;

    private Tracing(Window before, Vantage vantage, boolean wanted, @Nullable KernelTrace trace) {
        this.before = before;
        this.vantage = vantage;
        this.wanted = wanted;
        this.trace = trace;
    }

    static Tracing start(Window before, ProbeShape shape) {
        boolean kernel = shape.traced() && !isLegacy(before.baseline());
        return new Tracing(
                before,
                shape.vantage(),
                shape.traced(),
                kernel ? before.session().ownTable().trace() : null);
    }

    private static boolean isLegacy(CounterSnapshot snapshot) {
        return snapshot.rulesets().stream()
                .anyMatch(ruleset -> ruleset.backend() == Backend.IPTABLES_LEGACY && !ruleset.isEmpty());
    }

    /** Has the kernel report the flow from now on. */
    void watch(Tuple tuple) {
        if (trace != null) {
            trace.watch(
                    tuple.transport(),
                    tuple.source(),
                    tuple.sourcePort(),
                    tuple.destination(),
                    tuple.destinationPort());
        }
    }

    /** Returns the walk of each probe; none where none was asked for. */
    List<PacketWalk> walks(List<Probe> probes) {
        if (!wanted) {
            return List.of();
        }
        DockerFacts facts = Containers.facts(before);
        if (trace == null) {
            Simulation simulation = Simulation.of(before, before.baseline().rulesets(), facts);
            return probes.stream()
                    .map(probe -> simulation.walk(probe.tuple(), vantage))
                    .toList();
        }
        String text = trace.end();
        List<NftListing.OfFamily> listed = TraceParser.tables(text, OwnTable::isOwn).stream()
                .flatMap(table -> trace.list(table.family(), table.table()).tables().stream())
                .toList();
        TracedRules rules = TracedRules.of(listed, before.baseline(), facts);
        return probes.stream()
                .map(Probe::tuple)
                .map(tuple -> TraceParser.parse(
                        text, rules, OwnTable::isOwn, Simulation.source(tuple), Simulation.destination(tuple)))
                .toList();
    }

    @Override
    public void close() {
        if (trace != null) {
            trace.close();
        }
    }
}
