// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

/** Prints rules in the words of {@code iptables-save}. */
final class RulePrinter {

    private RulePrinter() {}

    static String spec(Rule rule) {
        throw new UnsupportedOperationException("being written");
    }
}
