// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.List;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * One chain of a table.
 *
 * @param table the table it stands in
 * @param name its name
 * @param policy what a built-in chain does at its end; null for a user-defined chain, which returns to its caller
 * @param counter what fell to the policy, or null where the listing had no counters
 * @param rules its rules in order
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Chain(
        String table,
        String name,
        @Nullable Policy policy,
        @Nullable Counter counter,
        List<Rule> rules) {

    /** Copies the rules. */
    public Chain {
        rules = List.copyOf(rules);
    }
}
