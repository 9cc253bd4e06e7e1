// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.IptablesSaveParser;
import io.github.countercheck.ruleset.NftJsonParser;
import io.github.countercheck.ruleset.NftListing;
import io.github.countercheck.ruleset.ParseException;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.snapshot.CounterSource;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import org.apiguardian.api.API;

/**
 * Reads rules with {@code iptables-nft-save -c}, {@code iptables-legacy-save -c} and {@code nft -j list table}.
 *
 * <p>nft lists what iptables-nft keeps as well, but not all that its rules say. So it is asked for the other tables only,
 * and for those that iptables-nft-save does not understand because nft wrote to them.
 *
 * <p>The legacy tool is asked only for tables that the kernel already has (/proc/net/ip_tables_names): naming one that
 * it has not would create it, and reading must change nothing.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class NetfilterCounterSource implements CounterSource {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final int COMMAND_NOT_FOUND = 127;

    private final Netns netns;

    /** Reads in that namespace, which is closed with this source. */
    public NetfilterCounterSource(Netns netns) {
        this.netns = netns;
    }

    @Override
    public CounterSnapshot read() {
        List<Ruleset> rulesets = new ArrayList<>();
        Map<Family, List<String>> legacy = LegacyTables.of(netns);
        for (Family family : List.of(Family.IPV4, Family.IPV6)) {
            rulesets.add(save(family, Backend.IPTABLES_NFT, List.of()));
            if (!legacy.getOrDefault(family, List.of()).isEmpty()) {
                rulesets.add(save(family, Backend.IPTABLES_LEGACY, List.of()));
            }
        }
        rulesets.addAll(nativeRulesets(rulesets, table -> true));
        return new CounterSnapshot(Instant.now(), rulesets);
    }

    @Override
    public CounterSnapshot read(Family family, String table) {
        List<Ruleset> rulesets = new ArrayList<>();
        // It fails on a name that cannot be a table of its own.
        if (NativeTable.IPTABLES.contains(table)) {
            rulesets.add(save(family, Backend.IPTABLES_NFT, List.of("-t", table)));
        }
        if (LegacyTables.of(netns, family).contains(table)) {
            rulesets.add(save(family, Backend.IPTABLES_LEGACY, List.of("-t", table)));
        }
        rulesets.addAll(nativeRulesets(
                rulesets,
                other -> other.family().sees(family) && (other.name().equals(table) || !other.isNamedLikeIptables())));
        return new CounterSnapshot(Instant.now(), rulesets);
    }

    /** A table of nf_tables, whoever wrote it. */
    private record NativeTable(Family family, String name) {

        private static final Set<String> IPTABLES = Set.of("raw", "mangle", "nat", "filter", "security");

        boolean isNamedLikeIptables() {
            return (family == Family.IPV4 || family == Family.IPV6) && IPTABLES.contains(name);
        }
    }

    private List<Ruleset> nativeRulesets(List<Ruleset> ofIptables, Predicate<NativeTable> wanted) {
        Command command = Command.of("nft", "list", "tables");
        CommandResult tables = netns.run(command, LIMIT);
        if (tables.status() == COMMAND_NOT_FOUND) {
            return List.of(new Ruleset(
                    Family.INET,
                    Backend.NFTABLES,
                    List.of(),
                    List.of("nft is not installed in " + netns.description()
                            + ", so that tables of nftables' own were not read")));
        }
        requireOk(command, tables);
        List<NftListing.OfFamily> listed = new ArrayList<>();
        List<String> warnings = new ArrayList<>();
        tables.output()
                .lines()
                .flatMap(line -> nativeTable(line).stream())
                .filter(table -> !OwnTable.isOwn(table.name()))
                .filter(wanted)
                .filter(table -> !isShown(table, ofIptables))
                .map(this::list)
                .forEach(listing -> {
                    listed.addAll(listing.tables());
                    warnings.addAll(listing.warnings());
                });
        return new NftListing(listed, warnings).rulesets();
    }

    /** Reads {@code table ip docker-bridges}. */
    private static Optional<NativeTable> nativeTable(String line) {
        String[] words = line.strip().split(" ", 3);
        return words.length == 3 && words[0].equals("table")
                ? Family.ofKeyword(words[1]).map(family -> new NativeTable(family, words[2]))
                : Optional.empty();
    }

    private static boolean isShown(NativeTable table, List<Ruleset> ofIptables) {
        return ofIptables.stream()
                .anyMatch(ruleset -> ruleset.backend() == Backend.IPTABLES_NFT
                        && ruleset.family() == table.family()
                        && ruleset.table(table.name()).isPresent());
    }

    private NftListing list(NativeTable table) {
        Command command =
                Command.of("nft", "-j", "list", "table", table.family().keyword(), table.name());
        CommandResult result = netns.run(command, LIMIT);
        if (!result.ok() && result.errors().contains("No such file or directory")) {
            // It went between the two commands.
            return new NftListing(List.of(), List.of());
        }
        requireOk(command, result);
        try {
            return NftJsonParser.parse(result.output());
        } catch (ParseException e) {
            throw notUnderstood(command, e);
        }
    }

    private Ruleset save(Family family, Backend backend, List<String> options) {
        String program = (family == Family.IPV4 ? "iptables" : "ip6tables")
                + (backend == Backend.IPTABLES_NFT ? "-nft-save" : "-legacy-save");
        List<String> words = new ArrayList<>(List.of(program, "-c"));
        words.addAll(options);
        Command command = Command.of(words);
        CommandResult result = netns.run(command, LIMIT);
        requireOk(command, result);
        try {
            return IptablesSaveParser.parse(family, backend, result.output());
        } catch (ParseException e) {
            throw notUnderstood(command, e);
        }
    }

    private void requireOk(Command command, CommandResult result) {
        if (!result.ok()) {
            throw new CountercheckException(
                    "`" + command + "` ended with status " + result.status() + " in " + netns.description() + ": "
                            + result.errors().strip(),
                    result.status() == COMMAND_NOT_FOUND
                            ? "install iptables there, or set countercheck.toolbox.image to an image that has it"
                            : "run as root, or let the tool container have NET_ADMIN; where a table of iptables-legacy came"
                                    + " while tests were running, run them again, and it gets NET_RAW too");
        }
    }

    private static CountercheckException notUnderstood(Command command, ParseException e) {
        return new CountercheckException(
                "the output of `" + command + "` was not understood: " + e.getMessage(),
                "report this with the output of that command",
                e);
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
