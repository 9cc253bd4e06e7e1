// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** One part of a rule of nftables. They are carried out in order; the first condition that does not hold ends the rule. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public sealed interface Statement {

    /** Returns it in nftables' syntax, of an anonymous counter without what it counted. */
    String text();

    /** A condition, which is also one of {@link Rule#matches()}. */
    record Condition(Match.Comparison comparison) implements Statement {
        @Override
        public String text() {
            return NftPrinter.print(comparison);
        }
    }

    /** {@code counter}, or {@code counter name NAME} for one that several rules share. */
    record Count(@Nullable String name) implements Statement {
        @Override
        public String text() {
            return name == null ? "counter" : "counter name \"" + name + "\"";
        }
    }

    /**
     * A verdict or translation. The last one is also {@link Rule#target()}; {@code continue} is none.
     *
     * @param target what it does, in the words of iptables: {@code -j DNAT --to-destination 172.17.0.2:80}
     * @param text the same as listed: {@code dnat to 172.17.0.2:80}
     * @param lookup where a translation asks a map for its address, or its address and port: {@code dnat to tcp dport map
     *     @web}; else null
     */
    record Act(Target target, String text, Expression.@Nullable Lookup lookup) implements Statement {}

    /** {@code KEY vmap @MAP}: the verdict that the key leads to; no verdict where it leads nowhere. */
    record VerdictMap(Expression key, Expression map) implements Statement {
        @Override
        public String text() {
            return NftPrinter.print(key) + " vmap " + NftPrinter.print(map, key);
        }
    }

    /** Sets something of the packet or its flow: {@code meta mark set 1}. */
    record Mangle(Expression key, Expression value) implements Statement {
        @Override
        public String text() {
            return NftPrinter.print(key) + " set " + NftPrinter.print(value, key);
        }
    }

    /**
     * Anything else.
     *
     * @param keyword its kind: {@code log}, {@code limit}, {@code notrack}, {@code set}, {@code xt}…
     * @param text the statement as listed
     */
    record Other(String keyword, String text) implements Statement {}
}
