// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.ruleset.Target;
import org.jspecify.annotations.Nullable;

/**
 * What a rule does with a packet that meets it.
 *
 * @param kind how the packet goes on
 * @param chain the chain that it goes to, of {@link Kind#JUMP} and {@link Kind#GOTO}
 * @param reason why it cannot be told, of {@link Kind#UNDECIDED}
 */
record Ruling(Kind kind, @Nullable String chain, String reason) {

    enum Kind {
        CONTINUE,
        ACCEPT,
        DROP,
        REJECT,
        QUEUE,
        RETURN,
        JUMP,
        GOTO,
        UNDECIDED
    }

    static final Ruling CONTINUE = of(Kind.CONTINUE);
    static final Ruling ACCEPT = of(Kind.ACCEPT);

    static Ruling of(Kind kind) {
        return new Ruling(kind, null, "");
    }

    static Ruling to(Target target) {
        return new Ruling(target.isGoto() ? Kind.GOTO : Kind.JUMP, target.name(), "");
    }

    static Ruling undecided(String reason) {
        return new Ruling(Kind.UNDECIDED, null, reason);
    }

    @Override
    public String toString() {
        return chain == null ? kind.name() : kind + " " + chain;
    }
}
