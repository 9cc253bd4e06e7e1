// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.docker.ClassifiedRule;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.snapshot.Change;
import io.github.countercheck.snapshot.RuleDelta;
import org.apiguardian.api.API;

/**
 * A rule as it stands now, what it is for, and what it counted since the baseline.
 *
 * @param classified the rule and its role
 * @param delta what became of it since the baseline
 * @param position its place in its chain, from 1, as {@code iptables -L --line-numbers} counts
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public record MeasuredRule(ClassifiedRule classified, RuleDelta delta, int position) {

    /** Returns the rule. */
    public Rule rule() {
        return classified.rule();
    }

    /** Returns what it is for. */
    public RuleRole role() {
        return classified.role();
    }

    /** Tells whether the kernel counts on it at all. */
    public boolean isCounted() {
        return rule().counter() != null;
    }

    /** Tells whether the counter went backwards, so that no difference can be told. */
    public boolean isReset() {
        return delta.change() == Change.RESET;
    }

    /**
     * Returns what it counted since the baseline: packets, or flows in the nat table. A rule that is new since then began
     * at 0. Where nothing can be told ({@link #isReset}, not {@link #isCounted}) it is 0.
     */
    public long hits() {
        return delta.packets().orElse(0);
    }

    /** Returns where it stands: {@code nat/DOCKER}, or {@code ip6tables nat/DOCKER}. */
    public String location() {
        return location(delta.id().family(), delta.id().backend(), rule().table(), rule().chain());
    }

    /** Names a chain: {@code nat/DOCKER}, {@code ip6tables nat/DOCKER} or, of nftables, {@code ip6 filter/forward}. */
    public static String location(Family family, Backend backend, String table, String chain) {
        String prefix = !backend.isIptables() ? family.keyword() + " " : family == Family.IPV6 ? "ip6tables " : "";
        return prefix + table + "/" + chain;
    }

    /** Returns what stands before the hits, if it stood there: the counter's packets then and now. */
    public String beforeAndAfter() {
        Rule before = delta.before();
        return "before "
                + (before == null || before.counter() == null
                        ? "-"
                        : before.counter().packets()) + ", after "
                + (rule().counter() == null ? "-" : rule().counter().packets());
    }

    /**
     * Cites the rule so that it can be pasted after {@code iptables -t TABLE}, or after {@code ip6tables} where it says so:
     * {@code nat/DOCKER  -A DOCKER …}.
     */
    public String cite() {
        return location() + "  " + rule().spec();
    }
}
