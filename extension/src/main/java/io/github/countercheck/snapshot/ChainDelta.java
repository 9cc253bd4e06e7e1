// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.snapshot;

import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Counter;
import io.github.countercheck.ruleset.Family;
import java.util.OptionalLong;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What became of one chain and its policy between two snapshots.
 *
 * @param family its address family
 * @param backend the backend that holds it
 * @param table its table
 * @param chain its name
 * @param before the chain in the earlier snapshot, or null if it was not there
 * @param after the chain in the later snapshot, or null if it was not there
 * @param change what became of the chain; {@link Change#RESET} speaks of the policy's counter
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record ChainDelta(
        Family family,
        Backend backend,
        String table,
        String chain,
        @Nullable Chain before,
        @Nullable Chain after,
        Change change) {

    /** Tells whether the chain stands in both snapshots with different policies. */
    public boolean isPolicyChanged() {
        return before != null && after != null && before.policy() != after.policy();
    }

    /** Returns how many packets fell to the policy in between, or nothing where that cannot be told. */
    public OptionalLong packets() {
        return RuleDelta.difference(
                change,
                before == null ? null : before.counter(),
                after == null ? null : after.counter(),
                Counter::packets);
    }
}
