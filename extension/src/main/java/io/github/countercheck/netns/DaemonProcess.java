// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.apiguardian.api.API;

/**
 * Finds the process that owns the daemon's listening socket.
 *
 * <p>A daemon can live in another network namespace than this JVM: rootless, or started in a namespace of its own. A
 * listening socket is shown only in the {@code /proc/PID/net} of its own namespace (proc_net(5)), so each namespace of
 * this host is asked through one of its processes.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class DaemonProcess {

    /** The flag of a listening socket in /proc/net/unix, __SO_ACCEPTCON. */
    private static final long ACCEPTS_CONNECTIONS = 0x10000;

    private static final String TCP_LISTEN = "0A";

    private DaemonProcess() {}

    /**
     * Returns the id of the daemon's process, if it runs on this host and may be looked at.
     *
     * @param dockerHost where the client reaches the daemon, {@code unix:///var/run/docker.sock}
     * @throws UncheckedIOException if /proc cannot be listed
     */
    public static Optional<Long> find(URI dockerHost) {
        boolean unix = "unix".equals(dockerHost.getScheme());
        if (!unix && !isThisHost(dockerHost)) {
            return Optional.empty();
        }
        for (long pid : oneProcessPerNamespace()) {
            Path net = Path.of("/proc", Long.toString(pid), "net");
            Set<String> inodes = unix
                    ? unixListeners(net.resolve("unix"), Path.of(dockerHost.getPath()))
                    : tcpListeners(net, dockerHost.getPort());
            Optional<Long> owner = owner(inodes);
            if (owner.isPresent()) {
                return owner;
            }
        }
        return Optional.empty();
    }

    private static boolean isThisHost(URI dockerHost) {
        String host = dockerHost.getHost();
        return dockerHost.getPort() > 0
                && host != null
                && (host.equals("localhost") || host.startsWith("127.") || host.equals("[::1]"));
    }

    private static List<Long> oneProcessPerNamespace() {
        Map<String, Long> pids = new HashMap<>();
        for (long pid : processes()) {
            namespace(pid).ifPresent(namespace -> pids.merge(namespace, pid, Math::min));
        }
        return pids.values().stream().sorted().toList();
    }

    /** Empty if the process ended meanwhile, or is another user's and cannot be asked. */
    private static Optional<String> namespace(long pid) {
        try {
            return Optional.of(Files.readSymbolicLink(Path.of("/proc", Long.toString(pid), "ns", "net"))
                    .toString());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static List<Long> processes() {
        List<Long> pids = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            entries.forEach(entry -> pids.add(Long.parseLong(entry.getFileName().toString())));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return pids;
    }

    private static Set<String> unixListeners(Path table, Path socket) {
        Set<String> inodes = new HashSet<>();
        for (String line : lines(table)) {
            // Num RefCount Protocol Flags Type St Inode Path
            String[] fields = line.trim().split("\\s+", 8);
            if (fields.length == 8 && sameFile(Path.of(fields[7]), socket) && isListening(fields[3])) {
                inodes.add(fields[6]);
            }
        }
        return inodes;
    }

    private static boolean isListening(String flags) {
        return (Long.parseLong(flags, 16) & ACCEPTS_CONNECTIONS) != 0;
    }

    private static boolean sameFile(Path bound, Path wanted) {
        if (bound.equals(wanted)) {
            return true;
        }
        try {
            // /var/run is often a link to /run; the table shows the path as it was bound.
            return bound.isAbsolute()
                    && bound.getFileName().equals(wanted.getFileName())
                    && Files.isSameFile(bound, wanted);
        } catch (IOException e) {
            return false;
        }
    }

    private static Set<String> tcpListeners(Path net, int port) {
        Set<String> inodes = new HashSet<>();
        String suffix = String.format(":%04X", port);
        Stream.of("tcp", "tcp6")
                .flatMap(name -> lines(net.resolve(name)).stream())
                .forEach(line -> {
                    // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
                    String[] fields = line.trim().split("\\s+", -1);
                    if (fields.length > 9 && fields[1].endsWith(suffix) && fields[3].equals(TCP_LISTEN)) {
                        inodes.add(fields[9]);
                    }
                });
        return inodes;
    }

    private static List<String> lines(Path file) {
        try {
            return Files.readAllLines(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            // The process ended meanwhile.
            return List.of();
        }
    }

    /** With socket activation process 1 holds the socket too; the daemon is the younger one. */
    private static Optional<Long> owner(Set<String> inodes) {
        return inodes.isEmpty()
                ? Optional.empty()
                : processes().stream().filter(pid -> holds(pid, inodes)).max(Comparator.naturalOrder());
    }

    private static boolean holds(long pid, Set<String> inodes) {
        try (DirectoryStream<Path> fds = Files.newDirectoryStream(Path.of("/proc", Long.toString(pid), "fd"))) {
            for (Path fd : fds) {
                String link = Files.readSymbolicLink(fd).toString();
                if (link.startsWith("socket:[") && inodes.contains(link.substring(8, link.length() - 1))) {
                    return true;
                }
            }
        } catch (IOException e) {
            // The process or the file descriptor is gone, or is another user's.
            return false;
        }
        return false;
    }
}
