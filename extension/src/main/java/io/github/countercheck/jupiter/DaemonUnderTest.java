// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.jupiter;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.daemon.DaemonConfig;
import io.github.countercheck.daemon.DaemonContainer;
import io.github.countercheck.session.DaemonSession;
import io.github.countercheck.session.Settings;
import io.github.countercheck.validate.PromisedPaths;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** A daemon that was started for a class, and how it is measured: by one test at a time. */
final class DaemonUnderTest implements AutoCloseable {

    /** More daemons than processors would only wait for each other. */
    private static final Semaphore PROCESSORS =
            new Semaphore(Runtime.getRuntime().availableProcessors());

    /**
     * A thread of JUnit's that waits for tests of one daemon may meanwhile be lent to start another one. Rather one too many
     * than that it waits for itself.
     */
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    private final DaemonContainer daemon;
    private final DaemonSession session;
    private final DaemonChoice choice;
    private final boolean admitted;
    private final Semaphore turn = new Semaphore(1);
    private @Nullable PromisedPaths paths;

    private DaemonUnderTest(DaemonContainer daemon, DaemonSession session, DaemonChoice choice, boolean admitted) {
        this.daemon = daemon;
        this.session = session;
        this.choice = choice;
        this.admitted = admitted;
    }

    static DaemonUnderTest start(DaemonChoice choice, Settings settings) {
        DaemonContainer daemon = choice.daemon();
        boolean admitted = interruptibly(() -> PROCESSORS.tryAcquire(PATIENCE.toMillis(), TimeUnit.MILLISECONDS));
        try {
            daemon.start();
            return new DaemonUnderTest(daemon, DaemonSession.open(settings, daemon.host()), choice, admitted);
        } catch (RuntimeException e) {
            daemon.stop();
            leave(admitted);
            throw e;
        }
    }

    private static void leave(boolean admitted) {
        if (admitted) {
            PROCESSORS.release();
        }
    }

    private interface Wait {
        boolean await() throws InterruptedException;
    }

    private static boolean interruptibly(Wait wait) {
        try {
            return wait.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CountercheckException("interrupted while waiting for a daemon", "run it again", e);
        }
    }

    DaemonContainer daemon() {
        return daemon;
    }

    DaemonSession session() {
        return session;
    }

    /** Returns its configuration in a few words. */
    String config() {
        return choice.configName();
    }

    synchronized PromisedPaths paths() {
        PromisedPaths current = paths;
        if (current == null) {
            current = PromisedPaths.start(daemon, DaemonConfig.parse(choice.configName(), choice.config()), session);
            paths = current;
        }
        return current;
    }

    void begin() {
        interruptibly(() -> {
            turn.acquire();
            return true;
        });
    }

    void end() {
        turn.release();
    }

    @Override
    public void close() {
        session.close();
        daemon.stop();
        leave(admitted);
    }
}
