// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.command.CreateNetworkCmd;
import com.github.dockerjava.api.exception.DockerClientException;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.Volume;
import io.github.countercheck.CountercheckException;
import io.github.countercheck.await.Patience;
import io.github.countercheck.netns.Command;
import io.github.countercheck.netns.CommandResult;
import io.github.countercheck.netns.DaemonHost;
import io.github.countercheck.netns.EnclosedHost;
import io.github.countercheck.netns.Leftovers;
import io.github.countercheck.netns.Owner;
import io.github.countercheck.netns.Toolbox;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.session.Image;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.ContainerLaunchException;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.startupcheck.StartupCheckStrategy;
import org.testcontainers.containers.wait.strategy.AbstractWaitStrategy;
import org.testcontainers.dockerclient.DockerClientProviderStrategy;
import org.testcontainers.dockerclient.TransportConfig;
import org.testcontainers.images.RemoteDockerImage;
import org.testcontainers.images.builder.Transferable;
import org.testcontainers.utility.DockerImageName;

/**
 * A throw-away Docker daemon, of a chosen engine and with a configuration that is to be tried, in a privileged container.
 *
 * <p>It proves what {@code dockerd --validate} cannot: what that engine does with that configuration when packets come. It
 * does not prove what another kernel does: the daemon runs on the kernel of the Docker host.
 *
 * <p>The container has a network of its own that is joined to nothing: no packet of it leaves the machine, no port of it can
 * be reached, and the Docker host's own rules stay as they are. The world outside is laid on by whoever measures. The
 * daemon is asked through its Unix socket, which never becomes a port. Image by image, what it is to run is copied from the
 * Docker host; it has no other way to images.
 *
 * <pre>{@code
 * try (DaemonContainer daemon = new DaemonContainer("28.5").withConfig("""
 *         {"icc": false}
 *         """)) {
 *     daemon.start();
 *     GenericContainer<?> web = daemon.container("nginx:1.29").withExposedPorts(80);
 *     web.start();
 * }
 * }</pre>
 *
 * <p>A configuration that dockerd refuses is a {@link CountercheckException} with dockerd's own sentence. What a killed JVM
 * left is removed when the next one starts such a container.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class DaemonContainer extends GenericContainer<DaemonContainer> {

    private static final String CONFIG = "/etc/docker/daemon.json";
    private static final String SOCKET = "/run/docker.sock";
    private static final String DATA = "/var/lib/docker";
    private static final Duration START = Duration.ofSeconds(90);
    private static final Duration TELLS = Duration.ofSeconds(3);
    private static final Duration LIMIT = Duration.ofSeconds(10);

    /**
     * Runs dockerd, and runs it anew when it ended because it was to be restarted. Not as the first process itself, which
     * would take the containers with it.
     */
    private static final String RUN = """
            set -e
            mkdir -p /run/countercheck/bin
            if [ "$COUNTERCHECK_IPTABLES" ]; then
              for tool in iptables iptables-save iptables-restore ip6tables ip6tables-save ip6tables-restore; do
                variant=$(echo "$tool" | sed "s/tables/tables-$COUNTERCHECK_IPTABLES/")
                ln -sf "$(command -v "$variant")" "/run/countercheck/bin/$tool"
              done
              export PATH="/run/countercheck/bin:$PATH"
            fi
            trap 'kill "$daemon"; wait "$daemon"; exit 0' TERM INT
            while :; do
              dockerd "$@" & daemon=$!
              status=0
              wait "$daemon" || status=$?
              rm /run/countercheck/restart 2>/dev/null || exit "$status"
            done
            """;

    private final EngineImage engine;
    private final List<String> flags = new ArrayList<>();
    private final List<InetAddress> addresses = new ArrayList<>();
    private final Map<String, String> sysctls = new HashMap<>(Map.of(
            "net.ipv4.ip_forward", "1",
            "net.ipv6.conf.all.forwarding", "1",
            "net.ipv6.conf.all.disable_ipv6", "0",
            "net.ipv6.conf.default.disable_ipv6", "0"));
    private final Set<String> copied = ConcurrentHashMap.newKeySet();
    private @Nullable Backend backend;
    private @Nullable Toolbox beside;
    private @Nullable SocketRelay relay;
    private @Nullable DockerClient client;
    private String lastSentence = "";
    private boolean elsewhere;

    /**
     * Makes one that is not started yet.
     *
     * @param engine an engine's version, {@code 28.5}, for the image that is set for it, {@code 28.5-legacy} for the same with
     *     iptables-legacy; or the name of an image that has dockerd in it, {@code docker:28.5-dind}
     */
    public DaemonContainer(String engine) {
        this(EngineImage.of(engine));
    }

    private DaemonContainer(EngineImage engine) {
        super(DockerImageName.parse(engine.reference()));
        this.engine = engine;
        this.backend = engine.backend().orElse(null);
        setStartupCheckStrategy(new Unchecked());
        setWaitStrategy(new Answers());
    }

    /** Starts the daemon with that daemon.json. */
    public DaemonContainer withConfig(String json) {
        return withCopyToContainer(Transferable.of(json), CONFIG);
    }

    /**
     * Starts the daemon with that daemon.json.
     *
     * @throws UncheckedIOException if the file cannot be read
     */
    public DaemonContainer withConfig(Path file) {
        try {
            return withConfig(Files.readString(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Starts the daemon with that daemon.json, on a host that has the address on which it is to publish ports. */
    public DaemonContainer withConfig(DaemonConfig config) {
        config.ip()
                .filter(address -> !address.isAnyLocalAddress() && !address.isLoopbackAddress())
                .ifPresent(addresses::add);
        return withConfig(config.text());
    }

    /** Starts the daemon with that flag: {@code --icc=false}. */
    public DaemonContainer withFlag(String flag) {
        flags.add(flag);
        return this;
    }

    /** Lets the daemon keep its rules there; otherwise that is left to the engine's image. */
    public DaemonContainer withBackend(Backend value) {
        backend = value;
        return this;
    }

    /**
     * Sets a kernel parameter of the daemon's network before it starts. Forwarding is on for both families unless this says
     * otherwise; a daemon that finds it off switches it on itself and lets FORWARD drop what no rule accepts.
     */
    public DaemonContainer withSysctl(String name, String value) {
        sysctls.put(name, value);
        return this;
    }

    /**
     * Gives the daemon's host another address, for a configuration that publishes ports on one.
     *
     * @throws IllegalArgumentException if it is not a numeric address
     */
    public DaemonContainer withHostAddress(String address) {
        addresses.add(Cidr.parseAddress(address));
        return this;
    }

    @Override
    protected void configure() {
        if (backend == Backend.NFTABLES) {
            flags.add("--firewall-backend=nftables");
        }
        withNetworkMode("none");
        withPrivilegedMode(true);
        withLabel(Owner.LABEL, Owner.SELF.toString());
        withEnv("COUNTERCHECK_IPTABLES", variant());
        withCreateContainerCmdModifier(this::complete);
    }

    private String variant() {
        if (backend == Backend.IPTABLES_LEGACY) {
            return "legacy";
        }
        return backend == Backend.IPTABLES_NFT ? "nft" : "";
    }

    private void complete(CreateContainerCmd create) {
        List<String> command = new ArrayList<>(List.of(RUN, "dockerd"));
        command.addAll(flags);
        create.withEntrypoint("/bin/sh", "-c");
        create.withCmd(command);
        // On the layers of its own image no overlay could be laid.
        create.withVolumes(new Volume(DATA));
        HostConfig host = create.getHostConfig();
        if (host != null) {
            host.withSysctls(sysctls);
        }
    }

    /**
     * Starts the daemon and waits until it answers.
     *
     * @throws CountercheckException if it does not; with dockerd's own sentence if it ended, as with a configuration that it
     *     does not take; with the Docker host's if it has no such image and cannot pull it
     */
    @Override
    public void start() {
        if (getContainerId() != null) {
            return;
        }
        DockerClient outer = DockerClientFactory.instance().client();
        Leftovers.remove(outer);
        requireImage(outer);
        try {
            super.start();
        } catch (ContainerLaunchException e) {
            CountercheckException problem = problem(e);
            stop();
            throw problem;
        }
    }

    /** The library would try for two minutes to pull what is not there. */
    private void requireImage(DockerClient outer) {
        String image = engine.reference();
        try {
            outer.inspectImageCmd(image).exec();
        } catch (NotFoundException absent) {
            try {
                outer.pullImageCmd(image).start().awaitCompletion();
            } catch (DockerException | DockerClientException e) {
                throw new CountercheckException(
                        "there is no image " + image + ", and it cannot be pulled: "
                                + String.valueOf(e.getMessage()).strip(),
                        "name an engine whose image the Docker host has or can pull; on a bare Debian machine"
                                + " `ci/with-docker --engine-images 28.5 COMMAND` makes one",
                        e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CountercheckException("interrupted while pulling " + image, "run it again", e);
            }
        }
    }

    private CountercheckException problem(ContainerLaunchException cause) {
        if (elsewhere) {
            return new CountercheckException(
                    engine + " does not listen at unix:///var/run/docker.sock, where it is asked",
                    "add that to \"hosts\" in its configuration, or leave \"hosts\" out",
                    cause);
        }
        String sentence = lastSentence;
        return sentence.isEmpty()
                ? new CountercheckException(
                        "no daemon could be started from image " + getDockerImageName(),
                        "check that the image is there and has dockerd and a shell in it, and that the Docker host allows"
                                + " --privileged",
                        cause)
                : new CountercheckException(
                        engine + " did not start: " + sentence,
                        "change its configuration or flags; its whole log is above",
                        cause);
    }

    /** Whether dockerd goes on is seen together with whether it answers. */
    private static final class Unchecked extends StartupCheckStrategy {

        @Override
        public StartupStatus checkStartupState(DockerClient client, String containerId) {
            return StartupStatus.SUCCESSFUL;
        }
    }

    /** Waits until the daemon answers, with what it takes to ask it. */
    private final class Answers extends AbstractWaitStrategy {

        @Override
        protected void waitUntilReady() {
            try {
                connect();
            } finally {
                lastSentence = isRunning() ? "" : DaemonLog.lastSentence(getLogs());
            }
        }
    }

    private void connect() {
        // That far it gets with a configuration that it takes, if it is to tell so.
        Patience.look(TELLS, () -> !isRunning() || getLogs().contains("Starting up"), done -> done);
        requireAnswer(true);
        Toolbox tools = Toolbox.beside(Image.TOOLBOX.reference(), getContainerId());
        beside = tools;
        requireAnswer(Patience.look(START, () -> hasSocket(tools) || !isRunning() || isUp(), done -> done));
        elsewhere = isRunning() && !hasSocket(tools);
        if (elsewhere) {
            throw new ContainerLaunchException("dockerd listens elsewhere");
        }
        SocketRelay listening = SocketRelay.listen(() -> tools.start(
                // The end of what is asked is not the end of the answer.
                Command.of("socat", "-t600", "STDIO", "UNIX-CONNECT:/proc/1/root" + SOCKET)));
        relay = listening;
        DockerClient asking = DockerClientProviderStrategy.getClientForConfig(
                TransportConfig.builder().dockerHost(listening.address()).build());
        client = asking;
        requireAnswer(Patience.look(START, () -> answers(asking) || !isRunning(), done -> done));
        for (InetAddress address : addresses) {
            Command add = Command.of("ip", "address", "add", Cidr.format(address), "dev", "lo");
            CommandResult result = tools.run(add, LIMIT);
            if (!result.ok()) {
                throw new ContainerLaunchException("`" + add + "` failed: " + result.errors());
            }
        }
    }

    private void requireAnswer(boolean inTime) {
        if (!inTime || !isRunning()) {
            throw new ContainerLaunchException(
                    inTime ? "dockerd ended" : "dockerd did not answer within " + START.toSeconds() + " s");
        }
    }

    /** By then it listens wherever it is going to. */
    private boolean isUp() {
        return getLogs().contains("Daemon has completed initialization");
    }

    private static boolean hasSocket(Toolbox tools) {
        return tools.run(Command.of("test", "-S", "/proc/1/root" + SOCKET), LIMIT)
                .ok();
    }

    private static boolean answers(DockerClient asked) {
        try {
            asked.pingCmd().exec();
            return true;
        } catch (RuntimeException e) {
            // The transport has exceptions of its own for a connection that was closed.
            return false;
        }
    }

    /**
     * Returns what asks this daemon, not the one that its container runs on.
     *
     * @throws IllegalStateException if it is not started
     */
    public DockerClient client() {
        DockerClient current = client;
        if (current == null) {
            throw new IllegalStateException("the daemon is not started");
        }
        return current;
    }

    /** Returns where its network namespaces are reached. */
    @API(status = API.Status.INTERNAL, since = "0.1")
    public DaemonHost host() {
        Toolbox tools = beside;
        if (tools == null) {
            throw new IllegalStateException("the daemon is not started");
        }
        return new EnclosedHost(tools, client());
    }

    /** Returns which engine it is. */
    public EngineImage engine() {
        return engine;
    }

    /**
     * Returns a container, not started yet, that runs in this daemon. Its image is copied from the Docker host when it starts,
     * pulled there if need be. Where ports are exposed, its start waits until something listens on them inside.
     */
    public GenericContainer<?> container(String image) {
        return new InnerContainer(this, image);
    }

    /**
     * Lets a container, not started yet, run in this daemon instead of in the one that Testcontainers finds. A wait for a port
     * or for HTTP from this JVM, which has no way there, becomes one for something to listen inside.
     *
     * @return removes the container from the daemon, which its own {@code stop()} does not
     */
    public AutoCloseable adopt(GenericContainer<?> container) {
        return Adoption.of(this, container);
    }

    /**
     * Makes a network in this daemon.
     *
     * @param options sets what a network of the daemon's defaults does not have
     * @return for {@code container.withNetwork(…)}; closing it removes the network
     */
    public Network network(Consumer<CreateNetworkCmd> options) {
        return InnerNetwork.create(client(), options);
    }

    /**
     * Copies an image from the Docker host into this daemon, unless that was done already.
     *
     * @throws CountercheckException if the Docker host has no such image and cannot pull it
     */
    public synchronized void copyImage(String reference) {
        if (copied.contains(reference)) {
            return;
        }
        try {
            String name = new RemoteDockerImage(DockerImageName.parse(reference)).get();
            try (InputStream image =
                    DockerClientFactory.instance().client().saveImageCmd(name).exec()) {
                client().loadImageCmd(image).exec();
            }
            copied.add(reference);
        } catch (IOException | RuntimeException e) {
            throw new CountercheckException(
                    "image " + reference + " could not be copied into the daemon",
                    "pull or build it on the Docker host",
                    e);
        }
    }

    /**
     * Restarts dockerd, as {@code systemctl restart docker} does, and waits until it answers. Its containers live on if the
     * configuration has {@code "live-restore": true}; otherwise they are stopped, and started again if their restart policy
     * says so.
     *
     * @throws CountercheckException if it does not come back
     */
    public void restart() {
        String before = processId();
        run("touch /run/countercheck/restart && kill -TERM \"$(cat /run/docker.pid)\"");
        boolean back = Patience.look(
                START,
                () -> {
                    String now = processId();
                    return !isRunning() || (!now.isEmpty() && !now.equals(before) && answers(client()));
                },
                done -> done);
        if (!back || !isRunning()) {
            throw new CountercheckException(
                    engine + " did not come back after its restart: " + DaemonLog.lastSentence(getLogs()),
                    "look into its log for what it could not take up again");
        }
    }

    private String processId() {
        return run("cat /run/docker.pid 2>/dev/null || true").strip();
    }

    private String run(String script) {
        try {
            return execInContainer("/bin/sh", "-c", script).getStdout();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CountercheckException("interrupted while asking the daemon's container", "run it again", e);
        }
    }

    @Override
    public void stop() {
        if (client != null) {
            closeQuietly(client);
            client = null;
        }
        if (relay != null) {
            relay.close();
            relay = null;
        }
        if (beside != null) {
            beside.close();
            beside = null;
        }
        copied.clear();
        super.stop();
    }

    private void closeQuietly(DockerClient asking) {
        try {
            asking.close();
        } catch (IOException e) {
            logger().debug("while closing the client of {}", engine, e);
        }
    }

    /** Two of them are never the same. */
    @Override
    public boolean equals(@Nullable Object other) {
        return this == other;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(this);
    }
}
