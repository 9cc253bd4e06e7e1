// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.snapshot;

import org.apiguardian.api.API;

/**
 * A rule that went and another that came in its place, between the same neighbours.
 *
 * @param removed the rule that went
 * @param added the rule that came
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Replacement(RuleDelta removed, RuleDelta added) {}
