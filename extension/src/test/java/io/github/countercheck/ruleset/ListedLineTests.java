// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ListedLineTests {

    @ParameterizedTest
    @CsvSource(
            delimiter = '=',
            quoteCharacter = '`',
            value = {
                "-P FORWARD DROP -c 7 420 = :FORWARD DROP [7:420]",
                "-N DOCKER = :DOCKER - [0:0]",
                "-A DOCKER -i docker0 -c 1 60 -j RETURN = [1:60] -A DOCKER -i docker0 -j RETURN",
                "-A FORWARD -c 0 0 -g OTHER = [0:0] -A FORWARD -g OTHER",
                "-A DOCKER -c 3 4 = [3:4] -A DOCKER",
                "-A A -m comment --comment -c -c 1 2 -j ACCEPT = [1:2] -A A -m comment --comment -c -j ACCEPT",
                "-A A -m comment --comment \"b -c 5 6 -j C\" -c 1 2 -j D = [1:2] -A A -m comment --comment \"b -c 5 6 -j C\" -j D",
                "-A A -c 1 2 -j LOG --log-prefix \"-c 3 4 -j B\" = [1:2] -A A -j LOG --log-prefix \"-c 3 4 -j B\"",
                "-A A -p tcp -m tcp --dport 80 -c 1 2 -j DNAT --to-destination 172.17.0.2:80 = "
                        + "[1:2] -A A -p tcp -m tcp --dport 80 -j DNAT --to-destination 172.17.0.2:80",
                "# Warning: iptables-legacy tables present = # Warning: iptables-legacy tables present",
            })
    void saysWhatIptablesSaveSays(String listed, String saved) {
        assertThat(ListedLine.asSaved(listed, 1)).isEqualTo(saved);
    }

    @Test
    void readsARuleWithALineEndInItsComment() {
        IptablesSaveParser parser =
                IptablesSaveParser.beginListed(Family.IPV4, Backend.IPTABLES_NFT, "nat", new RuleMemory());
        for (String line : "-N A\n-A A -m comment --comment \"two\n-c 5 6 lines\" -c 1 2 -j RETURN".split("\n")) {
            parser.line(line);
        }

        assertThat(parser.end())
                .isEqualTo(IptablesSaveParser.parse(
                        Family.IPV4,
                        Backend.IPTABLES_NFT,
                        "*nat\n:A - [0:0]\n[1:2] -A A -m comment --comment \"two\n-c 5 6 lines\" -j RETURN\nCOMMIT\n"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"-A A -j ACCEPT", "-A A -c 1 -j ACCEPT", "-P FORWARD DROP", "-P FORWARD"})
    void doesWithoutNoCounter(String line) {
        assertThatThrownBy(() -> ListedLine.asSaved(line, 3))
                .isInstanceOf(ParseException.class)
                .hasMessageContaining("expected ");
    }
}
