// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.netns.Owner;
import io.github.countercheck.netns.RunningCommand;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Unix socket of this JVM's, in a directory that only this user may enter, that leads to a daemon's own socket: each
 * connection goes through a command that is run beside the daemon. So no port is opened anywhere, and it makes no difference
 * whether the container is on this machine.
 */
final class SocketRelay implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(SocketRelay.class);
    private static final String PREFIX = "countercheck-daemon-";
    private static final String SOCKET = "docker.sock";
    private static final String OWNER = "owner";
    private static final int PIECE = 1 << 16;

    private final Path directory;
    private final ServerSocketChannel server;
    private final Supplier<RunningCommand> connector;
    private final Set<AutoCloseable> open = ConcurrentHashMap.newKeySet();

    private SocketRelay(Path directory, ServerSocketChannel server, Supplier<RunningCommand> connector) {
        this.directory = directory;
        this.server = server;
        this.connector = connector;
    }

    /**
     * Listens.
     *
     * @param connector starts what carries one connection
     */
    static SocketRelay listen(Supplier<RunningCommand> connector) {
        try {
            removeLeftovers();
            // For this user alone, as temporary directories are made.
            Path directory = Files.createTempDirectory(PREFIX);
            Files.writeString(directory.resolve(OWNER), Owner.SELF.toString());
            ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            server.bind(UnixDomainSocketAddress.of(directory.resolve(SOCKET)));
            SocketRelay relay = new SocketRelay(directory, server, connector);
            daemonThread("accept", relay::accept).start();
            return relay;
        } catch (IOException e) {
            throw new CountercheckException(
                    "no Unix socket can be made in " + System.getProperty("java.io.tmpdir"),
                    "set java.io.tmpdir to a directory that can be written, with a path of at most 60 characters",
                    e);
        }
    }

    /** Returns where a client finds it. */
    URI address() {
        return URI.create("unix://" + directory.resolve(SOCKET));
    }

    private static Thread daemonThread(String does, Runnable task) {
        Thread thread = new Thread(task, "countercheck-relay-" + does);
        thread.setDaemon(true);
        return thread;
    }

    private void accept() {
        while (server.isOpen()) {
            try {
                SocketChannel client = server.accept();
                open.add(client);
                daemonThread("connect", () -> connect(client)).start();
            } catch (IOException e) {
                LOG.debug("no longer listening at {}", directory, e);
                return;
            }
        }
    }

    private void connect(SocketChannel client) {
        try (client;
                RunningCommand command = connector.get()) {
            open.add(command);
            Thread back = daemonThread("back", () -> {
                fromDaemon(command, client);
                close(client);
            });
            back.start();
            toDaemon(client, command);
            // What was asked last may still be answered.
            back.join();
            open.remove(command);
        } catch (IOException e) {
            LOG.debug("a connection to the daemon ended", e);
        } catch (CountercheckException e) {
            LOG.debug("no connection to the daemon", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            open.remove(client);
        }
    }

    // The channel itself, not streams over it: before JDK 19 those cannot read and write at the same time.

    private static void toDaemon(SocketChannel client, RunningCommand command) {
        ByteBuffer buffer = ByteBuffer.allocate(PIECE);
        try (OutputStream out = command.input()) {
            while (client.read(buffer) >= 0) {
                out.write(buffer.array(), 0, buffer.position());
                out.flush();
                buffer.clear();
            }
        } catch (IOException e) {
            LOG.debug("a client went away", e);
        }
    }

    private static void fromDaemon(RunningCommand command, SocketChannel client) {
        byte[] piece = new byte[PIECE];
        try (InputStream in = command.output()) {
            for (int count = in.read(piece); count >= 0; count = in.read(piece)) {
                ByteBuffer rest = ByteBuffer.wrap(piece, 0, count);
                while (rest.hasRemaining()) {
                    client.write(rest);
                }
            }
        } catch (IOException e) {
            LOG.debug("a client went away", e);
        }
    }

    private static void close(AutoCloseable resource) {
        try {
            resource.close();
        } catch (Exception e) {
            LOG.debug("while closing", e);
        }
    }

    @Override
    public void close() {
        close(server);
        open.forEach(SocketRelay::close);
        remove(directory);
    }

    private static void removeLeftovers() throws IOException {
        Path parent = Path.of(System.getProperty("java.io.tmpdir"));
        try (DirectoryStream<Path> directories = Files.newDirectoryStream(parent, PREFIX + "*")) {
            for (Path directory : directories) {
                if (ownerHasEnded(directory)) {
                    remove(directory);
                }
            }
        }
    }

    private static boolean ownerHasEnded(Path directory) {
        try {
            return Owner.parse(Files.readString(directory.resolve(OWNER)))
                    .filter(Owner::isKnownToHaveEnded)
                    .isPresent();
        } catch (IOException e) {
            // Not ours, or about to be filled or removed.
            return false;
        }
    }

    private static void remove(Path directory) {
        try {
            Files.deleteIfExists(directory.resolve(SOCKET));
            Files.deleteIfExists(directory.resolve(OWNER));
            Files.deleteIfExists(directory);
        } catch (IOException e) {
            LOG.debug("{} stays behind", directory, e);
        }
    }
}
