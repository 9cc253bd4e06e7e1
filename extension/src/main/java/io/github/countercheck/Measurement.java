// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.report.DaemonInfo;
import io.github.countercheck.report.Observed;
import io.github.countercheck.session.DaemonSession;
import io.github.countercheck.snapshot.CounterDelta;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.traffic.Peer;
import io.github.countercheck.walk.CounterWalk;
import io.github.countercheck.walk.Observation;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * The measurement of one test: its baseline and what it has sent. The extension opens and closes it; the short form of
 * an assertion finds it through the thread that runs the test.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class Measurement implements AutoCloseable {

    private static final ThreadLocal<@Nullable Measurement> CURRENT = new ThreadLocal<>();

    private final DaemonSession session;
    private final Duration await;
    private final Supplier<Map<String, String>> names;
    private final List<Flow> flows = new ArrayList<>();
    private CounterSnapshot baseline;
    private @Nullable Instant firstSent;
    private @Nullable Instant lastSent;

    private Measurement(DaemonSession session, Duration await, Supplier<Map<String, String>> names) {
        this.session = session;
        this.await = await;
        this.names = names;
        session.heard().begin();
        this.baseline = session.counters().read();
    }

    /**
     * Takes the baseline and binds the measurement to this thread.
     *
     * @param session the daemon
     * @param await how long an assertion waits for its hit
     * @param names returns what the test calls its containers, by container id
     */
    public static Measurement open(DaemonSession session, Duration await, Supplier<Map<String, String>> names) {
        Measurement measurement = new Measurement(session, await, names);
        CURRENT.set(measurement);
        return measurement;
    }

    /** Takes the baseline of a measurement that no short form of an assertion is to find. */
    public static Measurement unbound(DaemonSession session, Duration await, Supplier<Map<String, String>> names) {
        return new Measurement(session, await, names);
    }

    static Measurement current() {
        Measurement current = CURRENT.get();
        if (current == null) {
            throw new CountercheckException(
                    "no @ContainerNetworkTest is running on thread '"
                            + Thread.currentThread().getName() + "', so there is no baseline to compare with",
                    "assert in the body of a @ContainerNetworkTest's test; on other threads use the form that takes the"
                            + " flow which the traffic returned, such as assertDnatHit(flow, container, 80)");
        }
        return current;
    }

    DaemonSession session() {
        return session;
    }

    synchronized void sent(Flow flow) {
        flows.add(flow);
        Instant now = Instant.now();
        firstSent = firstSent == null ? now : firstSent;
        lastSent = now;
    }

    synchronized void mark() {
        baseline = session.counters().read();
        flows.clear();
        firstSent = null;
        lastSent = null;
    }

    /** Returns a window that begins there, for one flow alone. */
    Window window(CounterSnapshot begin) {
        return new Window(session, await, names.get(), begin, List.of());
    }

    synchronized Window window() {
        return new Window(session, await, names.get(), baseline, flows);
    }

    /** Returns the counters at the beginning of the test's window. */
    public synchronized CounterSnapshot baseline() {
        return baseline;
    }

    /** Compares the baseline with the counters as they are when the comparison is first looked at. */
    public CounterDelta delta() {
        return CounterDelta.since(baseline(), session.counters()::read);
    }

    /** Tells what this test sent and draws the way that the packets took, by the counters that moved. */
    public String walk() {
        Window window = window();
        Observation observation = window.observe(window.families(), Containers.allFacts(window));
        return Stream.concat(
                        window.flows().stream().map(flow -> "  sent " + flow),
                        Stream.of(CounterWalk.of(observation).inLines()))
                .collect(Collectors.joining("\n"));
    }

    /**
     * Adds to a failure of this test what was measured, and why packets did not arrive where something speaks for that; as a
     * suppressed {@link PacketReport}, once, and not where the failure says it itself.
     */
    public void explain(Throwable failure) {
        Postmortem.attach(window(), failure);
    }

    /** Reads all rules and asks for all containers once more, for the report of a test that did not pass. */
    public void lookAgain() {
        session.counters().read();
        session.facts();
    }

    /**
     * Returns what was read for this test so far, without reading anything. What takes a while is left to who looks at it,
     * on whatever thread and also once the daemon is gone.
     */
    public synchronized Supplier<Observed> observed() {
        Window window = window();
        DockerFacts heard = session.heard().facts();
        Instant begin = firstSent == null ? baseline.takenAt() : firstSent;
        CounterSnapshot after = session.heard().countersSince(begin);
        Set<String> stale = lastSent == null ? Set.of() : session.heard().tablesLastReadBetween(begin, lastSent);
        Peer peer = flows.isEmpty() ? null : session.peer();
        return () -> {
            DockerFacts facts = Containers.named(window, heard);
            return new Observed(window.families(), window.baseline(), after, facts, sent(window, peer, facts), stale);
        };
    }

    private static List<Observed.SentFlow> sent(Window window, @Nullable Peer peer, DockerFacts facts) {
        if (peer == null) {
            return List.of();
        }
        Simulation simulation = Simulation.of(peer, window.baseline().rulesets(), facts);
        return window.flows().stream()
                .map(flow -> new Observed.SentFlow(
                        flow.toString(),
                        flow.probes(),
                        flow.walks(),
                        flow.wasSent() ? simulation.unmet(flow.probes().get(0).tuple(), flow.vantage()) : List.of()))
                .toList();
    }

    /**
     * Says which daemon it is about.
     *
     * @param config its configuration in a few words, or empty for that of a daemon that was found as it is
     */
    public DaemonInfo daemon(String config) {
        return new DaemonInfo(
                session.endpoint(),
                session.engine(),
                baseline().rulesets().stream()
                        .filter(ruleset -> !ruleset.isEmpty())
                        .map(ruleset -> ruleset.backend().toString())
                        .distinct()
                        .toList(),
                config,
                session.counters().description());
    }

    /** Returns the traffic of this test, to be shaped. */
    public Traffic traffic() {
        return Traffic.of(this);
    }

    /** Unbinds the measurement from this thread. */
    @Override
    public void close() {
        if (CURRENT.get() == this) {
            CURRENT.remove();
        }
    }
}
