// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apiguardian.api.API;

/**
 * The JVM that started something, written on what it started, so that a later run can tell what a killed one left.
 *
 * @param machine the boot and the process namespace in which the process id means something
 * @param pid the process
 * @param started when it started, in milliseconds since 1970: a process id alone may be another process by now
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public record Owner(String machine, long pid, long started) {

    /** The label that says who started a container. */
    public static final String LABEL = "countercheck.owner";

    /** This JVM. */
    public static final Owner SELF = new Owner(
            thisMachine(),
            ProcessHandle.current().pid(),
            started(ProcessHandle.current()).map(Instant::toEpochMilli).orElse(0L));

    private static final Pattern TEXT = Pattern.compile("(\\S+)/(\\d+)/(\\d+)");

    /** The kernel counts a start from the boot, whose time of day moves a little when the clock is set. */
    private static final Duration TOLERANCE = Duration.ofSeconds(10);

    /** Reads what {@link #toString} wrote; empty for anything else. */
    public static Optional<Owner> parse(String text) {
        Matcher parts = TEXT.matcher(text);
        return parts.matches()
                ? Optional.of(new Owner(parts.group(1), Long.parseLong(parts.group(2)), Long.parseLong(parts.group(3))))
                : Optional.empty();
    }

    /** Tells whether it is known to have ended. Of a process of another machine, or of an earlier boot, that is not known. */
    public boolean isKnownToHaveEnded() {
        return machine.equals(SELF.machine)
                && ProcessHandle.of(pid)
                        .filter(ProcessHandle::isAlive)
                        .flatMap(Owner::started)
                        .filter(start -> Duration.between(Instant.ofEpochMilli(started), start)
                                        .abs()
                                        .compareTo(TOLERANCE)
                                < 0)
                        .isEmpty();
    }

    private static Optional<Instant> started(ProcessHandle process) {
        return process.info().startInstant();
    }

    private static String thisMachine() {
        try {
            return Files.readString(Path.of("/proc/sys/kernel/random/boot_id")).strip() + "-"
                    + Files.readSymbolicLink(Path.of("/proc/self/ns/pid"))
                            .toString()
                            .replaceAll("\\D", "");
        } catch (IOException e) {
            return nameOfHost();
        }
    }

    private static String nameOfHost() {
        try {
            return InetAddress.getLocalHost().getHostName().replaceAll("\\s", "");
        } catch (IOException e) {
            return "unknown";
        }
    }

    /** Returns it as a label's value. */
    @Override
    public String toString() {
        return machine + "/" + pid + "/" + started;
    }
}
