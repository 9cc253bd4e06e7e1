// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.jupiter;

import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static io.github.countercheck.NetworkAssertions.assertForwardAccepted;
import static io.github.countercheck.NetworkAssertions.assertIccDropped;
import static io.github.countercheck.NetworkAssertions.assertMasqueraded;
import static io.github.countercheck.NetworkAssertions.times;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.DockerDaemon;
import io.github.countercheck.TestWeb;
import io.github.countercheck.Traffic;
import io.github.countercheck.daemon.DaemonContainer;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.junit.jupiter.Container;

/** A class with a daemon of its own: its containers run there, and traffic and assertions are about it. */
@ContainerNetworkTest(await = "5s")
@DockerDaemon(image = "28.5", config = "{\"icc\": false}")
class DockerDaemonIT {

    @Container
    static final GenericContainer<?> web = TestWeb.container();

    @Container
    static final GenericContainer<?> other = TestWeb.container();

    @Test
    void thePublishedPortOfAContainerInAFieldIsTranslated(Traffic traffic) {
        traffic.times(2).toPublishedPort(web, 80);

        assertDnatHit(web, 80, times(2));
        assertForwardAccepted(web, 80, times(2));
    }

    @Test
    void whatGoesOutIsMasqueraded(Traffic traffic) {
        traffic.from(web).toOutside();

        assertMasqueraded(web);
    }

    @Test
    void theConfigurationIsTheDaemons(Traffic traffic, DaemonContainer daemon) {
        assertThat(daemon.client().versionCmd().exec().getVersion()).startsWith("28.5");
        traffic.from(other).toContainer(web, 80);

        assertIccDropped(other, web);
    }
}
