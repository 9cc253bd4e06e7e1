// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * Commands run the best way there is: by a shell that is in the namespace already, with nobody to read what they print.
 */
final class BareShell implements AutoCloseable {

    private final Process shell;
    private final Writer input;
    private final BufferedReader output;

    private BareShell(Process shell) {
        this.shell = shell;
        this.input = shell.outputWriter(StandardCharsets.UTF_8);
        this.output = new BufferedReader(new InputStreamReader(shell.getInputStream(), StandardCharsets.UTF_8));
    }

    /** Starts one in the namespace of that process. */
    static BareShell in(long pid) throws IOException {
        ProcessBuilder builder = Programs.found(Namespace.entered(pid, "sh"));
        builder.environment().put("LC_ALL", "C");
        return new BareShell(
                builder.redirectError(ProcessBuilder.Redirect.DISCARD).start());
    }

    /** Runs these one after the other, to their ends. */
    void run(String... commands) throws IOException {
        tell(Arrays.stream(commands)
                        .map(command -> command + " </dev/null >/dev/null")
                        .collect(Collectors.joining(" && "))
                + "; echo $?");
        String status = output.readLine();
        if (!"0".equals(status)) {
            throw new IOException("`" + String.join(" && ", commands) + "` ended with status " + status);
        }
    }

    /** Makes the shell another program, which does something for each line that it reads, and says that it is ready. */
    void become(String command) throws IOException {
        tell("exec " + command);
        String said = output.readLine();
        if (said == null) {
            throw new IOException("`" + command + "` did not start");
        }
    }

    /** Has that program do it once. */
    String ask() throws IOException {
        tell("");
        return String.valueOf(output.readLine());
    }

    private void tell(String line) throws IOException {
        input.write(line + "\n");
        input.flush();
    }

    @Override
    public void close() {
        shell.destroy();
    }
}
