// SPDX-License-Identifier: Apache-2.0
/**
 * What the Docker daemon says about its networks, and which rule of a ruleset does what for which container.
 *
 * <p>{@link io.github.countercheck.docker.DockerFacts} hold the daemon's side: bridges, subnets, addresses, published
 * ports. {@link io.github.countercheck.docker.RuleClassifier} joins them with a ruleset and gives each rule a
 * {@link io.github.countercheck.docker.RuleRole}. Both are values and pure functions; only
 * {@link io.github.countercheck.docker.DockerFactsReader} talks to a daemon.
 */
@NullMarked
package io.github.countercheck.docker;

import org.jspecify.annotations.NullMarked;
