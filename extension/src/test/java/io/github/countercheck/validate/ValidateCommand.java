// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.daemon.DaemonConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What {@code ci/validate} runs. It takes system properties, and is no test of this project: its name keeps it out of a build
 * that does not ask for it.
 *
 * <ul>
 *   <li>{@code countercheck.validate.configs}: the candidates' files, with commas between
 *   <li>{@code countercheck.validate.engines}: the engines, likewise; 28.5 where it is not set
 *   <li>{@code countercheck.validate.baseline}: the file that is in use now
 *   <li>{@code countercheck.validate.json}, {@code countercheck.validate.html}: where to write reports
 *   <li>{@code countercheck.validate.output}: a directory for {@code progress}, {@code report} and {@code verdict}
 * </ul>
 */
class ValidateCommand {

    private static final String PREFIX = "countercheck.validate.";

    @Test
    void everyPathDoesWhatItsConfigurationPromises() throws IOException {
        Path output = Path.of(property("output").orElse("target/validate"));
        Files.createDirectories(output);
        Files.deleteIfExists(output.resolve("verdict"));
        List<String> engines = list(property("engines").orElse("28.5"));
        List<Path> files = list(property("configs")
                        .orElseThrow(() -> new IllegalArgumentException(
                                "name at least one file with -D" + PREFIX + "configs=FILE,FILE…")))
                .stream()
                .map(Path::of)
                .toList();
        Optional<DaemonConfig> baseline = property("baseline").map(Path::of).map(file -> config(file, files));
        List<DaemonConfig> configs = Stream.concat(
                        baseline.stream(), files.stream().map(file -> config(file, files)))
                .toList();

        List<DaemonReport> reports =
                new Validation(line -> append(output.resolve("progress"), line + "\n")).run(engines, configs);

        Map<String, List<String>> changes = baseline.isPresent() ? changes(reports, configs.size()) : Map.of();
        StringBuilder text = new StringBuilder(Table.of(reports));
        changes.forEach((name, lines) -> {
            text.append('\n').append(name).append(": what changes for users, if it replaces ");
            text.append(baseline.orElseThrow().file()).append('\n');
            (lines.isEmpty() ? List.of("nothing") : lines)
                    .forEach(line -> Table.folded("  ", line)
                            .forEach(part -> text.append(part).append('\n')));
        });
        Files.writeString(output.resolve("report"), text);
        write("json", JsonReport.of(reports));
        write("html", HtmlReport.of(reports, changes));
        Verdict verdict = worst(reports);
        Files.writeString(output.resolve("verdict"), verdict + "\n");
        assertThat(verdict).as(text.toString()).isEqualTo(Verdict.PASS);
    }

    private static Map<String, List<String>> changes(List<DaemonReport> reports, int configs) {
        Map<String, List<String>> changes = new LinkedHashMap<>();
        for (int first = 0; first < reports.size(); first += configs) {
            for (int i = first + 1; i < first + configs; i++) {
                changes.put(Table.name(reports.get(i)), Changes.between(reports.get(first), reports.get(i)));
            }
        }
        return changes;
    }

    private static Verdict worst(List<DaemonReport> reports) {
        List<Verdict> verdicts = reports.stream().map(DaemonReport::verdict).toList();
        return Stream.of(Verdict.FAIL, Verdict.UNMEASURED)
                .filter(verdicts::contains)
                .findFirst()
                .orElse(Verdict.PASS);
    }

    /** Under its name alone, where no other candidate has the same. */
    private static DaemonConfig config(Path file, List<Path> all) {
        long sameName = all.stream()
                .filter(other -> !other.equals(file) && other.getFileName().equals(file.getFileName()))
                .count();
        try {
            return DaemonConfig.parse(
                    sameName == 0 ? file.getFileName().toString() : file.toString(), Files.readString(file));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(String property, String text) throws IOException {
        Optional<String> file = property(property);
        if (file.isPresent()) {
            Files.writeString(Path.of(file.get()), text);
        }
    }

    private static synchronized void append(Path file, String text) {
        try {
            Files.writeString(file, text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Optional<String> property(String name) {
        return Optional.ofNullable(System.getProperty(PREFIX + name)).filter(value -> !value.isBlank());
    }

    private static List<String> list(String value) {
        return new ArrayList<>(Arrays.asList(value.split(",")));
    }
}
