// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.samples;

import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static io.github.countercheck.NetworkAssertions.assertForwardAccepted;
import static io.github.countercheck.NetworkAssertions.assertNoDnatHit;
import static io.github.countercheck.NetworkAssertions.times;

import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.Traffic;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.junit.jupiter.Container;

/** Each container has rules of its own, and they count apart. */
@ContainerNetworkTest
class TwoContainersIT {

    @Container
    static final GenericContainer<?> web1 = Web.container();

    @Container
    static final GenericContainer<?> web2 = Web.container();

    @Test
    void threeConnectionsToOneAreNoneToTheOther(Traffic traffic) {
        traffic.times(3).toPublishedPort(web1, 80);

        assertDnatHit(web1, 80, times(3));
        assertNoDnatHit(web2, 80);
    }

    @Test
    void eachCountsItsOwn(Traffic traffic) {
        traffic.times(2).toPublishedPort(web1, 80);
        traffic.times(5).toPublishedPort(web2, 80);

        assertDnatHit(web1, 80, times(2));
        assertDnatHit(web2, 80, times(5));
        assertForwardAccepted(web1, 80, times(2));
        assertForwardAccepted(web2, 80, times(5));
    }
}
