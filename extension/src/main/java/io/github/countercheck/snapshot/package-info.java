// SPDX-License-Identifier: Apache-2.0
/**
 * Readings of all counters at one moment, and what became of each rule between two of them.
 *
 * <p>A rule is known again by its text, never by its position: rules above it come and go. iptables shows no
 * name of a rule, so one that was deleted and written again is known only by a counter that went backwards; nftables shows
 * the number that the kernel gave it, which it does not give twice.
 */
@NullMarked
package io.github.countercheck.snapshot;

import org.jspecify.annotations.NullMarked;
