// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.jupiter;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.TestWeb;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.junit.jupiter.Container;

/** Needs no Docker: shows what those see who have none. */
class UnreachableDaemonTests {

    @TempDir
    Path directory;

    @Test
    void theClassIsSkippedWithTheReasonAndWhatToDo() throws IOException, InterruptedException {
        List<String> output =
                ChildJvm.of(Annotated.class, directory).withoutDaemon().run();

        assertThat(output)
                .filteredOn(line -> line.startsWith("skipped "))
                .singleElement()
                .asString()
                .startsWith("skipped UnreachableDaemonTests$Annotated: no Docker daemon answers (")
                .endsWith("; to run it: start Docker, or point DOCKER_HOST at a daemon;"
                        + " on a bare Debian machine: ci/with-docker COMMAND");
        assertThat(output).noneMatch(line -> line.startsWith("failed ")).noneMatch(line -> line.contains("measures()"));
    }

    @Test
    void whereMeasuringIsRequiredTheClassFailsWithTheSameWords() throws IOException, InterruptedException {
        assertFailed(ChildJvm.of(Annotated.class, directory)
                .withoutDaemon()
                .property("countercheck.required", "true")
                .run());
    }

    @Test
    void theEnvironmentCanRequireItToo() throws IOException, InterruptedException {
        assertFailed(ChildJvm.of(Annotated.class, directory)
                .withoutDaemon()
                .environment("COUNTERCHECK_REQUIRED", "true")
                .run());
    }

    private static void assertFailed(List<String> output) {
        assertThat(String.join("\n", output))
                .contains("failed UnreachableDaemonTests$Annotated: ")
                .contains("not measured: no Docker daemon answers (")
                .contains("\n  try       start Docker, or point DOCKER_HOST at a daemon")
                .doesNotContain("skipped ")
                .doesNotContain("measures()");
    }

    @ContainerNetworkTest
    static class Annotated {

        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @Test
        void measures() {}

        @Nested
        class Inner {
            @Test
            void measures() {}
        }
    }
}
