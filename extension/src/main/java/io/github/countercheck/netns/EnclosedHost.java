// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import com.github.dockerjava.api.DockerClient;
import io.github.countercheck.CountercheckException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apiguardian.api.API;

/**
 * A container in which a daemon runs. All tools come in one container beside it, which shares its network and sees its
 * processes, and from there enters what namespace it has to: the daemon itself is not asked to run anything.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class EnclosedHost implements DaemonHost {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    private final Toolbox beside;
    private final DockerClient client;

    /**
     * Makes it; both parts stay the caller's.
     *
     * @param beside the tools in the daemon's network, {@link Toolbox#beside}
     * @param client what asks the daemon
     */
    public EnclosedHost(Toolbox beside, DockerClient client) {
        this.beside = beside;
        this.client = client;
    }

    @Override
    public DockerClient client() {
        return client;
    }

    @Override
    public Netns own() {
        return new Lent(beside);
    }

    @Override
    public Netns inside(String containerId, String containerName, long pid) {
        return new Entered("the network of container " + containerName, pid, () -> {});
    }

    @Override
    public Apart apart(boolean ipv6) {
        // The namespace is held open by a process that waits for the end of its input, which comes however this JVM
        // ends.
        RunningCommand holder = beside.start(Command.of("unshare", "-n", "/bin/sh", "-c", "echo $$; exec cat"));
        long pid = Long.parseLong(firstLine(holder));
        return new Apart(new Entered("the network of the peer", pid, holder::close), pid);
    }

    private static String firstLine(RunningCommand command) {
        try {
            String line =
                    new BufferedReader(new InputStreamReader(command.output(), StandardCharsets.UTF_8)).readLine();
            if (line != null) {
                return line;
            }
        } catch (IOException e) {
            command.close();
            throw new CountercheckException(
                    "no namespace could be made for the peer", "check that the daemon's container is still running", e);
        }
        command.close();
        throw new CountercheckException(
                "no namespace could be made for the peer",
                "check that the tool image has a shell and `unshare` (countercheck.toolbox.image)");
    }

    @Override
    public String run(String purpose, List<String> command) {
        CommandResult result = beside.run(Command.of(command), LIMIT);
        if (!result.ok()) {
            throw new CountercheckException(
                    purpose + " failed: " + (result.output() + result.errors()).strip(),
                    "check that the tool image has a shell and `ip` (countercheck.toolbox.image)");
        }
        return result.output();
    }

    /** Nothing is closed: what it is made of has owners. */
    @Override
    public void close() {}

    /** Its user may close it; its owner goes on using it. */
    private record Lent(Netns netns) implements Netns {

        @Override
        public CommandResult run(Command command, Duration limit) {
            return netns.run(command, limit);
        }

        @Override
        public List<CommandResult> run(List<Reading> readings, Duration limit) {
            return netns.run(readings, limit);
        }

        @Override
        public RunningCommand start(Command command) {
            return netns.start(command);
        }

        @Override
        public String description() {
            return netns.description();
        }

        @Override
        public void close() {}
    }

    /** A namespace that the tools enter through one of its processes. */
    private final class Entered extends ShellNetns {

        private final long pid;
        private final Runnable release;

        Entered(String description, long pid, Runnable release) {
            super(description);
            this.pid = pid;
            this.release = release;
        }

        @Override
        public RunningCommand start(Command command) {
            List<String> words = new ArrayList<>(List.of("nsenter", "-n/proc/" + pid + "/ns/net", "--"));
            words.addAll(command.words());
            return beside.start(new Command(words, command.environment(), command.input()));
        }

        @Override
        public void close() {
            super.close();
            release.run();
        }
    }
}
