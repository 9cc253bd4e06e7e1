// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import io.github.countercheck.ContainerNetworkTest;

/** The same test with the annotation added, and nothing else. */
@ContainerNetworkTest
class TestWithExtension extends TestWithoutExtension {}
