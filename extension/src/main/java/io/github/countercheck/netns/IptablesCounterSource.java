// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.IptablesSaveParser;
import io.github.countercheck.ruleset.ParseException;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.snapshot.CounterSource;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.apiguardian.api.API;

/**
 * Reads rules with {@code iptables-nft-save -c} and {@code iptables-legacy-save -c}.
 *
 * <p>The legacy tool is asked only for tables that the kernel already has (/proc/net/ip_tables_names): naming one that
 * it has not would create it, and reading must change nothing.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class IptablesCounterSource implements CounterSource {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final Netns netns;

    /** Reads in that namespace, which is closed with this source. */
    public IptablesCounterSource(Netns netns) {
        this.netns = netns;
    }

    @Override
    public CounterSnapshot read() {
        List<Ruleset> rulesets = new ArrayList<>();
        for (Family family : List.of(Family.IPV4, Family.IPV6)) {
            rulesets.add(save(family, Backend.IPTABLES_NFT, List.of()));
            if (!LegacyTables.of(netns, family).isEmpty()) {
                rulesets.add(save(family, Backend.IPTABLES_LEGACY, List.of()));
            }
        }
        return new CounterSnapshot(Instant.now(), rulesets);
    }

    @Override
    public CounterSnapshot read(Family family, String table) {
        List<Ruleset> rulesets = new ArrayList<>();
        rulesets.add(save(family, Backend.IPTABLES_NFT, List.of("-t", table)));
        if (LegacyTables.of(netns, family).contains(table)) {
            rulesets.add(save(family, Backend.IPTABLES_LEGACY, List.of("-t", table)));
        }
        return new CounterSnapshot(Instant.now(), rulesets);
    }

    private Ruleset save(Family family, Backend backend, List<String> options) {
        String program = (family == Family.IPV4 ? "iptables" : "ip6tables")
                + (backend == Backend.IPTABLES_NFT ? "-nft-save" : "-legacy-save");
        List<String> words = new ArrayList<>(List.of(program, "-c"));
        words.addAll(options);
        Command command = Command.of(words);
        CommandResult result = netns.run(command, LIMIT);
        if (!result.ok()) {
            throw new CountercheckException(
                    "`" + command + "` ended with status " + result.status() + " in " + netns.description() + ": "
                            + result.errors().strip(),
                    result.status() == 127
                            ? "install iptables there, or set countercheck.toolbox.image to an image that has it"
                            : "run as root, or let the tool container have NET_ADMIN");
        }
        try {
            return IptablesSaveParser.parse(family, backend, result.output());
        } catch (ParseException e) {
            throw new CountercheckException(
                    "the output of `" + command + "` was not understood: " + e.getMessage(),
                    "report this with the output of that command",
                    e);
        }
    }

    @Override
    public String description() {
        return netns.description();
    }

    @Override
    public void close() {
        netns.close();
    }
}
