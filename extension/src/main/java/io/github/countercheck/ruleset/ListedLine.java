// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

/**
 * A line of {@code iptables -v -S} said as {@code iptables-save -c} says it. The two differ in where they put counters, and in
 * how they name chains.
 */
final class ListedLine {

    private static final String OPTION = " -c ";

    private ListedLine() {}

    /**
     * Returns the line that {@code iptables-save -c} has for it; one that is neither a chain nor a rule stays as it is.
     *
     * @throws ParseException if a rule or a policy has no counters
     */
    static String asSaved(String line, int number) {
        if (line.startsWith("-N ")) {
            return ":" + line.substring(3).stripTrailing() + " - [0:0]";
        }
        if (line.startsWith("-P ")) {
            Counters counters = counters(line, number);
            return ":" + line.substring(3, counters.from()) + counters.text();
        }
        if (line.startsWith("-A ")) {
            Counters counters = counters(line, number);
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
    private static Counters counters(String line, int number) {
        for (int at = line.indexOf(OPTION); at >= 0; at = line.indexOf(OPTION, at + 1)) {
            int packets = at + OPTION.length();
            int packetsEnd = digitsEnd(line, packets);
            int bytes = packetsEnd + 1;
            int end = digitsEnd(line, bytes);
            if (packetsEnd > packets
                    && line.startsWith(" ", packetsEnd)
                    && end > bytes
                    && (end == line.length() || line.startsWith(" -j ", end) || line.startsWith(" -g ", end))
                    && isWord(line, number, at + 1)) {
                String text = "[" + line.substring(packets, packetsEnd) + ":" + line.substring(bytes, end) + "]";
                return new Counters(text, at + 1, end);
            }
        }
        throw new ParseException("expected -c with the counters", number, 1, line);
    }

    private static int digitsEnd(String line, int from) {
        int i = from;
        while (i < line.length() && line.charAt(i) >= '0' && line.charAt(i) <= '9') {
            i++;
        }
        return i;
    }

    /** Tells whether a word begins there, and nothing that is quoted. */
    private static boolean isWord(String line, int number, int at) {
        if (line.indexOf('"') < 0) {
            return true;
        }
        Words words = new Words(line, number, 0);
        while (words.present() && words.start() < at) {
            words.advance();
        }
        return words.present() && words.start() == at;
    }
}
