// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import static io.github.countercheck.docker.RuleShape.Part.DESTINATION;
import static io.github.countercheck.docker.RuleShape.Part.DESTINATION_IS_LOCAL;
import static io.github.countercheck.docker.RuleShape.Part.DPORT;
import static io.github.countercheck.docker.RuleShape.Part.IN;
import static io.github.countercheck.docker.RuleShape.Part.NOT_DESTINATION;
import static io.github.countercheck.docker.RuleShape.Part.NOT_IN;
import static io.github.countercheck.docker.RuleShape.Part.NOT_SOURCE;
import static io.github.countercheck.docker.RuleShape.Part.OUT;
import static io.github.countercheck.docker.RuleShape.Part.PROTOCOL;
import static io.github.countercheck.docker.RuleShape.Part.SOURCE;
import static io.github.countercheck.docker.RuleShape.Part.SPORT;
import static io.github.countercheck.docker.Verdicts.does;

import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Rule;
import java.net.InetAddress;
import java.util.EnumSet;
import org.jspecify.annotations.Nullable;

/** What Docker's rules ask for in the same words with either of its backends. */
final class DockerShapes {

    /** Windows' side of a mirrored WSL2 network, as Docker looks for it. */
    private static final String WSL2_DEVICE = "loopback0";

    private static final Cidr LOOPBACK = Cidr.parse("127.0.0.0/8");
    private static final Cidr LOOPBACK_V6 = Cidr.parse("::1/128");
    private static final Cidr LINK_LOCAL_V6 = Cidr.parse("fe80::/10");
    private static final Cidr EMBEDDED_DNS = Cidr.parse("127.0.0.11/32");

    private DockerShapes() {}

    /** What the host itself sends to its own addresses; with the userland proxy on, loopback ones are left to that. */
    static boolean isFromHostToHost(RuleShape shape) {
        Cidr spared = shape.net(NOT_DESTINATION);
        boolean butLoopback = LOOPBACK.equals(spared) || LOOPBACK_V6.equals(spared);
        return shape.is(DESTINATION_IS_LOCAL) || (shape.is(NOT_DESTINATION, DESTINATION_IS_LOCAL) && butLoopback);
    }

    /** Translates a port; the device that it may exempt is not looked at. */
    static boolean isPortDnat(Rule rule, RuleShape shape) {
        DnatTarget to = DnatTarget.of(rule);
        return to != null
                && to.ports().isSingle()
                && shape.isWithOptional(EnumSet.of(NOT_SOURCE, DESTINATION, NOT_IN), PROTOCOL, DPORT)
                && (!shape.has(NOT_SOURCE) || LINK_LOCAL_V6.equals(shape.net(NOT_SOURCE)))
                && (!shape.has(DESTINATION) || shape.address(DESTINATION) != null);
    }

    /** Leaves what Windows sends to a loopback address alone. */
    static boolean isWsl2Return(Rule rule, RuleShape shape) {
        return does(rule, "RETURN")
                && shape.is(DESTINATION, IN)
                && LOOPBACK.equals(shape.net(DESTINATION))
                && WSL2_DEVICE.equals(shape.name(IN));
    }

    /** Masquerades what a container sends to its own port. */
    static boolean isHairpinSelf(Rule rule, RuleShape shape) {
        InetAddress source = shape.address(SOURCE);
        return does(rule, "MASQUERADE")
                && source != null
                && source.equals(shape.address(DESTINATION))
                && shape.is(SOURCE, DESTINATION, PROTOCOL, DPORT);
    }

    /** Accepts what one of two linked containers sends to the other: to its port, or back from it. */
    static boolean isLink(RuleShape shape) {
        return shape.is(SOURCE, DESTINATION, PROTOCOL, DPORT) || shape.is(SOURCE, DESTINATION, PROTOCOL, SPORT);
    }

    /** As {@link #isLink}, where the rule names the bridge of both as well. */
    static boolean isLinkOnBridge(RuleShape shape) {
        return shape.is(SOURCE, DESTINATION, IN, OUT, PROTOCOL, DPORT)
                || shape.is(SOURCE, DESTINATION, IN, OUT, PROTOCOL, SPORT);
    }

    /** Drops what another machine sends to a port on a loopback address, or accepts it from Windows. */
    static RuleRole loopbackRole(Rule rule, RuleShape shape) {
        InetAddress to = shape.address(DESTINATION);
        if (to == null || !LOOPBACK.contains(to)) {
            return RuleRole.FOREIGN;
        }
        if (does(rule, "DROP") && shape.is(DESTINATION, NOT_IN, PROTOCOL, DPORT) && "lo".equals(shape.name(NOT_IN))) {
            return RuleRole.LOOPBACK_PORT_DROP;
        }
        boolean windows = shape.is(DESTINATION, IN, PROTOCOL, DPORT) && WSL2_DEVICE.equals(shape.name(IN));
        return windows && does(rule, "ACCEPT") ? RuleRole.WSL2_LOOPBACK_ACCEPT : RuleRole.FOREIGN;
    }

    /**
     * Leads a name lookup of a container to its engine's resolver, or its answer back. Of a rule of iptables nft's JSON does
     * not say where it translates to.
     */
    static boolean isEmbeddedDns(Rule rule, RuleShape shape) {
        if (shape.is(DESTINATION, PROTOCOL, DPORT) && EMBEDDED_DNS.equals(shape.net(DESTINATION))) {
            DnatTarget to = DnatTarget.of(rule);
            return to == null ? does(rule, "DNAT") : EMBEDDED_DNS.contains(to.address());
        }
        return shape.is(SOURCE, PROTOCOL, SPORT)
                && EMBEDDED_DNS.equals(shape.net(SOURCE))
                && (does(rule, "SNAT", "--to-source") || does(rule, "SNAT"));
    }

    /** Asks for nothing but the address of the engine's resolver. */
    static boolean isToEmbeddedDns(RuleShape shape) {
        return shape.is(DESTINATION) && EMBEDDED_DNS.equals(shape.net(DESTINATION));
    }

    static boolean isIcmp(@Nullable String protocol) {
        // nftables lists the protocol by number where the system has no name for it, and as icmpv6 where it has its
        // own.
        return "icmp".equals(protocol) || "ipv6-icmp".equals(protocol) || "icmpv6".equals(protocol);
    }
}
