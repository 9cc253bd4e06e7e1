// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.report;

import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Words a run for the summary page of a CI job: what did not pass, the rest by its number. */
final class MarkdownSummary {

    /** Such pages take a megabyte and refuse all that is longer. */
    private static final int MOST_TESTS = 50;

    private static final int MOST_TEXT = 8_000;
    private static final Pattern MEANING = Pattern.compile("[\\\\`*_{}\\[\\]<>()#+!|~@:&]");
    private static final Pattern TICKS = Pattern.compile("`+");

    private MarkdownSummary() {}

    static String of(RunReport run) {
        StringBuilder out = new StringBuilder();
        out.append("### Countercheck: ").append(run.inWords()).append("\n\n");
        for (DaemonInfo daemon : run.daemons()) {
            out.append("- ")
                    .append(escaped(daemon.engine() + ", rules in " + String.join(", ", daemon.backends())
                            + ", configuration "
                            + (daemon.config().isEmpty() ? "as found" : daemon.config())))
                    .append('\n');
        }
        if (!run.complete()) {
            out.append("- The run has not come to its end: tests may be missing here.\n");
        }
        List<TestReport> wrong = run.tests().stream()
                .filter(test -> test.verdict() != Verdict.PASSED)
                .toList();
        if (!wrong.isEmpty()) {
            out.append("\n| test | verdict | why |\n|---|---|---|\n");
            wrong.stream()
                    .limit(MOST_TESTS)
                    .forEach(test -> out.append("| ")
                            .append(escaped(test.testClass() + " › " + test.name()))
                            .append(" | ")
                            .append(test.verdict().sign())
                            .append(' ')
                            .append(test.verdict().inWords())
                            .append(" | ")
                            .append(escaped(test.headline()))
                            .append(" |\n"));
            if (wrong.size() > MOST_TESTS) {
                out.append("\nand ").append(wrong.size() - MOST_TESTS).append(" more\n");
            }
        }
        wrong.stream()
                .filter(test -> test.message().lines().count() > 1)
                .limit(MOST_TESTS)
                .forEach(test -> details(test, out));
        return out.toString();
    }

    private static void details(TestReport test, StringBuilder out) {
        String text = Visible.of(test.message());
        String shown = text.length() <= MOST_TEXT ? text : text.substring(0, MOST_TEXT) + "\n…";
        int longest = TICKS.matcher(shown)
                .results()
                .mapToInt(ticks -> ticks.group().length())
                .max()
                .orElse(0);
        String fence = "`".repeat(Math.max(3, longest + 1));
        out.append("\n<details><summary>")
                .append(html(test.testClass() + " › " + test.name()))
                .append("</summary>\n\n")
                .append(fence)
                .append("text\n")
                .append(shown)
                .append('\n')
                .append(fence)
                .append("\n\n</details>\n");
    }

    private static String html(String text) {
        return Visible.line(text)
                .replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    private static String escaped(String text) {
        return Visible.line(text)
                .codePoints()
                .mapToObj(Character::toString)
                .map(c -> MEANING.matcher(c).matches() ? "&#" + (int) c.charAt(0) + ";" : c)
                .collect(Collectors.joining());
    }
}
