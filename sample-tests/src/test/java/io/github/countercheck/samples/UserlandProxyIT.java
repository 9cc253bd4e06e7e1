// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.samples;

import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static io.github.countercheck.NetworkAssertions.assertNoDnatHit;
import static io.github.countercheck.NetworkAssertions.times;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.Flow;
import io.github.countercheck.Traffic;
import io.github.countercheck.Vantage;
import org.junit.jupiter.api.Test;
import org.opentest4j.AssertionFailedError;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.junit.jupiter.Container;

/**
 * What a connection test cannot see. With Docker's default settings docker-proxy listens on each published port too: what
 * no rule translates, it carries. The connection is answered either way; only the counter tells.
 */
@ContainerNetworkTest
class UserlandProxyIT {

    @Container
    static final GenericContainer<?> web = Web.container();

    @Test
    void loopbackIsAnsweredWithoutTranslation(Traffic traffic) {
        Flow flow = traffic.times(3).from(Vantage.LOOPBACK).toPublishedPort(web, 80);

        assertTrue(flow.answered(), flow::toString);
        assertNoDnatHit(web, 80);
    }

    @Test
    void hostsOwnAddressIsTranslated(Traffic traffic) {
        traffic.times(3).from(Vantage.HOST).toPublishedPort(web, 80);

        assertDnatHit(web, 80, times(3));
    }

    /** The reason this project exists: a tool deletes Docker's rule, and a test that only connects stays green. */
    @Test
    void lostDnatRuleIsNoticedAlthoughConnectingStillWorks(Traffic traffic) {
        Flow intact = traffic.toPublishedPort(web, 80);
        assertDnatHit(intact, web, 80);

        try (DaemonFirewall firewall = new DaemonFirewall();
                DaemonFirewall.Deletion deletion = firewall.deleteDnatRule(web, 80)) {
            Flow flow = traffic.toPublishedPort(web, 80);

            assertTrue(flow.answered(), flow::toString);
            AssertionFailedError error = assertThrows(AssertionFailedError.class, () -> assertDnatHit(flow, web, 80));
            assertTrue(error.getMessage().contains("NO_RULE"), error::getMessage);
            assertTrue(error.getMessage().contains("docker-proxy answered"), error::getMessage);
            assertTrue(deletion.isInForce());
        }

        Flow restored = traffic.toPublishedPort(web, 80);
        assertDnatHit(restored, web, 80);
    }
}
