// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.HostConfig;
import io.github.countercheck.CountercheckException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apiguardian.api.API;

/**
 * A container that brings the network tools to a namespace: the daemon's, another container's, or one of its own.
 *
 * <p>It never joins a bridge, so starting it rewrites none of the daemon's rules and resets no counter. It is never
 * privileged: all capabilities are dropped but those that its place needs.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class Toolbox extends ShellNetns {

    /** What runs on the daemon's host for a moment has this long for it. */
    private static final Duration END = Duration.ofSeconds(30);

    private static final Map<String, String> WITH_IPV6 =
            Map.of("net.ipv6.conf.all.disable_ipv6", "0", "net.ipv6.conf.default.disable_ipv6", "0");

    private final ToolContainer container;

    private Toolbox(String image, String networkMode, String description, Capability... capabilities) {
        this(image, hostConfig(networkMode, capabilities), description);
    }

    private Toolbox(String image, HostConfig hostConfig, String description) {
        super(description);
        container = ToolContainer.startWithShell(image, hostConfig);
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
        HostConfig hostConfig = hostConfig("none", Capability.NET_ADMIN);
        return new Toolbox(
                image, ipv6 ? hostConfig.withSysctls(WITH_IPV6) : hostConfig, "the network of the peer container");
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
        HostConfig hostConfig = hostConfig(
                        share,
                        Capability.NET_ADMIN,
                        Capability.NET_RAW,
                        Capability.SYS_ADMIN,
                        Capability.SYS_PTRACE,
                        Capability.DAC_OVERRIDE)
                .withPidMode(share)
                // The usual profile forbids to look at processes that are not under it.
                .withSecurityOpts(List.of("apparmor=unconfined"));
        return new Toolbox(image, hostConfig, "the network of the daemon's container");
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
        HostConfig hostConfig =
                hostConfig("host", Capability.NET_ADMIN, Capability.SYS_PTRACE).withPidMode("host");
        try (ToolContainer container = ToolContainer.start(image, hostConfig, command)) {
            int status = container.awaitEnd(END);
            if (status != 0) {
                throw new CountercheckException(
                        purpose + " failed: " + container.logs().strip(),
                        "check that image " + image + " has a shell and `ip`");
            }
            return container.logs();
        }
    }

    private static HostConfig hostConfig(String networkMode, Capability... capabilities) {
        return HostConfig.newHostConfig()
                .withNetworkMode(networkMode)
                .withCapDrop(Capability.ALL)
                .withCapAdd(capabilities);
    }

    /** Returns the container's id. */
    public String containerId() {
        return container.id();
    }

    /** Returns the daemon host's id of the container's first process. */
    public long pid() {
        return container.pid();
    }

    @Override
    RunningCommand shell() {
        return container.shell();
    }

    @Override
    public RunningCommand start(Command command) {
        return container.exec(command);
    }

    @Override
    public void close() {
        super.close();
        container.close();
    }
}
