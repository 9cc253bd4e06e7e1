// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

/**
 * Walks over the words of one line of {@code iptables-save}.
 *
 * <p>A quote opens only at the start of a word: the tools print chain and interface names raw, and such a name may hold
 * a quote in its middle. Inside quotes a backslash stands before any character that is meant literally.
 */
final class Words {

    private final String text;
    private final int line;
    private final boolean apostrophes;
    private int next;
    private int start;
    private int end;
    private boolean quoted;
    private boolean escaped;
    private boolean present;

    Words(String text, int line, int from) {
        this(text, line, from, false);
    }

    private Words(String text, int line, int from, boolean apostrophes) {
        this.text = text;
        this.line = line;
        this.next = from;
        this.apostrophes = apostrophes;
        advance();
    }

    /** Walks over what a person typed, who may quote as in a shell: {@code 'taken literally'}. */
    static Words typed(String text) {
        return new Words(text, 1, 0, true);
    }

    /** Finds a quote that this text leaves open, or -1. Starts between words. */
    static int openQuote(String text, int from) {
        int i = from;
        while (i < text.length()) {
            char c = text.charAt(i);
            if (isSpace(c)) {
                i++;
            } else if (c == '"') {
                int close = closingQuote(text, i + 1);
                if (close < 0) {
                    return i;
                }
                i = close + 1;
            } else {
                i = wordEnd(text, i);
            }
        }
        return -1;
    }

    /** Finds the quote that closes the one before {@code from}, or -1. */
    static int closingQuote(String text, int from) {
        int i = from;
        while (i < text.length()) {
            char c = text.charAt(i);
            if (c == '"') {
                return i;
            }
            i += c == '\\' ? 2 : 1;
        }
        return -1;
    }

    static boolean isSpace(char c) {
        return c <= ' ' && (c == ' ' || c == '\t' || c == '\n' || c == '\r');
    }

    /** Tells whether it is digits, one at least. By hand, for a listing asks it of most of what it says. */
    static boolean isDigits(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return !text.isEmpty();
    }

    private static int wordEnd(String text, int from) {
        int i = from;
        while (i < text.length() && !isSpace(text.charAt(i))) {
            i++;
        }
        return i;
    }

    void advance() {
        int i = next;
        while (i < text.length() && isSpace(text.charAt(i))) {
            i++;
        }
        start = i;
        present = i < text.length();
        char quote = present ? text.charAt(i) : ' ';
        quoted = quote == '"' || (quote == '\'' && apostrophes);
        escaped = false;
        if (quoted) {
            end = quote == '"' ? closingQuote(text, i + 1) : text.indexOf('\'', i + 1);
            if (end < 0) {
                throw error(start, "unterminated quote");
            }
            next = end + 1;
            if (next < text.length() && !isSpace(text.charAt(next))) {
                throw error(next, "text right behind a closing quote");
            }
            escaped = quote == '"' && text.substring(start + 1, end).indexOf('\\') >= 0;
        } else {
            end = wordEnd(text, i);
            next = end;
        }
    }

    boolean present() {
        return present;
    }

    int start() {
        return start;
    }

    /** Returns the word without quotes and escapes. */
    String word() {
        if (!quoted) {
            return text.substring(start, end);
        }
        if (!escaped) {
            return text.substring(start + 1, end);
        }
        StringBuilder plain = new StringBuilder(end - start);
        for (int i = start + 1; i < end; i++) {
            if (text.charAt(i) == '\\') {
                i++;
            }
            plain.append(text.charAt(i));
        }
        return plain.toString();
    }

    boolean is(String expected) {
        return present && !quoted && end - start == expected.length() && text.startsWith(expected, start);
    }

    boolean isNegation() {
        return present && !quoted && end - start == 1 && text.charAt(start) == '!';
    }

    /** Tells whether the word names an option: a long one, or one of iptables' own letters. */
    boolean isOption() {
        return isLongOption() || shortOption() != 0;
    }

    boolean isLongOption() {
        return present && !quoted && end - start > 2 && text.startsWith("--", start);
    }

    /** Returns the letter of one of iptables' own options, or 0: {@code -5} and {@code -} are values. */
    char shortOption() {
        if (!present || quoted || end - start != 2 || text.charAt(start) != '-') {
            return 0;
        }
        char letter = text.charAt(start + 1);
        return "sdiopfmjg".indexOf(letter) >= 0 ? letter : 0;
    }

    /** Tells whether the current word is a negation of an option that follows. */
    boolean negatesOption() {
        if (!isNegation()) {
            return false;
        }
        int at = start;
        advance();
        boolean option = isOption();
        next = at;
        advance();
        return option;
    }

    ParseException errorHere(String problem) {
        return error(start, problem);
    }

    ParseException error(int at, String problem) {
        return error(text, line, at, problem);
    }

    /** Finds the line of a place in a text whose quoted words may hold line ends. */
    static ParseException error(String text, int firstLine, int at, String problem) {
        int line = firstLine;
        int lineStart = 0;
        for (int i = text.indexOf('\n'); i >= 0 && i < at; i = text.indexOf('\n', i + 1)) {
            line++;
            lineStart = i + 1;
        }
        int lineEnd = text.indexOf('\n', lineStart);
        return new ParseException(
                problem, line, at - lineStart + 1, text.substring(lineStart, lineEnd < 0 ? text.length() : lineEnd));
    }
}
