// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apiguardian.api.API;

/**
 * The rules that one backend holds for one address family in one network namespace.
 *
 * @param family the packets it sees
 * @param backend where the kernel keeps it
 * @param tables its tables in the order of the listing
 * @param warnings what the listing tool said about its own output, such as a table that it could not show. A listing
 *     with warnings may be incomplete: that a rule is not in it proves nothing.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Ruleset(Family family, Backend backend, List<Table> tables, List<String> warnings) {

    /** Copies the lists. */
    public Ruleset {
        tables = List.copyOf(tables);
        warnings = List.copyOf(warnings);
    }

    /** Returns the table of that name. */
    public Optional<Table> table(String name) {
        return tables.stream().filter(t -> t.name().equals(name)).findFirst();
    }

    /** Returns the chain of that name in that table. */
    public Optional<Chain> chain(String table, String chain) {
        return table(table).flatMap(t -> t.chain(chain));
    }

    /** Returns all chains, in order. */
    public Stream<Chain> chains() {
        return tables.stream().flatMap(t -> t.chains().stream());
    }

    /** Returns all rules, in order. */
    public Stream<Rule> rules() {
        return chains().flatMap(c -> c.rules().stream());
    }

    /** Tells whether it holds no rule at all; tables and chains may be there. */
    public boolean isEmpty() {
        return rules().findAny().isEmpty();
    }
}
