// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

/**
 * A line of {@code iptables -v -S} said as {@code iptables-save -c} says it. The two differ in where they put counters, and in
 * how they name chains.
 */
final class ListedLine {

    private ListedLine() {}

    /**
     * Returns the line that {@code iptables-save -c} has for it; one that is neither a chain nor a rule stays as it is.
     *
     * @throws ParseException if it is a rule without counters, or a chain without a policy
     */
    static String asSaved(String line, int number) {
        if (line.startsWith("-N ")) {
            return ":" + line.substring(3).stripTrailing() + " - [0:0]";
        }
        if (line.startsWith("-P ")) {
            Words words = new Words(line, number, 2);
            String chain = words.word();
            words.advance();
            if (!words.present()) {
                throw words.errorHere("expected a policy");
            }
            return ":" + chain + " " + words.word() + " "
                    + counters(words, line).text();
        }
        if (line.startsWith("-A ")) {
            Words words = new Words(line, number, 2);
            Counters counters = counters(words, line);
            return counters.text() + " " + line.substring(0, counters.from() - 1) + line.substring(counters.to());
        }
        return line;
    }

    /**
     * Where a line has its counters.
     *
     * @param text as {@code iptables-save -c} writes them
     * @param from where they begin, with a space before
     * @param to where they end
     */
    private record Counters(String text, int from, int to) {}

    /** Finds {@code -c PACKETS BYTES} before the target, or the end; the same words may be a comment. */
    private static Counters counters(Words words, String line) {
        while (words.present()) {
            int from = words.start();
            boolean found = words.is("-c");
            words.advance();
            if (!found || !words.present() || !Words.isDigits(words.word())) {
                continue;
            }
            String packets = words.word();
            words.advance();
            if (!words.present() || !Words.isDigits(words.word())) {
                continue;
            }
            String bytes = words.word();
            words.advance();
            if (!words.present() || words.is("-j") || words.is("-g")) {
                int to = words.present()
                        ? words.start() - 1
                        : line.stripTrailing().length();
                return new Counters("[" + packets + ":" + bytes + "]", from, to);
            }
        }
        throw words.errorHere("expected -c with the counters");
    }
}
