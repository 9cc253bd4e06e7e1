// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Transport;
import java.net.InetAddress;
import java.util.Set;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * A rule, what it is for and whom it serves.
 *
 * <p>What it serves is null where the rule does not say, or where the daemon does not know it (any more): the rule of a
 * container that is gone keeps its role.
 *
 * @param rule the rule
 * @param role what it is for
 * @param hooks where a packet must come by to reach it; empty where no jump leads to its chain, so that it counts nothing
 * @param container the container that it serves
 * @param network the network that it serves
 * @param transport the transport protocol that it asks for
 * @param ports the container's port or ports. {@link RuleRole#LOOPBACK_PORT_DROP} names a host port only, so there it is
 *     the port that the daemon publishes on it; the jumps and marks of a Podman port name none either, so there it is
 *     where the translations beside them lead.
 * @param hostPorts the host's port or ports
 * @param hostAddress the one host address that it is bound to
 * @param subnet the source network of {@link RuleRole#MASQUERADE} and {@link RuleRole#SNAT}, the inner one of
 *     {@link RuleRole#INTERNAL_IN_DROP} and {@link RuleRole#INTERNAL_OUT_DROP}, and the one by which a rule of Podman's
 *     knows its network
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record ClassifiedRule(
        Rule rule,
        RuleRole role,
        Set<Hook> hooks,
        @Nullable ContainerFacts container,
        @Nullable NetworkFacts network,
        @Nullable Transport transport,
        @Nullable PortRange ports,
        @Nullable PortRange hostPorts,
        @Nullable InetAddress hostAddress,
        @Nullable Cidr subnet) {

    /** Copies the hooks. */
    public ClassifiedRule {
        hooks = Set.copyOf(hooks);
    }

    /** Returns the container's port; null where the rule serves none or several. */
    public @Nullable Integer port() {
        return single(ports);
    }

    /** Returns the host's port; null where the rule names none or several. */
    public @Nullable Integer hostPort() {
        return single(hostPorts);
    }

    private static @Nullable Integer single(@Nullable PortRange range) {
        return range != null && range.isSingle() ? range.first() : null;
    }

    /** Tells whether the rule serves that port of its container, alone or among others. */
    public boolean servesPort(Transport wanted, int containerPort) {
        return transport == wanted && ports != null && ports.contains(containerPort);
    }

    /** Tells whether a packet can get to the rule at all. */
    public boolean isReachable() {
        return !hooks.isEmpty();
    }

    /** Tells whether the rule serves that container, compared by id. */
    public boolean serves(ContainerFacts other) {
        return container != null && container.id().equals(other.id());
    }

    /** Tells whether the rule serves that network, compared by id. */
    public boolean serves(NetworkFacts other) {
        return network != null && network.id().equals(other.id());
    }

    /** Says what the rule is for, and whom it serves: {@code PORT_DNAT web1 80/tcp}. */
    public String purpose() {
        return role
                + (container == null ? "" : " " + container.name())
                + (ports == null ? "" : " " + ports + "/" + transport);
    }

    static ClassifiedRule of(Rule rule, RuleRole role, Set<Hook> hooks) {
        return new ClassifiedRule(rule, role, hooks, null, null, null, null, null, null, null);
    }

    ClassifiedRule withRule(Rule newRule) {
        return new ClassifiedRule(
                newRule, role, hooks, container, network, transport, ports, hostPorts, hostAddress, subnet);
    }

    ClassifiedRule withPlace(@Nullable ContainerFacts newContainer, @Nullable NetworkFacts newNetwork) {
        return new ClassifiedRule(
                rule, role, hooks, newContainer, newNetwork, transport, ports, hostPorts, hostAddress, subnet);
    }

    ClassifiedRule withPort(@Nullable Transport newTransport, @Nullable PortRange newPorts) {
        return new ClassifiedRule(
                rule, role, hooks, container, network, newTransport, newPorts, hostPorts, hostAddress, subnet);
    }

    ClassifiedRule withHost(@Nullable InetAddress newHostAddress, @Nullable PortRange newHostPorts) {
        return new ClassifiedRule(
                rule, role, hooks, container, network, transport, ports, newHostPorts, newHostAddress, subnet);
    }

    ClassifiedRule withSubnet(@Nullable Cidr newSubnet) {
        return new ClassifiedRule(
                rule, role, hooks, container, network, transport, ports, hostPorts, hostAddress, newSubnet);
    }
}
