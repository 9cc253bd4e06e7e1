// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.explain;

import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Puts the dumps of one moment together to all that a network namespace holds, each rule once. */
final class Moment {

    private Moment() {}

    /**
     * Returns the rulesets. What iptables-nft keeps is listed by nft too, with less detail: where there is a dump of
     * iptables-save as well, that one counts.
     *
     * @throws UsageException if two dumps hold the same table
     */
    static List<Ruleset> of(List<Dump> dumps) {
        boolean iptables = dumps.stream()
                .anyMatch(dump ->
                        dump.rulesets().stream().anyMatch(ruleset -> ruleset.backend() == Backend.IPTABLES_NFT));
        List<Ruleset> all = new ArrayList<>();
        Map<String, String> owners = new HashMap<>();
        for (Dump dump : dumps) {
            List<Ruleset> rulesets = dump.nft() != null && iptables
                    ? dump.nft().withoutIptables().rulesets()
                    : dump.rulesets();
            for (Ruleset ruleset : rulesets) {
                ruleset.tables().forEach(table -> {
                    String name =
                            "table " + ruleset.family().keyword() + " " + table.name() + " of " + ruleset.backend();
                    String other = owners.put(name, dump.name());
                    if (other != null) {
                        throw new UsageException(name + " is in " + other + " and in " + dump.name()
                                + "; a packet is walked through the" + " rules of one moment");
                    }
                });
                all.add(ruleset);
            }
        }
        return all;
    }
}
