// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.model.Container;
import java.lang.reflect.Field;
import java.util.List;
import java.util.UUID;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.HostPortWaitStrategy;
import org.testcontainers.containers.wait.strategy.HttpWaitStrategy;
import org.testcontainers.containers.wait.strategy.WaitStrategy;

/**
 * Makes a container that somebody else made one of a daemon under test. Testcontainers has no way for that; where a container
 * is asked for is a field of it, though.
 */
final class Adoption implements AutoCloseable {

    private static final String LABEL = "countercheck.adopted";

    private final DockerClient client;
    private final String id = UUID.randomUUID().toString();

    private Adoption(DockerClient client) {
        this.client = client;
    }

    static Adoption of(DaemonContainer daemon, GenericContainer<?> container) {
        Adoption adoption = new Adoption(daemon.client());
        daemon.copyImage(container.getDockerImageName());
        set(container, "dockerClient", daemon.client());
        container.withLabel(LABEL, adoption.id);
        WaitStrategy wait = (WaitStrategy) get(container, "waitStrategy");
        if (wait instanceof HostPortWaitStrategy || wait instanceof HttpWaitStrategy) {
            container.setWaitStrategy(new Listening(daemon));
        }
        return adoption;
    }

    private static void set(GenericContainer<?> container, String name, Object value) {
        try {
            field(name).set(container, value);
        } catch (ReflectiveOperationException e) {
            throw unknown(name, e);
        }
    }

    private static Object get(GenericContainer<?> container, String name) {
        try {
            return field(name).get(container);
        } catch (ReflectiveOperationException e) {
            throw unknown(name, e);
        }
    }

    private static Field field(String name) throws NoSuchFieldException {
        Field field = GenericContainer.class.getDeclaredField(name);
        field.setAccessible(true);
        return field;
    }

    private static IllegalStateException unknown(String name, ReflectiveOperationException cause) {
        return new IllegalStateException(
                "this Testcontainers' GenericContainer has no field " + name + "; make the container with"
                        + " daemon.container(image)",
                cause);
    }

    @Override
    public void close() {
        List<Container> adopted = client.listContainersCmd()
                .withShowAll(true)
                .withLabelFilter(List.of(LABEL + "=" + id))
                .exec();
        adopted.forEach(container -> client.removeContainerCmd(container.getId())
                .withForce(true)
                .withRemoveVolumes(true)
                .exec());
    }
}
