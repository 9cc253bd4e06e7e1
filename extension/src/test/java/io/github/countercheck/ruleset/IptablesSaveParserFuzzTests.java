// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;

/**
 * Any text at all is either read or refused with a {@link ParseException}, and what is read prints and reads back as the
 * same. In the normal build this runs the committed corpus; {@code JAZZER_FUZZ=1} with
 * {@code -Djazzer.hooks=true} searches for more.
 */
class IptablesSaveParserFuzzTests {

    @FuzzTest(maxDuration = "2m")
    void listing(byte[] input) {
        String text = new String(input, StandardCharsets.UTF_8);
        Family family = text.indexOf("::") >= 0 ? Family.IPV6 : Family.IPV4;
        Ruleset ruleset;
        try {
            ruleset = IptablesSaveParser.parse(family, Backend.IPTABLES_NFT, text);
        } catch (ParseException e) {
            return;
        }
        String printed = IptablesSavePrinter.print(ruleset);
        assertThat(IptablesSaveParser.parse(family, Backend.IPTABLES_NFT, printed))
                .as(printed)
                .isEqualTo(ruleset);
    }

    @FuzzTest(maxDuration = "2m")
    void typedRule(byte[] input) {
        String text = new String(input, StandardCharsets.UTF_8);
        Family family = text.indexOf("::") >= 0 ? Family.IPV6 : Family.IPV4;
        Rule rule;
        try {
            rule = RuleSpec.parse(family, "nat", "T", text);
        } catch (ParseException e) {
            return;
        }
        assertThat(RuleSpec.normalise(family, rule)).as(rule.spec()).isEqualTo(rule);
    }
}
