// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.ruleset.Captures;
import io.github.countercheck.ruleset.Family;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The roles of what real daemons wrote, in golden files; {@code -Dgolden.update=true} writes them anew. */
class CapturedRolesTests {

    private static final Path GOLDEN = Path.of("src/test/resources/roles");

    static List<Path> dumps() {
        return Captures.dumps();
    }

    static List<Path> published() {
        return dumps().stream()
                .filter(d -> Captures.name(d).contains("/1-published."))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("dumps")
    void leaveNoRuleForeign(Path dump) {
        Classification classification = CapturedFacts.classify(dump);

        assertThat(classification.foreign()).isEmpty();
        assertThat(classification.rules())
                .extracting(ClassifiedRule::rule)
                .containsExactlyElementsOf(Captures.parse(dump).rules().toList());
    }

    @ParameterizedTest
    @MethodSource("dumps")
    void findEveryRuleReachable(Path dump) {
        assertThat(CapturedFacts.classify(dump).rules()).allMatch(ClassifiedRule::isReachable);
    }

    static List<Path> nftDumps() {
        return Captures.nftDumps();
    }

    static List<Path> nftPublished() {
        return nftDumps().stream()
                .filter(d -> Captures.name(d).contains("/1-published."))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("nftDumps")
    void leaveNoRuleOfNftablesForeignOrOutOfReach(Path dump) {
        List<ClassifiedRule> rules = nftRules(dump);

        assertThat(rules).hasSizeGreaterThan(10).allSatisfy(r -> {
            assertThat(r.role()).as(r.rule().spec()).isNotEqualTo(RuleRole.FOREIGN);
            assertThat(r.isReachable()).as(r.rule().spec()).isTrue();
        });
    }

    @ParameterizedTest
    @MethodSource("nftPublished")
    void ofNftablesAreTheReviewedOnes(Path dump) throws IOException {
        assertReviewed(dump, nftRules(dump));
    }

    private static List<ClassifiedRule> nftRules(Path dump) {
        return Stream.of(Family.IPV4, Family.IPV6)
                .filter(f -> f == Family.IPV4 || Captures.name(dump).contains("/ipv6/"))
                .flatMap(f -> CapturedFacts.classifyNft(dump, f).rules().stream())
                .toList();
    }

    @ParameterizedTest
    @MethodSource("published")
    void areTheReviewedOnes(Path dump) throws IOException {
        assertReviewed(dump, CapturedFacts.classify(dump).rules());
    }

    private static void assertReviewed(Path dump, List<ClassifiedRule> rules) throws IOException {
        String actual = rules.stream().map(CapturedRolesTests::line).collect(Collectors.joining("\n", "", "\n"));
        Path golden = GOLDEN.resolve(Captures.name(dump).replace(".json", ".txt"));
        if (Boolean.getBoolean("golden.update")) {
            Files.createDirectories(golden.getParent());
            Files.writeString(golden, actual);
        }

        assertThat(actual).isEqualTo(Files.readString(golden));
    }

    private static String line(ClassifiedRule rule) {
        String chain = rule.rule().nft() == null ? "" : rule.rule().chain() + ": ";
        return Described.of(rule) + "\n    " + rule.rule().table() + " " + chain
                + rule.rule().spec();
    }
}
