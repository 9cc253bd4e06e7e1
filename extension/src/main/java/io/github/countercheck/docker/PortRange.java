// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apiguardian.api.API;

/**
 * Ports that one rule serves. Docker writes a rule for each port; Podman writes one for a range that was published as such.
 *
 * @param first the lowest
 * @param last the highest, the same for a single port
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record PortRange(int first, int last) {

    private static final Pattern FORM = Pattern.compile("(\\d{1,5})(?:[:-](\\d{1,5}))?");
    private static final int HIGHEST = 65_535;

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
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            return Optional.empty();
        }
        int first = Integer.parseInt(form.group(1));
        int last = form.group(2) == null ? first : Integer.parseInt(form.group(2));
        return first <= last && last <= HIGHEST ? Optional.of(new PortRange(first, last)) : Optional.empty();
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
