// SPDX-License-Identifier: Apache-2.0
/** How one network namespace is set up beside its rules: settings, devices, routes, neighbours, sockets. */
@NullMarked
package io.github.countercheck.host;

import org.jspecify.annotations.NullMarked;
