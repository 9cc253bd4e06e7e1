// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.DockerClientException;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.LogConfig;
import io.github.countercheck.CountercheckException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.ContainerFetchException;
import org.testcontainers.images.RemoteDockerImage;
import org.testcontainers.utility.DockerImageName;
import org.testcontainers.utility.LogUtils;
import org.testcontainers.utility.ResourceReaper;

/**
 * A container that is used as soon as the daemon says that it runs. It publishes no port and has nothing to be waited for, which a
 * {@link org.testcontainers.containers.GenericContainer} asks the daemon three more times about. As one of those it is
 * labelled, so that it is reaped with the other containers of the run.
 */
final class ToolContainer implements AutoCloseable {

    /**
     * Keeps the input, which what runs in the background would not have otherwise, for a shell; says on standard error when that
     * has ended, for its output stays open as long as the container runs; and itself ends at once when it is told to, which a
     * bare {@code sleep} as first process does not.
     */
    private static final List<String> SHELL_AND_WAIT_FOR_TERM = List.of(
            "/bin/sh",
            "-c",
            "exec 3<&0; /bin/sh <&3 3<&- 2>/dev/null & trap 'exit 0' TERM INT; wait $!; echo the shell has ended >&2;"
                    + " while :; do sleep 3600 & wait $!; done");

    private final DockerClient client;
    private final String image;
    private final String id;
    private @Nullable ContainerConnection first;

    private ToolContainer(DockerClient client, String image, String id) {
        this.client = client;
        this.image = image;
        this.id = id;
    }

    /**
     * Starts one with a command that comes to its end; the image is pulled if it is not there.
     *
     * @throws CountercheckException if it does not start
     */
    static ToolContainer start(String image, HostConfig hostConfig, List<String> command) {
        return start(image, hostConfig, create -> create.withCmd(command), container -> {});
    }

    /**
     * Starts one that waits until it is closed, with a {@link #shell()} that is there as soon as the container is. That saves a
     * {@code docker exec}, which takes half as long as starting the container; and what the shell prints is not logged.
     *
     * @throws CountercheckException if it does not start
     */
    static ToolContainer startWithShell(String image, HostConfig hostConfig) {
        return start(
                image,
                hostConfig.withLogConfig(new LogConfig(LogConfig.LoggingType.NONE)),
                create -> create.withCmd(SHELL_AND_WAIT_FOR_TERM)
                        .withStdinOpen(true)
                        .withStdInOnce(true)
                        .withAttachStdin(true)
                        .withAttachStdout(true)
                        .withAttachStderr(true),
                container -> container.first = ContainerConnection.attach(container.client, container.id));
    }

    private static ToolContainer start(
            String image,
            HostConfig hostConfig,
            UnaryOperator<CreateContainerCmd> with,
            Consumer<ToolContainer> beforeStart) {
        DockerClient client = DockerClientFactory.lazyClient();
        try {
            String id = with.apply(client.createContainerCmd(new RemoteDockerImage(DockerImageName.parse(image)).get())
                            .withHostConfig(hostConfig)
                            .withLabels(labels(hostConfig)))
                    .exec()
                    .getId();
            ToolContainer container = new ToolContainer(client, image, id);
            try {
                beforeStart.accept(container);
                client.startContainerCmd(id).exec();
            } catch (DockerException | CountercheckException e) {
                container.close();
                throw e;
            }
            return container;
        } catch (DockerException | ContainerFetchException e) {
            throw new CountercheckException(
                    "the tool container did not start from image " + image,
                    "pull or build that image, or name another with iptables, nft, conntrack, ip and socat in it"
                            + " (countercheck.toolbox.image)"
                            + ("host".equals(hostConfig.getPidMode()) ? "; the daemon has to allow --pid host" : ""),
                    e);
        }
    }

    /** Asks the reaper for its labels, which starts it if need be. It calls all its methods deprecated, as none is for tests. */
    @SuppressWarnings("deprecation")
    private static Map<String, String> labels(HostConfig hostConfig) {
        Map<String, String> labels = new HashMap<>(DockerClientFactory.DEFAULT_LABELS);
        labels.putAll(ResourceReaper.instance().getLabels());
        labels.put("countercheck.network", hostConfig.getNetworkMode());
        labels.put(Owner.LABEL, Owner.SELF.toString());
        return labels;
    }

    String id() {
        return id;
    }

    /** Returns the daemon host's id of its first process; 0 where there is none. */
    long pid() {
        Long pid = client.inspectContainerCmd(id).exec().getState().getPidLong();
        return pid == null ? 0 : pid;
    }

    /**
     * Gives a shell in it, with nobody else to talk to: the one that it was started with, and then others.
     *
     * @throws CountercheckException if the container does not run
     */
    synchronized ContainerConnection shell() {
        ContainerConnection shell = first;
        first = null;
        return shell == null || shell.hasEnded() ? exec(Command.of("/bin/sh")) : shell;
    }

    /**
     * Starts a command in it.
     *
     * @throws CountercheckException if the container does not run
     */
    ContainerConnection exec(Command command) {
        try {
            return ContainerConnection.exec(client, id, command);
        } catch (ConflictException | NotFoundException e) {
            throw new CountercheckException(
                    "a tool container of image " + image + " has ended",
                    "see what stopped or removed it; all it does is to wait, with the image's /bin/sh",
                    e);
        }
    }

    /**
     * Waits for its end, which the daemon tells at once.
     *
     * @return its exit status
     * @throws CountercheckException if it takes longer
     */
    int awaitEnd(Duration limit) {
        try {
            return client.waitContainerCmd(id).start().awaitStatusCode(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (DockerClientException e) {
            throw new CountercheckException(
                    "a container of image " + image + " did not end within " + limit.toSeconds() + " s",
                    "look for what holds it up there",
                    e);
        }
    }

    /** Returns what it has printed. */
    String logs() {
        return LogUtils.getOutput(client, id);
    }

    /** Ends and removes it. */
    @Override
    public synchronized void close() {
        if (first != null) {
            first.close();
        }
        Leftovers.remove(client, id);
    }
}
