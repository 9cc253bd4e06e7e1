// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a rule says, without its place, its handle and what it counted. Several rules may say the same. */
final class NftBody {

    /** Behind these a packet may have left the rule. */
    private static final Set<String> ENDING = Set.of("limit", "quota", "ct count", "xt");

    private final NftPart[] parts;
    private final @Nullable String comment;
    private final List<Statement> statements;
    private final List<Match> matches;
    private final @Nullable Target target;
    private final String text;
    private final int counts;
    private final boolean hasExtensions;

    /**
     * Makes it.
     *
     * @param parts its statements; they are not copied
     */
    NftBody(NftPart[] parts, @Nullable String comment) {
        Statement[] all = new Statement[parts.length];
        Match[] conditions = new Match[parts.length];
        int matching = 0;
        Target decision = null;
        int counter = -1;
        boolean extensions = false;
        StringBuilder line = new StringBuilder(128);
        for (int i = 0; i < parts.length; i++) {
            NftPart part = parts[i];
            Statement statement = part.statement();
            all[i] = statement;
            extensions |= part.isExtension();
            if (part == NftPart.COUNTER) {
                counter = i;
                continue;
            }
            line.append(line.isEmpty() ? "" : " ").append(part.text());
            if (statement instanceof Statement.Condition condition) {
                conditions[matching++] = condition.comparison();
                counter = -1;
            } else if (statement instanceof Statement.Other other && ENDING.contains(other.keyword())) {
                counter = -1;
            } else if (statement instanceof Statement.Act act
                    && !act.target().name().equals(NftStatements.CONTINUE)) {
                decision = act.target();
            }
        }
        line.append(line.isEmpty() ? "counter" : "");
        line.append(NftPrinter.comment(comment));
        this.parts = parts;
        this.comment = comment;
        this.statements = List.of(all);
        this.matches = List.of(Arrays.copyOf(conditions, matching));
        this.target = decision;
        this.text = line.toString();
        this.counts = counter;
        this.hasExtensions = extensions;
    }

    /** Returns its statements, not copied. */
    NftPart[] parts() {
        return parts;
    }

    /** Returns which of the parts tells how many packets met the rule; -1 where none does. */
    int counts() {
        return counts;
    }

    /** Tells whether one of the parts is an extension of iptables. */
    boolean hasExtensions() {
        return hasExtensions;
    }

    /** Tells whether it is made of the first so many of these parts, and of that comment. */
    boolean is(NftPart[] others, int count, @Nullable String otherComment) {
        if (parts.length != count || !Objects.equals(comment, otherComment)) {
            return false;
        }
        for (int i = 0; i < count; i++) {
            if (parts[i] != others[i]) {
                return false;
            }
        }
        return true;
    }

    Rule rule(String table, String chain, long handle, @Nullable Counter counter) {
        return new Rule(table, chain, counter, matches, target, new NftRule(handle, comment, statements, text));
    }
}
