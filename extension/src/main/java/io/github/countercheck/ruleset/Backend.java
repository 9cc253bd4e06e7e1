// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import org.apiguardian.api.API;

/** The kernel interface that holds a ruleset. One network namespace can hold rules in several at once. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum Backend {
    /** iptables syntax kept in nf_tables, read with {@code iptables-nft-save}. */
    IPTABLES_NFT("iptables-nft"),
    /** iptables syntax kept in x_tables, read with {@code iptables-legacy-save}. */
    IPTABLES_LEGACY("iptables-legacy"),
    /** nftables' own syntax, read with {@code nft -j list ruleset}. */
    NFTABLES("nftables");

    private final String displayName;

    Backend(String displayName) {
        this.displayName = displayName;
    }

    /** Tells whether its rules are written in iptables syntax. */
    public boolean isIptables() {
        return this != NFTABLES;
    }

    @Override
    public String toString() {
        return displayName;
    }
}
