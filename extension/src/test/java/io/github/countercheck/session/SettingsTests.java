// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.session;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.countercheck.CountercheckException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTests {

    @Test
    void withoutAnyValueTheDefaultsHold() {
        assertThat(settings(Map.of()))
                .isEqualTo(new Settings(
                        false, Settings.Reader.AUTO, Duration.ofSeconds(2), Settings.Walk.FAILURE, true, false));
    }

    @Test
    void eachKeyIsRead() {
        assertThat(settings(Map.of(
                        "countercheck.required", "TRUE",
                        "countercheck.reader", "toolbox",
                        "countercheck.await", "500ms",
                        "countercheck.walk", "always",
                        "countercheck.report", "false",
                        "countercheck.watch", "true")))
                .isEqualTo(new Settings(
                        true, Settings.Reader.TOOLBOX, Duration.ofMillis(500), Settings.Walk.ALWAYS, false, true));
    }

    @ParameterizedTest
    @CsvSource({"0ms,0", "250ms,250", "2s,2000", "2 s,2000", " 1m ,60000"})
    void durationsAreReadable(String text, long millis) {
        assertThat(Settings.parseDuration(text)).isEqualTo(Duration.ofMillis(millis));
    }

    @ParameterizedTest
    @CsvSource({
        "countercheck.required,yes,true or false",
        "countercheck.reader,remote,auto or local or toolbox",
        "countercheck.await,2,'a number with ms, s or m, such as 2s'",
        "countercheck.await,-1s,'a number with ms, s or m, such as 2s'",
        "countercheck.walk,never,failure or always",
        "countercheck.report,some,true or false",
        "countercheck.watch,on,true or false"
    })
    void aValueThatTheKeyDoesNotTakeIsNamedWithThoseItTakes(String key, String value, String takes) {
        assertThatThrownBy(() -> settings(Map.of(key, value)))
                .isInstanceOf(CountercheckException.class)
                .hasMessage("not measured: " + key + " is '" + value + "'\n  try       set it to " + takes);
    }

    @Test
    void environmentVariablesAreTheKeysInCapitals() {
        assertThat(Settings.environmentName("countercheck.toolbox.image")).isEqualTo("COUNTERCHECK_TOOLBOX_IMAGE");
    }

    private static Settings settings(Map<String, String> values) {
        return Settings.from(key -> Optional.ofNullable(values.get(key)));
    }
}
