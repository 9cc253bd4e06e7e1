// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What {@code nft -a list ruleset} printed, line by line: the truth that the reader of the JSON is held to. */
record NftText(List<String> tables, List<String> chains, List<String> sets, Map<String, String> rules) {

    private static final Pattern TABLE = Pattern.compile("table (\\S+ \\S+) \\{.*");
    private static final Pattern CHAIN = Pattern.compile("\tchain (\\S+) \\{.*");
    private static final Pattern SET = Pattern.compile("\t(?:set|map) (\\S+) \\{.*");
    private static final Pattern RULE = Pattern.compile("\t\t(.*) # handle (\\d+)");

    /** Reads a listing. A rule is found by its table and handle: {@code ip nat 5}. */
    static NftText read(String listing) {
        NftText read = new NftText(new ArrayList<>(), new ArrayList<>(), new ArrayList<>(), new LinkedHashMap<>());
        String table = "";
        for (String line : listing.lines().toList()) {
            Matcher matcher = TABLE.matcher(line);
            if (matcher.matches()) {
                table = matcher.group(1);
                read.tables.add(table);
            } else if ((matcher = CHAIN.matcher(line)).matches()) {
                read.chains.add(table + " " + matcher.group(1));
            } else if ((matcher = SET.matcher(line)).matches()) {
                read.sets.add(table + " " + matcher.group(1));
            } else if ((matcher = RULE.matcher(line)).matches()) {
                read.rules.put(table + " " + matcher.group(2), matcher.group(1));
            }
        }
        return read;
    }

    /** Returns a rule as it reads without its counters. */
    static String withoutCounters(String rule) {
        String bare = rule.replaceAll("counter packets \\d+ bytes \\d+ ?", "").strip();
        return bare.isEmpty() || bare.startsWith("comment ") ? ("counter " + bare).strip() : bare;
    }

    /** Names a rule as {@link #rules()} does. */
    static String key(NftListing.OfFamily table, Rule rule) {
        return name(table) + " " + Objects.requireNonNull(rule.nft()).handle();
    }

    static String name(NftListing.OfFamily table) {
        return table.family().keyword() + " " + table.table().name();
    }

    /** Finds the listings that were made of the same moment in both forms, by the path of the JSON. */
    static List<Path> pairs() {
        List<Path> found = Stream.concat(files("/captures"), files("/nft"))
                .filter(f -> f.toString().endsWith(".nft.json") && Files.exists(text(f)))
                .sorted()
                .toList();
        if (found.size() < 21) {
            throw new IllegalStateException("only " + found.size() + " pairs of listings");
        }
        return found;
    }

    /** Finds the listings of iptables-nft that {@code iptables-save} was asked for at the same moment. */
    static List<Path> ofIptables() {
        List<Path> found = files("/captures")
                .filter(f -> f.toString().endsWith(".nft.json") && Files.exists(saved(f, "iptables")))
                .sorted()
                .toList();
        if (found.size() < 5) {
            throw new IllegalStateException("only " + found.size() + " listings of iptables-nft");
        }
        return found;
    }

    static Path text(Path json) {
        return json.resolveSibling(json.getFileName().toString().replace(".json", ".txt"));
    }

    static Path saved(Path json, String tool) {
        return json.resolveSibling(json.getFileName().toString().replace(".nft.json", "." + tool + "-save.txt"));
    }

    /** One of each statement and expression that nft 1.0.6 and the kernel took, as listed by that release. */
    static Path statements() {
        return files("/nft")
                .filter(f -> f.endsWith("statements.nft.json"))
                .findFirst()
                .orElseThrow();
    }

    private static Stream<Path> files(String resource) {
        try (Stream<Path> files = Files.walk(Path.of(
                Objects.requireNonNull(NftText.class.getResource(resource)).toURI()))) {
            return files.toList().stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }
}
