// SPDX-License-Identifier: Apache-2.0
/** How long things take, beside what they are compared with. Not published. */
@NullMarked
package io.github.countercheck.benchmarks;

import org.jspecify.annotations.NullMarked;
