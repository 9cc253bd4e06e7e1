// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Prints rulesets as {@code iptables-save -c} does, without its comments about the time.
 *
 * <p>What {@link IptablesSaveParser} reads it prints back with the same meaning, and lines that the tools wrote with the
 * same letters. {@code iptables-restore} takes the text.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class IptablesSavePrinter {

    private IptablesSavePrinter() {}

    /** Prints all tables, after the warnings; counters stand where the ruleset has them. */
    public static String print(Ruleset ruleset) {
        StringBuilder out = new StringBuilder();
        for (String warning : ruleset.warnings()) {
            out.append("# ").append(warning).append('\n');
        }
        for (Table table : ruleset.tables()) {
            out.append('*').append(table.name()).append('\n');
            for (Chain chain : table.chains()) {
                Policy policy = chain.policy();
                out.append(':').append(chain.name()).append(' ').append(policy == null ? "-" : policy.name());
                counter(chain.counter(), " ", "", out);
                out.append('\n');
            }
            for (Chain chain : table.chains()) {
                for (Rule rule : chain.rules()) {
                    counter(rule.counter(), "", " ", out);
                    RulePrinter.print(rule, out);
                    out.append('\n');
                }
            }
            out.append("COMMIT\n");
        }
        return out.toString();
    }

    /**
     * Prints one condition: {@code -m tcp --dport 80}.
     *
     * @throws IllegalStateException if it is one of nftables'
     */
    public static String print(Match match) {
        return RulePrinter.match(match);
    }

    private static void counter(@Nullable Counter counter, String before, String after, StringBuilder out) {
        if (counter != null) {
            out.append(before)
                    .append('[')
                    .append(counter.packets())
                    .append(':')
                    .append(counter.bytes())
                    .append(']')
                    .append(after);
        }
    }
}
