// SPDX-License-Identifier: Apache-2.0
/** The same claims in AssertJ's manner. The only package that needs AssertJ, which the test brings along. */
@NullMarked
package io.github.countercheck.assertj;

import org.jspecify.annotations.NullMarked;
