// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.docker.Classification;
import io.github.countercheck.docker.ClassifiedRule;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.RuleClassifier;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.IptablesSaveParser;
import io.github.countercheck.ruleset.NftJsonParser;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is timed has to be what a daemon writes, all of it understood. */
class RulesetOfSizeTests {

    @ParameterizedTest
    @ValueSource(ints = {30, 100, 300, 3_000})
    void aListingOfIptablesHasThatManyRulesWhoseMeaningIsKnown(int rules) {
        RulesetOfSize listing = new RulesetOfSize(rules);

        Ruleset ruleset = IptablesSaveParser.parse(Family.IPV4, Backend.IPTABLES_NFT, listing.iptablesSave());

        assertThat(ruleset.rules()).hasSize(rules).doesNotHaveDuplicates();
        Classification classified = RuleClassifier.classify(ruleset, listing.facts());
        assertThat(classified.rules()).extracting(ClassifiedRule::role).doesNotContain(RuleRole.FOREIGN);
        assertThat(classified.rules())
                .filteredOn(rule -> rule.role() == RuleRole.PORT_DNAT)
                .isNotEmpty()
                .extracting(ClassifiedRule::container)
                .doesNotContainNull();
    }

    @ParameterizedTest
    @ValueSource(ints = {30, 100, 300, 3_000})
    void aListingOfNftablesHasThatManyRulesWhoseMeaningIsKnown(int rules) {
        assertThat(NftJsonParser.parse(new RulesetOfSize(rules).nftJson()).rulesets())
                .flatMap(ruleset ->
                        RuleClassifier.classify(ruleset, DockerFacts.NONE).rules())
                .hasSize(rules)
                .filteredOn(rule -> rule.rule().table().equals("docker-bridges"))
                .extracting(ClassifiedRule::role)
                .doesNotContain(RuleRole.FOREIGN);
    }

    @Test
    void theLaterListingDiffersInOneCounterOfTen() {
        RulesetOfSize listing = new RulesetOfSize(3_000);
        List<Rule> before = rules(listing.nftJson());
        List<Rule> after = rules(listing.nftJsonLater());

        long changed = IntStream.range(0, before.size())
                .filter(i -> !before.get(i).equals(after.get(i)))
                .count();
        assertThat(changed).isBetween(200L, 300L);
        assertThat(after)
                .extracting(rule -> rule.withCounter(null))
                .isEqualTo(before.stream().map(rule -> rule.withCounter(null)).toList());
    }

    private static List<Rule> rules(String json) {
        return NftJsonParser.parse(json).rulesets().stream()
                .flatMap(Ruleset::rules)
                .toList();
    }
}
