// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.traffic.Outcome;
import java.util.Optional;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What a daemon promises of one path, given its configuration.
 *
 * @param outcome what the sender sees
 * @param mechanism how it comes about
 * @param source whose address the far end sees
 * @param role what the rule is for that stops the packets, where one does; null with {@link Mechanism#BLOCKED_BY} for the
 *     policy of the chain
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Promise(
        Outcome outcome,
        Mechanism mechanism,
        Source source,
        @Nullable RuleRole role) {

    static Promise answered(Mechanism mechanism, Source source) {
        return new Promise(Outcome.ANSWERED, mechanism, source, null);
    }

    static Promise unanswered(Outcome outcome, Mechanism mechanism) {
        return new Promise(outcome, mechanism, Source.NOBODY, null);
    }

    static Promise blockedBy(RuleRole role) {
        return new Promise(Outcome.TIMED_OUT, Mechanism.BLOCKED_BY, Source.NOBODY, role);
    }

    static Promise blockedByPolicy() {
        return unanswered(Outcome.TIMED_OUT, Mechanism.BLOCKED_BY);
    }

    /** Returns what the rule is for that stops the packets; empty where none does, or the policy of FORWARD. */
    public Optional<RuleRole> blocker() {
        return Optional.ofNullable(role);
    }

    /** Tells whether the sender gets an answer. */
    public boolean isAnswered() {
        return outcome == Outcome.ANSWERED;
    }
}
