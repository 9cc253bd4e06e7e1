// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Hands everything that the printer makes of the captures to the real {@code iptables-restore}. */
class IptablesRestoreIT {

    @BeforeAll
    static void needsTools() {
        PrivateNetns.assumeAvailable(List.of(
                "iptables-nft-restore",
                "ip6tables-nft-restore",
                "iptables-legacy-restore",
                "ip6tables-legacy-restore"));
    }

    @ParameterizedTest
    @EnumSource(Backend.class)
    void takesWhatIsPrinted(Backend backend) throws IOException {
        String variant = backend == Backend.IPTABLES_NFT ? "nft" : "legacy";
        StringBuilder script = new StringBuilder();
        for (Path dump : Captures.dumps()) {
            String tool = (Captures.family(dump) == Family.IPV4 ? "iptables-" : "ip6tables-") + variant + "-restore";
            script.append(tool)
                    .append(" -c --test <<'END' || { echo '")
                    .append(Captures.name(dump))
                    .append("'; exit 1; }\n")
                    .append(IptablesSavePrinter.print(Captures.parse(dump)))
                    .append("END\n");
        }

        assertThat(PrivateNetns.run(script.toString())).isEqualTo(new PrivateNetns.Result(0, ""));
    }
}
