// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.explain;

import io.github.countercheck.docker.ClassifiedRule;
import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Counter;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.snapshot.RuleDelta;
import io.github.countercheck.walk.PacketWalk;
import java.io.IOException;
import java.io.Writer;
import java.util.List;
import java.util.Locale;

/** Prints explanations for people. */
final class TextOutput {

    private TextOutput() {}

    /** Prints each chain as a heading and its rules under it: position, counter, rule, and what it is for. */
    static void rules(List<ExplainedRule> rules, Writer out) throws IOException {
        String heading = "";
        for (ExplainedRule rule : rules) {
            String chain =
                    rule.family().keyword() + "  " + rule.classified().rule().table() + "/"
                            + rule.classified().rule().chain() + "  (" + rule.backend() + ")";
            if (!chain.equals(heading)) {
                out.write((heading.isEmpty() ? "" : "\n") + chain + "\n");
                heading = chain;
            }
            out.write(line(rule));
        }
        if (rules.isEmpty()) {
            out.write("no rules\n");
        }
    }

    private static String line(ExplainedRule rule) {
        Counter counter = rule.classified().rule().counter();
        return String.format(
                Locale.ROOT,
                "  %4s %20s%s  %s   # %s%n",
                rule.position() == 0 ? "" : "#" + rule.position(),
                counter == null ? "not counted" : counter,
                rule.delta() == null ? "" : change(rule.delta()),
                body(rule.classified().rule()),
                purpose(rule.classified()));
    }

    private static String change(RuleDelta delta) {
        String hits = delta.packets().isPresent() ? "+" + delta.packets().getAsLong() : "?";
        return String.format(Locale.ROOT, " %8s %-7s", hits, delta.change());
    }

    /** Prints each rule that the packet met with what it did, and in the end what became of it. */
    static void walk(PacketWalk walk, Writer out) throws IOException {
        out.write(walk.inLines().stripIndent() + "\n");
    }

    private static String body(Rule rule) {
        String spec = rule.spec();
        String append = "-A " + rule.chain() + " ";
        return spec.startsWith(append) ? spec.substring(append.length()) : spec;
    }

    private static String purpose(ClassifiedRule rule) {
        StringBuilder words = new StringBuilder(rule.role().name());
        ContainerFacts container = rule.container();
        NetworkFacts network = rule.network();
        if (container != null) {
            words.append(' ').append(container.name());
        }
        if (rule.port() != null) {
            words.append(' ').append(rule.port()).append('/').append(rule.transport());
        }
        if (container == null && network != null) {
            words.append(' ').append(network.name());
        }
        if (!rule.isReachable() && rule.role() != RuleRole.FOREIGN) {
            words.append(", out of any packet's reach");
        }
        return words.toString();
    }
}
