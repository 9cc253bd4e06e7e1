// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RuleMemoryTests {

    private final RuleMemory memory = new RuleMemory();

    @ParameterizedTest
    @MethodSource("io.github.countercheck.ruleset.Captures#dumps")
    void aListingReadsTheSameWhateverIsRemembered(Path dump) {
        Ruleset alone = Captures.parse(dump);

        for (int i = 0; i < 2; i++) {
            assertThat(read(alone.family(), alone.backend(), Captures.text(dump)))
                    .isEqualTo(alone);
        }
    }

    @Test
    void aRuleThatCountedNothingIsTheSameObject() {
        Rule first = rule("[1:60] -A FORWARD -i docker0 -j ACCEPT");

        assertThat(rule("[1:60] -A FORWARD -i docker0 -j ACCEPT")).isSameAs(first);
    }

    @Test
    void aRuleThatCountedSharesAllButItsCounter() {
        Rule first = rule("[1:60] -A FORWARD -i docker0 -j ACCEPT");
        Rule second = rule("[2:120] -A FORWARD -i docker0 -j ACCEPT");

        assertThat(first.counter()).isEqualTo(new Counter(1, 60));
        assertThat(second.counter()).isEqualTo(new Counter(2, 120));
        assertThat(second.matches()).isSameAs(first.matches());
    }

    @Test
    void equalRulesStayTwoObjects() {
        String twice = "[0:0] -A FORWARD -j ACCEPT\n[0:0] -A FORWARD -j ACCEPT\n";
        for (int i = 0; i < 3; i++) {
            Map<Rule, Integer> rules = new IdentityHashMap<>();
            read(listing("filter", twice)).rules().forEach(rule -> rules.merge(rule, 1, Integer::sum));

            assertThat(rules).hasSize(2);
        }
    }

    @Test
    void aRuleIsRememberedForItsTableOnly() {
        read(listing("filter", "[1:60] -A FORWARD -j ACCEPT\n"));

        assertThat(read(listing("mangle", "[1:60] -A FORWARD -j ACCEPT\n")).rules())
                .extracting(Rule::table)
                .containsExactly("mangle");
    }

    @Test
    void whatIsWrongIsSaidAtTheEndAndIsNotRemembered() {
        IptablesSaveParser parser = IptablesSaveParser.begin(Family.IPV4, Backend.IPTABLES_NFT, memory);
        List.of("*filter", "no rule", "COMMIT").forEach(parser::line);

        assertThatThrownBy(parser::end)
                .isInstanceOf(ParseException.class)
                .hasMessageContaining("line 2")
                .hasMessageContaining("no rule");
        assertThat(rule("[0:0] -A FORWARD -j ACCEPT").counter()).isEqualTo(Counter.ZERO);
    }

    private Rule rule(String line) {
        return read(listing("filter", line + "\n")).rules().findFirst().orElseThrow();
    }

    private static String listing(String table, String rules) {
        return "*" + table + "\n:FORWARD ACCEPT [0:0]\n" + rules + "COMMIT\n";
    }

    private Ruleset read(String text) {
        return read(Family.IPV4, Backend.IPTABLES_NFT, text);
    }

    private Ruleset read(Family family, Backend backend, String text) {
        IptablesSaveParser parser = IptablesSaveParser.begin(family, backend, memory);
        text.lines().forEach(parser::line);
        return parser.end();
    }
}
