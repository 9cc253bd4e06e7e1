// SPDX-License-Identifier: Apache-2.0
/** Where packets went: rules joined with what they are for and how far their counters moved, in the kernel's order. */
@NullMarked
package io.github.countercheck.walk;

import org.jspecify.annotations.NullMarked;
