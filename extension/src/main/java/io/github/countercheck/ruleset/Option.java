// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.List;
import org.apiguardian.api.API;

/**
 * One option of a match module or target, as written: {@code ! --dport 80:90}.
 *
 * @param negated whether {@code !} stands before it
 * @param name the option with its dashes, {@code --dport}
 * @param values its words, unquoted, in order; empty for a flag
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Option(boolean negated, String name, List<String> values) {

    /** Copies the values. */
    public Option {
        values = List.copyOf(values);
    }

    /** Joins the values with a space, as a reader would see them: {@code 80:90}. */
    public String value() {
        return String.join(" ", values);
    }
}
