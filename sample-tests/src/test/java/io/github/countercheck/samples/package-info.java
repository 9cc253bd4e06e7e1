// SPDX-License-Identifier: Apache-2.0
/** What an engineer checks by hand with {@code iptables -vnL -t nat} and {@code watch}, as tests to copy. */
package io.github.countercheck.samples;
