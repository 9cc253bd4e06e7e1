// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs programs to their ends. */
final class Programs {

    private Programs() {}

    /**
     * Returns what a program printed.
     *
     * @throws IOException if it could not be started, or ended with a status other than 0
     */
    static String output(String... command) throws IOException, InterruptedException {
        Process process = found(List.of(command))
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        int status = process.waitFor();
        if (status != 0) {
            throw new IOException("`" + String.join(" ", command) + "` ended with status " + status);
        }
        return output;
    }

    /** Gives one that finds what is for root. */
    static ProcessBuilder found(List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().merge("PATH", "/usr/sbin:/sbin", (path, more) -> path + ":" + more);
        return builder;
    }

    /** Returns the last line that a class printed which was run in a JVM of its own. */
    static String inAnotherJvm(Class<?> main, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                main.getName()));
        command.addAll(List.of(arguments));
        String output = output(command.toArray(String[]::new));
        return output.lines()
                .reduce((first, second) -> second)
                .orElseThrow(() -> new IOException(main.getSimpleName() + " printed nothing"));
    }
}
