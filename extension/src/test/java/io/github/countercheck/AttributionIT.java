// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static io.github.countercheck.NetworkAssertions.assertForwardAccepted;
import static io.github.countercheck.NetworkAssertions.assertMasqueraded;
import static io.github.countercheck.NetworkAssertions.assertNoDnatHit;
import static io.github.countercheck.NetworkAssertions.assertNotMasqueraded;
import static io.github.countercheck.NetworkAssertions.times;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.countercheck.netns.AmbientHost;
import io.github.countercheck.netns.Toolbox;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.session.Image;
import io.github.countercheck.traffic.Limits;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.traffic.Peer;
import io.github.countercheck.traffic.Place;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.traffic.Prober;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.opentest4j.AssertionFailedError;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.junit.jupiter.Container;

/**
 * Right verdicts beside two noisy neighbours: another client calls the published port all the while, and another container
 * of the same subnet goes out all the while. {@code countercheck.noise.rounds} sets how often; 12 by default.
 */
@ContainerNetworkTest(await = "200ms")
class AttributionIT {

    private static final int ROUNDS = Integer.getInteger("countercheck.noise.rounds", 12);
    private static final int MOST_CALLS = 1_000 * ROUNDS;

    @Container
    static final GenericContainer<?> web = TestWeb.container();

    /** Publishes a port that nobody calls, and sends nothing to the outside. */
    @Container
    static final GenericContainer<?> quiet = TestWeb.container();

    @Container
    static final GenericContainer<?> talkative = TestWeb.container();

    private static final ExecutorService THREADS = Executors.newFixedThreadPool(2);
    private static Peer stranger;
    private static Toolbox inTalkative;
    private static Noise calls;
    private static Noise outbound;

    /** Somebody who sends, one flow after the other, until told to stop. */
    private static final class Noise {

        private final AtomicInteger flows = new AtomicInteger();
        private final Future<?> sender;
        private volatile boolean stopped;

        Noise(Supplier<Probe> send) {
            sender = THREADS.submit(() -> {
                while (!stopped && flows.get() < MOST_CALLS) {
                    Probe probe = send.get();
                    assertThat(probe.outcome()).as(probe::toString).isEqualTo(Outcome.ANSWERED);
                    flows.incrementAndGet();
                }
            });
        }

        /** Waits until it has begun another flow and ended it. */
        void awaitMore() {
            int before = flows.get();
            Awaitility.await()
                    .pollInSameThread()
                    .pollDelay(Duration.ZERO)
                    .pollInterval(Duration.ofMillis(5))
                    .atMost(Duration.ofSeconds(20))
                    .until(() -> flows.get() >= before + 2);
        }

        int end() throws ExecutionException, InterruptedException, TimeoutException {
            stopped = true;
            sender.get(30, TimeUnit.SECONDS);
            return flows.get();
        }
    }

    @BeforeAll
    static void begin() {
        stranger = Peer.start(new AmbientHost(Image.TOOLBOX.reference()), true);
        InetAddress host = stranger.hostAddress(Family.IPV4);
        int port = web.getMappedPort(80);
        calls = new Noise(
                () -> Prober.send(stranger.place(), Transport.TCP, host, port, "", Limits.DEFAULT, tuple -> {}));
        inTalkative = Toolbox.inNetworkOf(
                Image.TOOLBOX.reference(), talkative.getContainerId(), talkative.getContainerName());
        Place place = new Place(inTalkative, List.of(Cidr.parseAddress(TestWeb.address(talkative))));
        InetAddress outside = stranger.address(Family.IPV4);
        outbound =
                new Noise(() -> Prober.send(place, Transport.TCP, outside, Peer.PORT, "", Limits.DEFAULT, tuple -> {}));
    }

    @AfterAll
    static void end() throws ExecutionException, InterruptedException, TimeoutException {
        try {
            assertThat(calls.end()).as("calls").isGreaterThanOrEqualTo(2 * ROUNDS);
            assertThat(outbound.end()).as("outbound").isGreaterThanOrEqualTo(2 * ROUNDS);
        } finally {
            THREADS.shutdownNow();
            inTalkative.close();
            stranger.close();
        }
    }

    static IntStream rounds() {
        return IntStream.rangeClosed(1, ROUNDS);
    }

    @ParameterizedTest
    @MethodSource("rounds")
    void verdictsAreRight(int round, Traffic traffic) {
        traffic.times(2).toPublishedPort(web, 80);
        Flow carried = traffic.from(Vantage.LOOPBACK).toPublishedPort(web, 80);
        traffic.from(web).times(2).toOutside();
        traffic.from(quiet).toPublishedPort(web, 80);
        calls.awaitMore();
        outbound.awaitMore();

        assertDnatHit(web, 80, times(2));
        assertForwardAccepted(web, 80, times(2));
        assertNoDnatHit(carried, web, 80);
        assertNoDnatHit(quiet, 80);
        assertMasqueraded(web, times(2));
        assertNotMasqueraded(quiet);
        String two = "+2 of the test's own by conntrack";
        switch (round % 6) {
            case 0 -> assertRed(() -> assertDnatHit(web, 80, times(3)), two + ", +", "PROXY_PATH");
            case 1 -> assertRed(() -> assertDnatHit(web, 80, times(1)), two);
            case 2 -> assertRed(() -> assertNoDnatHit(web, 80), two);
            case 3 -> assertRed(() -> assertMasqueraded(web, times(3)), two, "only 2 met it");
            case 4 -> assertRed(() -> assertNotMasqueraded(web), two);
            default -> assertRed(() -> assertMasqueraded(quiet), "+0 of the test's own by conntrack");
        }
    }

    private static void assertRed(ThrowingCallable assertion, String... phrases) {
        assertThatExceptionOfType(AssertionFailedError.class)
                .isThrownBy(assertion)
                .satisfies(error -> assertThat(error.getMessage()).contains(phrases));
    }
}
