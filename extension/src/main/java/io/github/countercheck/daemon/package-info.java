// SPDX-License-Identifier: Apache-2.0
/** A Docker daemon under test, and what it promises given its {@code daemon.json}. */
@NullMarked
package io.github.countercheck.daemon;

import org.jspecify.annotations.NullMarked;
