// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import org.apiguardian.api.API;

/**
 * What a rule does for Docker or Podman. The words are the same for every engine and backend; where an engine has no rule
 * of its own for something, the role does not occur.
 *
 * <p>What bumps a counter follows from where the kernel enters: a rule under a chain of type nat sees the first packet of a
 * flow only, every other rule each packet that reaches it. Podman's rules of nftables have no counters.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum RuleRole {
    /** Leads to the published ports; each flow that arrives for any host address bumps it, so it counts while idle. */
    NAT_JUMP_PRE,
    /**
     * Leads to the published ports; each flow from a process of the host to one of its own addresses bumps it, those to
     * loopback addresses only where the userland proxy is off. Podman has no such proxy.
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
     * Leads what leaves a network by its addresses to {@link #NO_MASQUERADE} and {@link #MASQUERADE}; each flow from the
     * network bumps it. Podman.
     */
    MASQUERADE_JUMP,
    /** Leaves flows within a network their source; each such flow that netfilter sees bumps it. Podman. */
    NO_MASQUERADE,
    /**
     * Leads flows to a published port that come from the same network or from the host itself to
     * {@link #HAIRPIN_SET_MARK}; each such flow bumps it. Podman.
     */
    HAIRPIN_MARK,
    /** Gives flows the mark that {@link #HAIRPIN_MASQ} asks for; each flow that was led there bumps it. Podman. */
    HAIRPIN_SET_MARK,
    /** Leads to {@link #HAIRPIN_MASQ}; each flow that leaves by any device bumps it. Podman. */
    HAIRPIN_MASQ_JUMP,
    /**
     * Gives flows to a published port that came from its own network, or from the host, the bridge's address; each bumps
     * it. Podman's one rule for what Docker has {@link #HAIRPIN_SELF} and {@link #HAIRPIN_HOST} for.
     */
    HAIRPIN_MASQ,
    /**
     * Leads name lookups that containers send to their gateway to the port where the engine's resolver listens; each
     * lookup's flow bumps it. Podman, where that port is not 53.
     */
    DNS_DNAT,
    /**
     * Leads name lookups of a container to its engine's resolver at 127.0.0.11; each lookup's flow bumps it. Such rules
     * stand in a container's namespace: in a daemon that runs in a container they belong to the outer engine.
     */
    EMBEDDED_DNS,

    /** Leads to the user's own rules, before any of Docker's; each forwarded packet bumps it. */
    USER_JUMP,
    /**
     * Leads to the engine's own rules; each forwarded packet that the rules before it left undecided bumps it. Docker from
     * 28.0.1, and Podman.
     */
    FORWARD_JUMP,
    /** Leads to {@link #RETURN_TRAFFIC}; each forwarded packet that got there bumps it. From 28.0.1. */
    CT_JUMP,
    /**
     * Leads to the rules between bridges; each forwarded packet that got there bumps it. Docker up to Engine 28; Podman
     * where a network is isolated, and again from its strictly isolated networks' chain to that of the others.
     */
    ISOLATION_JUMP,
    /** Leads to the rules of internal networks; each forwarded packet that got there bumps it. From Engine 29. */
    INTERNAL_JUMP,
    /** Leads to {@link #PORT_JUMP}; each forwarded packet that got there bumps it. From 28.0.1. */
    BRIDGE_JUMP,
    /**
     * Leads a packet to the rules of the bridge that it comes from or goes to, by a map of bridges; it counts nothing. Of
     * a packet from one bridge to another only the rules of the second are asked once they accept or drop it. Docker with
     * nftables.
     */
    BRIDGE_DISPATCH,
    /** Accepts packets to a network that belong to a known flow: each packet inwards but a flow's first bumps it. */
    RETURN_TRAFFIC,
    /**
     * Leads to published ports. Docker's stands in the filter table, one for each network, and a flow's first packet
     * inwards bumps it. Podman's stands among the translations, one for each published port or range, and each flow to it
     * from anywhere bumps it.
     */
    PORT_JUMP,
    /**
     * Accepts what a network sends. With iptables each packet outwards bumps it, replies to published ports as well, so a
     * count does not mean that the container began anything; from Engine 28 the same rule also accepts traffic within the
     * bridge. Of Docker with nftables only the first packet of a flow that a container begins bumps it: the others are
     * {@link #OUTBOUND_ESTABLISHED}.
     */
    OUTBOUND_ACCEPT,
    /**
     * Accepts what a network sends on a known flow: each packet outwards bumps it but the first of a flow that a container
     * began, so replies to published ports do. Docker with nftables; elsewhere {@link #OUTBOUND_ACCEPT} counts these too.
     */
    OUTBOUND_ESTABLISHED,
    /**
     * Accepts packets of flows that {@link #PORT_DNAT} marked, so that isolation does not part published ports from other
     * networks; each bumps it. Podman with nftables, from netavark 2.1.
     */
    PORT_MARK_ACCEPT,
    /** Drops packets that conntrack can make nothing of; each forwarded one bumps it. Podman. */
    INVALID_DROP,
    /** Leads to {@link #DNS_ACCEPT}; each packet to the host itself bumps it. Podman. */
    INPUT_JUMP,
    /** Accepts name lookups that a network's containers send to the host; each packet bumps it. Podman. */
    DNS_ACCEPT,
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
     * Leads what leaves a bridge to {@link #ISOLATION_DROP}; each packet outwards bumps it, not only forbidden ones.
     * Docker up to Engine 28, and Podman's isolated networks.
     */
    ISOLATION_FROM,
    /** Drops packets from one bridge to another; each bumps it. Docker up to Engine 28, and Podman. */
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
    /**
     * Marks packets to a swarm service's port or address for IPVS; each bumps it. Such rules, as the next ones, stand in a
     * namespace of swarm's own.
     */
    INGRESS_MARK,
    /** Gives flows that IPVS sends on to a task the sandbox's address; each bumps it. */
    INGRESS_SNAT,
    /** Translates a swarm service's port to the task's; each flow to it bumps it. */
    INGRESS_TASK_REDIRECT,
    /** Accepts packets to a task's port, or of known flows back from it; each bumps it. */
    INGRESS_TASK_ACCEPT,
    /** Drops packets to or from a task's ingress address that are for no service; each bumps it. */
    INGRESS_TASK_DROP,
    /** Marks an encrypted overlay's outgoing packets for IPsec; each bumps it. */
    OVERLAY_ENCRYPT_MARK,
    /** Accepts an encrypted overlay's packets that came through IPsec; each bumps it. */
    OVERLAY_IPSEC_ACCEPT,
    /** Drops an encrypted overlay's packets that came in the clear; each bumps it. */
    OVERLAY_PLAIN_DROP,

    /** Is no engine's rule: the user's, or another program's, also where it stands in one of an engine's chains. */
    FOREIGN
}
