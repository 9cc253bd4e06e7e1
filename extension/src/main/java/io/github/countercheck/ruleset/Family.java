// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.Optional;
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

    /** Returns the family of that address. */
    public static Family of(InetAddress address) {
        return address instanceof Inet6Address ? IPV6 : IPV4;
    }

    /** Returns nftables' word for it: {@code ip}, {@code ip6}, {@code inet}… */
    public String keyword() {
        return keyword;
    }

    /** Returns its name as it reads in a sentence: {@code IPv4}. */
    public String inWords() {
        return switch (this) {
            case IPV4 -> "IPv4";
            case IPV6 -> "IPv6";
            default -> keyword;
        };
    }

    /** Returns the family that nftables calls so. */
    public static Optional<Family> ofKeyword(String keyword) {
        return Arrays.stream(values())
                .filter(family -> family.keyword.equals(keyword))
                .findFirst();
    }

    /** Tells whether rules of this family see packets of that one: those of {@link #INET} see both IP families. */
    public boolean sees(Family packets) {
        return this == packets || (this == INET && (packets == IPV4 || packets == IPV6));
    }
}
