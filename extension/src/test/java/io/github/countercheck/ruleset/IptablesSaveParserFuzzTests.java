// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;

/**
 * Any text whatsoever is a ruleset or a {@link ParseException}. In the usual build the corpus beside this test is run;
 * {@code JAZZER_FUZZ=1 mvn test -Dtest=IptablesSaveParserFuzzTests} looks for more.
 */
class IptablesSaveParserFuzzTests {

    @FuzzTest(maxDuration = "3m")
    void whatIsReadIsPrintedAndReadAgain(FuzzedDataProvider data) {
        Family family = data.consumeBoolean() ? Family.IPV4 : Family.IPV6;
        String text = data.consumeRemainingAsString();
        Ruleset ruleset;
        try {
            ruleset = IptablesSaveParser.parse(family, Backend.IPTABLES_NFT, text);
        } catch (ParseException e) {
            assertThat(e.line()).isPositive();
            assertThat(e.column()).isPositive();
            return;
        }
        String printed = IptablesSavePrinter.print(ruleset);
        Ruleset again = IptablesSaveParser.parse(family, Backend.IPTABLES_NFT, printed);
        assertThat(again.tables()).isEqualTo(ruleset.tables());
        assertThat(IptablesSavePrinter.print(again)).isEqualTo(printed);
    }
}
