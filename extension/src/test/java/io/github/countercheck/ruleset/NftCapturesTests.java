// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Holds the reader of the JSON to the text that the same tool printed of the same rules. */
class NftCapturesTests {

    private static final Pattern COUNTED = Pattern.compile("counter packets (\\d+) bytes (\\d+)");

    static List<Path> pairs() {
        return NftText.pairs();
    }

    static List<Path> ofIptables() {
        return NftText.ofIptables();
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void readsAllThatTheTextHolds(Path json) {
        NftText text = NftText.read(Captures.text(NftText.text(json)));
        NftListing listing = NftJsonParser.parse(Captures.text(json));

        assertThat(listing.warnings()).isEmpty();
        assertThat(listing.tables()).extracting(NftText::name).isEqualTo(text.tables());
        assertThat(listing.tables().stream()
                        .flatMap(t -> t.table().chains().stream().map(c -> NftText.name(t) + " " + c.name())))
                .isEqualTo(text.chains());
        assertThat(listing.tables().stream()
                        .flatMap(t -> t.table().sets().stream().map(s -> NftText.name(t) + " " + s.name())))
                .isEqualTo(text.sets());
        assertThat(listing.tables().stream()
                        .flatMap(t -> t.table().chains().stream()
                                .flatMap(c -> c.rules().stream().map(r -> NftText.key(t, r)))))
                .containsExactlyElementsOf(text.rules().keySet());
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void printsEveryNativeRuleAsTheToolDid(Path json) {
        NftText text = NftText.read(Captures.text(NftText.text(json)));
        Map<String, String> printed = new LinkedHashMap<>();
        Map<String, String> expected = new LinkedHashMap<>();

        for (NftListing.OfFamily table :
                NftJsonParser.parse(Captures.text(json)).withoutIptables().tables()) {
            for (Chain chain : table.table().chains()) {
                for (Rule rule : chain.rules()) {
                    String key = NftText.key(table, rule);
                    printed.put(key, rule.spec());
                    expected.put(key, NftText.withoutCounters(text.rules().get(key)));
                }
            }
        }

        assertThat(printed).isNotEmpty().containsExactlyEntriesOf(expected);
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void readsWhatEachRuleCounted(Path json) {
        NftText text = NftText.read(Captures.text(NftText.text(json)));

        for (NftListing.OfFamily table :
                NftJsonParser.parse(Captures.text(json)).tables()) {
            for (Chain chain : table.table().chains()) {
                for (Rule rule : chain.rules()) {
                    String line = text.rules().get(NftText.key(table, rule));
                    assertThat(rule.counter()).as(line).isEqualTo(lastCounter(line));
                }
            }
        }
    }

    private static Counter lastCounter(String line) {
        Matcher matcher = COUNTED.matcher(line);
        Counter last = null;
        while (matcher.find()) {
            last = new Counter(Long.parseLong(matcher.group(1)), Long.parseLong(matcher.group(2)));
        }
        return last;
    }

    @ParameterizedTest
    @MethodSource("ofIptables")
    void readsAsManyRulesOfIptablesAsItsOwnTool(Path json) {
        NftListing listing = NftJsonParser.parse(Captures.text(json));

        assertThat(listing.warnings()).isEmpty();
        assertThat(listing.tables()).isNotEmpty().allMatch(NftListing.OfFamily::isOfIptables);
        assertThat(listing.withoutIptables().tables()).isEmpty();
        for (String tool : List.of("iptables", "ip6tables")) {
            Ruleset saved = Captures.parse(NftText.saved(json, tool));
            Stream<Chain> read = listing.rulesets().stream()
                    .filter(r -> r.family() == saved.family())
                    .flatMap(Ruleset::chains);
            assertThat(sizes(read)).as(tool).containsExactlyInAnyOrderEntriesOf(sizes(saved.chains()));
        }
    }

    /** Leaves out empty built-in chains, which iptables-save shows where there are none. */
    private static Map<String, Integer> sizes(Stream<Chain> chains) {
        return chains.filter(c -> c.policy() == null || !c.rules().isEmpty())
                .collect(Collectors.toMap(
                        c -> c.table() + " " + c.name() + " " + c.policy(),
                        c -> c.rules().size()));
    }

    /** Docker's embedded DNS is kept by iptables-nft in the container that this engine ran in. */
    @ParameterizedTest
    @MethodSource("pairs")
    void tellsTablesOfIptablesFromNativeOnes(Path json) {
        assertThat(NftJsonParser.parse(Captures.text(json)).tables())
                .allSatisfy(t -> assertThat(t.isOfIptables())
                        .as(NftText.name(t))
                        .isEqualTo(NftText.name(t).equals("ip nat")));
    }

    @Test
    void holdsHundredsOfRules() {
        assertThat(pairs().stream()
                        .flatMap(p -> NftJsonParser.parse(Captures.text(p)).rulesets().stream())
                        .flatMap(Ruleset::rules))
                .hasSizeGreaterThan(1_000);
    }
}
