// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.DockerClientException;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.HostConfig;
import io.github.countercheck.CountercheckException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
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

    private final DockerClient client;
    private final String image;
    private final String id;

    private ToolContainer(DockerClient client, String image, String id) {
        this.client = client;
        this.image = image;
        this.id = id;
    }

    /**
     * Starts one; the image is pulled if it is not there.
     *
     * @throws CountercheckException if it does not start
     */
    static ToolContainer start(String image, HostConfig hostConfig, List<String> command) {
        DockerClient client = DockerClientFactory.lazyClient();
        try {
            String id = client.createContainerCmd(new RemoteDockerImage(DockerImageName.parse(image)).get())
                    .withHostConfig(hostConfig)
                    .withLabels(labels(hostConfig))
                    .withCmd(command)
                    .exec()
                    .getId();
            ToolContainer container = new ToolContainer(client, image, id);
            try {
                client.startContainerCmd(id).exec();
            } catch (DockerException e) {
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
     * Starts a command in it.
     *
     * @throws CountercheckException if the container does not run
     */
    ExecConnection exec(Command command) {
        try {
            return new ExecConnection(client, id, command);
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
    public void close() {
        Leftovers.remove(client, id);
    }
}
