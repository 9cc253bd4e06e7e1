// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Reads the same rules from both listings of the real tools, {@code iptables -v -S} and {@code iptables-save -c}. */
class ListedTablesIT {

    private static final String BETWEEN = "==== the other listing";

    /** What may be taken for counters, and is none. */
    private static final String ODD = """
            *nat
            :PREROUTING ACCEPT [5:300]
            :ODD - [0:0]
            [1:2] -A ODD
            [3:4] -A ODD -m comment --comment "-c"
            [5:6] -A ODD -m comment --comment "a -c 7 8 -j b" -j RETURN
            [9:10] -A ODD -g ODD2
            [11:12] -A ODD -j LOG --log-prefix "-c 3 4 -j LOG"
            :ODD2 - [0:0]
            COMMIT
            """;

    @BeforeAll
    static void needsTools() {
        PrivateNetns.assumeAvailable(List.of("iptables-nft", "ip6tables-nft", "iptables-nft-restore"));
    }

    static Stream<Named<Ruleset>> rulesets() {
        return Stream.concat(
                Captures.dumps().stream().map(dump -> Named.of(Captures.name(dump), Captures.parse(dump))),
                Stream.of(Named.of("odd", IptablesSaveParser.parse(Family.IPV4, Backend.IPTABLES_NFT, ODD))));
    }

    @ParameterizedTest
    @MethodSource("rulesets")
    void bothSayTheSame(Ruleset ruleset) throws IOException {
        String program = ruleset.family() == Family.IPV4 ? "iptables-nft" : "ip6tables-nft";
        String tables = ruleset.tables().stream().map(Table::name).collect(Collectors.joining(" "));
        PrivateNetns.Result result = PrivateNetns.run(program + "-restore -c <<'END' || exit 1\n"
                + IptablesSavePrinter.print(ruleset) + "END\n"
                + "for table in " + tables + "; do " + program + "-save -c -t $table; echo '" + BETWEEN + "'; "
                + program + " -t $table -v -S; echo '" + BETWEEN + "'; done\n");
        String[] listings = result.output().split(BETWEEN + "\n", -1);

        assertThat(result.status()).isZero();
        assertThat(listings).hasSize(2 * ruleset.tables().size() + 1);
        for (int i = 0; i < ruleset.tables().size(); i++) {
            IptablesSaveParser listed = IptablesSaveParser.beginListed(
                    ruleset.family(),
                    Backend.IPTABLES_NFT,
                    ruleset.tables().get(i).name(),
                    new RuleMemory());
            listings[2 * i + 1].lines().forEach(listed::line);

            assertThat(listed.end())
                    .isEqualTo(IptablesSaveParser.parse(ruleset.family(), Backend.IPTABLES_NFT, listings[2 * i]));
        }
    }
}
