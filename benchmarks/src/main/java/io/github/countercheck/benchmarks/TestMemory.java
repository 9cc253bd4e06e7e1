// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;

/** A JVM that runs a few tests of one class, and prints what memory it uses as the last one has ended. */
final class TestMemory {

    static final int TESTS = 5;
    private static final double MEGABYTE = 1 << 20;
    private static final double KILOBYTES = 1024;

    private TestMemory() {}

    public static void main(String[] arguments) throws Exception {
        System.setProperty(TestWithoutExtension.ROUNDS, Integer.toString(TESTS));
        String[] result = new String[1];
        TestRun.of(Class.forName(arguments[0]), new TestExecutionListener() {
            private int ended;

            @Override
            public void executionFinished(TestIdentifier test, TestExecutionResult outcome) {
                if (test.isTest() && ++ended == TESTS) {
                    result[0] = used() + " " + resident();
                }
            }
        });
        System.out.println(result[0]);
    }

    private static double used() {
        double heap = Retained.usedHeap();
        return heap
                + ManagementFactory.getMemoryMXBean().getNonHeapMemoryUsage().getUsed() / MEGABYTE;
    }

    private static double resident() {
        try {
            return Files.readAllLines(Path.of("/proc/self/status")).stream()
                    .filter(line -> line.startsWith("VmRSS:"))
                    .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / KILOBYTES)
                    .findFirst()
                    .orElseThrow();
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
