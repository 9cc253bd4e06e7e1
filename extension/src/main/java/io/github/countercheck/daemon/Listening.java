// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import io.github.countercheck.await.Patience;
import io.github.countercheck.netns.Command;
import io.github.countercheck.netns.Netns;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.Container;
import org.testcontainers.containers.ContainerLaunchException;
import org.testcontainers.containers.wait.strategy.AbstractWaitStrategy;

/**
 * Waits until something listens on each exposed port of a container of a daemon under test, as the kernel tells it: no packet
 * is sent for that.
 */
final class Listening extends AbstractWaitStrategy {

    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final DaemonContainer daemon;

    Listening(DaemonContainer daemon) {
        this.daemon = daemon;
    }

    @Override
    protected void waitUntilReady() {
        List<Integer> ports = ((Container<?>) waitStrategyTarget).getExposedPorts();
        Netns own = daemon.host().own();
        Long pid = waitStrategyTarget.getCurrentContainerInfo().getState().getPidLong();
        if (!Patience.look(startupTimeout, () -> listens(own, pid, ports), all -> all)) {
            throw new ContainerLaunchException("nothing listens on each of the ports " + ports + " inside");
        }
    }

    private static boolean listens(Netns own, @Nullable Long pid, List<Integer> ports) {
        String files = "/proc/" + pid + "/net/";
        List<String> sockets = own.run(Command.of("cat", files + "tcp", files + "tcp6"), LIMIT)
                .output()
                .lines()
                .toList();
        return ports.stream()
                .map(port -> String.format(Locale.ROOT, ":%04X", port))
                .allMatch(port -> sockets.stream().anyMatch(socket -> {
                    // sl local_address rem_address st
                    String[] fields = socket.strip().split("\\s+", 5);
                    return fields.length == 5 && fields[1].endsWith(port) && fields[3].equals("0A");
                }));
    }
}
