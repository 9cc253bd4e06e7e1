// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EngineVersionTests {

    @ParameterizedTest
    @CsvSource({
        "28.5.2, 28.5.2",
        "20.10.24+dfsg1, 20.10.24",
        "v29.7.2, 29.7.2",
        "26.1, 26.1.0",
        "29.0.0-rc.1, 29.0.0",
        "28.5.2+dfsg4, 28.5.2"
    })
    void readsWhatDockerPrints(String text, String version) {
        assertThat(EngineVersion.parse(text)).hasToString(version);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "dev", "28", "28.x", "-1.2.3", "99999999999.1.1", "1.2.3.4"})
    void refusesWhatIsNone(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> EngineVersion.parse(text))
                .withMessage("not a version of Docker Engine: '" + text + "'");
    }

    @Test
    void comparesByNumbers() {
        assertThat(EngineVersion.parse("28.10.0").isAtLeast(28, 2)).isTrue();
        assertThat(EngineVersion.parse("28.2.0").isAtLeast(28, 2)).isTrue();
        assertThat(EngineVersion.parse("28.1.1").isAtLeast(28, 2)).isFalse();
        assertThat(EngineVersion.parse("9.9.9")).isLessThan(EngineVersion.parse("20.10.24"));
    }
}
