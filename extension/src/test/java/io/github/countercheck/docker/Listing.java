// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.IptablesSaveParser;
import io.github.countercheck.ruleset.Ruleset;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A listing from lines like {@code filter -A FORWARD -j DOCKER-USER}; chains that they name are declared. */
final class Listing {

    private static final Pattern CHAIN = Pattern.compile("-[Ajg] (\\S+)");
    private static final Set<String> NO_CHAINS = Set.of(
            "ACCEPT", "DROP", "RETURN", "REJECT", "LOG", "DNAT", "SNAT", "MASQUERADE", "REDIRECT", "MARK", "CHECKSUM");
    private static final List<String> HOOKS = List.of("PREROUTING", "INPUT", "FORWARD", "OUTPUT", "POSTROUTING");

    private Listing() {}

    static Ruleset of(Family family, Collection<String> lines) {
        Map<String, Set<String>> chains = new LinkedHashMap<>();
        Map<String, StringBuilder> rules = new LinkedHashMap<>();
        for (String line : lines) {
            String table = line.substring(0, line.indexOf(' '));
            String rule = line.substring(table.length() + 1);
            Matcher names = CHAIN.matcher(rule);
            while (names.find()) {
                if (!NO_CHAINS.contains(names.group(1))) {
                    chains.computeIfAbsent(table, t -> new LinkedHashSet<>()).add(names.group(1));
                }
            }
            rules.computeIfAbsent(table, t -> new StringBuilder())
                    .append("[0:0] ")
                    .append(rule)
                    .append('\n');
        }
        StringBuilder text = new StringBuilder();
        rules.forEach((table, inTable) -> {
            text.append('*').append(table).append('\n');
            for (String chain : chains.get(table)) {
                text.append(':')
                        .append(chain)
                        .append(HOOKS.contains(chain) ? " ACCEPT" : " -")
                        .append(" [0:0]\n");
            }
            text.append(inTable).append("COMMIT\n");
        });
        return IptablesSaveParser.parse(family, Backend.IPTABLES_NFT, text.toString());
    }
}
