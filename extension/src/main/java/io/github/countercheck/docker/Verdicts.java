// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.Option;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Target;
import java.util.List;

/** What a rule does with a packet, asked so that one option more than expected is another answer. */
final class Verdicts {

    private Verdicts() {}

    /** Tells whether the rule does just that, with these options and no others. A goto is not a jump. */
    static boolean does(Rule rule, String name, String... options) {
        Target target = rule.target();
        return target != null && target.name().equals(name) && !target.isGoto() && hasJust(target.options(), options);
    }

    private static boolean hasJust(List<Option> options, String... names) {
        if (options.size() != names.length) {
            return false;
        }
        for (int i = 0; i < names.length; i++) {
            if (!options.get(i).name().equals(names[i])) {
                return false;
            }
        }
        return true;
    }

    /** Tells whether the rule gives the packet another source: the device's address or a given one. */
    static boolean translatesSource(Rule rule) {
        return does(rule, "MASQUERADE") || does(rule, "SNAT", "--to-source");
    }
}
