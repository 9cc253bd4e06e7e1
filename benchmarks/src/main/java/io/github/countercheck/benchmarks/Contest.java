// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Things that take turns, A B A B, so that whatever else the machine does meets all alike. */
final class Contest {

    /** What is measured once. */
    interface Measured {
        /** Returns what it took, in the side's unit. */
        double once() throws Exception;
    }

    /** What is timed. */
    interface Timed {
        void run() throws Exception;
    }

    /**
     * One of those that take turns.
     *
     * @param what exactly what is measured
     */
    record Side(String what, String unit, Measured measured) {

        /** Makes one that is timed, in milliseconds. */
        static Side timed(String what, Timed timed) {
            return new Side(what, "ms", () -> {
                long begin = System.nanoTime();
                timed.run();
                return millisecondsSince(begin);
            });
        }
    }

    private Contest() {}

    static double millisecondsSince(long begin) {
        return (System.nanoTime() - begin) / 1e6;
    }

    /**
     * Runs all in turn until the time is over: as long as it takes for the JVM to compile them, which a number of rounds cannot
     * tell on a machine that has other work.
     */
    static void warmUp(Duration time, Side... sides) throws Exception {
        long begin = System.nanoTime();
        while (System.nanoTime() - begin < time.toNanos()) {
            for (Side side : sides) {
                side.measured().once();
            }
        }
    }

    /**
     * Measures all in turn.
     *
     * @param warmUp how many rounds are thrown away first
     * @param rounds how many are kept
     * @return what each took, in the order of the sides
     */
    static List<Sample> inTurn(int warmUp, int rounds, Side... sides) throws Exception {
        List<List<Double>> values = Stream.of(sides)
                .map(side -> (List<Double>) new ArrayList<Double>())
                .toList();
        for (int round = -warmUp; round < rounds; round++) {
            for (int i = 0; i < sides.length; i++) {
                double value = sides[i].measured().once();
                if (round >= 0) {
                    values.get(i).add(value);
                }
            }
        }
        return IntStream.range(0, sides.length)
                .mapToObj(i -> new Sample(sides[i].what(), sides[i].unit(), values.get(i)))
                .toList();
    }
}
