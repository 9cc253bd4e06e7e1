// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.jupiter;

import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;
import static org.junit.platform.testkit.engine.EventConditions.event;
import static org.junit.platform.testkit.engine.EventConditions.finishedWithFailure;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.instanceOf;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.message;

import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.TestWeb;
import io.github.countercheck.snapshot.CounterDelta;
import io.github.countercheck.snapshot.CounterSnapshot;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ParameterResolutionException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.platform.engine.DiscoverySelector;
import org.junit.platform.testkit.engine.EngineExecutionResults;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.opentest4j.AssertionFailedError;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.junit.jupiter.Container;

/** Where parameters may stand, what the settings do, and what is said of bad ones. */
class ParametersAndSettingsIT {

    @ParameterizedTest
    @CsvSource({"InConstructor,CounterDelta", "InBeforeAll,CounterSnapshot"})
    void aParameterOutsideATestIsRefusedWithThePlaceWhereItMayStand(String fixture, String type) {
        run(selectClass(getClass().getName() + "$" + fixture))
                .allEvents()
                .assertThatEvents()
                .haveExactly(
                        1,
                        event(finishedWithFailure(
                                instanceOf(ParameterResolutionException.class),
                                message(m -> m.endsWith("there is no " + type + " before the test's body;"
                                        + " take it as a parameter of the test or of an @AfterEach method")))));
    }

    @Test
    void theAssertionWaitsAsLongAsTheAnnotationSaysWhateverTheSetting() {
        Duration waited = waited(selectMethod(AwaitsByAnnotation.class, "missesAHit"), "1m");

        assertThat(waited).isGreaterThanOrEqualTo(Duration.ofMillis(700)).isLessThan(Duration.ofMinutes(1));
    }

    @Test
    void withoutTheAnnotationsValueItWaitsAsLongAsTheSettingSays() {
        assertThat(waited(selectMethod(AwaitsBySetting.class, "missesAHit"), "2500ms"))
                .as("longer than the two seconds of the default")
                .isGreaterThanOrEqualTo(Duration.ofMillis(2500));
    }

    @ParameterizedTest
    @CsvSource({
        "countercheck.reader,remote,auto or local or toolbox",
        "countercheck.required,maybe,true or false",
        "countercheck.walk,never,failure or always",
        "countercheck.await,soon,'a number with ms, s or m, such as 2s'"
    })
    void aBadSettingFailsTheClassWithWhatTheKeyTakes(String key, String value, String takes) {
        EngineExecutionResults results = EngineTestKit.engine("junit-jupiter")
                .selectors(selectMethod(AwaitsBySetting.class, "missesAHit"))
                .configurationParameter(key, value)
                .execute();

        results.containerEvents()
                .assertThatEvents()
                .haveExactly(
                        1,
                        event(finishedWithFailure(message(
                                m -> m.contains(key + " is '" + value + "'\n  try       set it to " + takes)))));
        assertThat(results.testEvents().started().count()).isZero();
    }

    private static EngineExecutionResults run(DiscoverySelector selector) {
        return EngineTestKit.engine("junit-jupiter")
                .selectors(selector)
                .configurationParameter("countercheck.required", "true")
                .execute();
    }

    private static Duration waited(DiscoverySelector selector, String setting) {
        Measured.waited = Duration.ZERO;
        EngineExecutionResults results = EngineTestKit.engine("junit-jupiter")
                .selectors(selector)
                .configurationParameter("countercheck.required", "true")
                .configurationParameter("countercheck.await", setting)
                .execute();
        assertThat(results.testEvents().failed().list()).isEmpty();
        assertThat(results.testEvents().succeeded().count()).isEqualTo(1);
        return Measured.waited;
    }

    @ContainerNetworkTest
    static class InConstructor {
        InConstructor(CounterDelta delta) {
            throw new IllegalStateException("not reached: " + delta);
        }

        @Test
        void empty() {}
    }

    @ContainerNetworkTest
    static class InBeforeAll {
        @BeforeAll
        static void tooEarly(CounterSnapshot snapshot) {
            throw new IllegalStateException("not reached: " + snapshot);
        }

        @Test
        void empty() {}
    }

    abstract static class Measured {

        private static Duration waited = Duration.ZERO;

        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @Test
        void missesAHit() {
            long start = System.nanoTime();
            Throwable failure = catchThrowable(() -> assertDnatHit(web, 80));
            waited = Duration.ofNanos(System.nanoTime() - start);
            assertThat(failure).isInstanceOf(AssertionFailedError.class);
        }
    }

    @ContainerNetworkTest(await = "700ms")
    static class AwaitsByAnnotation extends Measured {}

    @ContainerNetworkTest
    static class AwaitsBySetting extends Measured {}
}
