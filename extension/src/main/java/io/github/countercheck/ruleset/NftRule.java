// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.List;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What a rule of nftables has beyond one of iptables.
 *
 * @param handle the number that the kernel gave it; a rule that is written again gets another one
 * @param comment its comment, or null
 * @param statements all it says, in order, its matches, counter and verdict included
 * @param text the rule in nftables' syntax without counter and handle: {@code tcp dport 80 accept comment "web"}
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record NftRule(long handle, @Nullable String comment, List<Statement> statements, String text) {

    /** Copies the statements. */
    public NftRule {
        statements = List.copyOf(statements);
    }
}
