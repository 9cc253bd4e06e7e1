// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;

/** What a test pays for the annotation: in time, side by side in one JVM, and in memory, in a JVM for each. */
final class TestCost implements Group {

    private static final String WITH = "a test with @ContainerNetworkTest: container started, one request, stopped";

    @Override
    public String title() {
        return "a test with the extension and without";
    }

    @Override
    public void measure(Plan plan) throws Exception {
        time(plan);
        memory(plan);
    }

    private static void time(Plan plan) throws Exception {
        int rounds = plan.rounds(120, 8);
        // The first is for what happens once, the last because one class may end while the other has a test to go.
        System.setProperty(TestWithoutExtension.ROUNDS, Integer.toString(rounds + 2));
        Semaphore first = new Semaphore(1);
        Semaphore second = new Semaphore(0);
        Turns with = new Turns(first, second);
        Turns without = new Turns(second, first);
        CompletableFuture<Void> other =
                CompletableFuture.runAsync(() -> TestRun.of(TestWithoutExtension.class, without));
        TestRun.of(TestWithExtension.class, with);
        other.get(5, TimeUnit.MINUTES);
        plan.report(Figure.ofRatio(
                "test-with-extension",
                Goal.atMost(1.03),
                new Sample(WITH, "ms", with.took.subList(1, rounds + 1)),
                new Sample("without", "ms", without.took.subList(1, rounds + 1))));
    }

    /** Lets a test begin when the one of the other class has ended, and times it with all that Testcontainers does for it. */
    private static final class Turns implements TestExecutionListener {

        private final Semaphore mine;
        private final Semaphore others;
        private final List<Double> took = new ArrayList<>();
        private long begin;

        Turns(Semaphore mine, Semaphore others) {
            this.mine = mine;
            this.others = others;
        }

        @Override
        public void executionStarted(TestIdentifier test) {
            if (test.isTest()) {
                try {
                    // Should the other class end early, this one still comes to its own end, and that of the other is
                    // reported.
                    boolean waited = mine.tryAcquire(1, TimeUnit.MINUTES);
                    begin = waited ? System.nanoTime() : 0;
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        }

        @Override
        public void executionFinished(TestIdentifier test, TestExecutionResult result) {
            if (test.isTest()) {
                took.add(Contest.millisecondsSince(begin));
                others.release();
            }
        }
    }

    private static void memory(Plan plan) throws Exception {
        List<List<Double>> with = List.of(new ArrayList<>(), new ArrayList<>());
        List<List<Double>> without = List.of(new ArrayList<>(), new ArrayList<>());
        for (int round = 0; round < plan.rounds(3, 1); round++) {
            memory(TestWithExtension.class, with);
            memory(TestWithoutExtension.class, without);
        }
        plan.report(Figure.ofDifference(
                        "memory-of-the-jvm",
                        Goal.atMost(15),
                        new Sample(
                                "used by a JVM after " + TestMemory.TESTS + " tests with the extension",
                                "MB",
                                with.get(0)),
                        new Sample("without", "MB", without.get(0)))
                .withRemark("heap after collection, and what is not heap"));
        plan.report(Figure.ofDifference(
                "resident-memory-of-the-jvm",
                null,
                new Sample("resident, with the extension", "MB", with.get(1)),
                new Sample("without", "MB", without.get(1))));
    }

    private static void memory(Class<?> testClass, List<List<Double>> samples) throws Exception {
        String[] words =
                Programs.inAnotherJvm(TestMemory.class, testClass.getName()).split(" ", -1);
        for (int i = 0; i < samples.size(); i++) {
            samples.get(i).add(Double.parseDouble(words[i]));
        }
    }
}
