// SPDX-License-Identifier: Apache-2.0
/** Counters as they move, for people to look at while something runs. */
@NullMarked
package io.github.countercheck.watch;

import org.jspecify.annotations.NullMarked;
