// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.snapshot;

import io.github.countercheck.ruleset.Counter;
import io.github.countercheck.ruleset.NftRule;
import io.github.countercheck.ruleset.Rule;
import java.util.OptionalLong;
import java.util.function.ToLongFunction;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What became of one rule between two snapshots.
 *
 * @param id its identity
 * @param before the rule in the earlier snapshot, or null if it was not there
 * @param after the rule in the later snapshot, or null if it was not there
 * @param change what became of it
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record RuleDelta(
        RuleId id, @Nullable Rule before, @Nullable Rule after, Change change) {

    static RuleDelta of(RuleId id, @Nullable Rule before, @Nullable Rule after) {
        Change change = change(
                before != null,
                after != null,
                before == null ? null : before.counter(),
                after == null ? null : after.counter());
        return new RuleDelta(id, before, after, isRewritten(before, after) ? Change.RESET : change);
    }

    /** Engine 29 writes whole chains anew when a container starts; the kernel then gives each rule another handle. */
    private static boolean isRewritten(@Nullable Rule before, @Nullable Rule after) {
        NftRule earlier = before == null ? null : before.nft();
        NftRule later = after == null ? null : after.nft();
        return earlier != null && later != null && earlier.handle() != later.handle();
    }

    static Change change(boolean wasThere, boolean isThere, @Nullable Counter before, @Nullable Counter after) {
        if (!wasThere) {
            return Change.ADDED;
        }
        if (!isThere) {
            return Change.REMOVED;
        }
        return before != null && after != null && (after.packets() < before.packets() || after.bytes() < before.bytes())
                ? Change.RESET
                : Change.SAME;
    }

    /**
     * Returns how many packets it counted in between (flows in the nat table), or nothing where that cannot be told: it was
     * removed or reset, or the listing has no counters. A rule that was added counted all it has.
     */
    public OptionalLong packets() {
        return difference(Counter::packets);
    }

    /** Returns how many bytes it counted in between, or nothing where {@link #packets} returns nothing. */
    public OptionalLong bytes() {
        return difference(Counter::bytes);
    }

    private OptionalLong difference(ToLongFunction<Counter> part) {
        return difference(
                change, before == null ? null : before.counter(), after == null ? null : after.counter(), part);
    }

    static OptionalLong difference(
            Change change, @Nullable Counter before, @Nullable Counter after, ToLongFunction<Counter> part) {
        return switch (change) {
            case REMOVED, RESET -> OptionalLong.empty();
            case ADDED -> after == null ? OptionalLong.empty() : OptionalLong.of(part.applyAsLong(after));
            case SAME ->
                before == null || after == null
                        ? OptionalLong.empty()
                        : OptionalLong.of(part.applyAsLong(after) - part.applyAsLong(before));
        };
    }
}
