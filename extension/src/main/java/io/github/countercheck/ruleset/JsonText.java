// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Goes through JSON as nft prints it, a window of the text at a time. It takes no text for JSON that is none, but does not take
 * all JSON: what has escapes, fractions or a greater depth than any rule is left to a reader that does.
 */
final class JsonText {

    /** Says that something is not read here; what it is, another reader will tell. */
    static final class UnreadException extends Exception {
        private static final long serialVersionUID = 1L;

        private UnreadException() {
            super(null, null, false, false);
        }
    }

    /** What the objects of a listing fit in, a large set excepted. */
    private static final int USUAL = 1 << 14;

    private static final int DEEPEST = 16;
    private static final int MOST_DIGITS = 18;

    private final String text;

    /** A part of the text, and behind it a character that ends everything. */
    private char[] window = {0};

    private int offset;
    private int end;
    private int at;

    private final @Nullable String[] names = new @Nullable String[1 << 8];

    JsonText(String text) {
        this.text = text;
        load(0, USUAL);
    }

    private void load(int from, int size) {
        int length = Math.min(size, text.length() - from);
        if (window.length <= length) {
            window = new char[length + 1];
        }
        text.getChars(from, from + length, window, 0);
        window[length] = 0;
        offset = from;
        end = length;
        at = 0;
    }

    /** Returns the place in the text. */
    int place() {
        return offset + at;
    }

    void goTo(int place) {
        at = place - offset;
    }

    /** Goes to the next object or value, and moves the window on where little is left in it. */
    void makeRoom() {
        skipBlanks();
        if (end - at < USUAL / 4 && offset + end < text.length()) {
            load(offset + at, USUAL);
        }
    }

    /** Reads a value like {@link #value}, one that may be longer than what is left in the window. */
    @Nullable
    Object largeValue() throws UnreadException {
        int from = place();
        while (true) {
            try {
                return value();
            } catch (UnreadException e) {
                if (at < end || offset + end == text.length()) {
                    throw e;
                }
                load(from, 2 * end);
            }
        }
    }

    /** Returns the text from there to the current place. */
    char[] since(int place) {
        return Arrays.copyOfRange(window, place - offset, at);
    }

    /** Tells whether this is the text from there to the current place. */
    boolean isSince(int place, char[] expected) {
        return Arrays.equals(window, place - offset, at, expected, 0, expected.length);
    }

    /** Returns a number that equal texts have in common, from there to the current place. */
    int hashSince(int place) {
        return hash(place - offset, at);
    }

    private int hash(int from, int to) {
        int hash = to - from;
        int i = from;
        for (; i < to - 3; i += 4) {
            hash = 923521 * hash + 29791 * window[i] + 961 * window[i + 1] + 31 * window[i + 2] + window[i + 3];
        }
        for (; i < to; i++) {
            hash = 31 * hash + window[i];
        }
        return hash;
    }

    static UnreadException unread() {
        return new UnreadException();
    }

    /** Goes on behind these characters if they come next. */
    boolean take(char[] expected) {
        if (inCommon(expected) == expected.length) {
            at += expected.length;
            return true;
        }
        return false;
    }

    /** Returns how many of these characters come next. */
    int inCommon(char[] expected) {
        int mismatch = Arrays.mismatch(window, at, Math.min(at + expected.length, end), expected, 0, expected.length);
        return mismatch < 0 ? expected.length : mismatch;
    }

    void skip(int length) {
        at += length;
    }

    void expect(char[] expected) throws UnreadException {
        if (!take(expected)) {
            throw unread();
        }
    }

    /** Goes on behind this character if it comes next, blanks aside. */
    boolean take(char expected) {
        skipBlanks();
        if (window[at] == expected) {
            at++;
            return true;
        }
        return false;
    }

    void expect(char expected) throws UnreadException {
        if (!take(expected)) {
            throw unread();
        }
    }

    /** Tells whether nothing but blanks is left of the text. */
    boolean isAtEnd() {
        skipBlanks();
        return place() == text.length();
    }

    private void skipBlanks() {
        while (window[at] == ' ' || window[at] == '\n') {
            at++;
        }
    }

    /** Tells whether a text or a number comes so many characters later. */
    boolean isScalar(int later) {
        char c = window[at + later];
        return c == '"' || (c >= '0' && c <= '9');
    }

    /** Reads a number that is not negative. */
    long number() throws UnreadException {
        int from = at;
        long value = 0;
        while (window[at] >= '0' && window[at] <= '9') {
            value = 10 * value + (window[at++] - '0');
        }
        boolean padded = window[from] == '0' && at - from > 1;
        boolean fraction = window[at] == '.' || window[at] == 'e' || window[at] == 'E';
        if (at == from || at - from > MOST_DIGITS || padded || fraction) {
            throw unread();
        }
        return value;
    }

    /** Reads a string whose opening quote comes next, one of few: equal ones become the same. */
    String name() throws UnreadException {
        int from = at + 1;
        skipPlainString();
        int to = at - 1;
        int hash = hash(from, to);
        int slot = (hash ^ (hash >>> 8)) & (names.length - 1);
        String known = names[slot];
        if (known == null || !isBetween(from, to, known)) {
            known = new String(window, from, to - from);
            names[slot] = known;
        }
        return known;
    }

    private boolean isBetween(int from, int to, String expected) {
        if (expected.length() != to - from) {
            return false;
        }
        for (int i = from; i < to; i++) {
            if (window[i] != expected.charAt(i - from)) {
                return false;
            }
        }
        return true;
    }

    private String string() throws UnreadException {
        int from = at + 1;
        skipPlainString();
        return new String(window, from, at - 1 - from);
    }

    private void skipPlainString() throws UnreadException {
        if (window[at] != '"') {
            throw unread();
        }
        char c = window[++at];
        while (c != '"') {
            if (c < ' ' || c == '\\') {
                throw unread();
            }
            c = window[++at];
        }
        at++;
    }

    /** Goes behind an object, which it does not look at. */
    void skipObject() throws UnreadException {
        if (window[at] != '{') {
            throw unread();
        }
        int depth = 0;
        do {
            char c = window[at++];
            if (c == '"') {
                skipString();
            } else if ((c | 0x20) == '{') {
                depth++;
            } else if ((c | 0x20) == '}') {
                depth--;
            } else if (c < ' ' && c != '\n') {
                at--;
                throw unread();
            }
        } while (depth > 0);
    }

    private void skipString() throws UnreadException {
        char c = window[at];
        while (c != '"') {
            if (c < ' ') {
                throw unread();
            }
            at += c == '\\' && at + 1 < end ? 2 : 1;
            c = window[at];
        }
        at++;
    }

    /** Reads any value as {@link JsonReader} does. */
    @Nullable
    Object value() throws UnreadException {
        return value(0);
    }

    private @Nullable Object value(int depth) throws UnreadException {
        if (depth > DEEPEST) {
            throw unread();
        }
        skipBlanks();
        if (window[at] == '"') {
            return string();
        }
        if (take('{')) {
            return object(depth);
        }
        if (take('[')) {
            return array(depth);
        }
        char c = window[at];
        if (c >= '0' && c <= '9') {
            return number();
        }
        if (c == '-' && window[at + 1] != '0') {
            at++;
            return -number();
        }
        return word();
    }

    private JsonObject object(int depth) throws UnreadException {
        JsonObject read = new JsonObject();
        if (take('}')) {
            return read;
        }
        do {
            skipBlanks();
            String name = name();
            expect(':');
            read.add(name, value(depth + 1));
        } while (take(','));
        expect('}');
        return read;
    }

    private List<@Nullable Object> array(int depth) throws UnreadException {
        List<@Nullable Object> values = new ArrayList<>(4);
        if (take(']')) {
            return values;
        }
        do {
            values.add(value(depth + 1));
        } while (take(','));
        expect(']');
        return values;
    }

    private static final char[] TRUE = "true".toCharArray();
    private static final char[] FALSE = "false".toCharArray();
    private static final char[] NULL = "null".toCharArray();

    private @Nullable Boolean word() throws UnreadException {
        if (take(TRUE)) {
            return true;
        }
        if (take(FALSE)) {
            return false;
        }
        expect(NULL);
        return null;
    }
}
