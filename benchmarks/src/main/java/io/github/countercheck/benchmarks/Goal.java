// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

/**
 * What a figure should be.
 *
 * @param bound whether it is to be at most the limit, or at least
 * @param limit in the figure's unit
 */
record Goal(Bound bound, double limit) {

    enum Bound {
        AT_MOST("≤"),
        AT_LEAST("≥");

        private final String sign;

        Bound(String sign) {
            this.sign = sign;
        }

        String sign() {
            return sign;
        }
    }

    static Goal atMost(double limit) {
        return new Goal(Bound.AT_MOST, limit);
    }

    static Goal atLeast(double limit) {
        return new Goal(Bound.AT_LEAST, limit);
    }

    boolean isMetBy(double figure) {
        return bound == Bound.AT_MOST ? figure <= limit : figure >= limit;
    }

    /** Returns by how much of the limit the figure is on the wrong side; 0 where it is met. */
    double missedBy(double figure) {
        return isMetBy(figure) ? 0 : Math.abs(figure - limit) / (limit == 0 ? 1 : limit);
    }
}
