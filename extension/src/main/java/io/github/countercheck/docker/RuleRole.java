// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import org.apiguardian.api.API;

/**
 * What a rule does for Docker. The words are the same for every engine and backend; where an engine has no rule of its
 * own for something, the role does not occur.
 *
 * <p>What bumps a counter follows from the table: a rule of the nat table sees the first packet of a flow only, every
 * other rule each packet that reaches it.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum RuleRole {
    /** Leads to the published ports; each flow that arrives for any host address bumps it, so it counts while idle. */
    NAT_JUMP_PRE,
    /**
     * Leads to the published ports; each flow from a process of the host to one of its own addresses bumps it, those to
     * {@code 127.0.0.0/8} only where the userland proxy is off.
     */
    NAT_JUMP_OUT,
    /** Translates a published port to the container; each flow to the host port bumps it. */
    PORT_DNAT,
    /**
     * Leaves flows that a bridge's own containers send to a host address to the userland proxy; each such flow bumps it.
     * Up to Engine 28, with proxy and masquerading on.
     */
    SKIP_DNAT,
    /** Gives flows that leave a network by another device the host's address; each such flow bumps it. */
    MASQUERADE,
    /** As {@link #MASQUERADE}, with a configured address in place of the device's. */
    SNAT,
    /**
     * Gives flows from the host itself to a container the bridge's address; each flow of a host process to a published
     * port bumps it. With the userland proxy off, and in swarm mode for {@code docker_gwbridge}.
     */
    HAIRPIN_HOST,
    /**
     * Masquerades what a container sends to its own published port; each such flow bumps it. Up to Engine 27 it is
     * written, and never hit, also with the userland proxy on.
     */
    HAIRPIN_SELF,
    /** Leaves flows to {@code 127.0.0.0/8} from the Windows side of WSL2 untranslated; each such flow bumps it. */
    WSL2_LOOPBACK,
    /**
     * Leads name lookups of a container to its engine's resolver at 127.0.0.11; each lookup's flow bumps it. Such rules
     * stand in a container's namespace: in a daemon that runs in a container they belong to the outer engine.
     */
    EMBEDDED_DNS,

    /** Leads to the user's own rules, before any of Docker's; each forwarded packet bumps it. */
    USER_JUMP,
    /** Leads to Docker's own rules; each forwarded packet that the user's rules left undecided bumps it. From 28.0.1. */
    FORWARD_JUMP,
    /** Leads to {@link #RETURN_TRAFFIC}; each forwarded packet that got there bumps it. From 28.0.1. */
    CT_JUMP,
    /** Leads to the rules between bridges; each forwarded packet that got there bumps it. Up to Engine 28. */
    ISOLATION_JUMP,
    /** Leads to the rules of internal networks; each forwarded packet that got there bumps it. From Engine 29. */
    INTERNAL_JUMP,
    /** Leads to {@link #PORT_JUMP}; each forwarded packet that got there bumps it. From 28.0.1. */
    BRIDGE_JUMP,
    /** Accepts packets to a network that belong to a known flow: each packet inwards but a flow's first bumps it. */
    RETURN_TRAFFIC,
    /** Leads packets to a network to its published ports; a flow's first packet inwards bumps it. */
    PORT_JUMP,
    /**
     * Accepts what a network sends; each packet outwards bumps it, replies to published ports as well, so a count does
     * not mean that the container began anything. From Engine 28 the same rule also accepts traffic within the bridge.
     */
    OUTBOUND_ACCEPT,
    /**
     * Accepts packets from a bridge to the same bridge; each one bumps it that the bridge hands to netfilter, which it
     * does for its own traffic only with {@code br_netfilter}.
     */
    ICC_ACCEPT,
    /** As {@link #ICC_ACCEPT}, but drops: inter-container communication is off. */
    ICC_DROP,
    /** Accepts packets to a container port from outside its bridge; a flow's first packet inwards bumps it. */
    PORT_ACCEPT,
    /** Accepts packets between two linked containers, either way; each such packet bumps it. */
    LINK_ACCEPT,
    /** Accepts ICMP to a network in gateway mode routed; each such packet that begins a flow bumps it. */
    ROUTED_ICMP,
    /** Drops packets to a network's unpublished ports from outside its bridge; each bumps it. From Engine 28. */
    UNPUBLISHED_DROP,
    /** Accepts packets to every port of a network in gateway mode nat-unprotected; a flow's first packet bumps it. */
    UNPROTECTED_ACCEPT,
    /** Accepts packets with the mark that the daemon was told to let in; each bumps it. From Engine 29. */
    FWMARK_ACCEPT,
    /**
     * Leads what leaves a bridge to {@link #ISOLATION_DROP}; each packet outwards bumps it, not only forbidden ones. Up
     * to Engine 28.
     */
    ISOLATION_FROM,
    /** Drops packets from one bridge to another; each bumps it. Up to Engine 28. */
    ISOLATION_DROP,
    /** Exempts a network in gateway mode routed from isolation; each packet of its flows bumps it. Engine 28. */
    ISOLATION_EXCEPTION,
    /** Drops packets into an internal network from elsewhere; each bumps it. */
    INTERNAL_IN_DROP,
    /**
     * Drops packets from an internal network to elsewhere; each bumps it. From Engine 25 containers there have no default
     * route, so that their attempts fail before they become packets.
     */
    INTERNAL_OUT_DROP,
    /** Ends one of Docker's chains and changes nothing: the chain would return anyway. Whatever gets there bumps it. */
    CHAIN_RETURN,

    /**
     * Drops packets that arrive for a container's own address by another device than its bridge, before conntrack sees
     * them; each bumps it. Per published port in 28.0 and 28.1, per container from 28.2.
     */
    DIRECT_ACCESS_DROP,
    /** Exempts a trusted host interface from {@link #DIRECT_ACCESS_DROP}; each packet from there bumps it. */
    TRUSTED_IF_ACCEPT,
    /** Drops packets to a port published on a loopback address that come from another machine; each bumps it. */
    LOOPBACK_PORT_DROP,
    /** Exempts the Windows side of WSL2 from {@link #LOOPBACK_PORT_DROP}; each packet from there bumps it. */
    WSL2_LOOPBACK_ACCEPT,
    /** Fills in the checksum of what an SCTP port answers; each packet bumps it. Up to Engine 27. */
    SCTP_CHECKSUM,

    /** Leads to the ports of swarm services; each flow that arrives for any host address bumps it. */
    INGRESS_JUMP_PRE,
    /** Leads to the ports of swarm services; each flow from the host to one of its own addresses bumps it. */
    INGRESS_JUMP_OUT,
    /** Translates a swarm service's port to the ingress sandbox; each flow to it bumps it. */
    INGRESS_DNAT,
    /** Leads forwarded packets to the rules of swarm services; each bumps it. */
    INGRESS_FORWARD_JUMP,
    /** Accepts packets to a swarm service's port, which the sandbox still has as its own; each inwards bumps it. */
    INGRESS_ACCEPT,
    /** Accepts packets from a swarm service's port that belong to a known flow; each outwards bumps it. */
    INGRESS_RETURN_TRAFFIC,
    /** Marks an encrypted overlay's outgoing packets for IPsec; each bumps it. */
    OVERLAY_ENCRYPT_MARK,
    /** Accepts an encrypted overlay's packets that came through IPsec; each bumps it. */
    OVERLAY_IPSEC_ACCEPT,
    /** Drops an encrypted overlay's packets that came in the clear; each bumps it. */
    OVERLAY_PLAIN_DROP,

    /** Is none of Docker's rules: the user's, or another program's, also where it stands in one of Docker's chains. */
    FOREIGN
}
