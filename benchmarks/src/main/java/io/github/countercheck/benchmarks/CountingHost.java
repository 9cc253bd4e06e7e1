// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import com.github.dockerjava.api.DockerClient;
import io.github.countercheck.netns.AmbientHost;
import io.github.countercheck.netns.Command;
import io.github.countercheck.netns.DaemonHost;
import io.github.countercheck.netns.Netns;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** The daemon's host, and what was run in its namespace. */
final class CountingHost implements DaemonHost {

    private final AmbientHost host;
    private final List<String> commands = new CopyOnWriteArrayList<>();
    private @Nullable Netns own;

    CountingHost(String image) {
        host = new AmbientHost(image);
    }

    /** Returns the commands that were run so far, in their order. */
    List<String> commands() {
        return List.copyOf(commands);
    }

    @Override
    public synchronized Netns own() {
        Netns current = own;
        if (current == null) {
            current = counted(host.own());
            own = current;
        }
        return current;
    }

    /** However a command is run there, it is given as one. */
    private Netns counted(Netns netns) {
        return (Netns) Proxy.newProxyInstance(
                Netns.class.getClassLoader(), new Class<?>[] {Netns.class}, (proxy, method, arguments) -> {
                    Object given = arguments == null || arguments.length == 0 ? null : arguments[0];
                    if (given instanceof Command command) {
                        commands.add(command.toString());
                    } else if (given instanceof List<?> readings) {
                        readings.forEach(reading ->
                                commands.add(((Netns.Reading) reading).command().toString()));
                    }
                    try {
                        return method.invoke(netns, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    @Override
    public DockerClient client() {
        return host.client();
    }

    @Override
    public Netns inside(String containerId, String containerName, long pid) {
        return host.inside(containerId, containerName, pid);
    }

    @Override
    public Apart apart(boolean ipv6) {
        return host.apart(ipv6);
    }

    @Override
    public String run(String purpose, List<String> command) {
        return host.run(purpose, command);
    }

    @Override
    public void close() {
        host.close();
    }
}
