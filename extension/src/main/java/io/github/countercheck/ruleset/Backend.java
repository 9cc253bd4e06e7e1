// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import org.apiguardian.api.API;

/** The kernel interface that holds a ruleset. One network namespace can hold rules in several at once. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum Backend {
    /** iptables syntax kept in nf_tables, read with {@code iptables-nft-save}. */
    IPTABLES_NFT("iptables-nft"),
    /** iptables syntax kept in x_tables, read with {@code iptables-legacy-save}. */
    IPTABLES_LEGACY("iptables-legacy");

    private final String displayName;

    Backend(String displayName) {
        this.displayName = displayName;
    }

    @Override
    public String toString() {
        return displayName;
    }
}
