// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import io.github.countercheck.ruleset.Family;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Which tables of iptables-legacy the kernel holds in a namespace. The tool itself must not be asked for any other:
 * naming one creates it.
 */
final class LegacyTables {

    private static final Duration LIMIT = Duration.ofSeconds(10);

    private static final Map<Family, String> FILES =
            Map.of(Family.IPV4, "/proc/net/ip_tables_names", Family.IPV6, "/proc/net/ip6_tables_names");

    private LegacyTables() {}

    static List<String> of(Netns netns, Family family) {
        return of(netns).getOrDefault(family, List.of());
    }

    /** Asks for both families with one command. */
    static Map<Family, List<String>> of(Netns netns) {
        List<String> words = new ArrayList<>(List.of("grep", "-sH", "."));
        words.addAll(FILES.values());
        String lines = netns.run(Command.of(words), LIMIT).output();
        Map<Family, List<String>> tables = new EnumMap<>(Family.class);
        // No file: this kernel has no x_tables at all, so there is nothing to read.
        FILES.forEach((family, file) -> tables.put(
                family,
                lines.lines()
                        .filter(line -> line.startsWith(file + ":"))
                        .map(line -> line.substring(file.length() + 1))
                        .toList()));
        return tables;
    }
}
