// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import java.util.function.Consumer;

/**
 * How much is measured, and where it goes.
 *
 * @param quick whether a few rounds do
 * @param figures takes each as soon as it is known
 * @param gaps takes what cannot be measured, and why
 */
record Plan(boolean quick, Consumer<Figure> figures, Consumer<String> gaps) {

    int rounds(int full, int quickly) {
        return quick ? quickly : full;
    }

    void report(Figure figure) {
        figures.accept(figure);
    }

    void missing(String what) {
        gaps.accept(what);
    }
}
