// SPDX-License-Identifier: Apache-2.0
/**
 * Tests of container networking that are proved by the kernel's own counters: what a test author types.
 *
 * <p>Begin with {@link io.github.countercheck.ContainerNetworkTest}; send with {@link io.github.countercheck.Traffic};
 * assert with {@link io.github.countercheck.NetworkAssertions}.
 */
@NullMarked
package io.github.countercheck;

import org.jspecify.annotations.NullMarked;
