// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.samples;

import static io.github.countercheck.NetworkAssertions.assertPolicy;
import static io.github.countercheck.NetworkAssertions.assertRuleHit;
import static io.github.countercheck.NetworkAssertions.assertRulesetUnchanged;
import static io.github.countercheck.NetworkAssertions.times;

import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.Traffic;
import io.github.countercheck.ruleset.Policy;
import io.github.countercheck.snapshot.CounterSnapshot;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.junit.jupiter.Container;

/** For those who know their rules: policies, one rule by its text, and that traffic changes nothing but counters. */
@ContainerNetworkTest
class ChainsIT {

    @Container
    static final GenericContainer<?> web = Web.container();

    @Test
    void natChainsAcceptWhatNoRuleDecides() {
        assertPolicy("nat", "PREROUTING", Policy.ACCEPT);
        assertPolicy("nat", "POSTROUTING", Policy.ACCEPT);
    }

    @Test
    void eachNewFlowToTheHostIsShownToDocker(Traffic traffic) {
        traffic.times(3).toPublishedPort(web, 80);

        assertRuleHit("nat", "PREROUTING", "-m addrtype --dst-type LOCAL -j DOCKER", times(3));
        assertRuleHit("filter", "FORWARD", "-j DOCKER-USER");
    }

    @Test
    void trafficChangesNoRule(Traffic traffic, CounterSnapshot before) {
        traffic.toPublishedPort(web, 80);
        traffic.from(web).toOutside();

        assertRulesetUnchanged(before, traffic.snapshot());
    }
}
