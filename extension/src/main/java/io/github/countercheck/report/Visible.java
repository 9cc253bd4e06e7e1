// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.report;

import java.util.Locale;
import org.apiguardian.api.API;

/**
 * Makes visible what would change how a text is read without being seen: rule comments, container names and labels are
 * whatever somebody wrote there.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class Visible {

    private static final int CONTROL_PICTURES = 0x2400;
    private static final int DELETE = 0x7f;

    private Visible() {}

    /** Returns the text with control characters but line feeds, bidirectional controls and unseen spaces spelt out. */
    public static String of(String text) {
        StringBuilder out = null;
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            int next = i + Character.charCount(c);
            if (isPlain(c)) {
                if (out != null) {
                    out.appendCodePoint(c);
                }
            } else {
                if (out == null) {
                    out = new StringBuilder(text.length() + 16).append(text, 0, i);
                }
                if (c < ' ') {
                    out.append((char) (CONTROL_PICTURES + c));
                } else {
                    out.append(String.format(Locale.ROOT, "[U+%04X]", c));
                }
            }
            i = next;
        }
        return out == null ? text : out.toString();
    }

    /** Returns it on one line. */
    public static String line(String text) {
        return of(text).replace('\n', '\u240a');
    }

    private static boolean isPlain(int c) {
        if (c >= ' ' && c < DELETE) {
            return true;
        }
        if (c < ' ') {
            return c == '\n';
        }
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SURROGATE,
                    Character.UNASSIGNED,
                    Character.PRIVATE_USE -> false;
            case Character.SPACE_SEPARATOR -> c == 0xa0;
            default -> true;
        };
    }
}
