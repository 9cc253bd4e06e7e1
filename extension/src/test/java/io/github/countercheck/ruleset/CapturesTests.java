// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CapturesTests {

    static List<Path> dumps() {
        return Captures.dumps();
    }

    @ParameterizedTest
    @MethodSource("dumps")
    void printsEveryLineAsTheToolDid(Path dump) {
        List<String> expected = new ArrayList<>(
                Captures.text(dump).lines().filter(l -> !l.startsWith("#")).toList());

        assertThat(IptablesSavePrinter.print(Captures.parse(dump)).lines()).containsExactlyElementsOf(expected);
    }

    @ParameterizedTest
    @MethodSource("dumps")
    void readsWhatItPrinted(Path dump) {
        Ruleset ruleset = Captures.parse(dump);

        assertThat(IptablesSaveParser.parse(ruleset.family(), ruleset.backend(), IptablesSavePrinter.print(ruleset)))
                .isEqualTo(ruleset);
    }

    @ParameterizedTest
    @MethodSource("dumps")
    void readsLinesAsTheyCome(Path dump) {
        Iterable<String> lines = Captures.text(dump).lines()::iterator;

        assertThat(IptablesSaveParser.parse(Captures.family(dump), Captures.backend(dump), lines))
                .isEqualTo(Captures.parse(dump));
    }

    @Test
    void understandsEveryOption() {
        Stream<Match.Module> modules =
                dumps().stream().flatMap(d -> Captures.parse(d).rules()).flatMap(r -> r.matches(Match.Module.class));

        assertThat(modules.flatMap(m -> m.options().stream().map(o -> m.name() + " " + o.name()))
                        .distinct())
                .containsExactlyInAnyOrder(
                        "tcp --dport",
                        "tcp --sport",
                        "udp --dport",
                        "udp --sport",
                        "addrtype --dst-type",
                        "addrtype --src-type",
                        "conntrack --ctstate");
    }

    @Test
    void holdsThousandsOfRules() {
        assertThat(dumps().stream()
                        .mapToLong(d -> Captures.parse(d).rules().count())
                        .sum())
                .isGreaterThan(5_000);
    }
}
