// SPDX-License-Identifier: Apache-2.0
/** Waiting for a condition with a limit. No promise of compatibility. */
@NullMarked
package io.github.countercheck.await;

import org.jspecify.annotations.NullMarked;
