// SPDX-License-Identifier: Apache-2.0
/** One Docker daemon as it is measured: how its rules are read, what it says, from where probes are sent. No promise of compatibility. */
@NullMarked
package io.github.countercheck.session;

import org.jspecify.annotations.NullMarked;
