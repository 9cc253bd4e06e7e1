// SPDX-License-Identifier: Apache-2.0
/**
 * What a daemon is to do with packets given its configuration, as tests that a class inherits by implementing these interfaces.
 */
@NullMarked
package io.github.countercheck.contract;

import org.jspecify.annotations.NullMarked;
