// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.jupiter;

import com.github.dockerjava.api.exception.DockerException;
import io.github.countercheck.CountercheckException;
import io.github.countercheck.Measurement;
import io.github.countercheck.PacketReport;
import io.github.countercheck.report.DaemonInfo;
import io.github.countercheck.report.Observed;
import io.github.countercheck.report.ReportFiles;
import io.github.countercheck.report.RunReport;
import io.github.countercheck.report.TestReport;
import io.github.countercheck.report.TestReports;
import io.github.countercheck.report.TestReports.Ended;
import io.github.countercheck.report.Verdict;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.MediaType;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.JUnitException;
import org.opentest4j.TestAbortedException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what people look at, as the run goes and beside it: the files of each test once it has ended, and the page of the
 * run now and then, so often that it costs little, at its end, and when the JVM is told to end.
 */
final class Reports implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Reports.class);
    private static final String RUN = "index.html";
    private static final MediaType HTML = MediaType.parse("text/html; charset=UTF-8");
    private static final int LONGEST_NAME = 80;

    /** Of so many parts of the time, writing the page of the run while it goes may take one. */
    private static final int SHARE = 100;

    private static final Duration AT_LEAST = Duration.ofSeconds(2);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Path directory;
    private final ReportFiles files;
    private final @Nullable Path summary;
    private final Thread atShutdown = new Thread(this::writeIncomplete, "countercheck-report");
    private final Instant startedAt = Instant.now();

    /** One report after the other, while the tests go on; none once the JVM is told to end. */
    private final ExecutorService writer = new ThreadPoolExecutor(
            1,
            1,
            0,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            Reports::daemonThread,
            new ThreadPoolExecutor.DiscardPolicy());

    private final List<TestReport> tests = new CopyOnWriteArrayList<>();
    private final Map<String, String> paths = new HashMap<>();
    private final Set<String> taken = new HashSet<>();
    private Instant nextWrite = startedAt.plus(AT_LEAST);

    private Reports(Path directory, @Nullable Path summary) {
        this.directory = directory;
        this.files = new ReportFiles(directory);
        this.summary = summary;
    }

    /**
     * Begins the reports of a run.
     *
     * @param environment returns the value of an environment variable
     */
    static Reports open(Function<String, @Nullable String> environment) {
        String summary = environment.apply("GITHUB_STEP_SUMMARY");
        Reports reports = new Reports(
                buildDirectory(Path.of("")).resolve("countercheck"),
                summary == null || summary.isEmpty() ? null : Path.of(summary));
        Runtime.getRuntime().addShutdownHook(reports.atShutdown);
        return reports;
    }

    private static Thread daemonThread(Runnable work) {
        Thread thread = new Thread(work, "countercheck-reports");
        thread.setDaemon(true);
        return thread;
    }

    /** Returns where the build keeps what it makes. */
    static Path buildDirectory(Path project) {
        return project.resolve(Files.exists(project.resolve("pom.xml")) || !hasGradle(project) ? "target" : "build");
    }

    private static boolean hasGradle(Path project) {
        return Files.exists(project.resolve("build.gradle")) || Files.exists(project.resolve("build.gradle.kts"));
    }

    /** Returns where the page of that test is, or will be. */
    Path page(ExtensionContext test) {
        return files.page(path(test));
    }

    private synchronized String path(ExtensionContext test) {
        return paths.computeIfAbsent(test.getUniqueId(), id -> {
            String wanted = name(className(test)) + "/" + name(methodName(test));
            String path = wanted;
            for (int i = 2; !taken.add(path.toLowerCase(Locale.ROOT)); i++) {
                path = wanted + "-" + i;
            }
            return path;
        });
    }

    private static String className(ExtensionContext test) {
        Class<?> type = test.getRequiredTestClass();
        String name = type.getName();
        return name.substring(name.lastIndexOf('.') + 1).replace('$', '.');
    }

    /**
     * An invocation of several, of the test or of its class, has a display name of its own; that of a plain test may be any
     * text.
     */
    private static String methodName(ExtensionContext test) {
        StringBuilder name = new StringBuilder(test.getRequiredTestMethod().getName());
        for (Optional<ExtensionContext> at = Optional.of(test);
                at.isPresent();
                at = at.flatMap(ExtensionContext::getParent)) {
            String id = at.get().getUniqueId();
            if (id.indexOf("-invocation:", id.lastIndexOf('/')) >= 0) {
                name.append('-').append(at.get().getDisplayName());
            }
        }
        return name.toString();
    }

    static String name(String text) {
        String name = text.replaceAll("[^A-Za-z0-9_.]+", "-").replaceAll("^[-.]+|[-.]+$", "");
        return name.isEmpty() ? "test" : name.substring(0, Math.min(name.length(), LONGEST_NAME));
    }

    /**
     * Reports a test that has ended. Its files are written soon, and at the latest when the run ends.
     *
     * @param config the configuration of the daemon that was started for it, in a few words, or empty
     * @param thrown what it ended with, or null
     */
    void ended(
            ExtensionContext test, Measurement measurement, String config, Instant began, @Nullable Throwable thrown) {
        Ended how;
        Supplier<Observed> observed;
        try {
            how = how(test, measurement.daemon(config), began, thrown);
            observed = measurement.observed();
        } catch (CountercheckException | DockerException e) {
            // Whatever it is, it must not take the place of how the test ended.
            LOG.warn("no report of {} could be made", test.getDisplayName(), e);
            return;
        }
        Map<Path, Path> attached = new HashMap<>();
        attach(test, "countercheck.html", HTML, files.page(how.path()), attached);
        attach(test, "countercheck.json", MediaType.APPLICATION_JSON, files.json(how.path()), attached);
        if (thrown != null) {
            Console.print("[[ATTACHMENT|" + files.page(how.path()).toAbsolutePath() + "]]");
        }
        writer.execute(() -> write(how, observed, attached));
    }

    /** Jupiter wants a file at once: it is empty until there is something to put into it. */
    private static void attach(
            ExtensionContext test, String name, MediaType type, Path file, Map<Path, Path> attached) {
        try {
            test.publishFile(name, type, to -> attached.put(file, Files.createFile(to)));
        } catch (JUnitException e) {
            LOG.debug("{} was not published", file, e);
        }
    }

    private void write(Ended how, Supplier<Observed> observed, Map<Path, Path> attached) {
        try {
            TestReport report = TestReports.of(how, observed.get());
            tests.add(report);
            files.write(report);
            for (Map.Entry<Path, Path> entry : attached.entrySet()) {
                Files.copy(entry.getKey(), entry.getValue(), StandardCopyOption.REPLACE_EXISTING);
            }
            writeNowAndThen();
        } catch (RuntimeException | IOException e) {
            LOG.warn("no report of {} could be written", how.name(), e);
        }
    }

    private Ended how(ExtensionContext test, DaemonInfo daemon, Instant began, @Nullable Throwable thrown) {
        return new Ended(
                className(test),
                test.getDisplayName(),
                path(test),
                verdict(thrown),
                began,
                Duration.between(began, Instant.now()),
                daemon,
                thrown == null ? "" : message(thrown));
    }

    private static Verdict verdict(@Nullable Throwable thrown) {
        if (thrown == null) {
            return Verdict.PASSED;
        }
        if (thrown instanceof TestAbortedException) {
            return Verdict.ABORTED;
        }
        return thrown instanceof CountercheckException ? Verdict.NOT_MEASURED : Verdict.FAILED;
    }

    private static String message(Throwable thrown) {
        String text = thrown.getMessage();
        StringBuilder message = new StringBuilder(
                thrown instanceof AssertionError && text != null
                        ? text
                        : thrown.getClass().getSimpleName() + (text == null ? "" : ": " + text));
        for (Throwable suppressed : thrown.getSuppressed()) {
            if (suppressed instanceof PacketReport) {
                message.append('\n').append(suppressed.getMessage());
            }
        }
        return message.toString();
    }

    private void writeNowAndThen() {
        Instant begin = Instant.now();
        if (begin.isBefore(nextWrite)) {
            return;
        }
        files.write(RUN, run(false));
        Instant end = Instant.now();
        Duration pause = Duration.between(begin, end).multipliedBy(SHARE);
        nextWrite = end.plus(pause.compareTo(AT_LEAST) > 0 ? pause : AT_LEAST);
    }

    private RunReport run(boolean complete) {
        return new RunReport(startedAt, Duration.between(startedAt, Instant.now()), complete, tests);
    }

    private void writeIncomplete() {
        awaitWriting();
        write(false);
    }

    private void awaitWriting() {
        writer.shutdown();
        try {
            if (!writer.awaitTermination(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                LOG.warn("not all reports could be written in {} s", PATIENCE.toSeconds());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void write(boolean complete) {
        if (tests.isEmpty()) {
            return;
        }
        RunReport run = run(complete);
        try {
            Path page = files.write(RUN, run);
            if (summary != null) {
                ReportFiles.appendSummary(summary, run);
            }
            Console.print("Countercheck: " + run.inWords() + "; " + page.toUri());
        } catch (UncheckedIOException e) {
            LOG.warn("no report of the run could be written to {}", directory, e);
        }
    }

    @Override
    public void close() {
        try {
            Runtime.getRuntime().removeShutdownHook(atShutdown);
        } catch (IllegalStateException e) {
            LOG.debug("the JVM is ending, and writes the report itself", e);
            return;
        }
        awaitWriting();
        write(true);
    }
}
