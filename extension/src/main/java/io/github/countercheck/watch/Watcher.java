// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.watch;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.snapshot.Change;
import io.github.countercheck.snapshot.CounterDelta;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.snapshot.CounterSource;
import io.github.countercheck.snapshot.RuleDelta;
import java.io.PrintStream;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads counters again and again in a thread of its own and shows the rules that move, until it is closed.
 *
 * <p>It takes at most a twentieth of one core, and rests for a quarter of a second at least.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class Watcher implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Watcher.class);
    private static final Set<Change> COMES_OR_GOES = EnumSet.of(Change.ADDED, Change.REMOVED);
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final CounterSource counters;
    private final Supplier<DockerFacts> facts;
    private final Screen screen;
    private final Thread thread = new Thread(this::run, "countercheck-watch");
    private final Pace pace = new Pace();
    private volatile boolean closed;
    private @Nullable Standing standing;

    private Watcher(CounterSource counters, Supplier<DockerFacts> facts, Screen screen) {
        this.counters = counters;
        this.facts = facts;
        this.screen = screen;
    }

    /**
     * Begins to watch, and prints a line for each movement.
     *
     * @param counters what reads
     * @param facts asks the daemon; that is done again when rules come or go
     * @param out where to
     */
    public static Watcher inLines(CounterSource counters, Supplier<DockerFacts> facts, PrintStream out) {
        return started(new Watcher(counters, facts, new Screen(out, false, 0, 0)));
    }

    static Watcher on(Screen screen, CounterSource counters, Supplier<DockerFacts> facts) {
        return started(new Watcher(counters, facts, screen));
    }

    private static Watcher started(Watcher watcher) {
        watcher.thread.setDaemon(true);
        watcher.thread.start();
        return watcher;
    }

    private void run() {
        try {
            CounterSnapshot before = counters.read();
            while (!closed) {
                long begin = System.nanoTime();
                CounterSnapshot now = counters.read();
                screen.show(now.takenAt(), moved(before, now));
                before = now;
                Duration took = Duration.ofNanos(System.nanoTime() - begin);
                LockSupport.parkNanos(pace.restAfter(took).toNanos());
            }
        } catch (CountercheckException e) {
            if (!closed) {
                LOG.warn("the counters are no longer watched: {}", e.getMessage());
            }
        }
    }

    private List<MovingRule> moved(CounterSnapshot before, CounterSnapshot now) {
        CounterDelta delta = CounterDelta.between(before, now);
        if (delta.rules().stream().map(RuleDelta::change).anyMatch(COMES_OR_GOES::contains)) {
            standing = null;
        }
        List<RuleDelta> moved = delta.moved();
        if (moved.isEmpty()) {
            return List.of();
        }
        Standing current = standing;
        if (current == null) {
            current = Standing.of(now, facts.get());
            standing = current;
        }
        return MovingRule.between(before, now, moved, current);
    }

    /** Waits until it is closed, by another thread or because the counters can no longer be read. */
    void await() throws InterruptedException {
        thread.join();
    }

    /** Ends the watch; the reading that is under way is waited for. */
    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
        try {
            thread.join(PATIENCE.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
