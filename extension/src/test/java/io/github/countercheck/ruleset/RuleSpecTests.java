// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class RuleSpecTests {

    static List<RuleSpecs.Spec> specs() {
        return RuleSpecs.all();
    }

    static List<Path> dumps() {
        return Captures.dumps();
    }

    private static String normal(Family family, String spec) {
        return RuleSpec.parse(family, "filter", "T", spec).spec();
    }

    @ParameterizedTest
    @MethodSource("specs")
    void printsWhatTheToolsPrint(RuleSpecs.Spec spec) {
        Rule rule = RuleSpec.parse(spec.family(), spec.table(), "T", spec.typed());

        assertThat(rule.spec()).isEqualTo(spec.in("T"));
        assertThat(RuleSpec.normalise(spec.family(), rule)).isEqualTo(rule);
    }

    @ParameterizedTest
    @MethodSource("specs")
    void takesWhatTheToolsPrint(RuleSpecs.Spec spec) {
        assertThat(RuleSpec.parse(spec.family(), spec.table(), "T", spec.in("T"))
                        .spec())
                .isEqualTo(spec.in("T"));
    }

    @ParameterizedTest
    @MethodSource("dumps")
    void leavesListedRulesAsTheyAre(Path dump) {
        Family family = Captures.family(dump);

        assertThat(Captures.parse(dump).rules())
                .allSatisfy(rule -> assertThat(RuleSpec.normalise(family, rule)).isEqualTo(rule));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            -s ! 10.0.0.1 -i ! eth0 -p ! tcp            | ! -s 10.0.0.1/32 ! -i eth0 ! -p tcp
            -p tcp --dport ! 80                         | -p tcp -m tcp ! --dport 80
            -p tcp --tcp-flags ! SYN,ACK SYN            | -p tcp -m tcp ! --tcp-flags SYN,ACK SYN
            -m conntrack --ctstate ! NEW                | -m conntrack ! --ctstate NEW
            -A T -j ACCEPT                              | -j ACCEPT
            --append T -j ACCEPT                        | -j ACCEPT
            -m comment --comment 'a "b" \\c'            | -m comment --comment "a \\"b\\" \\\\c"
            -m unknown --some ! value --list a b -j X   | -m unknown --some ! value --list a b -j X
            -m unknown --dport 80 -p tcp                | -p tcp -m unknown --dport 80
            -p tcp -j ACCEPT --undreamt-of 5            | -p tcp -j ACCEPT --undreamt-of 5
            -s 10.0.0.0/8 -s 10.1.0.0/16                | -s 10.0.0.0/8 -s 10.1.0.0/16
            -m mark --mark what                         | -m mark --mark what
            -m limit --limit 0/x                        | -m limit --limit 0/x
            -m conntrack --ctstate NEW,ODD              | -m conntrack --ctstate NEW,ODD
            -j DNAT --to-destination somewhere          | -j DNAT --to-destination somewhere
            -p 89                                       | -p ospf
            -p 200                                      | -p 200
            """)
    void understands(String typed, String printed) {
        assertThat(normal(Family.IPV4, typed)).isEqualTo("-A T " + printed);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            -A U -j ACCEPT          | 4  | expected chain T
            -A                      | 3  | expected chain T
            -s example.org          | 4  | not a numeric address: 'example.org'
            -s 10.0.0.1,10.0.0.2    | 4  | not a numeric address: '10.0.0.1,10.0.0.2'
            -s fd00::1              | 4  | address of another family
            --dport 80              | 1  | option --dport has no -m, -j or -p before it
            -p tcp --dport          | 15 | --dport has no value
            -p tcp --tcp-flags SYN  | 23 | --tcp-flags has no value
            -j ACCEPT -j DROP       | 14 | second target, after ACCEPT
            accept                  | 1  | expected an option
            """)
    void refuses(String typed, int column, String problem) {
        assertThatExceptionOfType(ParseException.class)
                .isThrownBy(() -> normal(Family.IPV4, typed))
                .withMessageStartingWith("line 1, column " + column + ": " + problem + "\n");
    }

    @Test
    void knowsTheDefaultsOfBothFamilies() {
        assertThat(normal(Family.IPV4, "-j REJECT")).endsWith("--reject-with icmp-port-unreachable");
        assertThat(normal(Family.IPV6, "-j REJECT")).endsWith("--reject-with icmp6-port-unreachable");
    }

    @Test
    void keepsTheCounter() {
        Rule rule = RuleSpec.parse(Family.IPV4, "filter", "T", "-j ACCEPT").withCounter(new Counter(1, 2));

        assertThat(RuleSpec.normalise(Family.IPV4, rule)).isEqualTo(rule);
    }
}
