// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.LogConfig;
import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.CountercheckException;
import io.github.countercheck.session.Image;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.testcontainers.DockerClientFactory;

/** What becomes of a container that is started for measuring. */
@ContainerNetworkTest
class ToolContainerIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);
    private static final String TOOLBOX = Image.TOOLBOX.reference();

    private final DockerClient docker = DockerClientFactory.lazyClient();

    @Test
    void isLabelledAsTheOthersOfTheRunAreSoThatItIsReapedWithThem() {
        try (Toolbox toolbox = Toolbox.inNetworkOfItsOwn(TOOLBOX, false)) {
            Map<String, String> labels = docker.inspectContainerCmd(toolbox.containerId())
                    .exec()
                    .getConfig()
                    .getLabels();

            assertThat(labels)
                    .containsAllEntriesOf(DockerClientFactory.DEFAULT_LABELS)
                    .containsEntry(DockerClientFactory.TESTCONTAINERS_SESSION_ID_LABEL, DockerClientFactory.SESSION_ID)
                    .containsEntry(Owner.LABEL, Owner.SELF.toString())
                    .containsEntry("countercheck.network", "none");
        }
    }

    @Test
    void isGoneOnceItIsClosedAndMayBeClosedAgain() {
        Toolbox toolbox = Toolbox.inNetworkOfItsOwn(TOOLBOX, false);
        assertThat(toolbox.pid()).isPositive();

        toolbox.close();
        toolbox.close();

        assertThatThrownBy(
                        () -> docker.inspectContainerCmd(toolbox.containerId()).exec())
                .isInstanceOf(NotFoundException.class);
    }

    @Test
    void ofAnImageWithoutAShellNothingIsLeft() {
        String image = Image.TOOL_LESS.reference();

        assertThatThrownBy(() -> Toolbox.inNetworkOfItsOwn(image, false))
                .isInstanceOf(CountercheckException.class)
                .hasMessageContaining("the tool container did not start from image " + image)
                .hasMessageContaining("countercheck.toolbox.image")
                .hasStackTraceContaining("/bin/sh");
        assertThat(docker.listContainersCmd()
                        .withShowAll(true)
                        .withLabelFilter(Map.of(Owner.LABEL, Owner.SELF.toString()))
                        .withAncestorFilter(List.of(image))
                        .exec())
                .isEmpty();
    }

    @Test
    void whatIsAskedOfOneThatSomebodyRemovedNamesItsImage() {
        try (Toolbox toolbox = Toolbox.inNetworkOfItsOwn(TOOLBOX, false)) {
            docker.removeContainerCmd(toolbox.containerId()).withForce(true).exec();

            // The daemon may take a moment to end the connection to the shell that it was started with.
            await().untilAsserted(() -> assertThatThrownBy(() -> toolbox.run(Command.of("true"), LIMIT))
                    .isInstanceOf(CountercheckException.class)
                    .hasMessageContaining("a tool container of image " + TOOLBOX + " has ended"));
        }
    }

    @Test
    void aCommandThatTakesTooLongCostsTheFirstShellAndNotTheContainer() {
        try (Toolbox toolbox = Toolbox.inNetworkOfItsOwn(TOOLBOX, false)) {
            assertThat(toolbox.run(Command.of("echo", "first"), LIMIT).output()).isEqualTo("first\n");

            assertThatThrownBy(() -> toolbox.run(Command.of("sleep", "60"), Duration.ofMillis(200)))
                    .isInstanceOf(CountercheckException.class)
                    .hasMessageContaining("took longer than 200 ms");

            assertThat(toolbox.run(Command.of("echo", "next"), LIMIT).output()).isEqualTo("next\n");
        }
    }

    @Test
    void whatAShellPrintsIsNotKeptByTheDaemon() {
        try (Toolbox toolbox = Toolbox.inNetworkOfItsOwn(TOOLBOX, false)) {
            assertThat(toolbox.run(Command.of("seq", "100000"), LIMIT).output()).endsWith("\n100000\n");

            assertThat(docker.inspectContainerCmd(toolbox.containerId())
                            .exec()
                            .getHostConfig()
                            .getLogConfig()
                            .getType())
                    .isEqualTo(LogConfig.LoggingType.NONE);
        }
    }

    @Test
    void ofAScriptThatFailsTheOutputIsTold() {
        assertThatThrownBy(() -> Toolbox.runOnDaemonsHost(
                        TOOLBOX, "the attempt", List.of("/bin/sh", "-c", "echo first; echo second >&2; exit 3")))
                .isInstanceOf(CountercheckException.class)
                .hasMessageContaining("the attempt failed: ")
                .hasMessageContaining("first")
                .hasMessageContaining("second");
        assertThat(Toolbox.runOnDaemonsHost(TOOLBOX, "the attempt", List.of("echo", "done")))
                .isEqualToIgnoringWhitespace("done");
    }
}
