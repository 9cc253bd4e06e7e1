// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.List;
import java.util.Optional;
import org.apiguardian.api.API;

/**
 * One table of a ruleset.
 *
 * @param name its name, {@code nat}
 * @param chains its chains in the order of the listing
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Table(String name, List<Chain> chains) {

    /** Copies the chains. */
    public Table {
        chains = List.copyOf(chains);
    }

    /** Returns the chain of that name. */
    public Optional<Chain> chain(String chainName) {
        return chains.stream().filter(c -> c.name().equals(chainName)).findFirst();
    }
}
