// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import org.apiguardian.api.API;

/** The address family whose packets a ruleset sees. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum Family {
    IPV4("ip"),
    IPV6("ip6"),
    /** Both IP families at once; nftables only. */
    INET("inet"),
    /** ARP; nftables only. */
    ARP("arp"),
    /** Frames that a bridge passes on; nftables only. */
    BRIDGE("bridge"),
    /** Frames of one device, before and after all else; nftables only. */
    NETDEV("netdev");

    private final String keyword;

    Family(String keyword) {
        this.keyword = keyword;
    }

    /** Returns nftables' word for it: {@code ip}, {@code ip6}, {@code inet}… */
    public String keyword() {
        return keyword;
    }

    /** Tells whether rules of this family see packets of that one: those of {@link #INET} see both IP families. */
    public boolean sees(Family packets) {
        return this == packets || (this == INET && (packets == IPV4 || packets == IPV6));
    }
}
