// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import java.util.Collection;
import org.jspecify.annotations.Nullable;

/**
 * Whether a condition holds, where it may not be known.
 *
 * @param question what is not known, as a statement that is true or false; null where the answer is known. The same
 *     statement has the same answer wherever it is asked during one walk.
 * @param reason why it is not known; empty where it is
 * @param holds the answer; of an open one, what it is where the statement is true
 */
record Truth(@Nullable String question, String reason, boolean holds) {

    static final Truth YES = new Truth(null, "", true);
    static final Truth NO = new Truth(null, "", false);

    static Truth of(boolean holds) {
        return holds ? YES : NO;
    }

    static Truth open(String question, String reason) {
        return new Truth(question, reason, true);
    }

    boolean isYes() {
        return question == null && holds;
    }

    boolean isNo() {
        return question == null && !holds;
    }

    Truth negatedIf(boolean negated) {
        return negated ? new Truth(question, reason, !holds) : this;
    }

    Truth or(Truth other) {
        if (isYes() || other.isNo()) {
            return this;
        }
        if (isNo() || other.isYes()) {
            return other;
        }
        return equals(other) ? this : joined(this, other, " or ");
    }

    Truth and(Truth other) {
        return negatedIf(true).or(other.negatedIf(true)).negatedIf(true);
    }

    static Truth any(Collection<Truth> all) {
        return all.stream().reduce(NO, Truth::or);
    }

    private static Truth joined(Truth a, Truth b, String word) {
        String reason = a.reason.equals(b.reason) ? a.reason : a.reason + "; " + b.reason;
        return open(a.statement() + word + b.statement(), reason);
    }

    private String statement() {
        return holds ? String.valueOf(question) : "not (" + question + ")";
    }
}
