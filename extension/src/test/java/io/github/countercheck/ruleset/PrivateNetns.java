// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs shell scripts in a network namespace of their own, which is gone when they end. */
final class PrivateNetns {

    /** What a script printed on both streams, and how it ended. */
    record Result(int status, String output) {}

    private PrivateNetns() {}

    /** Skips the test where the kernel or the rights for namespaces or one of the tools are missing. */
    static void assumeAvailable(List<String> tools) {
        Result result;
        try {
            result = run("for tool in " + String.join(" ", tools)
                    + "; do command -v $tool >/dev/null || { echo $tool is missing; exit 3; }; done");
        } catch (IOException e) {
            result = new Result(-1, e.toString());
        }
        assumeTrue(result.status() == 0, "needs root, unshare and iptables: " + result.output());
    }

    static Result run(String script) throws IOException {
        Path file = Files.createTempFile("countercheck", ".sh");
        Path output = Files.createTempFile("countercheck", ".out");
        try {
            Files.writeString(file, script);
            Process process = new ProcessBuilder("unshare", "-n", "sh", file.toString())
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            process.getOutputStream().close();
            if (!process.waitFor(120, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("script did not end within 120 s");
            }
            return new Result(process.exitValue(), Files.readString(output, StandardCharsets.UTF_8));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(output);
        }
    }
}
