// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import org.apiguardian.api.API;

/**
 * Says where a text is not what it should be. The message shows the place; of a long line only its surroundings.
 *
 * <p>A listing that cannot be read is a failure of the measurement, never a finding about the network.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class ParseException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private static final int SHOWN = 120;
    private static final int SHOWN_BEFORE = 80;

    private final int line;
    private final int column;

    ParseException(String problem, int line, int column, String text) {
        super(message(problem, line, column, text));
        this.line = line;
        this.column = column;
    }

    /** Returns the line of the place, counted from 1. */
    public int line() {
        return line;
    }

    /** Returns the column of the place in UTF-16 units, counted from 1. */
    public int column() {
        return column;
    }

    private static String message(String problem, int line, int column, String text) {
        int from = Math.max(0, Math.min(column - 1 - SHOWN_BEFORE, text.length() - SHOWN));
        int to = Math.min(text.length(), from + SHOWN);
        String shown = (from > 0 ? "…" : "") + printable(text.substring(from, to)) + (to < text.length() ? "…" : "");
        int caret = column - 1 - from + (from > 0 ? 1 : 0);
        return "line " + line + ", column " + column + ": " + problem + "\n  " + shown + "\n  " + " ".repeat(caret)
                + "^";
    }

    /** Keeps one column per character, so that the mark below stands right; a listing may hold any bytes. */
    static String printable(String text) {
        StringBuilder shown = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            shown.append(Character.isISOControl(c) || Character.isSurrogate(c) ? '?' : c);
        }
        return shown.toString();
    }
}
