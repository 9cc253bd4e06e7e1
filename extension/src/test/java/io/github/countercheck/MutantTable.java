// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which assertion noticed which fault, and how: a row for both, a column for each daemon and address family. Columns of
 * earlier runs stay, so that one table tells of all daemons that the tests ran on.
 */
final class MutantTable {

    private static final Path DIRECTORY = Path.of("target", "mutants");

    private final String test;
    private final Map<String, List<String>> cells = new LinkedHashMap<>();
    private String healthy = "";

    /** Makes the part of the table that this test writes. */
    MutantTable(Class<?> test) {
        this.test = test.getSimpleName();
    }

    /** Tells whether the mutant's assertion was seen to hold after the mutant before, and forgets it. */
    boolean isHealthy(Mutant mutant) {
        boolean isHealthy = claim(mutant).equals(healthy);
        healthy = "";
        return isHealthy;
    }

    /** Notes that the mutant's assertion was seen to hold after its fault was taken out again. */
    void healthy(Mutant mutant) {
        healthy = claim(mutant);
    }

    private static String claim(Mutant mutant) {
        return mutant.scene().column() + " " + mutant.assertion();
    }

    /** Notes what became of one mutant. */
    void add(String column, Mutant mutant, String cell) {
        cells.computeIfAbsent(column, c -> new ArrayList<>())
                .add(mutant.assertion() + "\t" + mutant.fault() + "\t" + cell);
    }

    /** Writes the columns of this run, and the table of all runs: {@code target/mutants/AssertionMutantsIT.md}. */
    void write() throws IOException {
        Files.createDirectories(DIRECTORY);
        for (Map.Entry<String, List<String>> column : cells.entrySet()) {
            Files.write(DIRECTORY.resolve(test + "@" + column.getKey() + ".tsv"), column.getValue());
        }
        Map<String, Map<String, String>> rows = new LinkedHashMap<>();
        List<String> columns = columns();
        for (String column : columns) {
            for (String line : lines(column)) {
                int end = line.lastIndexOf('\t');
                rows.computeIfAbsent(line.substring(0, end), row -> new TreeMap<>())
                        .put(column, line.substring(end + 1));
            }
        }
        Stream<String> head = Stream.of(
                row(Stream.concat(Stream.of("assertion", "fault"), columns.stream())),
                row(Stream.concat(Stream.of("---", "---"), columns.stream().map(c -> "---"))));
        Stream<String> body = rows.entrySet().stream()
                .map(row -> row(Stream.concat(
                        Stream.of(row.getKey().split("\t", -1)),
                        columns.stream().map(c -> row.getValue().getOrDefault(c, "")))));
        Files.write(DIRECTORY.resolve(test + ".md"), Stream.concat(head, body).toList());
    }

    private List<String> columns() throws IOException {
        try (Stream<Path> files = Files.list(DIRECTORY)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith(test + "@") && name.endsWith(".tsv"))
                    .map(name -> name.substring(test.length() + 1, name.length() - ".tsv".length()))
                    .sorted()
                    .toList();
        }
    }

    private List<String> lines(String column) {
        try {
            return Files.readAllLines(DIRECTORY.resolve(test + "@" + column + ".tsv"), UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String row(Stream<String> cells) {
        return cells.map(cell -> cell.replace("|", "\\|")).collect(Collectors.joining(" | ", "| ", " |"));
    }
}
