// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** One part of a rule of nftables. They are carried out in order; the first condition that does not hold ends the rule. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public sealed interface Statement {

    /** A condition, which is also one of {@link Rule#matches()}. */
    record Condition(Match.Comparison comparison) implements Statement {}

    /** {@code counter}, or {@code counter name NAME} for one that several rules share. */
    record Count(@Nullable String name) implements Statement {}

    /** A verdict or translation, which is also {@link Rule#target()}. */
    record Act(Target target) implements Statement {}

    /** {@code KEY vmap @MAP}: the verdict that the key leads to; no verdict where it leads nowhere. */
    record VerdictMap(Expression key, Expression map) implements Statement {}

    /** Sets something of the packet or its flow: {@code meta mark set 1}. */
    record Mangle(Expression key, Expression value) implements Statement {}

    /**
     * Anything else.
     *
     * @param keyword its kind: {@code log}, {@code limit}, {@code notrack}, {@code queue}, {@code xt}…
     * @param text the statement as listed
     */
    record Other(String keyword, String text) implements Statement {}
}
