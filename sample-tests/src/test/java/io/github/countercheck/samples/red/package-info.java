// SPDX-License-Identifier: Apache-2.0
/** Shows that each sample test can fail: with a fault really put into the daemon's rules it must turn red. */
package io.github.countercheck.samples.red;
