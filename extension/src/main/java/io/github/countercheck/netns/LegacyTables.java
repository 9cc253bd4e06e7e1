// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import io.github.countercheck.ruleset.Family;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Which tables of iptables-legacy the kernel holds in a namespace. The tool itself must not be asked for any other:
 * naming one creates it.
 */
record LegacyTables(List<String> ofIpv4, List<String> ofIpv6) {

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final String IPV4 = "/proc/net/ip_tables_names";
    private static final String IPV6 = "/proc/net/ip6_tables_names";

    static LegacyTables of(Netns netns) {
        List<String> lines = new ArrayList<>();
        netns.run(List.of(names(lines::add)), LIMIT);
        return of(lines);
    }

    /** What is to be read for {@link #of(List)}. */
    static Netns.Reading names(Consumer<String> lines) {
        // Each line with its file. No file: this kernel has no x_tables at all, so there is nothing to read.
        return new Netns.Reading(Command.of(Shell.LINES_OF, IPV4, IPV6), lines);
    }

    static LegacyTables of(List<String> lines) {
        return new LegacyTables(named(IPV4, lines), named(IPV6, lines));
    }

    private static List<String> named(String file, List<String> lines) {
        String prefix = file + ":";
        return lines.stream()
                .filter(line -> line.startsWith(prefix))
                .map(line -> line.substring(prefix.length()))
                .toList();
    }

    List<String> of(Family family) {
        return family == Family.IPV6 ? ofIpv6 : ofIpv4;
    }

    boolean areNone() {
        return ofIpv4.isEmpty() && ofIpv6.isEmpty();
    }
}
