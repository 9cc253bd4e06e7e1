// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import static io.github.countercheck.NetworkAssertions.assertDnatHit;

import io.github.countercheck.Measurement;
import io.github.countercheck.session.DaemonSession;
import io.github.countercheck.session.Image;
import io.github.countercheck.session.Settings;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.testcontainers.containers.GenericContainer;

/** What it costs to wait for a hit, and how long after the packet it is seen. */
final class Waiting implements Group {

    static final Settings SETTINGS = Settings.from(key -> Optional.empty());
    private static final Duration AWAIT = Duration.ofSeconds(10);
    private static final int P95_MILLISECONDS = 20;

    /** More than an assertion needs to have looked for the first time, so that the packet comes while it waits. */
    private static final Duration FIRST_LOOK = Duration.ofMillis(300);

    private static final int PHASES = 25;

    @Override
    public String title() {
        return "waiting for hits";
    }

    @Override
    public void measure(Plan plan) throws Exception {
        try (GenericContainer<?> web = Web.container()) {
            web.start();
            try (DaemonSession session = DaemonSession.open(SETTINGS)) {
                noticed(plan, session, web);
            }
            firstLook(plan, web);
        }
    }

    private static void noticed(Plan plan, DaemonSession session, GenericContainer<?> web) throws Exception {
        ExecutorService tester = Executors.newSingleThreadExecutor();
        try {
            List<Double> delays = new ArrayList<>();
            int rounds = plan.rounds(60, 20);
            for (int round = -3; round < rounds; round++) {
                double delay = noticed(tester, session, web, Math.floorMod(round, PHASES));
                if (round >= 0) {
                    delays.add(delay);
                }
            }
            plan.report(Figure.ofQuantile(
                            "hit-noticed-p95",
                            Goal.atMost(P95_MILLISECONDS),
                            new Sample(
                                    "from before connect() until a waiting assertDnatHit has returned", "ms", delays),
                            0.95)
                    .withRemark("the 95th percentile; the connection itself is in it"));
        } finally {
            tester.shutdownNow();
        }
    }

    private static double noticed(ExecutorService tester, DaemonSession session, GenericContainer<?> web, int phase)
            throws Exception {
        CountDownLatch waiting = new CountDownLatch(1);
        Future<Long> end = tester.submit(() -> {
            Measurement measurement = Measurement.open(session, AWAIT, Map::of);
            try {
                waiting.countDown();
                assertDnatHit(web, Web.PORT);
                return System.nanoTime();
            } finally {
                measurement.close();
            }
        });
        waiting.await();
        LockSupport.parkNanos(FIRST_LOOK.plusMillis(phase).toNanos());
        long begin = System.nanoTime();
        Web.connect(web);
        return (end.get(AWAIT.toSeconds(), TimeUnit.SECONDS) - begin) / 1e6;
    }

    private static void firstLook(Plan plan, GenericContainer<?> web) throws Exception {
        CountingHost host = new CountingHost(Image.TOOLBOX.reference());
        try (DaemonSession session = DaemonSession.open(SETTINGS, host);
                Measurement measurement = Measurement.open(session, AWAIT, Map::of)) {
            measurement.traffic().toPublishedPort(web, Web.PORT);
            int before = host.commands().size();
            assertDnatHit(web, Web.PORT);
            List<String> ran = host.commands().subList(before, host.commands().size());
            plan.report(Figure.of(
                            "reads-when-the-first-look-suffices",
                            Goal.atMost(1),
                            Sample.of(
                                    "how often an assertDnatHit reads rules whose hit is there already",
                                    "reads",
                                    (double) ran.stream()
                                            .filter(command ->
                                                    command.contains("iptables-nft") && !command.contains("--version"))
                                            .count()))
                    .withRemark("the look itself; commands in all: " + ran.size()));
        }
    }
}
