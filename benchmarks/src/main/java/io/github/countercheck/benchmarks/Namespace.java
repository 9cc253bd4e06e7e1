// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A network namespace of the benchmark's own, with rules that nobody's packets meet. It is gone with this JVM, however that ends:
 * what keeps it open reads from a pipe that only the JVM holds.
 */
final class Namespace implements AutoCloseable {

    private final Process keeper;

    private Namespace(Process keeper) {
        this.keeper = keeper;
    }

    static Namespace open() throws IOException {
        Process process = new ProcessBuilder("unshare", "--net", "sh", "-c", "echo && exec cat")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        if (process.getInputStream().read() < 0) {
            throw new IOException("no network namespace could be made; that takes root and util-linux");
        }
        return new Namespace(process);
    }

    long pid() {
        return keeper.pid();
    }

    /** Gives a command's words in that namespace of a process. */
    static List<String> entered(long pid, String... words) {
        List<String> all = new ArrayList<>(List.of("nsenter", "--net=/proc/" + pid + "/ns/net", "--"));
        all.addAll(List.of(words));
        return all;
    }

    /** Puts rules into the namespace of that process. */
    static void restore(long pid, String program, String listing) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(entered(pid, program, "--counters"))
                .redirectErrorStream(true)
                .start();
        try (OutputStream input = process.getOutputStream()) {
            input.write(listing.getBytes(StandardCharsets.UTF_8));
        }
        String said;
        try (BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            said = String.join("\n", output.lines().toList());
        }
        if (process.waitFor() != 0) {
            throw new IOException(program + " refused the rules: " + said);
        }
    }

    @Override
    public void close() {
        keeper.destroy();
    }
}
