// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs a test class with JUnit. */
final class TestRun {

    private TestRun() {}

    /**
     * Runs all its tests, one after the other.
     *
     * @throws IllegalStateException if one of them did not pass
     */
    static void of(Class<?> testClass, TestExecutionListener... listeners) {
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        AtomicReference<@Nullable String> skipped = new AtomicReference<>();
        TestExecutionListener watching = new TestExecutionListener() {
            @Override
            public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                result.getThrowable().ifPresent(failure::set);
            }

            @Override
            public void executionSkipped(TestIdentifier test, String reason) {
                skipped.set(reason);
            }
        };
        var launcher = LauncherFactory.create();
        launcher.registerTestExecutionListeners(watching);
        launcher.registerTestExecutionListeners(listeners);
        launcher.execute(LauncherDiscoveryRequestBuilder.request()
                .selectors(DiscoverySelectors.selectClass(testClass))
                .configurationParameter("countercheck.required", "true")
                .build());
        if (failure.get() != null || skipped.get() != null) {
            throw new IllegalStateException(
                    testClass.getSimpleName() + " did not pass" + (skipped.get() == null ? "" : ": " + skipped.get()),
                    failure.get());
        }
    }
}
