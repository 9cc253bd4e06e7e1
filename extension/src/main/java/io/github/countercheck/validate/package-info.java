// SPDX-License-Identifier: Apache-2.0
/** Measures what a {@code daemon.json} does to container networking, and holds it against what it promises. No promise of compatibility. */
@NullMarked
package io.github.countercheck.validate;

import org.jspecify.annotations.NullMarked;
