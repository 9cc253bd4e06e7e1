// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.jupiter;

import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static io.github.countercheck.NetworkAssertions.times;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.Flow;
import io.github.countercheck.TestWeb;
import io.github.countercheck.Traffic;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.junit.jupiter.Container;

/** What depends on a class path or a log of its own, on a real daemon. */
class ClassPathAndLogIT {

    @TempDir
    Path directory;

    @Test
    void withoutTestcontainersForJupiterContainersAreStartedByHandAndMeasured()
            throws IOException, InterruptedException {
        List<String> output = required(WithoutContainerAnnotation.class)
                .withoutJar("testcontainers-junit-jupiter")
                .run();

        assertThat(output)
                .contains("successful startedBeforeTheWindow(Traffic)")
                .contains("successful thatJarIsReallyMissing()")
                .noneMatch(line -> line.startsWith("failed ") || line.startsWith("skipped "));
    }

    @Test
    void withoutAssertjOnlyItsOwnPackageIsLost() throws IOException, InterruptedException {
        List<String> output =
                required(WithoutAssertj.class).withoutJar("assertj-core").run();

        assertThat(output)
                .contains("successful measures(Traffic)")
                .contains("successful thatJarIsReallyMissing()")
                .noneMatch(line -> line.startsWith("failed ") || line.startsWith("skipped "));
    }

    @Test
    void theWalkOfEachTestIsLoggedWhereThatIsAskedFor() throws IOException, InterruptedException {
        String output = String.join(
                "\n",
                required(TwoConnections.class)
                        .property("countercheck.walk", "always")
                        .property("org.slf4j.simpleLogger.log.countercheck.walk", "info")
                        .run());

        assertThat(output)
                .contains("successful measures(Traffic)")
                .containsPattern("countercheck\\.walk - TwoConnections > measures\\(Traffic\\)\n"
                        + "  sent 2 TCP connections \\S+ -> \\S+: 2 answered\n")
                .containsPattern("nat/DOCKER +#\\d+ +\\+2 .* -j DNAT ");
    }

    @Test
    void otherwiseNoWalkIsLogged() throws IOException, InterruptedException {
        List<String> output = required(TwoConnections.class)
                .property("org.slf4j.simpleLogger.log.countercheck.walk", "info")
                .run();

        assertThat(output)
                .contains("successful measures(Traffic)")
                .noneMatch(line -> line.contains("countercheck.walk"));
    }

    private ChildJvm required(Class<?> fixture) {
        return ChildJvm.of(fixture, directory).property("countercheck.required", "true");
    }

    @ContainerNetworkTest
    static class WithoutContainerAnnotation {

        @Test
        void startedBeforeTheWindow(Traffic traffic) {
            try (GenericContainer<?> web = TestWeb.container()) {
                web.start();
                traffic.mark();
                traffic.times(2).toPublishedPort(web, 80);
                assertDnatHit(web, 80, times(2));
            }
        }

        @Test
        void thatJarIsReallyMissing() {
            assertThatThrownBy(() -> Class.forName("org.testcontainers.junit.jupiter.Testcontainers"))
                    .isInstanceOf(ClassNotFoundException.class);
        }
    }

    @ContainerNetworkTest
    static class WithoutAssertj {

        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @Test
        void measures(Traffic traffic) {
            Flow flow = traffic.toPublishedPort(web, 80);
            assertDnatHit(flow, web, 80);
        }

        @Test
        void thatJarIsReallyMissing() {
            try {
                Class.forName("org.assertj.core.api.Assertions");
            } catch (ClassNotFoundException e) {
                return;
            }
            throw new AssertionError("AssertJ is on the class path");
        }
    }

    @ContainerNetworkTest
    static class TwoConnections {

        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @Test
        void measures(Traffic traffic) {
            traffic.times(2).toPublishedPort(web, 80);
        }
    }
}
