// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import com.github.dockerjava.api.model.Version;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.testcontainers.DockerClientFactory;

/** Measures everything end to end on the daemon at hand, which is to be a throw-away one. Started by {@code ci/bench}. */
public final class Bench {

    private static final String BEGIN = "<!-- what ci/bench --readme wrote: -->";
    private static final String END = "<!-- until here -->";
    private static final int SECONDS_FOR_THE_DAEMONS = 240;
    private static final int DAEMONS = 24;

    private static final List<Group> GROUPS = List.of(
            new LocalReads(),
            new ToolboxReads(),
            new Parsing(),
            new Retained(),
            new Waiting(),
            new TestCost(),
            new FirstUse(),
            new ManyContainers());

    private final PrintStream output;
    private final Instant begin = Instant.now();
    private final List<Figure> figures = new ArrayList<>();
    private final List<String> gaps = new ArrayList<>();

    /** Lacks a peer at most. */
    private boolean complete = true;

    private boolean quick;
    private @Nullable Path json;
    private @Nullable Path markdown;
    private @Nullable Path readme;
    private @Nullable String only;

    private Bench(PrintStream output) {
        this.output = output;
    }

    /** Measures, prints the report as Markdown, and writes it where it is wanted. */
    public static void main(String[] arguments) throws Exception {
        // For the report alone; the runs of tests in here have something to say as well.
        PrintStream output = System.out;
        System.setOut(System.err);
        Bench bench = new Bench(output);
        bench.read(new ArrayDeque<>(List.of(arguments)));
        // docker-java leaves threads behind that would hold up the end.
        System.exit(bench.run());
    }

    private void read(Deque<String> words) {
        while (!words.isEmpty()) {
            String word = words.remove();
            switch (word) {
                case "--quick" -> quick = true;
                case "--json" -> json = Path.of(words.remove());
                case "--markdown" -> markdown = Path.of(words.remove());
                case "--readme" -> readme = Path.of(words.remove());
                case "--only" -> only = words.remove();
                case "--validated" -> validated(Double.parseDouble(words.remove()));
                default -> throw new IllegalArgumentException("unknown option " + word);
            }
        }
    }

    private void validated(double seconds) {
        figures.add(Figure.of(
                        "validate-24-daemons",
                        Goal.atMost(SECONDS_FOR_THE_DAEMONS),
                        Sample.of("`ci/validate` of " + DAEMONS + " daemons, from its start to its end", "s", seconds))
                .withRemark(Report.number(seconds / DAEMONS) + " s for each"));
    }

    private int run() throws IOException, InterruptedException {
        Version version = DockerClientFactory.instance().client().versionCmd().exec();
        // Before anything is done here, or it would tell how busy we are ourselves.
        Map<String, String> machine = Machine.describe("Docker " + version.getVersion());
        Plan plan = new Plan(quick, this::report, this::gap);
        for (Group group : GROUPS) {
            if (only != null && !group.getClass().getSimpleName().equals(only)) {
                continue;
            }
            say(group.title());
            try {
                group.measure(plan);
            } catch (InterruptedException e) {
                throw e;
            } catch (Exception e) {
                // The other groups are still worth their time.
                e.printStackTrace();
                complete = false;
                gap(group.title() + ": " + e.getMessage());
            }
        }
        Report report = new Report(LocalDate.now(ZoneOffset.UTC).toString(), machine, figures, gaps);
        output.print(report.markdown());
        if (json != null) {
            Files.writeString(json, report.json());
        }
        if (markdown != null) {
            Files.writeString(markdown, report.markdown());
        }
        if (readme != null) {
            Files.writeString(readme, Report.between(Files.readString(readme), BEGIN, END, report.markdown()));
        }
        say("done");
        return complete ? 0 : 2;
    }

    private void report(Figure figure) {
        figures.add(figure);
        Goal goal = figure.goal();
        say(String.format(
                Locale.ROOT,
                "  %s: %s %s%s",
                figure.name(),
                Report.number(figure.value()),
                figure.unit(),
                goal == null
                        ? ""
                        : ", goal " + goal.bound().sign() + " " + Report.number(goal.limit())
                                + (figure.isMet() ? "" : ", not met")));
    }

    private void gap(String what) {
        gaps.add(what);
        say("  not measured: " + what);
    }

    private void say(String what) {
        System.err.printf(
                Locale.ROOT,
                "bench: %3d s  %s%n",
                Duration.between(begin, Instant.now()).toSeconds(),
                what);
    }
}
