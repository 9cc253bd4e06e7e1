// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.IptablesSaveParser;
import io.github.countercheck.ruleset.NftJsonParser;
import io.github.countercheck.ruleset.NftListing;
import io.github.countercheck.ruleset.ParseException;
import io.github.countercheck.ruleset.RuleMemory;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Table;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.snapshot.CounterSource;
import java.lang.module.ModuleDescriptor;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Reads rules with {@code iptables-nft-save -c}, {@code iptables-legacy-save -c} and {@code nft -j list table}.
 *
 * <p>nft lists what iptables-nft keeps as well, but not all that its rules say. So it is asked for the other tables only,
 * and for those that iptables-nft-save does not understand because nft wrote to them.
 *
 * <p>One table is read where the last reading of everything found it, without asking again what there is: with {@code
 * iptables-nft -t TABLE -v -S}, which fetches that table only, where {@code iptables-nft-save} fetches all to print the one. Up to
 * 1.8.5 that would add the chains which the table lacks (netfilter's iptables, commit fd4b9bf08b9e), so those are not asked.
 *
 * <p>The legacy tool is asked only for tables that the kernel already has (/proc/net/ip_tables_names): naming one that
 * it has not would create it, and reading must change nothing.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class NetfilterCounterSource implements CounterSource {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final int COMMAND_NOT_FOUND = 127;

    private static final Pattern VERSION = Pattern.compile(" v(\\d+\\.\\d+(?:\\.\\d+)*)");
    private static final ModuleDescriptor.Version LISTS_WITHOUT_CHANGE = ModuleDescriptor.Version.parse("1.8.6");

    /** "list tables" has nft 1.0 fetch every rule first; this names the tables without chains as well. */
    private static final Command LIST_CHAINS = Command.of("nft", "list", "chains");

    private final Netns netns;
    private final RuleMemory memory = new RuleMemory();
    private volatile @Nullable Found found;
    private volatile @Nullable Boolean listsTables;

    /** Reads in that namespace, which is closed with this source. */
    public NetfilterCounterSource(Netns netns) {
        this.netns = netns;
    }

    @Override
    public CounterSnapshot read() {
        List<String> legacyNames = new ArrayList<>();
        Saving ipv4 = new Saving(Family.IPV4, Backend.IPTABLES_NFT);
        Saving ipv6 = new Saving(Family.IPV6, Backend.IPTABLES_NFT);
        List<String> chains = new ArrayList<>();
        List<CommandResult> results = netns.run(
                List.of(
                        LegacyTables.names(legacyNames::add),
                        ipv4.reading(),
                        ipv6.reading(),
                        new Netns.Reading(LIST_CHAINS, chains::add)),
                LIMIT);
        LegacyTables legacy = LegacyTables.of(legacyNames);
        List<Ruleset> rulesets = new ArrayList<>();
        rulesets.add(ipv4.end(results.get(1)));
        addLegacy(Family.IPV4, legacy, rulesets);
        rulesets.add(ipv6.end(results.get(2)));
        addLegacy(Family.IPV6, legacy, rulesets);
        NativeTables natives = nativeTables(results.get(3), chains, rulesets);
        NftListing listing = list(natives.tables());
        rulesets.addAll(listing.rulesets());
        rulesets.addAll(natives.missing());
        found = new Found(ofIptablesNft(rulesets), legacy, natives);
        return new CounterSnapshot(Instant.now(), rulesets);
    }

    private void addLegacy(Family family, LegacyTables legacy, List<Ruleset> rulesets) {
        if (!legacy.of(family).isEmpty()) {
            rulesets.addAll(save(List.of(new Saving(family, Backend.IPTABLES_LEGACY))));
        }
    }

    @Override
    public CounterSnapshot read(Set<Family> families, String table) {
        Found last = found;
        if (last == null) {
            return read().only(families, table::equals);
        }
        List<Ruleset> rulesets = new ArrayList<>(save(savings(last, families, table)));
        List<NativeTable> wanted = last.natives().tables().stream()
                .filter(other ->
                        families.stream().anyMatch(family -> other.family().sees(family))
                                && (other.name().equals(table) || !other.isNamedLikeIptables()))
                .toList();
        rulesets.addAll(list(wanted).rulesets());
        rulesets.addAll(last.natives().missing());
        return new CounterSnapshot(Instant.now(), rulesets);
    }

    /** Where the last reading of everything found tables. */
    private record Found(Map<Family, Set<String>> ofIptablesNft, LegacyTables legacy, NativeTables natives) {

        /** Whether it is there. Of a table that is not, the tool would show the chains that it would make. */
        boolean has(Family family, Backend backend, String table) {
            return backend == Backend.IPTABLES_NFT
                    ? ofIptablesNft.getOrDefault(family, Set.of()).contains(table)
                    : legacy.of(family).contains(table);
        }
    }

    private static Map<Family, Set<String>> ofIptablesNft(List<Ruleset> rulesets) {
        return rulesets.stream()
                .filter(ruleset -> ruleset.backend() == Backend.IPTABLES_NFT)
                .collect(Collectors.toMap(
                        Ruleset::family,
                        ruleset -> ruleset.tables().stream().map(Table::name).collect(Collectors.toSet())));
    }

    /** A table of nf_tables, whoever wrote it. */
    private record NativeTable(Family family, String name) {

        private static final Set<String> IPTABLES = Set.of("raw", "mangle", "nat", "filter", "security");

        boolean isNamedLikeIptables() {
            return (family == Family.IPV4 || family == Family.IPV6) && IPTABLES.contains(name);
        }
    }

    /**
     * The tables of nf_tables that iptables-nft-save does not show.
     *
     * @param missing what to say where nft is not there to be asked
     */
    private record NativeTables(List<NativeTable> tables, List<Ruleset> missing) {}

    private NativeTables nativeTables(CommandResult listed, List<String> chains, List<Ruleset> ofIptables) {
        if (listed.status() == COMMAND_NOT_FOUND) {
            return new NativeTables(
                    List.of(),
                    List.of(new Ruleset(
                            Family.INET,
                            Backend.NFTABLES,
                            List.of(),
                            List.of("nft is not installed in " + netns.description()
                                    + ", so that tables of nftables' own were not read"))));
        }
        requireOk(LIST_CHAINS, listed);
        return new NativeTables(
                chains.stream()
                        .flatMap(line -> nativeTable(line).stream())
                        .filter(table -> !OwnTable.isOwn(table.name()))
                        .filter(table -> !isShown(table, ofIptables))
                        .toList(),
                List.of());
    }

    private NftListing list(List<NativeTable> tables) {
        List<NftListing.OfFamily> listed = new ArrayList<>();
        List<String> warnings = new ArrayList<>();
        for (NativeTable table : tables) {
            NftListing listing = list(table);
            listed.addAll(listing.tables());
            warnings.addAll(listing.warnings());
        }
        return new NftListing(listed, warnings);
    }

    /** Reads the line that begins a table: {@code table ip docker-bridges} and a brace. */
    private static Optional<NativeTable> nativeTable(String line) {
        String[] words = line.split(" ", 4);
        return words.length == 4 && words[0].equals("table")
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
            return NftJsonParser.parse(result.output(), memory);
        } catch (ParseException e) {
            throw notUnderstood(command, e);
        }
    }

    private List<Saving> savings(Found last, Set<Family> families, String table) {
        List<Saving> savings = new ArrayList<>();
        for (Family family : List.of(Family.IPV4, Family.IPV6)) {
            if (families.contains(family) && last.has(family, Backend.IPTABLES_NFT, table)) {
                savings.add(
                        listsTables() ? new Listing(family, table) : new Saving(family, Backend.IPTABLES_NFT, table));
            }
            if (families.contains(family) && last.has(family, Backend.IPTABLES_LEGACY, table)) {
                savings.add(new Saving(family, Backend.IPTABLES_LEGACY, table));
            }
        }
        return savings;
    }

    /** Whether there is an iptables-nft that lists a table without changing it. */
    private boolean listsTables() {
        Boolean known = listsTables;
        if (known == null) {
            CommandResult version = netns.run(Command.of("iptables-nft", "--version"), LIMIT);
            Matcher matcher = VERSION.matcher(version.output());
            known = matcher.find()
                    && ModuleDescriptor.Version.parse(matcher.group(1)).compareTo(LISTS_WITHOUT_CHANGE) >= 0;
            listsTables = known;
        }
        return known;
    }

    private List<Ruleset> save(List<Saving> savings) {
        List<CommandResult> results =
                netns.run(savings.stream().map(Saving::reading).toList(), LIMIT);
        List<Ruleset> saved = new ArrayList<>();
        for (int i = 0; i < results.size(); i++) {
            saved.add(savings.get(i).end(results.get(i)));
        }
        return saved;
    }

    /** What a tool of iptables prints, understood while it comes. */
    private class Saving {

        private final Command command;
        private final IptablesSaveParser parser;

        /** All tables. */
        Saving(Family family, Backend backend) {
            this(
                    Command.of(program(family, backend) + "-save", "-c"),
                    IptablesSaveParser.begin(family, backend, memory));
        }

        /** One table. */
        Saving(Family family, Backend backend, String table) {
            this(
                    Command.of(program(family, backend) + "-save", "-c", "-t", table),
                    IptablesSaveParser.begin(family, backend, memory));
        }

        Saving(Command command, IptablesSaveParser parser) {
            this.command = command;
            this.parser = parser;
        }

        Netns.Reading reading() {
            return new Netns.Reading(command, parser::line);
        }

        Ruleset end(CommandResult result) {
            requireOk(command, result);
            try {
                return parser.end();
            } catch (ParseException e) {
                throw notUnderstood(command, e);
            }
        }
    }

    /** One table, with no other fetched. */
    private final class Listing extends Saving {

        private final Family family;
        private final String table;

        Listing(Family family, String table) {
            super(
                    Command.of(program(family, Backend.IPTABLES_NFT), "-t", table, "-v", "-S"),
                    IptablesSaveParser.beginListed(family, Backend.IPTABLES_NFT, table, memory));
            this.family = family;
            this.table = table;
        }

        /** It refuses a table that nft wrote to, of which the other says so. */
        @Override
        Ruleset end(CommandResult result) {
            return result.ok()
                    ? super.end(result)
                    : save(List.of(new Saving(family, Backend.IPTABLES_NFT, table)))
                            .get(0);
        }
    }

    private static String program(Family family, Backend backend) {
        return (family == Family.IPV4 ? "iptables" : "ip6tables")
                + (backend == Backend.IPTABLES_NFT ? "-nft" : "-legacy");
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
