// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import io.github.countercheck.docker.RuleRole;
import org.apiguardian.api.API;

/**
 * A rule that a path's packets met.
 *
 * @param location where it stands: {@code nat/DOCKER}
 * @param rule the rule as its tool prints it, or the policy of the chain
 * @param role what it is for
 * @param hits what it counted: packets, or flows in the nat table
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record RuleHit(String location, String rule, RuleRole role, long hits) {}
