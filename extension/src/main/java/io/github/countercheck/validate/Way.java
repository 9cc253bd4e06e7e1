// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import io.github.countercheck.daemon.Mechanism;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.traffic.Outcome;
import java.net.InetAddress;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a path's packets, as it was measured or as it is promised.
 *
 * @param outcome what the sender sees
 * @param mechanism how it comes about
 * @param blocker what the rule is for that stops the packets; with {@link Mechanism#BLOCKED_BY} null for a chain's policy
 * @param sourceSeen the source address that the far end sees; null where none was seen, or none is promised
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Way(
        Outcome outcome,
        Mechanism mechanism,
        @Nullable RuleRole blocker,
        @Nullable InetAddress sourceSeen) {

    /** Returns the mechanism in words: {@code DNAT}, {@code BLOCKED_BY DIRECT_ACCESS_DROP}, {@code BLOCKED_BY policy}. */
    public String mechanismInWords() {
        return mechanism != Mechanism.BLOCKED_BY
                ? mechanism.name()
                : mechanism + " " + (blocker == null ? "policy" : blocker.name());
    }

    /** Tells whether packets that went this way did what that one promises; it may leave the source address open. */
    boolean keeps(Way promised) {
        return outcome == promised.outcome
                && mechanism == promised.mechanism
                && blocker == promised.blocker
                && (promised.sourceSeen == null || promised.sourceSeen.equals(sourceSeen));
    }

    @Override
    public String toString() {
        return outcome + " " + mechanismInWords() + (sourceSeen == null ? "" : " from " + Cidr.format(sourceSeen));
    }
}
