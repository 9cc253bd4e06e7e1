// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.IptablesSaveParser;
import io.github.countercheck.ruleset.IptablesSavePrinter;
import io.github.countercheck.ruleset.NftJsonParser;
import io.github.countercheck.ruleset.Ruleset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Every form of rule that Docker, swarm mode and Podman are known to write, in listings of the engines and options that no
 * capture covers, among rules of other programs. Above each rule stands what it is: {@code -Dgolden.update=true} writes
 * that anew.
 */
class CatalogueRolesTests {

    private static final Path LISTINGS = Path.of("src/test/resources/catalogue");

    static List<Path> listings() throws IOException {
        try (Stream<Path> files = Files.list(LISTINGS)) {
            return files.filter(f -> f.toString().endsWith("tables-save.txt"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void thereAreListingsOfEveryKind() throws IOException {
        assertThat(listings()).hasSizeGreaterThanOrEqualTo(18);
        assertThat(nftListings()).hasSizeGreaterThanOrEqualTo(3);
    }

    @ParameterizedTest
    @MethodSource("listings")
    void everyRuleIsWhatIsSaidAboveIt(Path listing) throws IOException {
        String text = Files.readString(listing);
        String described = describe(text, classify(listing, text));
        if (Boolean.getBoolean("golden.update")) {
            Files.writeString(listing, described);
        }

        assertThat(described).isEqualTo(Files.readString(listing));
    }

    @ParameterizedTest
    @MethodSource("listings")
    void everyRuleIsWrittenAsItIsListed(Path listing) throws IOException {
        String text = Files.readString(listing);
        List<String> written = text.lines().filter(l -> l.startsWith("-A ")).toList();

        assertThat(IptablesSavePrinter.print(parse(listing, text)).lines().filter(l -> l.startsWith("-A ")))
                .containsExactlyElementsOf(written);
    }

    @ParameterizedTest
    @MethodSource("listings")
    void noRuleIsClaimedByTwo(Path listing) throws IOException {
        assertClaimedOnce(parse(listing, Files.readString(listing)), facts(listing));
    }

    static List<Path> nftListings() throws IOException {
        try (Stream<Path> files = Files.list(LISTINGS)) {
            return files.filter(f -> f.toString().endsWith(".nft.json"))
                    .sorted()
                    .toList();
        }
    }

    /** What each rule is stands beside the JSON, which can hold no remarks. */
    @ParameterizedTest
    @MethodSource("nftListings")
    void everyRuleOfNftablesIsWhatIsSaidBesideIt(Path listing) throws IOException {
        String described = rulesets(listing).stream()
                .flatMap(r -> RuleClassifier.classify(r, facts(listing)).rules().stream()
                        .map(rule -> described(rule) + "\n    " + r.family().keyword() + " "
                                + rule.rule().table() + " " + rule.rule().chain() + ": "
                                + rule.rule().spec()))
                .collect(Collectors.joining("\n", "", "\n"));
        Path golden = Path.of(listing.toString().replace(".json", ".txt"));
        if (Boolean.getBoolean("golden.update")) {
            Files.writeString(golden, described);
        }

        assertThat(described).isEqualTo(Files.readString(golden));
    }

    @ParameterizedTest
    @MethodSource("nftListings")
    void noRuleOfNftablesIsClaimedByTwo(Path listing) throws IOException {
        assertThat(rulesets(listing)).isNotEmpty().allSatisfy(r -> assertClaimedOnce(r, facts(listing)));
    }

    private static List<Ruleset> rulesets(Path listing) throws IOException {
        return NftJsonParser.parse(Files.readString(listing)).rulesets();
    }

    private static void assertClaimedOnce(Ruleset ruleset, DockerFacts facts) {
        ChainReach reach = ChainReach.of(ruleset);
        BridgeChains chains = BridgeChains.of(ruleset, reach);
        List<RuleWriter> writers = RuleClassifier.writers(ruleset, new FactsIndex(facts), reach, chains);

        assertThat(ruleset.rules())
                .isNotEmpty()
                .allSatisfy(r -> assertThat(RuleClassifier.roles(writers, r, RuleShape.of(r)))
                        .hasSizeLessThanOrEqualTo(1));
    }

    private static String described(ClassifiedRule rule) {
        return Described.of(rule) + (rule.isReachable() ? "" : " unreachable");
    }

    private static Classification classify(Path listing, String text) {
        return RuleClassifier.classify(parse(listing, text), facts(listing));
    }

    private static DockerFacts facts(Path listing) {
        return listing.getFileName().toString().startsWith("podman") ? SampleFacts.OF_PODMAN : SampleFacts.ALL;
    }

    private static Ruleset parse(Path listing, String text) {
        Family family = listing.toString().endsWith(".ip6tables-save.txt") ? Family.IPV6 : Family.IPV4;
        return IptablesSaveParser.parse(family, Backend.IPTABLES_NFT, text);
    }

    private static String describe(String text, Classification classification) {
        Deque<ClassifiedRule> rules = new ArrayDeque<>(classification.rules());
        List<String> lines = new ArrayList<>();
        for (String line : text.lines().filter(l -> !l.startsWith("# ")).toList()) {
            if (line.startsWith("-A ")) {
                lines.add("# " + described(rules.remove()));
            }
            lines.add(line);
        }
        assertThat(rules).isEmpty();
        return lines.stream().collect(Collectors.joining("\n", "", "\n"));
    }
}
