// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** One statement as it was read; it is the same as another one only where nobody had to read that. */
final class NftPart {

    static final char[] UNKNOWN = {};

    /** What a condition and a counter end with. */
    static final char[] END = "}}".toCharArray();

    /** An anonymous counter, whatever it counted. */
    static final NftPart COUNTER = new NftPart(UNKNOWN, new Statement.Count(null), -1, false);

    private static final char[] RIGHT = ", \"right\": ".toCharArray();

    private final char[] json;
    private final Statement statement;
    private final String text;
    private final int valueAt;
    private final boolean isExtension;

    private NftPart(char[] json, Statement statement, int valueAt, boolean isExtension) {
        this.json = json;
        this.statement = statement;
        this.text = statement.text();
        this.valueAt = valueAt;
        this.isExtension = isExtension;
    }

    /**
     * Makes one.
     *
     * @param json what was read
     * @param text the same as listed, or {@link #UNKNOWN}
     */
    static NftPart of(Statement statement, @Nullable Object json, char[] text) {
        if (NftPrinter.isAnonymousCounter(statement)) {
            return COUNTER;
        }
        boolean isExtension = json instanceof JsonObject object && object.has("xt");
        return new NftPart(text, statement, valueAt(statement, text), isExtension);
    }

    /** Makes a condition like this one, with another value at its end. */
    NftPart withValue(Object value, char[] otherJson, NftStatements statements) {
        Statement other = statements.withValue(((Statement.Condition) statement).comparison(), value);
        return new NftPart(otherJson, other, valueAt, false);
    }

    /** Returns how it is listed; {@link #UNKNOWN} where nobody knows. */
    char[] json() {
        return json;
    }

    boolean isKnown() {
        return json.length > 0;
    }

    Statement statement() {
        return statement;
    }

    /** Returns it in nftables' syntax. */
    String text() {
        return text;
    }

    /** Returns where in its JSON the value begins that it ends with, if it is a condition; -1 where there is none. */
    int valueAt() {
        return valueAt;
    }

    /** Tells whether it is an extension of iptables. */
    boolean isExtension() {
        return isExtension;
    }

    private static int valueAt(Statement statement, char[] text) {
        boolean hasValue = statement instanceof Statement.Condition condition
                && condition.comparison().right() instanceof Expression.Value;
        if (!hasValue || text.length == 0) {
            return -1;
        }
        int at = text.length - END.length - 1;
        if (text[at] == '"') {
            at--;
            while (text[at] != '"') {
                at--;
            }
        } else {
            while (text[at] >= '0' && text[at] <= '9') {
                at--;
            }
            at++;
        }
        int begin = at - RIGHT.length;
        return begin > 0 && Arrays.equals(text, begin, at, RIGHT, 0, RIGHT.length) ? at : -1;
    }
}
