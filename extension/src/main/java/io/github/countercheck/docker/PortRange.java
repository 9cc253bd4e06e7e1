// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import java.util.Optional;
import org.apiguardian.api.API;

/**
 * Ports that one rule serves. Docker writes a rule for each port; Podman writes one for a range that was published as such.
 *
 * @param first the lowest
 * @param last the highest, the same for a single port
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record PortRange(int first, int last) {

    private static final int HIGHEST = 65_535;
    private static final int MOST_DIGITS = 5;

    /** Checks the order. */
    public PortRange {
        if (first < 0 || last < first || last > HIGHEST) {
            throw new IllegalArgumentException("no range of ports: " + first + "-" + last);
        }
    }

    /** Makes a range of one port. */
    public PortRange(int port) {
        this(port, port);
    }

    /** Reads {@code 80}, {@code 80:90} or {@code 80-90}; empty for anything else. */
    static Optional<PortRange> parse(String text) {
        int separator = Math.max(text.indexOf(':'), text.indexOf('-'));
        int first = number(text, 0, separator < 0 ? text.length() : separator);
        int last = separator < 0 ? first : number(text, separator + 1, text.length());
        return first >= 0 && first <= last && last <= HIGHEST
                ? Optional.of(new PortRange(first, last))
                : Optional.empty();
    }

    /** Returns the number of at most five digits that stands there, or -1. By hand, for each rule of a listing has some. */
    private static int number(String text, int from, int to) {
        if (to <= from || to - from > MOST_DIGITS) {
            return -1;
        }
        int value = 0;
        for (int i = from; i < to; i++) {
            int digit = text.charAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return -1;
            }
            value = value * 10 + digit;
        }
        return value;
    }

    /** Tells whether it is one port only. */
    public boolean isSingle() {
        return first == last;
    }

    /** Tells whether the port is one of these. */
    public boolean contains(int port) {
        return first <= port && port <= last;
    }

    /** Tells whether each port of the other range is one of these. */
    boolean contains(PortRange other) {
        return contains(other.first) && contains(other.last);
    }

    /** Prints {@code 80} or {@code 80-90}. */
    @Override
    public String toString() {
        return isSingle() ? Integer.toString(first) : first + "-" + last;
    }
}
