// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import org.apiguardian.api.API;

/** Why packets did not go where they were expected, or why nobody can tell. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum Cause {
    /** The container that is meant does not run any more. */
    CONTAINER_STOPPED,
    /** The container was started again meanwhile and has another address or host port. */
    CONTAINER_RESTARTED,
    /** Nothing was sent, or no packet of it left its sender. */
    TRAFFIC_NOT_SENT,
    /** A counter was zeroed, or its rule was written again, so that it tells nothing. */
    COUNTERS_RESET,
    /** The rule that would tell has no counter. */
    NOT_COUNTED,
    /** More was counted than the test sent. */
    HIT_BY_STRANGER,

    /** No rule does what was claimed. */
    NO_RULE,
    /** None of the engine's rules is there: somebody flushed them, or the engine was told to write none. */
    RULES_FLUSHED,
    /** firewalld was reloaded, and a rule is missing since. */
    RELOAD_INCOMPLETE,
    /** Podman's rules were there, and are gone after a reload of the firewall. */
    NETAVARK_RULES_GONE,
    /** The kernel has no raw table, which Engine 28.0 needs for every published port. */
    RAW_TABLE_MISSING,
    /** No rule gives flows from the network another source address. */
    MASQUERADE_MISSING,
    /** The rule stands, and nothing met it. */
    RULE_NOT_HIT,
    /** The rule stands, and another one before it took the packets. */
    RULE_SHADOWED,
    /** A translation to an address that no container has any more took the packets. */
    STALE_DNAT,
    /** Conntrack still follows an older flow of the same addresses and ports, and no nat rule is asked again. */
    STALE_CONNTRACK,
    /** docker-proxy carried the traffic: it listens on the host's port and opens a connection of its own. */
    PROXY_PATH,

    /** The kernel is told to forward nothing. */
    FORWARDING_OFF,
    /** The policy of a chain dropped what no rule before it accepted. */
    FORWARD_POLICY_DROP,
    /** The policy of IPv6's FORWARD chain dropped what no rule before it accepted. */
    IPV6_FORWARD_POLICY,
    /** A rule that is not the engine's dropped the packets. */
    FOREIGN_DROP,
    /** A rule in the chain for the user's own rules dropped the packets. */
    USER_RULE_DROPS,
    /** A rule in the chain for the user's own rules was to drop them, and never matched. */
    USER_RULE_BYPASSED,
    /** A rule for what is sent to the host was to drop them; what is translated never comes by there. */
    INPUT_RULE_BYPASSED,
    /** A rule or policy for what is sent to the host dropped packets to docker-proxy. */
    INPUT_DROPS_PROXY,
    /** firewalld's own chains dropped the packets, or refused the bridge. */
    FIREWALLD_REJECTS,
    /** The other variant of iptables holds rules too, and they decided. */
    WRONG_BACKEND,
    /** The engine lets nobody from outside call a container's own address. */
    DIRECT_ROUTING_DROPPED,
    /** A port that is published on a loopback address was called by another machine. */
    LOOPBACK_PORT,
    /** Containers of one network may not talk to each other. */
    ICC_OFF,
    /** Containers of different networks may not talk to each other. */
    NETWORKS_ISOLATED,
    /** The network is internal: nothing gets in or out. */
    NETWORK_INTERNAL,
    /** The answer was bridged back past the rules that would have translated it. */
    BRIDGED_REPLY,
    /** The packets came as far as the rule before, and were dropped after it. */
    DROPPED_LATER,

    /** The kernel refused a source address that it would answer by another device. */
    RP_FILTER,
    /** Answers have no route back, or take another one. */
    RETURN_ROUTE,
    /** A route leads elsewhere, or nowhere. */
    WRONG_ROUTE,
    /** A route, or a network beside it, has part of the subnet of a bridge. */
    SUBNET_OVERLAP,
    /** The last link did not find the container. */
    NEIGHBOUR_FAILED,
    /** The table of tracked connections is full. */
    CONNTRACK_FULL,
    /** Traffic control dropped packets before or after all rules. */
    TRAFFIC_CONTROL,
    /** Large packets do not fit through a device on the way, and nobody is told. */
    MTU,
    /** Nobody listens on the port inside the container. */
    NOT_LISTENING,
    /** The packets went all the way, and nothing came back. */
    NOT_ANSWERED
}
