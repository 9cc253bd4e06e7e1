// SPDX-License-Identifier: Apache-2.0
/**
 * Real packets, sent from a chosen place, and what became of them.
 *
 * <p>A probe has a source port of its own, so that it is a flow of its own, and ends in one of the words of
 * {@link io.github.countercheck.traffic.Outcome}. The far end is a {@link io.github.countercheck.traffic.Peer} that
 * needs no internet.
 */
@NullMarked
package io.github.countercheck.traffic;

import org.jspecify.annotations.NullMarked;
