// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.LongStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RoundTripTests {

    static LongStream seeds() {
        return RandomRulesets.seeds(1_000);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void readsBackWhatIsPrinted(long seed) {
        Ruleset ruleset = new RandomRulesets(seed).ruleset();
        String text = IptablesSavePrinter.print(ruleset);

        assertThat(IptablesSaveParser.parse(ruleset.family(), ruleset.backend(), text))
                .as("-Dcountercheck.seed=%d%n%s", seed, text)
                .isEqualTo(ruleset);
    }

    @ParameterizedTest(name = "seed {0}")
    @MethodSource("seeds")
    void readsBackAddresses(long seed) {
        RandomRulesets random = new RandomRulesets(seed);
        Cidr net = random.cidr(random.random().nextBoolean() ? Family.IPV4 : Family.IPV6);

        assertThat(Cidr.parse(net.toString()))
                .as("-Dcountercheck.seed=%d", seed)
                .isEqualTo(net);
        assertThat(net.network().contains(net.address())).isTrue();
        assertThat(net.network().network()).isEqualTo(net.network());
    }
}
