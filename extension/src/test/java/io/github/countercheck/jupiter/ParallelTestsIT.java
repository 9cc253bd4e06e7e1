// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.jupiter;

import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static io.github.countercheck.NetworkAssertions.times;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.TestWeb;
import io.github.countercheck.Traffic;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.discovery.ClassSelector;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Events;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.junit.jupiter.Container;

/** In a parallel run the tests that measure wait for each other, wherever the annotation stands, and no other test does. */
class ParallelTestsIT {

    /** When a test ran, its {@code @BeforeEach} and {@code @AfterEach} methods included. */
    private record Span(String test, long start, long end) {}

    private static final ConcurrentLinkedQueue<Span> spans = new ConcurrentLinkedQueue<>();

    @Test
    void annotatedTestsNeverOverlap() {
        spans.clear();

        Events tests = runInParallel(Direct.class, Inheriting.class, MetaAnnotated.class);

        assertThat(tests.failed().list()).isEmpty();
        assertThat(tests.succeeded().count()).isEqualTo(6);
        List<Span> inOrder = new ArrayList<>(spans);
        inOrder.sort(Comparator.comparingLong(Span::start));
        assertThat(inOrder).hasSize(6);
        for (int i = 1; i < inOrder.size(); i++) {
            assertThat(inOrder.get(i).start())
                    .as("%s after %s", inOrder.get(i), inOrder.get(i - 1))
                    .isGreaterThan(inOrder.get(i - 1).end());
        }
    }

    @Test
    void testsWithoutTheAnnotationRunBesideOneWithIt() {
        Events tests = runInParallel(MeetsAnother.class, Other.class);

        assertThat(tests.failed().list()).isEmpty();
        assertThat(tests.succeeded().count()).isEqualTo(2);
    }

    private static Events runInParallel(Class<?>... fixtures) {
        return EngineTestKit.engine("junit-jupiter")
                .selectors(Arrays.stream(fixtures)
                        .map(DiscoverySelectors::selectClass)
                        .toArray(ClassSelector[]::new))
                .configurationParameter("junit.jupiter.execution.parallel.enabled", "true")
                .configurationParameter("junit.jupiter.execution.parallel.mode.default", "concurrent")
                .configurationParameter("junit.jupiter.execution.parallel.config.strategy", "fixed")
                .configurationParameter("junit.jupiter.execution.parallel.config.fixed.parallelism", "4")
                .configurationParameter("countercheck.required", "true")
                .execute()
                .testEvents();
    }

    abstract static class Recorded {

        @Container
        final GenericContainer<?> web = TestWeb.container();

        private long start;

        @BeforeEach
        void begin() {
            start = System.nanoTime();
        }

        @AfterEach
        void end() {
            spans.add(new Span(getClass().getSimpleName(), start, System.nanoTime()));
        }

        void measure(Traffic traffic) {
            traffic.times(3).toPublishedPort(web, 80);
            assertDnatHit(web, 80, times(3));
        }
    }

    @ContainerNetworkTest
    abstract static class Annotated extends Recorded {}

    static class Inheriting extends Annotated {
        @RepeatedTest(2)
        void measures(Traffic traffic) {
            measure(traffic);
        }
    }

    @ContainerNetworkTest
    static class Direct extends Recorded {
        @Nested
        class Inner {
            @RepeatedTest(2)
            void measures(Traffic traffic) {
                measure(traffic);
            }
        }
    }

    @ContainerNetworkTest
    @Retention(RetentionPolicy.RUNTIME)
    @interface OwnNetworkTest {}

    @OwnNetworkTest
    static class MetaAnnotated extends Recorded {
        @RepeatedTest(2)
        void measures(Traffic traffic) {
            measure(traffic);
        }
    }

    private static final CountDownLatch BOTH = new CountDownLatch(2);

    private static void meetTheOther() throws InterruptedException {
        BOTH.countDown();
        assertThat(BOTH.await(30, TimeUnit.SECONDS)).as("the other ran too").isTrue();
    }

    @ContainerNetworkTest
    static class MeetsAnother {
        @Test
        void meets() throws InterruptedException {
            meetTheOther();
        }
    }

    static class Other {
        @Test
        void meets() throws InterruptedException {
            meetTheOther();
        }
    }
}
