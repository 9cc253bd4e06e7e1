// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Hook;
import org.apiguardian.api.API;

/**
 * A rule that a packet came to and passed by.
 *
 * @param hook where on its way
 * @param family the family of the ruleset
 * @param backend what holds the rule
 * @param table its table
 * @param chain its chain
 * @param position the rule's place in its chain, from 1
 * @param match the first of its matches that the packet does not meet, as the rule's tool prints it
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public record Unmet(
        Hook hook, Family family, Backend backend, String table, String chain, int position, String match) {}
