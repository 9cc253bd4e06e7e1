// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.jupiter;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Enumeration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Event;
import org.junit.platform.testkit.engine.EventType;

/**
 * Runs a test class in a JVM of its own: Testcontainers keeps the daemon it found, or that it found none, as long as a
 * JVM lives, and a class path cannot lose a jar afterwards.
 */
final class ChildJvm {

    private static final String DAEMON_STRATEGIES =
            "META-INF/services/org.testcontainers.dockerclient.DockerClientProviderStrategy";

    private final Class<?> fixture;
    private final Path directory;
    private final Map<String, String> properties = new TreeMap<>();
    private final Map<String, String> environment = new TreeMap<>();
    private String unwantedJar = "/nothing is unwanted";
    private boolean inherits = true;

    private ChildJvm(Class<?> fixture, Path directory) {
        this.fixture = fixture;
        this.directory = directory;
    }

    /** Will run that class; files of the run are written to that directory. */
    static ChildJvm of(Class<?> fixture, Path directory) {
        return new ChildJvm(fixture, directory);
    }

    ChildJvm property(String key, String value) {
        properties.put(key, value);
        return this;
    }

    ChildJvm environment(String name, String value) {
        environment.put(name, value);
        return this;
    }

    /** Leaves the jars whose file names begin so out of the class path. */
    ChildJvm withoutJar(String prefix) {
        unwantedJar = "/" + prefix;
        return this;
    }

    /** Points it at a daemon that is not there, and at no other one that this machine may have. */
    ChildJvm withoutDaemon() {
        inherits = false;
        return property("user.home", directory.toString())
                .environment("DOCKER_HOST", "unix://" + directory.resolve("no-daemon.sock"));
    }

    /** Runs it and returns what it printed: one line for the end of each test and container, and what was logged. */
    List<String> run() throws IOException, InterruptedException {
        Path output = directory.resolve("output.txt");
        ProcessBuilder builder =
                new ProcessBuilder(command()).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment()
                .keySet()
                .removeIf(name -> !inherits && name.matches("(DOCKER|TESTCONTAINERS|COUNTERCHECK)_.*"));
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                throw new AssertionError("the JVM did not end; it printed\n" + Files.readString(output));
            }
        } finally {
            process.destroyForcibly();
        }
        return Files.readAllLines(output);
    }

    private List<String> command() {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                        .filter(entry -> !entry.contains(unwantedJar))
                        .collect(Collectors.joining(File.pathSeparator))));
        properties.forEach((key, value) -> command.add("-D" + key + "=" + value));
        command.addAll(List.of(Main.class.getName(), fixture.getName(), Boolean.toString(inherits)));
        return command;
    }

    /** What the other JVM runs. */
    static final class Main {

        private Main() {}

        public static void main(String[] arguments) {
            if (!Boolean.parseBoolean(arguments[1])) {
                Thread.currentThread().setContextClassLoader(new WithoutUsualDaemons());
            }
            EngineTestKit.engine("junit-jupiter")
                    .enableImplicitConfigurationParameters(true)
                    .selectors(selectClass(arguments[0]))
                    .execute()
                    .allEvents()
                    .filter(event -> event.getType() == EventType.SKIPPED || event.getType() == EventType.FINISHED)
                    .map(Main::line)
                    .forEach(System.out::println);
        }

        private static String line(Event event) {
            String name = event.getTestDescriptor().getDisplayName();
            if (event.getType() == EventType.SKIPPED) {
                return "skipped " + name + ": " + event.getRequiredPayload(String.class);
            }
            TestExecutionResult result = event.getRequiredPayload(TestExecutionResult.class);
            return result.getStatus().name().toLowerCase(Locale.ROOT) + " " + name
                    + result.getThrowable().map(t -> ": " + t).orElse("");
        }
    }

    /** Hides from Testcontainers the usual places of a daemon, such as /var/run/docker.sock, so that DOCKER_HOST is left. */
    private static final class WithoutUsualDaemons extends ClassLoader {

        WithoutUsualDaemons() {
            super(ChildJvm.class.getClassLoader());
        }

        @Override
        public Enumeration<URL> getResources(String name) throws IOException {
            return name.equals(DAEMON_STRATEGIES) ? Collections.emptyEnumeration() : super.getResources(name);
        }
    }
}
