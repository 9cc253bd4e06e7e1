// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.snapshot.ChainDelta;
import io.github.countercheck.snapshot.Change;
import io.github.countercheck.snapshot.CounterDelta;
import io.github.countercheck.snapshot.RuleDelta;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Words what differs between two rulesets, their order and counters aside. */
final class RulesetChanges {

    private RulesetChanges() {}

    static List<String> between(CounterDelta delta) {
        return Stream.concat(
                        delta.chains().stream().map(RulesetChanges::chain),
                        delta.rules().stream().map(RulesetChanges::rule))
                .filter(Objects::nonNull)
                .toList();
    }

    private static @Nullable String chain(ChainDelta delta) {
        String name = delta.family() + " " + delta.backend() + " " + delta.table() + "/" + delta.chain();
        Chain before = delta.before();
        Chain after = delta.after();
        if (before == null || after == null) {
            return (before == null ? "+ chain " : "- chain ") + name;
        }
        return delta.isPolicyChanged() ? "policy of " + name + " " + before.policy() + " -> " + after.policy() : null;
    }

    private static @Nullable String rule(RuleDelta delta) {
        Rule rule = delta.change() == Change.REMOVED ? delta.before() : delta.after();
        return switch (delta.change()) {
            case ADDED, REMOVED ->
                (delta.change() == Change.ADDED ? "+ " : "- ") + delta.id().family() + " "
                        + delta.id().backend() + " " + delta.id().table() + "  "
                        + (rule == null ? delta.id().spec() : rule.spec());
            case SAME, RESET -> null;
        };
    }
}
