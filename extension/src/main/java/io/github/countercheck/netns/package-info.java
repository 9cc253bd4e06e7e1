// SPDX-License-Identifier: Apache-2.0
/**
 * Where commands run: inside the network namespace of the Docker daemon, or of one container.
 *
 * <p>Each place keeps one long-lived shell, so that a read costs no more than the tool that reads. There are two ways
 * in: {@link io.github.countercheck.netns.LocalNetns} for root on the daemon's own host, and
 * {@link io.github.countercheck.netns.Toolbox}, a container, everywhere else. No promise of compatibility.
 */
@NullMarked
package io.github.countercheck.netns;

import org.jspecify.annotations.NullMarked;
