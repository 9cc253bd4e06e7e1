// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.HostConfig;
import io.github.countercheck.CountercheckException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.ContainerLaunchException;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.startupcheck.StartupCheckStrategy;
import org.testcontainers.utility.DockerImageName;

/**
 * A container that brings the network tools to a namespace: the daemon's, another container's, or one of its own.
 *
 * <p>It never joins a bridge, so starting it rewrites none of the daemon's rules and resets no counter. It is never
 * privileged: all capabilities are dropped but those that its place needs. Testcontainers labels it, so that it is
 * reaped with the other containers of the run.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class Toolbox implements Netns {

    /** Ends at once when told to, which a bare {@code sleep} as first process does not. */
    private static final List<String> WAIT_FOR_TERM =
            List.of("/bin/sh", "-c", "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done");

    /** What runs on the daemon's host for a moment has this long for it. */
    private static final Duration END = Duration.ofSeconds(30);

    private static final Map<String, String> WITH_IPV6 =
            Map.of("net.ipv6.conf.all.disable_ipv6", "0", "net.ipv6.conf.default.disable_ipv6", "0");

    private final GenericContainer<?> container;
    private final Shell shell;

    private Toolbox(String image, String networkMode, String description, Capability... capabilities) {
        this(container(image, networkMode, capabilities), image, description);
    }

    private Toolbox(GenericContainer<?> toStart, String image, String description) {
        container = toStart.withCommand(WAIT_FOR_TERM.toArray(String[]::new));
        start(container, image);
        shell = new Shell(description, () -> start(Command.of("/bin/sh")));
    }

    /**
     * Starts one in the daemon's own namespace, where it may read the rules.
     *
     * <p>That takes NET_ADMIN alone, unless the kernel holds tables of iptables-legacy: that tool asks through a raw socket,
     * so only where there is something to ask NET_RAW is added.
     */
    public static Toolbox inDaemonsNetwork(String image) {
        Toolbox toolbox = inDaemonsNetwork(image, Capability.NET_ADMIN);
        if (LegacyTables.of(toolbox).areNone()) {
            return toolbox;
        }
        toolbox.close();
        return inDaemonsNetwork(image, Capability.NET_ADMIN, Capability.NET_RAW);
    }

    private static Toolbox inDaemonsNetwork(String image, Capability... capabilities) {
        return new Toolbox(image, "host", "the Docker daemon's network (a --network host container)", capabilities);
    }

    /** Starts one in the namespace of a container, which may itself hold no tool at all. It has no capability. */
    public static Toolbox inNetworkOf(String image, String containerId, String containerName) {
        return new Toolbox(image, "container:" + containerId, "the network of container " + containerName);
    }

    /**
     * Starts one in a namespace of its own, in which only it may set addresses and routes (NET_ADMIN).
     *
     * @param ipv6 whether it is to have IPv6, which Docker switches off in a container without a network, and which must not
     *     be asked for where the kernel has none
     */
    public static Toolbox inNetworkOfItsOwn(String image, boolean ipv6) {
        GenericContainer<?> container = container(image, "none", Capability.NET_ADMIN);
        if (ipv6) {
            container.withCreateContainerCmdModifier(
                    create -> hostConfig(create.getHostConfig()).withSysctls(WITH_IPV6));
        }
        return new Toolbox(container, image, "the network of the peer container");
    }

    /**
     * Starts one beside a daemon that runs in a container: in that container's network, with sight of its processes, so that
     * it can enter their namespaces (SYS_ADMIN, SYS_PTRACE) and reach the daemon's socket.
     *
     * @param image an image with a shell, nsenter, unshare and what a tool image has
     * @param daemonId the id of the daemon's container
     */
    public static Toolbox beside(String image, String daemonId) {
        String share = "container:" + daemonId;
        return new Toolbox(
                container(
                                image,
                                share,
                                Capability.NET_ADMIN,
                                Capability.NET_RAW,
                                Capability.SYS_ADMIN,
                                Capability.SYS_PTRACE,
                                Capability.DAC_OVERRIDE)
                        .withCreateContainerCmdModifier(create -> hostConfig(create.getHostConfig())
                                .withPidMode(share)
                                // The usual profile forbids to look at processes that are not under it.
                                .withSecurityOpts(List.of("apparmor=unconfined"))),
                image,
                "the network of the daemon's container");
    }

    /**
     * Runs one script in the daemon's namespace with sight of the daemon host's processes, and waits for its end.
     *
     * <p>Sight of the processes is what it takes to give an interface to another namespace (NET_ADMIN, SYS_PTRACE).
     *
     * @return what it printed
     * @throws CountercheckException if it ends with a status other than 0
     */
    public static String runOnDaemonsHost(String image, String purpose, List<String> command) {
        GenericContainer<?> container = container(image, "host", Capability.NET_ADMIN, Capability.SYS_PTRACE)
                .withCreateContainerCmdModifier(
                        create -> hostConfig(create.getHostConfig()).withPidMode("host"))
                .withStartupCheckStrategy(new UntilEnded().withTimeout(END))
                .withCommand(command.toArray(String[]::new));
        try (container) {
            container.start();
            return container.getLogs();
        } catch (ContainerLaunchException e) {
            throw new CountercheckException(
                    purpose + " failed: " + logs(container),
                    "check that image " + image + " has a shell and `ip`, and that the daemon allows --pid host",
                    e);
        }
    }

    /** The library's own looks once a second; the daemon answers as soon as the container has ended. */
    private static final class UntilEnded extends StartupCheckStrategy {

        @Override
        public StartupStatus checkStartupState(DockerClient client, String containerId) {
            int status =
                    client.waitContainerCmd(containerId).start().awaitStatusCode(END.toSeconds(), TimeUnit.SECONDS);
            return status == 0 ? StartupStatus.SUCCESSFUL : StartupStatus.FAILED;
        }
    }

    private static String logs(GenericContainer<?> container) {
        return container.getContainerId() == null
                ? "the container did not start"
                : container.getLogs().strip();
    }

    private static GenericContainer<?> container(String image, String networkMode, Capability... capabilities) {
        return new GenericContainer<>(DockerImageName.parse(image))
                .withNetworkMode(networkMode)
                .withLabel("countercheck.network", networkMode)
                .withLabel(Owner.LABEL, Owner.SELF.toString())
                .withCreateContainerCmdModifier(create -> hostConfig(create.getHostConfig())
                        .withCapDrop(Capability.ALL)
                        .withCapAdd(capabilities));
    }

    private static HostConfig hostConfig(@Nullable HostConfig given) {
        return given == null ? HostConfig.newHostConfig() : given;
    }

    private static void start(GenericContainer<?> container, String image) {
        try {
            container.start();
        } catch (ContainerLaunchException e) {
            throw new CountercheckException(
                    "the tool container did not start from image " + image,
                    "pull or build that image, or name another with iptables, nft, conntrack, ip and socat in it"
                            + " (countercheck.toolbox.image)",
                    e);
        }
    }

    /** Returns the container's id. */
    public String containerId() {
        return container.getContainerId();
    }

    /** Returns the daemon host's id of the container's first process. */
    public long pid() {
        Long pid = DockerClientFactory.lazyClient()
                .inspectContainerCmd(container.getContainerId())
                .exec()
                .getState()
                .getPidLong();
        return pid == null ? 0 : pid;
    }

    @Override
    public CommandResult run(Command command, Duration limit) {
        return shell.run(command, limit);
    }

    @Override
    public CommandResult run(Command command, Duration limit, Consumer<String> lines) {
        return shell.run(command, limit, lines);
    }

    @Override
    public List<CommandResult> run(List<Reading> readings, Duration limit) {
        return shell.run(readings, limit);
    }

    @Override
    public RunningCommand start(Command command) {
        return new ExecConnection(DockerClientFactory.lazyClient(), container.getContainerId(), command);
    }

    @Override
    public String description() {
        return shell.description();
    }

    @Override
    public void close() {
        shell.close();
        container.stop();
    }
}
