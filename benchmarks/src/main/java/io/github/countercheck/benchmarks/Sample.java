// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import java.util.List;
import java.util.stream.IntStream;

/**
 * What one side of a comparison took, each time.
 *
 * @param what exactly what was measured
 * @param unit of the values
 * @param values in the order in which they were measured
 */
record Sample(String what, String unit, List<Double> values) {

    Sample {
        values = List.copyOf(values);
        if (values.isEmpty()) {
            throw new IllegalArgumentException("nothing was measured: " + what);
        }
    }

    /** Makes it of a single value. */
    static Sample of(String what, String unit, double value) {
        return new Sample(what, unit, List.of(value));
    }

    /**
     * Divides each value by the one that the other side took in the same round. What slows down the machine for a while slows
     * down both.
     *
     * @param divisor as many values as this has
     */
    Sample dividedBy(Sample divisor) {
        if (values.size() != divisor.values.size()) {
            throw new IllegalArgumentException(
                    values.size() + " rounds of one, " + divisor.values.size() + " of the other");
        }
        return new Sample(
                what + " ÷ " + divisor.what,
                "ratio",
                IntStream.range(0, values.size())
                        .mapToObj(i -> values.get(i) / divisor.values.get(i))
                        .toList());
    }

    double min() {
        return quantile(0);
    }

    double median() {
        return quantile(0.5);
    }

    double max() {
        return quantile(1);
    }

    /** Returns the value below which that share of all values lies, between two of them in proportion. */
    double quantile(double share) {
        double[] sorted =
                values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        double place = share * (sorted.length - 1);
        int below = (int) Math.floor(place);
        int above = (int) Math.ceil(place);
        return sorted[below] + (place - below) * (sorted[above] - sorted[below]);
    }
}
