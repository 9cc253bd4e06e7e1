// SPDX-License-Identifier: Apache-2.0
/**
 * Readings of all counters at one moment, and what became of each rule between two of them.
 *
 * <p>A rule is known again by its text, never by its position: rules above it come and go. The kernel gives iptables rules
 * no name, so a rule that was deleted and written again is known only by a counter that went backwards.
 */
@NullMarked
package io.github.countercheck.snapshot;

import org.jspecify.annotations.NullMarked;
