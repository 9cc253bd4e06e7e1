// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import static io.github.countercheck.docker.RuleRole.DIRECT_ACCESS_DROP;
import static io.github.countercheck.docker.RuleRole.ICC_DROP;
import static io.github.countercheck.docker.RuleRole.INTERNAL_OUT_DROP;
import static io.github.countercheck.docker.RuleRole.ISOLATION_DROP;
import static io.github.countercheck.docker.RuleRole.UNPUBLISHED_DROP;

import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.traffic.Outcome;
import org.apiguardian.api.API;

/**
 * What a daemon promises of each path, given its configuration and nothing that was measured.
 *
 * <p>It is derived from how each engine arranges its rules, and holds for containers that publish their ports without a host
 * address: {@code -p 80}.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class Promises {

    private final DaemonConfig config;
    private final EngineVersion engine;
    private final HostSetting host;

    private Promises(DaemonConfig config, EngineVersion engine, HostSetting host) {
        this.config = config;
        this.engine = engine;
        this.host = host;
    }

    /** Derives them. */
    public static Promises of(DaemonConfig config, EngineVersion engine, HostSetting host) {
        return new Promises(config, engine, host);
    }

    /** Returns how the default bridge is set up. */
    public BridgeSettings defaultBridge() {
        return BridgeSettings.ofDefaultBridge(config);
    }

    /** Returns how a network is set up that a user makes without options. */
    public BridgeSettings userNetwork() {
        return BridgeSettings.ofUserNetwork(config, engine);
    }

    /**
     * Returns what is promised of a path from the default bridge or to it; where it leads across bridges, to a network that
     * a user made.
     */
    public Promise of(PathId path, Family family, Transport transport) {
        boolean across = path == PathId.ACROSS_BRIDGES || path == PathId.ACROSS_BRIDGES_TO_PUBLISHED;
        return of(path, family, transport, defaultBridge(), across ? userNetwork() : defaultBridge());
    }

    /**
     * Returns what is promised of a path.
     *
     * @param client the network of the container that calls; where none does, that of the one that is called
     * @param server the network of the container that is called; where none is, that of the one that calls
     */
    public Promise of(PathId path, Family family, Transport transport, BridgeSettings client, BridgeSettings server) {
        return new OfPath(family, transport, client, server).promise(path);
    }

    /** Tells whether the daemon writes rules of that family. */
    public boolean writesRules(Family family) {
        return family == Family.IPV6 ? config.ip6tables(engine) : config.iptables();
    }

    private boolean forwards(Family family) {
        return host.forwarded().contains(family) || config.ipForward();
    }

    /** Whether the policy of FORWARD is the daemon's DROP. */
    private boolean dropsByPolicy(Family family) {
        if (!writesRules(family) || config.nftables(engine)) {
            return false;
        }
        if (family == Family.IPV6 && !engine.isAtLeast(28, 0)) {
            return true;
        }
        return config.ipForward() && !host.forwarded().contains(family) && !config.ipForwardNoDrop();
    }

    /** What is the same for all paths between two networks. */
    private final class OfPath {

        private final Family family;
        private final Transport transport;
        private final BridgeSettings client;
        private final BridgeSettings server;
        private final boolean rules;
        private final boolean proxy = config.userlandProxy();

        OfPath(Family family, Transport transport, BridgeSettings client, BridgeSettings server) {
            this.family = family;
            this.transport = transport;
            this.client = client;
            this.server = server;
            this.rules = writesRules(family);
        }

        Promise promise(PathId path) {
            if (path.isToPublishedPort()) {
                if (!server.publishes(family)) {
                    return Promise.unanswered(Outcome.NOT_SENT, Mechanism.NOT_PUBLISHED);
                }
                boolean loopback = path == PathId.LOOPBACK_TO_PUBLISHED;
                if (server.hostAddress() != null && server.isOnLoopback() != loopback) {
                    return Promise.unanswered(Outcome.REFUSED, Mechanism.NOT_PUBLISHED);
                }
            }
            Promise promise = switch (path) {
                case EXTERNAL_TO_PUBLISHED -> external();
                case HOST_ADDRESS_TO_PUBLISHED -> hostAddress();
                case LOOPBACK_TO_PUBLISHED -> loopback();
                case CONTAINER_TO_OUTSIDE -> toOutside();
                case HAIRPIN -> hairpin();
                case SAME_BRIDGE -> sameBridge();
                case SAME_BRIDGE_TO_PUBLISHED -> sameBridgeToPublished();
                case ACROSS_BRIDGES -> acrossBridges();
                case ACROSS_BRIDGES_TO_PUBLISHED -> acrossBridgesToPublished();
                case DIRECT_TO_PUBLISHED -> directToPublished();
                case DIRECT_TO_UNPUBLISHED -> directToUnpublished();
                case INTERNAL_TO_OUTSIDE -> internalToOutside();
                case HOST_TO_CONTAINER -> Promise.answered(Mechanism.DIRECT, Source.GATEWAY);
            };
            return needsForwarding(path, promise) && !forwards(family)
                    ? Promise.unanswered(Outcome.TIMED_OUT, Mechanism.NOT_FORWARDED)
                    : promise;
        }

        /** What is dropped before routing, or never sent, does not get so far; nor what the host itself sends or takes. */
        private boolean needsForwarding(PathId path, Promise promise) {
            return switch (path) {
                case HOST_ADDRESS_TO_PUBLISHED, LOOPBACK_TO_PUBLISHED, HOST_TO_CONTAINER, SAME_BRIDGE -> false;
                default ->
                    promise.outcome().wasSent()
                            && promise.role() != DIRECT_ACCESS_DROP
                            && promise.mechanism() != Mechanism.DOCKER_PROXY
                            && promise.mechanism() != Mechanism.NOT_PUBLISHED;
            };
        }

        private Promise external() {
            return rules ? Promise.answered(Mechanism.DNAT, Source.SENDER) : byProxy(false);
        }

        private Promise hostAddress() {
            return rules ? Promise.answered(Mechanism.DNAT, proxy ? Source.HOST : Source.GATEWAY) : byProxy(false);
        }

        private Promise loopback() {
            if (proxy || !rules) {
                return byProxy(false);
            }
            // There is no route_localnet for IPv6: translated, masqueraded, and lost.
            return family == Family.IPV6
                    ? Promise.unanswered(Outcome.TIMED_OUT, Mechanism.LOST)
                    : Promise.answered(Mechanism.DNAT, Source.GATEWAY);
        }

        private Promise byProxy(boolean fromContainer) {
            if (!proxy) {
                return withoutProxy();
            }
            // On any address it answers with that of the bridge, which the container has not called.
            return fromContainer
                            && transport == Transport.UDP
                            && server.hostAddress() == null
                            && !engine.isAtLeast(28, 0)
                    ? Promise.unanswered(Outcome.TIMED_OUT, Mechanism.DOCKER_PROXY)
                    : Promise.answered(Mechanism.DOCKER_PROXY, Source.GATEWAY);
        }

        /** The daemon keeps the port for the container with a socket of its own, and nobody reads from it. */
        private Promise withoutProxy() {
            return Promise.unanswered(Outcome.TIMED_OUT, Mechanism.LOST);
        }

        private Promise toOutside() {
            if (rules && client.masquerade() && client.gatewayMode(family) != GatewayMode.ROUTED) {
                return Promise.answered(Mechanism.MASQUERADE, Source.HOST);
            }
            if (!host.outsideRoutesBack()) {
                return Promise.unanswered(Outcome.TIMED_OUT, Mechanism.LOST);
            }
            return dropsRepliesToClient()
                    ? Promise.blockedBy(DIRECT_ACCESS_DROP)
                    : Promise.answered(Mechanism.DIRECT, Source.SENDER);
        }

        /** A reply to a container's own address comes in by another device than its bridge. */
        private boolean dropsRepliesToClient() {
            return engine.isAtLeast(28, 2) && dropsDirectAccess(client);
        }

        private boolean dropsDirectAccess(BridgeSettings network) {
            return rules
                    && engine.isAtLeast(28, 0)
                    && !(config.allowDirectRouting() && engine.isAtLeast(28, 2))
                    && network.gatewayMode(family) == GatewayMode.NAT;
        }

        private Promise hairpin() {
            if (proxy || !rules) {
                return byProxy(true);
            }
            return client.icc() ? Promise.answered(Mechanism.DNAT, Source.GATEWAY) : Promise.blockedBy(ICC_DROP);
        }

        private Promise sameBridge() {
            return rules && !client.icc() && host.bridgesAskRules().contains(family)
                    ? Promise.blockedBy(ICC_DROP)
                    : Promise.answered(Mechanism.DIRECT, Source.SENDER);
        }

        private Promise sameBridgeToPublished() {
            if (proxy || !rules) {
                return byProxy(true);
            }
            if (!client.icc()) {
                return Promise.blockedBy(ICC_DROP);
            }
            // Else the answer takes the short way over the bridge, where nobody translates it back.
            return host.bridgesAskRules().contains(family)
                    ? Promise.answered(Mechanism.DNAT, Source.SENDER)
                    : Promise.unanswered(Outcome.TIMED_OUT, Mechanism.LOST);
        }

        private Promise acrossBridges() {
            if (!rules) {
                return Promise.answered(Mechanism.DIRECT, Source.SENDER);
            }
            if (dropsDirectAccess(server)) {
                return Promise.blockedBy(DIRECT_ACCESS_DROP);
            }
            boolean routed = server.gatewayMode(family) == GatewayMode.ROUTED && engine.isAtLeast(28, 0);
            if (!engine.isAtLeast(29, 0) && !routed) {
                return Promise.blockedBy(ISOLATION_DROP);
            }
            if (client.masquerade() && client.gatewayMode(family) != GatewayMode.ROUTED) {
                return Promise.answered(Mechanism.MASQUERADE, Source.GATEWAY);
            }
            return dropsRepliesToClient()
                    ? Promise.blockedBy(DIRECT_ACCESS_DROP)
                    : Promise.answered(Mechanism.DIRECT, Source.SENDER);
        }

        private Promise acrossBridgesToPublished() {
            if (!rules) {
                return byProxy(true);
            }
            boolean masqueraded = client.masquerade() && client.gatewayMode(family) != GatewayMode.ROUTED;
            if (!engine.isAtLeast(29, 0)) {
                // A rule that leaves a bridge's own calls to docker-proxy goes with its masquerading.
                return proxy && masqueraded ? byProxy(true) : Promise.blockedBy(ISOLATION_DROP);
            }
            if (masqueraded) {
                return Promise.answered(Mechanism.DNAT, Source.GATEWAY);
            }
            return dropsRepliesToClient()
                    ? Promise.blockedBy(DIRECT_ACCESS_DROP)
                    : Promise.answered(Mechanism.DNAT, Source.SENDER);
        }

        private Promise directToPublished() {
            return dropsDirectAccess(server)
                    ? Promise.blockedBy(DIRECT_ACCESS_DROP)
                    : Promise.answered(Mechanism.DIRECT, Source.SENDER);
        }

        private Promise directToUnpublished() {
            if (!rules || server.gatewayMode(family) == GatewayMode.NAT_UNPROTECTED) {
                return Promise.answered(Mechanism.DIRECT, Source.SENDER);
            }
            if (!engine.isAtLeast(28, 0)) {
                return dropsByPolicy(family)
                        ? Promise.blockedByPolicy()
                        : Promise.answered(Mechanism.DIRECT, Source.SENDER);
            }
            // Up to 28.1 the earlier rule names published ports alone.
            return Promise.blockedBy(
                    engine.isAtLeast(28, 2) && dropsDirectAccess(server) ? DIRECT_ACCESS_DROP : UNPUBLISHED_DROP);
        }

        private Promise internalToOutside() {
            if (engine.isAtLeast(25, 0)) {
                return Promise.unanswered(Outcome.NOT_SENT, Mechanism.NO_ROUTE);
            }
            if (rules) {
                return Promise.blockedBy(INTERNAL_OUT_DROP);
            }
            return host.outsideRoutesBack()
                    ? Promise.answered(Mechanism.DIRECT, Source.SENDER)
                    : Promise.unanswered(Outcome.TIMED_OUT, Mechanism.LOST);
        }
    }
}
