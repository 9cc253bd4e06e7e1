// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.report;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.apiguardian.api.API;

/** Writes reports below a directory. A file is there as a whole or not at all, also when the JVM ends meanwhile. */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class ReportFiles {

    private final Path directory;

    /** Will write below that directory, which is made at the first writing. */
    public ReportFiles(Path directory) {
        this.directory = directory;
    }

    /** Returns the place of a test's page: {@code target/countercheck/WebIT/publishedPort.html}. */
    public Path page(String test) {
        return directory.resolve(test + ".html");
    }

    /** Returns the place of a test's JSON. */
    public Path json(String test) {
        return directory.resolve(test + ".json");
    }

    /**
     * Writes the page, picture and JSON of a test.
     *
     * @throws UncheckedIOException if that fails
     */
    public void write(TestReport test) {
        write(page(test.path()), out -> HtmlReport.write(test, out));
        write(directory.resolve(test.path() + ".svg"), out -> SvgWalk.write(test, out));
        write(json(test.path()), out -> JsonReport.write(test, out));
    }

    /**
     * Writes the page of a run.
     *
     * @param name the file's name
     * @throws UncheckedIOException if that fails
     */
    public Path write(String name, RunReport run) {
        return write(directory.resolve(name), out -> HtmlReport.write(run, out));
    }

    /** Returns the page of a matrix. */
    public static String page(Matrix matrix) {
        StringWriter out = new StringWriter();
        HtmlReport.write(matrix, out);
        return out.toString();
    }

    /**
     * Appends the summary of a run to a file, as CI servers take it.
     *
     * @throws UncheckedIOException if that fails
     */
    public static void appendSummary(Path file, RunReport run) {
        try {
            Files.writeString(
                    file, MarkdownSummary.of(run) + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private interface Content {
        void to(Writer out) throws IOException;
    }

    private static Path write(Path file, Content content) {
        try {
            Path parent = file.toAbsolutePath().getParent();
            if (parent != null) {
                Files.createDirectories(parent);
            }
            Path draft = file.resolveSibling(file.getFileName() + ".part");
            try (BufferedWriter out = Files.newBufferedWriter(draft)) {
                content.to(out);
            }
            return Files.move(draft, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
