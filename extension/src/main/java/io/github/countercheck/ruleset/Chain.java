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
 * @param policy what a base chain does at its end; null for any other chain, which returns to its caller
 * @param counter what fell to the policy, or null where the listing had no counters
 * @param rules its rules in order
 * @param base where the kernel enters it; null for a chain that is only jumped to
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Chain(
        String table,
        String name,
        @Nullable Policy policy,
        @Nullable Counter counter,
        List<Rule> rules,
        @Nullable BaseChain base) {

    /** Copies the rules. */
    public Chain {
        rules = List.copyOf(rules);
    }

    /** Makes a chain of iptables, where a policy and the name tell a built-in chain and its hook. */
    public Chain(String table, String name, @Nullable Policy policy, @Nullable Counter counter, List<Rule> rules) {
        this(
                table,
                name,
                policy,
                counter,
                rules,
                policy == null ? null : BaseChain.ofIptables(table, name).orElse(null));
    }
}
