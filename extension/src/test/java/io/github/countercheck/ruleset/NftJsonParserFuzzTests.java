// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import java.nio.charset.StandardCharsets;

/**
 * Any text at all is either read or refused with a {@link ParseException}, and what is read can be printed and is read again
 * as the same, in whichever of the two ways. In the normal build this runs the committed corpus; {@code JAZZER_FUZZ=1} with
 * {@code -Djazzer.hooks=true} searches for more.
 */
class NftJsonParserFuzzTests {

    @FuzzTest(maxDuration = "2m")
    void listing(byte[] input) {
        String text = new String(input, StandardCharsets.UTF_8);
        NftListing listing;
        try {
            listing = NftJsonParser.parse(text);
        } catch (ParseException e) {
            assertThat(e.line()).isPositive();
            assertThat(e.column()).isPositive();
            return;
        }
        listing.tables()
                .forEach(
                        t -> assertThat(NftPrinter.print(t.family(), t.table())).isNotEmpty());
        assertThat(NftJsonParser.parse(text)).isEqualTo(listing);
        assertThat(NftJsonParser.thoroughly(text, new RuleMemory())).isEqualTo(listing);
    }
}
