// SPDX-License-Identifier: Apache-2.0
/**
 * The rules of one network namespace as immutable values, and their text form.
 *
 * <p>This package knows the <em>syntax</em> of netfilter rule listings and keeps every word of them, so that what is
 * parsed can be printed again. What a rule means to Docker is said elsewhere.
 */
@NullMarked
package io.github.countercheck.ruleset;

import org.jspecify.annotations.NullMarked;
