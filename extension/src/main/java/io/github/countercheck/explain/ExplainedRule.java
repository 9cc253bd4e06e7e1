// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.explain;

import io.github.countercheck.docker.ClassifiedRule;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.snapshot.RuleDelta;
import org.jspecify.annotations.Nullable;

/**
 * One rule of a dump.
 *
 * @param family the family of its table
 * @param backend what holds it
 * @param position its place in its chain, from 1; 0 for a rule that is gone
 * @param classified the rule and what it is for
 * @param delta what became of it, or null where there is only one moment
 */
record ExplainedRule(
        Family family,
        Backend backend,
        int position,
        ClassifiedRule classified,
        @Nullable RuleDelta delta) {}
