// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.ruleset.BaseChain;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Policy;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Table;

/** A base chain where it is entered. */
record HookEntry(Ruleset ruleset, Table table, Chain chain, BaseChain base) {

    /** Tells whether a packet can tell it from a chain that is not there. */
    boolean matters() {
        return !chain.rules().isEmpty() || (chain.policy() != null && chain.policy() != Policy.ACCEPT);
    }

    /** Names it with what holds it: {@code iptables-nft filter/FORWARD}. */
    String name() {
        return ruleset.backend() + " "
                + (ruleset.backend().isIptables() ? "" : ruleset.family().keyword() + " ") + table.name() + "/"
                + chain.name();
    }
}
