// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.ruleset.Expression;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Match;
import io.github.countercheck.ruleset.NamedSet;
import io.github.countercheck.ruleset.Option;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Statement;
import io.github.countercheck.ruleset.Table;
import io.github.countercheck.ruleset.Target;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Carries out a rule of nftables: its statements in order, until a condition does not hold or one decides. */
final class NftRuleRunner {

    /** Statements that change nothing which a rule or the packet's way depends on. */
    private static final Set<String> NEUTRAL = Set.of(
            "log",
            "counter",
            "dup",
            "flow",
            "last",
            "map",
            "set",
            "ct helper",
            "ct timeout",
            "ct expectation",
            "secmark",
            "reset");

    /** Statements that hold or not by what came before. */
    private static final Set<String> RATES = Set.of("limit", "quota", "ct count", "meter");

    private static final Set<String> NEUTRAL_KEYS = Set.of(
            "priority", "nftrace", "secmark", "label", "event", "helper", "timeout", "dscp", "ttl", "hoplimit", "ecn");

    private final Passage passage;
    private final Table table;
    private final Targets targets;
    private final NftMatcher matcher;
    private final NftMatcher.Decision decision;
    private final Questions questions;
    private final Consumer<Match.Comparison> refused;

    NftRuleRunner(
            Passage passage,
            Rule rule,
            Table table,
            Targets targets,
            Questions questions,
            String where,
            Consumer<Match.Comparison> refused) {
        this.passage = passage;
        this.table = table;
        this.targets = targets;
        this.questions = questions;
        this.refused = refused;
        this.matcher = new NftMatcher(passage, rule, table);
        this.decision = truth -> questions.decide(truth, where);
    }

    /** Returns what the rule does, or null if the packet does not get to its end. */
    @Nullable
    Ruling run(List<Statement> statements) {
        if (isRefused(statements)) {
            return null;
        }
        for (Statement statement : statements) {
            Ruling ruling = one(statement);
            if (ruling == null || ruling.kind() != Ruling.Kind.CONTINUE) {
                return ruling;
            }
        }
        return Ruling.CONTINUE;
    }

    /** Tells whether one of the conditions does not hold for sure, so that those before it need not be asked. */
    private boolean isRefused(List<Statement> statements) {
        for (Statement statement : statements) {
            if (statement instanceof Statement.Condition condition) {
                if (questions.recall(matcher.test(condition.comparison())).isNo()) {
                    refused.accept(condition.comparison());
                    return true;
                }
            } else if (!(statement instanceof Statement.Count)) {
                return false;
            }
        }
        return false;
    }

    private @Nullable Ruling one(Statement statement) {
        if (statement instanceof Statement.Condition condition) {
            return decision.leadsThere(matcher.test(condition.comparison())) ? Ruling.CONTINUE : null;
        }
        if (statement instanceof Statement.Act act) {
            Expression.Lookup lookup = act.lookup();
            return lookup == null ? act(act.target()) : translate(act.target(), lookup);
        }
        if (statement instanceof Statement.VerdictMap map) {
            return verdict(map);
        }
        if (statement instanceof Statement.Mangle mangle) {
            return mangle(mangle);
        }
        return statement instanceof Statement.Other other ? other(other) : Ruling.CONTINUE;
    }

    private @Nullable Ruling act(Target target) {
        Optional<Option> to = target.option("--to-destination").or(() -> target.option("--to-source"));
        if (to.isPresent()) {
            String address = to.get().value();
            boolean isIpv6 = address.startsWith("[")
                    || address.chars().filter(c -> c == ':').count() > 1;
            boolean isIpv4 = !isIpv6 && address.indexOf('.') >= 0;
            if (passage.family() == Family.IPV6 ? isIpv4 : isIpv6) {
                return null;
            }
        }
        return targets.apply(target, table::chain);
    }

    /** Translates to what the map says for the packet; where it says nothing, the rule ends. */
    private @Nullable Ruling translate(Target target, Expression.Lookup lookup) {
        if (!matcher.isKnown(lookup.map())) {
            return Ruling.undecided("its map is not in the listing");
        }
        Optional<NamedSet.Element> found = matcher.find(lookup.key(), lookup.map(), decision);
        if (found.isEmpty()) {
            return null;
        }
        Optional<String> to = destination(found.get().data());
        if (to.isEmpty()) {
            return Ruling.undecided("what its map leads to is not known");
        }
        return act(new Target(
                target.name(),
                false,
                target.options().stream()
                        .map(option -> option.name().startsWith("--to-")
                                ? new Option(false, option.name(), List.of(to.get()))
                                : option)
                        .toList()));
    }

    private static Optional<String> destination(@Nullable Expression data) {
        if (data instanceof Expression.Value address) {
            return Optional.of(address.text());
        }
        return data instanceof Expression.Concatenation both
                        && both.parts().size() == 2
                        && both.parts().get(0) instanceof Expression.Value address
                        && both.parts().get(1) instanceof Expression.Value port
                ? Optional.of((address.text().indexOf(':') < 0 ? address.text() : "[" + address.text() + "]") + ":"
                        + port.text())
                : Optional.empty();
    }

    private @Nullable Ruling verdict(Statement.VerdictMap map) {
        if (!matcher.isKnown(map.map())) {
            return Ruling.undecided("its map is not in the listing");
        }
        Optional<NamedSet.Element> found = matcher.find(map.key(), map.map(), decision);
        if (found.isEmpty()) {
            return null;
        }
        return targets.apply(found.get().verdict(), table::chain);
    }

    private @Nullable Ruling mangle(Statement.Mangle mangle) {
        Expression key = mangle.key();
        boolean mark = key instanceof Expression.Meta meta && meta.key().equals("mark");
        boolean connectionMark =
                key instanceof Expression.Conntrack ct && ct.key().equals("mark");
        if (!mark && !connectionMark) {
            return isNeutral(key) ? Ruling.CONTINUE : Ruling.undecided("what it sets is not simulated");
        }
        if (matcher.value(mangle.value()) instanceof NftValue.Absent) {
            // Without a flow there is no ct mark to take, and the rule ends.
            return null;
        }
        Bits value = matcher.markValue(mangle.value()).orElse(Bits.UNKNOWN);
        if (mark) {
            passage.mark = value;
        } else if (passage.hasFlow()) {
            passage.connectionMark = value;
        }
        return Ruling.CONTINUE;
    }

    private static boolean isNeutral(Expression key) {
        String name = key instanceof Expression.Meta meta
                ? meta.key()
                : key instanceof Expression.Conntrack conntrack
                        ? conntrack.key()
                        : key instanceof Expression.Payload payload ? payload.field() : "";
        return NEUTRAL_KEYS.contains(name);
    }

    private @Nullable Ruling other(Statement.Other other) {
        if (other.keyword().equals("notrack")) {
            return targets.notrack();
        }
        boolean limited = RATES.contains(other.keyword())
                || (NEUTRAL.contains(other.keyword())
                        && RATES.stream().anyMatch(r -> other.text().contains(" " + r + " ")));
        if (limited) {
            return decision.leadsThere(matcher.unknown(other.keyword() + ": it depends on packets before"))
                    ? Ruling.CONTINUE
                    : null;
        }
        return NEUTRAL.contains(other.keyword())
                ? Ruling.CONTINUE
                : Ruling.undecided("the statement " + other.text() + " is not simulated");
    }
}
