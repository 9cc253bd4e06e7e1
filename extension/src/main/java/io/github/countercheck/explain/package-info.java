// SPDX-License-Identifier: Apache-2.0
/**
 * Tells from dumps alone what each rule of a host is for, what it counted, or which way a packet would take: for hosts that
 * cannot be touched. Needs no daemon, no privilege and no JUnit.
 */
@NullMarked
package io.github.countercheck.explain;

import org.jspecify.annotations.NullMarked;
