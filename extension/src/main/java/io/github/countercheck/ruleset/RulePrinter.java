// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.List;
import java.util.Set;

/** Prints rules in the words of {@code iptables-save}. */
final class RulePrinter {

    /** Options whose value the tools always print with quotes. */
    private static final Set<String> ALWAYS_QUOTED =
            Set.of("--string", "--hex-string", "--bytecode", "--u32", "--label", "--led-trigger-id");

    private static final String OWN_LETTERS = "sdiopfmjg";

    private final StringBuilder out;

    private RulePrinter(StringBuilder out) {
        this.out = out;
    }

    static String spec(Rule rule) {
        StringBuilder out = new StringBuilder(96);
        print(rule, out);
        return out.toString();
    }

    static String match(Match match) {
        StringBuilder out = new StringBuilder();
        new RulePrinter(out).append(match);
        return out.toString().strip();
    }

    static void print(Rule rule, StringBuilder out) {
        new RulePrinter(out).rule(rule);
    }

    private void rule(Rule rule) {
        out.append("-A ");
        word(rule.chain());
        for (Match match : rule.matches()) {
            append(match);
        }
        Target target = rule.target();
        if (target != null) {
            out.append(target.isGoto() ? " -g " : " -j ");
            word(target.name());
            options(target.options());
        }
    }

    private void append(Match match) {
        if (match instanceof Match.Source source) {
            builtIn(source.negated(), 's');
            out.append(source.net());
        } else if (match instanceof Match.Destination destination) {
            builtIn(destination.negated(), 'd');
            out.append(destination.net());
        } else if (match instanceof Match.IrregularNet net) {
            builtIn(net.negated(), net.source() ? 's' : 'd');
            word(net.net());
        } else if (match instanceof Match.InInterface in) {
            builtIn(in.negated(), 'i');
            word(in.name());
        } else if (match instanceof Match.OutInterface outgoing) {
            builtIn(outgoing.negated(), 'o');
            word(outgoing.name());
        } else if (match instanceof Match.Protocol protocol) {
            builtIn(protocol.negated(), 'p');
            word(protocol.name());
        } else if (match instanceof Match.Fragment fragment) {
            out.append(fragment.negated() ? " ! -f" : " -f");
        } else if (match instanceof Match.Module module) {
            out.append(" -m ");
            word(module.name());
            options(module.options());
        } else {
            throw new IllegalStateException("iptables has no syntax for " + match);
        }
    }

    private void builtIn(boolean negated, char letter) {
        out.append(negated ? " ! -" : " -").append(letter).append(' ');
    }

    private void options(List<Option> options) {
        for (Option option : options) {
            out.append(option.negated() ? " ! " : " ").append(option.name());
            List<String> values = option.values();
            for (int i = 0; i < values.size(); i++) {
                if (i > 0 || !option.name().isEmpty()) {
                    out.append(' ');
                }
                value(option.name(), values.get(i), i, values.size());
            }
        }
    }

    private void value(String option, String value, int index, int count) {
        if (index == 0 && RuleReader.FREE_TEXT.contains(option)) {
            if (isPlain(value)) {
                out.append(value);
            } else {
                quote(value, true);
            }
        } else if (index == 0 && ALWAYS_QUOTED.contains(option)) {
            quote(value, false);
        } else if (looksLikeOption(value)) {
            quote(value, true);
        } else if (value.equals("!") && index < count - 1) {
            out.append(value);
        } else {
            word(value);
        }
    }

    /** Prints a name or number raw, as the tools do, unless it would then not be read back as one word. */
    private void word(String word) {
        if (needsQuotes(word)) {
            quote(word, true);
        } else {
            out.append(word);
        }
    }

    private static boolean needsQuotes(String word) {
        if (word.isEmpty() || word.charAt(0) == '"' || word.equals("!")) {
            return true;
        }
        for (int i = 0; i < word.length(); i++) {
            if (Words.isSpace(word.charAt(i))) {
                return true;
            }
        }
        return false;
    }

    private static boolean looksLikeOption(String word) {
        return (word.startsWith("--") && word.length() > 2)
                || (word.length() == 2 && word.charAt(0) == '-' && OWN_LETTERS.indexOf(word.charAt(1)) >= 0);
    }

    /** Tells whether the tools print a free text without quotes. */
    private static boolean isPlain(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean plain =
                    (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
            if (!plain) {
                return false;
            }
        }
        return !text.isEmpty();
    }

    private void quote(String text, boolean apostropheToo) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\' || (c == '\'' && apostropheToo)) {
                out.append('\\');
            }
            out.append(c);
        }
        out.append('"');
    }
}
