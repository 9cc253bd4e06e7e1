// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import java.util.List;
import java.util.stream.IntStream;

/**
 * The straight line that is nearest to some points, by least squares.
 *
 * @param intercept where it begins
 * @param slope how much it climbs for each step
 * @param determination the share of what moves the points that the line explains (R²); 1 if all of them are on it
 */
record LinearFit(double intercept, double slope, double determination) {

    /**
     * Finds it.
     *
     * @param x at least two different places
     * @param y the value at each
     */
    static LinearFit of(List<Double> x, List<Double> y) {
        double meanX = mean(x);
        double meanY = mean(y);
        double squaresX = products(x, meanX, x, meanX);
        double squaresY = products(y, meanY, y, meanY);
        double together = products(x, meanX, y, meanY);
        double slope = together / squaresX;
        return new LinearFit(
                meanY - slope * meanX, slope, squaresY == 0 ? 1 : together * together / (squaresX * squaresY));
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }

    private static double products(List<Double> a, double meanA, List<Double> b, double meanB) {
        return IntStream.range(0, a.size())
                .mapToDouble(i -> (a.get(i) - meanA) * (b.get(i) - meanB))
                .sum();
    }
}
