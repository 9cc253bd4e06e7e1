// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import com.github.dockerjava.api.exception.NotFoundException;
import io.github.countercheck.CountercheckException;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.utility.DockerImageName;

/**
 * A container of a daemon under test. Testcontainers knows one daemon in each JVM; what it would ask of that one is asked of
 * the other here.
 */
final class InnerContainer extends GenericContainer<InnerContainer> {

    private final DaemonContainer daemon;
    private final String image;

    InnerContainer(DaemonContainer daemon, String image) {
        super(DockerImageName.parse(image));
        this.daemon = daemon;
        this.image = image;
        dockerClient = daemon.client();
        // It is there by the time it is asked for.
        withImagePullPolicy(name -> false);
        setWaitStrategy(new Listening(daemon));
    }

    @Override
    public void start() {
        daemon.copyImage(image);
        super.start();
    }

    /** Testcontainers' own removal asks the other daemon, which knows no such container. */
    @Override
    public void stop() {
        String id = getContainerId();
        if (id != null) {
            try {
                dockerClient
                        .removeContainerCmd(id)
                        .withForce(true)
                        .withRemoveVolumes(true)
                        .exec();
            } catch (NotFoundException e) {
                logger().debug("container {} is gone already", id, e);
            }
        }
        super.stop();
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }

    /**
     * There is no such address: no packet gets from here to there.
     *
     * @throws CountercheckException always
     */
    @Override
    public String getHost() {
        throw new CountercheckException(
                "the daemon's network is joined to nothing that this JVM could call from",
                "send with Traffic, or run what calls in a container of the daemon");
    }
}
