// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.ruleset.Counter;
import io.github.countercheck.walk.MeasuredRule;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What an assertion that held rests on. It is returned for a test that wants to look closer, or to log it; who is content
 * that the claim holds may ignore it.
 *
 * @param claim what holds, in words
 * @param rules the rules that the claim is about, with what they counted
 * @param witnesses whose word it is; empty where the claim is about the rules themselves and not about packets
 * @param flows what had been sent
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Proof(String claim, List<Cited> rules, Set<Witness> witnesses, List<Flow> flows) {

    /** Who can tell where a packet went. */
    public enum Witness {
        /** The counter of a rule, before and after. */
        COUNTER("the counter"),
        /** The kernel's connection tracking, asked for the probe's own flow. */
        CONNTRACK("conntrack"),
        /** The far end, by the source address that it saw; or the sender, by the answer that it did or did not get. */
        PEER("the peer"),
        /** The kernel, which told of each rule that the probe's own packets met. */
        TRACE("the kernel's trace");

        private final String words;

        Witness(String words) {
            this.words = words;
        }

        @Override
        public String toString() {
            return words;
        }
    }

    /**
     * A rule, or a policy, with its counter then and now.
     *
     * @param rule how a failure would cite it: {@code nat/DOCKER  -A DOCKER …}
     * @param before the counter in the baseline, or null where there was none
     * @param after the counter at the end, or null where there is none
     */
    public record Cited(
            String rule, @Nullable Counter before, @Nullable Counter after) {

        static Cited of(MeasuredRule rule) {
            return new Cited(
                    rule.cite(),
                    rule.delta().before() == null ? null : rule.delta().before().counter(),
                    rule.rule().counter());
        }

        /** Prints it with how far the counter moved: {@code nat/DOCKER  -A DOCKER …  (before 1, after 2)}. */
        @Override
        public String toString() {
            return rule + "  (before " + packets(before) + ", after " + packets(after) + ")";
        }

        private static String packets(@Nullable Counter counter) {
            return counter == null ? "-" : Long.toString(counter.packets());
        }
    }

    /** Copies the collections. */
    public Proof {
        rules = List.copyOf(rules);
        witnesses = Collections.unmodifiableSet(
                witnesses.isEmpty() ? EnumSet.noneOf(Witness.class) : EnumSet.copyOf(witnesses));
        flows = List.copyOf(flows);
    }

    static Proof of(String claim, List<MeasuredRule> rules, Set<Witness> witnesses, Window window) {
        return new Proof(claim, rules.stream().map(Cited::of).toList(), witnesses, window.flows());
    }

    /** Prints the claim and below it what it rests on. */
    @Override
    public String toString() {
        return claim + "\n"
                + rules.stream().map(rule -> "  rule      " + rule + "\n").collect(Collectors.joining())
                + flows.stream().map(flow -> "  sent      " + flow + "\n").collect(Collectors.joining())
                + "  witnesses " + (witnesses.isEmpty() ? "none: it is about the rules themselves" : witnesses);
    }
}
