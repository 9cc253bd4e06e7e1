// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ParseExceptionTests {

    private static final String HEAD = "*nat\n:T - [0:0]\n";

    private static ParseException refusal(String text) {
        ParseException refusal = catchThrowableOfType(
                ParseException.class, () -> IptablesSaveParser.parse(Family.IPV4, Backend.IPTABLES_NFT, text));
        assertThat(refusal).as("refusal of %s", text).isNotNull();
        return refusal;
    }

    static Stream<Arguments> brokenTexts() {
        return Stream.of(
                Arguments.of("*nat\n", 1, 1, "table nat has no COMMIT"),
                Arguments.of("*nat\n*filter\nCOMMIT\n", 1, 1, "table nat has no COMMIT"),
                Arguments.of("*nat\nCOMMIT\n*nat\nCOMMIT\n", 3, 2, "table nat was there before"),
                Arguments.of("*\n", 1, 2, "expected the name of a table"),
                Arguments.of("*nat raw\n", 1, 2, "expected the name of a table"),
                Arguments.of("COMMIT\n", 1, 1, "no table was started"),
                Arguments.of(":T - [0:0]\n", 1, 1, "no table was started"),
                Arguments.of("-A T\n", 1, 1, "no table was started"),
                Arguments.of("*nat\n: - [0:0]\n", 2, 2, "expected the name of a chain"),
                Arguments.of("*nat\n:T\n", 2, 3, "expected ACCEPT, DROP, QUEUE or - as policy"),
                Arguments.of("*nat\n:T REJECT [0:0]\n", 2, 4, "expected ACCEPT, DROP, QUEUE or - as policy"),
                Arguments.of("*nat\n:T - 0:0\n", 2, 6, "text behind the chain's policy"),
                Arguments.of("*nat\n:T - [0:0] x\n", 2, 12, "text behind the chain's policy"),
                Arguments.of("*nat\n:T - [0:0\n", 2, 6, "damaged counters"),
                Arguments.of("*nat\n:T - [0,0]\n", 2, 6, "damaged counters"),
                Arguments.of("*nat\n:T - [0:x]\n", 2, 9, "damaged counters"),
                Arguments.of(HEAD + ":T - [0:0]\n", 3, 2, "chain T was there before"),
                Arguments.of(HEAD + "[:0] -A T\n", 3, 2, "damaged counters"),
                Arguments.of(HEAD + "[0:] -A T\n", 3, 4, "damaged counters"),
                Arguments.of(HEAD + "[-1:0] -A T\n", 3, 2, "damaged counters"),
                Arguments.of(HEAD + "[9223372036854775808:0] -A T\n", 3, 20, "damaged counters"),
                Arguments.of(HEAD + "[0:0]-A T\n", 3, 6, "damaged counters"),
                Arguments.of(HEAD + "[0 -A T\n", 3, 1, "damaged counters"),
                Arguments.of(HEAD + "-I T\n", 3, 1, "expected -A"),
                Arguments.of(HEAD + "[0:0] -AT\n", 3, 7, "expected -A"),
                Arguments.of(HEAD + "-A\n", 3, 3, "expected the name of a chain"),
                Arguments.of(HEAD + "-A U -j ACCEPT\n", 3, 4, "chain U was not declared"),
                Arguments.of(HEAD + "-A T --dport 80\n", 3, 6, "option --dport has no -m, -j or -p before it"),
                Arguments.of(HEAD + "-A T word\n", 3, 6, "expected an option"),
                Arguments.of(HEAD + "-A T ! word\n", 3, 8, "expected an option after '!'"),
                Arguments.of(HEAD + "-A T -i\n", 3, 8, "-i has no value"),
                Arguments.of(HEAD + "-A T -j\n", 3, 8, "-j has no value"),
                Arguments.of(HEAD + "-A T -m comment --comment\n", 3, 26, "--comment has no value"),
                Arguments.of(HEAD + "-A T ! -j ACCEPT\n", 3, 11, "-j cannot be negated"),
                Arguments.of(HEAD + "-A T -j A -g B\n", 3, 14, "second target, after A"),
                Arguments.of(HEAD + "-A T -s example.org\n", 3, 9, "not a numeric address: 'example.org'"),
                Arguments.of(HEAD + "-A T -s 10.0.0.0/33\n", 3, 9, "prefix length 33 does not fit 10.0.0.0"),
                Arguments.of(HEAD + "-A T -s 10.0.0.0/x\n", 3, 9, "neither a prefix length nor a mask: 'x'"),
                Arguments.of(HEAD + "-A T -d fd00::/8\n", 3, 9, "address of another family"),
                Arguments.of(HEAD + "-A T -m comment --comment \"a\n", 3, 27, "unterminated quote"),
                Arguments.of(HEAD + "-A T -m comment --comment \"a\nb\" \"c\n", 4, 4, "unterminated quote"),
                Arguments.of(HEAD + "-A T -m comment --comment \"a\"b\n", 3, 30, "text right behind a closing quote"),
                Arguments.of(HEAD + "-A T -m comment --comment \"a\nb\" -j\n", 4, 6, "-j has no value"),
                Arguments.of(HEAD + "\r\n hello\n", 4, 1, "neither a table, a chain, a rule nor COMMIT"),
                Arguments.of("iptables-save: not found\n", 1, 1, "neither a table, a chain, a rule nor COMMIT"));
    }

    @ParameterizedTest
    @MethodSource("brokenTexts")
    void namesThePlace(String text, int line, int column, String problem) {
        ParseException refusal = refusal(text);

        assertThat(refusal).hasMessageStartingWith("line " + line + ", column " + column + ": " + problem + "\n");
        assertThat(refusal.line()).isEqualTo(line);
        assertThat(refusal.column()).isEqualTo(column);
    }

    @Test
    void showsTheLineAndMarksTheColumn() {
        assertThat(refusal(HEAD + "-A T -j A -g B\n"))
                .hasMessage("line 3, column 14: second target, after A\n  -A T -j A -g B\n               ^");
    }

    @Test
    void showsOnlyTheSurroundingsInALongLine() {
        String message = refusal(HEAD + "-A T -i " + "x".repeat(100_000) + " oops " + "y".repeat(100_000) + "\n")
                .getMessage();

        List<String> lines = message.lines().toList();
        assertThat(message).hasSizeLessThan(400);
        assertThat(lines.get(1).charAt(lines.get(2).indexOf('^'))).isEqualTo('o');
    }

    @Test
    void showsNoControlCharacters() {
        assertThat(refusal("*nat\n\u001b[31m\n").getMessage()).contains("\n  ?[31m\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"", "! ", "-m x ", "--x ", "\"a\" ", "\\", "-p tcp ", "\"\\\" ", "\"\n", "a\n", "[", ": ", "-i "
            })
    void needsTimeInProportionToTheText(String piece) {
        String text = HEAD + "-A T -j X --y " + piece.repeat(1_000_000 / piece.length()) + "\n";

        Assertions.assertTimeoutPreemptively(Duration.ofSeconds(10), () -> {
            try {
                IptablesSaveParser.parse(Family.IPV4, Backend.IPTABLES_NFT, text);
            } catch (ParseException e) {
                assertThat(e).hasMessageStartingWith("line ");
            }
        });
    }
}
