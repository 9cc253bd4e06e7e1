// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

/** Figures that are measured in one scene. */
interface Group {

    /** Says what is measured, for who waits. */
    String title();

    void measure(Plan plan) throws Exception;
}
