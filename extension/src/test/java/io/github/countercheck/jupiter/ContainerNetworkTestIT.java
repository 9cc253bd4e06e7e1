// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.jupiter;

import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static io.github.countercheck.NetworkAssertions.assertMasqueraded;
import static io.github.countercheck.NetworkAssertions.times;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.testkit.engine.EventConditions.event;
import static org.junit.platform.testkit.engine.EventConditions.finishedWithFailure;
import static org.junit.platform.testkit.engine.EventConditions.test;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.instanceOf;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.message;

import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.CountercheckException;
import io.github.countercheck.Flow;
import io.github.countercheck.TestWeb;
import io.github.countercheck.Traffic;
import io.github.countercheck.snapshot.CounterDelta;
import io.github.countercheck.snapshot.CounterSnapshot;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.junit.platform.testkit.engine.EngineExecutionResults;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Events;
import org.opentest4j.AssertionFailedError;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.junit.jupiter.Container;

/** Runs classes as a user would write them, on a real daemon. */
class ContainerNetworkTestIT {

    @ParameterizedTest
    @ValueSource(
            classes = {
                StaticContainer.class,
                InstanceContainer.class,
                WithNested.class,
                Parameterized.class,
                Repeated.class,
                PerClass.class,
                Inheriting.class,
                MetaAnnotated.class,
                Dynamic.class,
                OwnBaselines.class,
                AssertsAfterEach.class,
                LazyDelta.class,
                OnOtherThread.class
            })
    void measuresWhereverJupiterRunsATest(Class<?> fixture) {
        Events tests = run(fixture).testEvents();

        assertThat(tests.failed().list()).isEmpty();
        assertThat(tests.skipped().list()).isEmpty();
        assertThat(tests.succeeded().count()).isPositive();
    }

    @Test
    void aHitThatIsMissingFailsTheTestAndNamesTheContainerAsTheTestDoes() {
        run(Failing.class)
                .testEvents()
                .assertThatEvents()
                .haveExactly(
                        1,
                        event(
                                test("nothingSent"),
                                finishedWithFailure(
                                        instanceOf(AssertionFailedError.class),
                                        message(m -> m.startsWith("DNAT not hit for container web (")))))
                .haveExactly(
                        1,
                        event(
                                test("wrongCount"),
                                finishedWithFailure(
                                        instanceOf(AssertionFailedError.class),
                                        message(m -> m.contains("expected  exactly 2 new flow")
                                                && m.contains("actual    +1")))));
    }

    @Test
    void whatCannotBeMeasuredIsAnErrorThatSaysWhatToDo() {
        run(Unmeasurable.class)
                .testEvents()
                .assertThatEvents()
                .haveExactly(
                        1,
                        event(
                                test("neverStarted"),
                                finishedWithFailure(
                                        instanceOf(CountercheckException.class),
                                        message(m -> m.contains("not started")))))
                .haveExactly(
                        1,
                        event(
                                test("notPublished"),
                                finishedWithFailure(
                                        instanceOf(CountercheckException.class),
                                        message(m -> m.contains("publishes no port 81/tcp of container web (")))))
                .haveExactly(
                        1,
                        event(
                                test("noSuchSubnet"),
                                finishedWithFailure(
                                        instanceOf(CountercheckException.class),
                                        message(m -> m.contains("no network of the daemon has the subnet")))));
    }

    @Test
    void aParameterBeforeTheTestsBodyIsRefusedWithThePlaceWhereItMayStand() {
        run(ParameterTooEarly.class)
                .testEvents()
                .assertThatEvents()
                .haveExactly(
                        1,
                        event(finishedWithFailure(
                                message(m -> m.contains("there is no Traffic before the test's body")))));
    }

    @Test
    void theShortFormOutsideATestNamesTheExplicitOne() {
        GenericContainer<?> unused = TestWeb.container();

        assertThatThrownBy(() -> assertDnatHit(unused, 80))
                .isInstanceOf(CountercheckException.class)
                .hasMessageContaining("assertDnatHit(flow, container, 80)");
    }

    @Test
    void theAnnotationsAwaitGoesBeforeTheSetting() {
        EngineExecutionResults results = EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(BadAwait.class))
                .configurationParameter("countercheck.await", "1s")
                .execute();

        results.testEvents()
                .assertThatEvents()
                .haveExactly(
                        1,
                        event(finishedWithFailure(
                                instanceOf(CountercheckException.class),
                                message(m -> m.contains("countercheck.await is 'soon'")))));
    }

    @ParameterizedTest
    @ValueSource(strings = {"local", "toolbox"})
    void bothWaysOfReadingMeasureTheSame(String reader) {
        Events tests = EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(StaticContainer.class))
                .configurationParameter("countercheck.reader", reader)
                .configurationParameter("countercheck.required", "true")
                .execute()
                .testEvents();

        assertThat(tests.failed().list()).isEmpty();
        assertThat(tests.succeeded().count()).isEqualTo(2);
    }

    @Test
    void testsOfOneDaemonWaitForEachOther() {
        Overlap.running.clear();
        Overlap.overlaps.clear();

        Events tests = EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(FirstOfTwo.class), selectClass(SecondOfTwo.class))
                .configurationParameter("junit.jupiter.execution.parallel.enabled", "true")
                .configurationParameter("junit.jupiter.execution.parallel.mode.default", "concurrent")
                .configurationParameter("junit.jupiter.execution.parallel.mode.classes.default", "concurrent")
                .configurationParameter("junit.jupiter.execution.parallel.config.strategy", "fixed")
                .configurationParameter("junit.jupiter.execution.parallel.config.fixed.parallelism", "4")
                .execute()
                .testEvents();

        assertThat(tests.failed().list()).isEmpty();
        assertThat(tests.succeeded().count()).isEqualTo(4);
        assertThat(Overlap.overlaps).isEmpty();
    }

    @Test
    void theParallelRunReallyRunsTestsWithoutTheAnnotationTogether() {
        Events tests = EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(Together.class))
                .configurationParameter("junit.jupiter.execution.parallel.enabled", "true")
                .configurationParameter("junit.jupiter.execution.parallel.mode.default", "concurrent")
                .configurationParameter("junit.jupiter.execution.parallel.config.strategy", "fixed")
                .configurationParameter("junit.jupiter.execution.parallel.config.fixed.parallelism", "4")
                .execute()
                .testEvents();

        assertThat(tests.failed().list()).isEmpty();
    }

    @Test
    void whatWasStartedForMeasuringIsGoneAfterTheRun() {
        List<String> before = toolContainers();

        run(StaticContainer.class);

        assertThat(toolContainers()).isEqualTo(before);
    }

    private static List<String> toolContainers() {
        return DockerClientFactory.lazyClient()
                .listContainersCmd()
                .withShowAll(true)
                .withLabelFilter(List.of("countercheck.network"))
                .exec()
                .stream()
                .map(com.github.dockerjava.api.model.Container::getId)
                .sorted()
                .toList();
    }

    private static EngineExecutionResults run(Class<?> fixture) {
        return EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(fixture))
                .configurationParameter("countercheck.await", "200ms")
                .configurationParameter("countercheck.required", "true")
                .execute();
    }

    @ContainerNetworkTest
    static class StaticContainer {
        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @Test
        void inbound(Traffic traffic) {
            traffic.times(2).toPublishedPort(web, 80);
            assertDnatHit(web, 80, times(2));
        }

        @Test
        void outbound(Traffic traffic) {
            traffic.from(web).toOutside();
            assertMasqueraded(web, times(1));
        }
    }

    @ContainerNetworkTest
    static class InstanceContainer {
        @Container
        final GenericContainer<?> web = TestWeb.container();

        @Test
        void first(Traffic traffic) {
            traffic.toPublishedPort(web, 80);
            assertDnatHit(web, 80, times(1));
        }

        @Test
        void second(Traffic traffic) {
            traffic.toPublishedPort(web, 80);
            assertDnatHit(web, 80, times(1));
        }
    }

    @ContainerNetworkTest
    static class WithNested {
        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @Nested
        class Inner {
            @Nested
            class Innermost {
                @Test
                void measures(Traffic traffic) {
                    traffic.toPublishedPort(web, 80);
                    assertDnatHit(web, 80, times(1));
                }
            }
        }
    }

    @ContainerNetworkTest
    static class Parameterized {
        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @ParameterizedTest
        @ValueSource(ints = {1, 3})
        void measures(int connections, Traffic traffic) {
            traffic.times(connections).toPublishedPort(web, 80);
            assertDnatHit(web, 80, times(connections));
        }
    }

    @ContainerNetworkTest
    static class Repeated {
        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @RepeatedTest(3)
        void measures(Traffic traffic) {
            traffic.toPublishedPort(web, 80);
            assertDnatHit(web, 80, times(1));
        }
    }

    @ContainerNetworkTest
    @TestInstance(TestInstance.Lifecycle.PER_CLASS)
    static class PerClass {
        @Container
        final GenericContainer<?> web = TestWeb.container();

        @Test
        void measures(Traffic traffic) {
            traffic.toPublishedPort(web, 80);
            assertDnatHit(web, 80, times(1));
        }
    }

    @ContainerNetworkTest
    abstract static class Inherited {
        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @Test
        void inherited(Traffic traffic) {
            traffic.toPublishedPort(web, 80);
            assertDnatHit(web, 80, times(1));
        }
    }

    static class Inheriting extends Inherited {
        @Test
        void own(Traffic traffic) {
            traffic.times(2).toPublishedPort(web, 80);
            assertDnatHit(web, 80, times(2));
        }
    }

    @ContainerNetworkTest(await = "300ms")
    @Retention(RetentionPolicy.RUNTIME)
    @interface QuickNetworkTest {}

    @QuickNetworkTest
    static class MetaAnnotated {
        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @Test
        void measures(Traffic traffic) {
            traffic.toPublishedPort(web, 80);
            assertDnatHit(web, 80, times(1));
        }
    }

    @ContainerNetworkTest
    static class Dynamic {
        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @TestFactory
        Stream<DynamicTest> measures(Traffic traffic) {
            return Stream.of(1, 2)
                    .map(n -> dynamicTest("connection " + n, () -> {
                        Flow flow = traffic.toPublishedPort(web, 80);
                        assertDnatHit(flow, web, 80);
                        assertDnatHit(web, 80, times(n));
                    }));
        }
    }

    @ContainerNetworkTest
    static class OwnBaselines {
        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @RepeatedTest(2)
        void aHitOfTheTestBeforeIsNoneOfThisOne(Traffic traffic) {
            assertThatThrownBy(() -> assertDnatHit(web, 80)).isInstanceOf(AssertionFailedError.class);
            traffic.toPublishedPort(web, 80);
            assertDnatHit(web, 80, times(1));
        }

        @Test
        void aHitBeforeTheMarkIsNoneAfterIt(Traffic traffic) {
            traffic.times(3).toPublishedPort(web, 80);
            traffic.mark();
            traffic.toPublishedPort(web, 80);
            assertDnatHit(web, 80, times(1));
        }
    }

    @ContainerNetworkTest
    static class AssertsAfterEach {
        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @Test
        void sends(Traffic traffic) {
            traffic.toPublishedPort(web, 80);
        }

        @AfterEach
        void asserts(CounterDelta delta) {
            assertDnatHit(web, 80, times(1));
            assertThat(delta.moved()).isNotEmpty();
        }
    }

    @ContainerNetworkTest
    static class LazyDelta {
        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @Test
        void readsWhenFirstLookedAtAndStaysWithThat(Traffic traffic, CounterDelta delta, CounterSnapshot baseline) {
            traffic.times(2).toPublishedPort(web, 80);
            assertThat(dnat(delta)).isEqualTo(2);

            traffic.toPublishedPort(web, 80);
            assertThat(dnat(delta)).isEqualTo(2);
            assertThat(dnat(traffic.delta())).isEqualTo(3);
            assertThat(delta.before()).isSameAs(baseline);
        }

        private static long dnat(CounterDelta delta) {
            return delta.moved().stream()
                    .filter(rule -> rule.id().spec().contains("-j DNAT"))
                    .mapToLong(rule -> rule.packets().orElseThrow())
                    .sum();
        }
    }

    @ContainerNetworkTest
    static class OnOtherThread {
        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @Test
        void onlyTheExplicitFormWorks(Traffic traffic) {
            CompletableFuture.runAsync(() -> {
                        Flow flow = traffic.toPublishedPort(web, 80);
                        assertDnatHit(flow, web, 80);
                        assertThatThrownBy(() -> assertDnatHit(web, 80))
                                .isInstanceOf(CountercheckException.class)
                                .hasMessageContaining("assertDnatHit(flow, container, 80)");
                    })
                    .join();
        }
    }

    @ContainerNetworkTest
    static class Failing {
        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @Test
        void nothingSent() {
            assertDnatHit(web, 80);
        }

        @Test
        void wrongCount(Traffic traffic) {
            traffic.toPublishedPort(web, 80);
            assertDnatHit(web, 80, times(2));
        }
    }

    @ContainerNetworkTest
    static class Unmeasurable {
        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @Test
        void neverStarted(Traffic traffic) {
            traffic.toPublishedPort(TestWeb.container(), 80);
        }

        @Test
        void notPublished(Traffic traffic) {
            traffic.toPublishedPort(web, 81);
        }

        @Test
        void noSuchSubnet() {
            assertMasqueraded("203.0.113.0/24");
        }
    }

    @ContainerNetworkTest
    static class ParameterTooEarly {
        @BeforeEach
        void tooEarly(Traffic traffic) {
            throw new IllegalStateException("not reached: " + traffic);
        }

        @Test
        void empty() {}
    }

    @ContainerNetworkTest(await = "soon")
    static class BadAwait {
        @Test
        void empty() {}
    }

    /** Notes which tests run at the same time. */
    static final class Overlap {
        static final List<String> running = Collections.synchronizedList(new ArrayList<>());
        static final List<String> overlaps = Collections.synchronizedList(new ArrayList<>());

        private Overlap() {}

        static void during(String name, Runnable body) {
            running.add(name);
            body.run();
            if (running.size() > 1) {
                overlaps.add(List.copyOf(running).toString());
            }
            running.remove(name);
        }
    }

    @ContainerNetworkTest
    static class FirstOfTwo {
        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @RepeatedTest(2)
        void measures(Traffic traffic) {
            Overlap.during("first", () -> {
                traffic.times(5).toPublishedPort(web, 80);
                assertDnatHit(web, 80, times(5));
            });
        }
    }

    @ContainerNetworkTest
    static class SecondOfTwo {
        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @RepeatedTest(2)
        void measures(Traffic traffic) {
            Overlap.during("second", () -> {
                traffic.times(5).toPublishedPort(web, 80);
                assertDnatHit(web, 80, times(5));
            });
        }
    }

    /** Each of the two passes only while the other runs. */
    static class Together {
        private static final CountDownLatch BOTH = new CountDownLatch(2);

        @RepeatedTest(2)
        void meet() throws InterruptedException {
            BOTH.countDown();
            assertThat(BOTH.await(20, TimeUnit.SECONDS)).isTrue();
        }
    }
}
