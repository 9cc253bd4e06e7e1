// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.Rule;

/** Something that writes rules, and knows them again. */
interface RuleWriter {

    /** Returns what the rule is for, or {@link RuleRole#FOREIGN} where this one did not write it. */
    RuleRole role(Rule rule, RuleShape shape);
}
