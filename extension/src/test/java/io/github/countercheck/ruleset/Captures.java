// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** Listings from real daemons, as {@code <engine>-<backend>/<daemon config>/<stage>.<tool>.txt}. */
public final class Captures {

    private static final Path ROOT = root();

    private Captures() {}

    private static Path root() {
        try {
            return Path.of(Objects.requireNonNull(Captures.class.getResource("/captures"))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Finds all dumps of both tools of iptables. Fails if there are few, so that nothing passes for want of input. */
    public static List<Path> dumps() {
        return find(".*tables-save\\.txt", 200);
    }

    /** Finds all dumps of nft's JSON of daemons that write nftables themselves. Fails if there are few. */
    public static List<Path> nftDumps() {
        return find(".*-nftables/.*\\.nft\\.json", 20);
    }

    private static List<Path> find(String pattern, int atLeast) {
        List<Path> found;
        try (Stream<Path> files = Files.walk(ROOT)) {
            found = files.filter(f -> f.toString().matches(pattern)).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (found.size() < atLeast) {
            throw new IllegalStateException("only " + found.size() + " dumps below " + ROOT);
        }
        return found;
    }

    /** Names a dump by its path below the captures. */
    public static String name(Path dump) {
        return ROOT.relativize(dump).toString();
    }

    /** Returns the dump of that name. */
    public static Path dump(String name) {
        return ROOT.resolve(name);
    }

    public static Family family(Path dump) {
        return dump.toString().endsWith(".ip6tables-save.txt") ? Family.IPV6 : Family.IPV4;
    }

    public static Backend backend(Path dump) {
        return name(dump).contains("-iptables-legacy/") ? Backend.IPTABLES_LEGACY : Backend.IPTABLES_NFT;
    }

    public static String text(Path dump) {
        try {
            return Files.readString(dump);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public static Ruleset parse(Path dump) {
        return IptablesSaveParser.parse(family(dump), backend(dump), text(dump));
    }

    /** Reads the rules of that family from a dump of nft's JSON. */
    public static Ruleset parseNft(Path dump, Family family) {
        return NftJsonParser.parse(text(dump)).rulesets().stream()
                .filter(r -> r.family() == family)
                .findFirst()
                .orElseThrow();
    }
}
