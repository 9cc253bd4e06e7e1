// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import io.github.countercheck.ruleset.Family;
import java.time.Duration;
import java.util.List;

/**
 * Which tables of iptables-legacy the kernel holds in a namespace. The tool itself must not be asked for any other:
 * naming one creates it.
 */
final class LegacyTables {

    private static final Duration LIMIT = Duration.ofSeconds(10);

    private LegacyTables() {}

    static List<String> of(Netns netns, Family family) {
        String file = family == Family.IPV4 ? "/proc/net/ip_tables_names" : "/proc/net/ip6_tables_names";
        CommandResult names = netns.run(Command.of("cat", file), LIMIT);
        // No file: this kernel has no x_tables at all, so there is nothing to read.
        return names.ok() ? names.output().lines().toList() : List.of();
    }
}
