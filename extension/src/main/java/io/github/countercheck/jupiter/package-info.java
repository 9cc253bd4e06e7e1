// SPDX-License-Identifier: Apache-2.0
/** The extension behind {@link io.github.countercheck.ContainerNetworkTest}: life cycle, parameters, conditions. */
@NullMarked
package io.github.countercheck.jupiter;

import org.jspecify.annotations.NullMarked;
