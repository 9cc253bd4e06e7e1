// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.ruleset.Captures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
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

    @ParameterizedTest
    @MethodSource("published")
    void areTheReviewedOnes(Path dump) throws IOException {
        String actual = CapturedFacts.classify(dump).rules().stream()
                .map(CapturedRolesTests::line)
                .collect(Collectors.joining("\n", "", "\n"));
        Path golden = GOLDEN.resolve(Captures.name(dump));
        if (Boolean.getBoolean("golden.update")) {
            Files.createDirectories(golden.getParent());
            Files.writeString(golden, actual);
        }

        assertThat(actual).isEqualTo(Files.readString(golden));
    }

    private static String line(ClassifiedRule rule) {
        return Described.of(rule) + "\n    " + rule.rule().table() + " "
                + rule.rule().spec();
    }
}
