// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import org.jspecify.annotations.Nullable;

/**
 * One line of the report: a ratio of two things that were measured in turn, or one thing that has a limit of its own.
 *
 * @param name stays the same from run to run
 * @param unit {@code ratio}, or that of the values
 * @param value the median of the ratios of each round, or of the values
 * @param low a quarter of them is below
 * @param high a quarter of them is above
 * @param goal null for what is shown beside the others
 * @param a what is measured
 * @param b what it is compared with; null if with a limit only
 * @param remark what else a reader has to know; may be empty
 */
record Figure(
        String name,
        String unit,
        double value,
        double low,
        double high,
        @Nullable Goal goal,
        Sample a,
        @Nullable Sample b,
        String remark) {

    /** Makes the ratio of two sides that took turns. */
    static Figure ofRatio(String name, @Nullable Goal goal, Sample a, Sample b) {
        Sample ratios = a.dividedBy(b);
        return new Figure(name, "ratio", ratios.median(), ratios.quantile(0.25), ratios.quantile(0.75), goal, a, b, "");
    }

    /**
     * Makes the ratio of two sides that could not take turns with each other, but each with a thing that costs the same both times:
     * of the medians of what each was of that, and of their quartiles that are farthest apart.
     */
    static Figure ofMedians(
            String name, @Nullable Goal goal, Sample a, Sample b, Sample constantBesideA, Sample constantBesideB) {
        Sample ofA = a.dividedBy(constantBesideA);
        Sample ofB = b.dividedBy(constantBesideB);
        return new Figure(
                name,
                "ratio",
                ofA.median() / ofB.median(),
                ofA.quantile(0.25) / ofB.quantile(0.75),
                ofA.quantile(0.75) / ofB.quantile(0.25),
                goal,
                a,
                b,
                "");
    }

    /** Makes that of one side alone. */
    static Figure of(String name, @Nullable Goal goal, Sample a) {
        return new Figure(name, a.unit(), a.median(), a.quantile(0.25), a.quantile(0.75), goal, a, null, "");
    }

    /** Makes that of the difference of two sides, of their medians. */
    static Figure ofDifference(String name, @Nullable Goal goal, Sample a, Sample b) {
        return new Figure(
                name,
                a.unit(),
                a.median() - b.median(),
                a.quantile(0.25) - b.quantile(0.75),
                a.quantile(0.75) - b.quantile(0.25),
                goal,
                a,
                b,
                "");
    }

    /** Makes that of the value which so many of all stay below, such as 0.95; low and high are the lowest and the highest. */
    static Figure ofQuantile(String name, @Nullable Goal goal, Sample a, double share) {
        return new Figure(name, a.unit(), a.quantile(share), a.min(), a.max(), goal, a, null, "");
    }

    Figure withRemark(String text) {
        return new Figure(name, unit, value, low, high, goal, a, b, text);
    }

    boolean isMet() {
        return goal == null || goal.isMetBy(value);
    }
}
