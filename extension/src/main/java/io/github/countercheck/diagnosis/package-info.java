// SPDX-License-Identifier: Apache-2.0
/** Why a claim about packets did not hold: a pure function of what was measured, and its words for a reader. */
@NullMarked
package io.github.countercheck.diagnosis;

import org.jspecify.annotations.NullMarked;
