// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.assertj;

import io.github.countercheck.Flow;
import io.github.countercheck.NetworkAssertions;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.traffic.Probe;
import java.net.InetAddress;
import java.util.Optional;
import org.apiguardian.api.API;
import org.assertj.core.api.AbstractAssert;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.ContainerState;

/**
 * AssertJ assertions on a flow. Each means, fails and declines to judge as the one of {@link NetworkAssertions} that it
 * names, in the form that takes a flow; they work on any thread.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class FlowAssert extends AbstractAssert<FlowAssert, Flow> {

    FlowAssert(@Nullable Flow actual) {
        super(actual, FlowAssert.class);
    }

    /** Asserts that every probe was answered. It does not say by whom: docker-proxy answers too. */
    public FlowAssert wasAnswered() {
        isNotNull();
        if (!actual.answered()) {
            throw failureWithActualExpected(actual, "every probe answered", "not answered: %s", actual);
        }
        return this;
    }

    /** As {@link NetworkAssertions#assertDnatHit(Flow, ContainerState, int)}. */
    public FlowAssert wasTranslatedTo(ContainerState container, int containerPort) {
        isNotNull();
        NetworkAssertions.assertDnatHit(actual, container, containerPort);
        return this;
    }

    /** As {@link NetworkAssertions#assertForwardAccepted(Flow, ContainerState, int)}. */
    public FlowAssert wasForwardedTo(ContainerState container, int containerPort) {
        isNotNull();
        NetworkAssertions.assertForwardAccepted(actual, container, containerPort);
        return this;
    }

    /** As {@link NetworkAssertions#assertMasqueraded(Flow)}. */
    public FlowAssert wasMasqueraded() {
        isNotNull();
        NetworkAssertions.assertMasqueraded(actual);
        return this;
    }

    /** As {@link NetworkAssertions#assertProxied(Flow, ContainerState, int)}. */
    public FlowAssert wasProxiedTo(ContainerState container, int containerPort) {
        isNotNull();
        NetworkAssertions.assertProxied(actual, container, containerPort);
        return this;
    }

    /**
     * Asserts that our own far end saw each probe come from that address.
     *
     * @param address a numeric address
     * @throws IllegalArgumentException if it is not one
     */
    public FlowAssert sawSource(String address) {
        isNotNull();
        InetAddress wanted = Cidr.parseAddress(address);
        for (Probe probe : actual.probes()) {
            if (!probe.sourceSeen().equals(Optional.of(wanted))) {
                String seen = probe.sourceSeen().map(Cidr::format).orElse("none: our own far end did not answer");
                throw failureWithActualExpected(
                        seen, address, "far end did not see source %s but %s, of %s", address, seen, actual);
            }
        }
        return this;
    }

    /** As {@link NetworkAssertions#assertDropped(Flow)}. */
    public FlowAssert wasDropped() {
        isNotNull();
        NetworkAssertions.assertDropped(actual);
        return this;
    }

    /** As {@link NetworkAssertions#assertDroppedBy(Flow, RuleRole)}. */
    public FlowAssert wasDroppedBy(RuleRole role) {
        isNotNull();
        NetworkAssertions.assertDroppedBy(actual, role);
        return this;
    }

    /** As {@link NetworkAssertions#assertPath(Flow, RuleRole...)}. */
    public FlowAssert followedPath(RuleRole... roles) {
        isNotNull();
        NetworkAssertions.assertPath(actual, roles);
        return this;
    }
}
