// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import io.github.countercheck.CountercheckException;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One long-lived POSIX shell that runs commands one after the other.
 *
 * <p>Starting a process in another namespace costs more than most reads; a shell that stays there does not. Each
 * command is followed by a line with a word that no output can guess, its status and its error output. A command over
 * its limit takes the shell with it, and the next command gets a new one.
 */
final class Shell implements AutoCloseable {

    private static final ScheduledExecutorService WATCH = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "countercheck-command-limit");
        thread.setDaemon(true);
        return thread;
    });

    private final Supplier<RunningCommand> connector;
    private final String description;
    private final String mark = "countercheck-" + UUID.randomUUID();
    private @Nullable RunningCommand connection;
    private @Nullable InputStream output;
    private boolean closed;

    Shell(String description, Supplier<RunningCommand> connector) {
        this.description = description;
        this.connector = connector;
    }

    synchronized CommandResult run(Command command, Duration limit) {
        if (closed) {
            throw new CountercheckException(
                    "`" + command + "` was asked of a shell that is closed (" + description + ")",
                    "measure before the test class ends; containers started for measuring are gone after it");
        }
        RunningCommand current = connect();
        // Whoever decides first, the end of the command or the limit, decides alone: a shell whose child was ended for
        // the
        // limit's sake may still report that child's status.
        AtomicBoolean decided = new AtomicBoolean();
        AtomicBoolean overdue = new AtomicBoolean();
        ScheduledFuture<?> watch = WATCH.schedule(
                () -> {
                    if (decided.compareAndSet(false, true)) {
                        overdue.set(true);
                        current.close();
                    }
                },
                limit.toMillis(),
                TimeUnit.MILLISECONDS);
        try {
            CommandResult result = exchange(command, current);
            if (!decided.compareAndSet(false, true)) {
                throw new IOException("the limit was reached first");
            }
            return result;
        } catch (IOException e) {
            disconnect();
            throw overdue.get()
                    ? new CountercheckException(
                            "`" + command + "` took longer than " + limit.toMillis() + " ms in " + description,
                            "look for what holds it up there, for instance with `ps` or `cat /proc/PID/stack`",
                            e)
                    : new CountercheckException(
                            "the shell in " + description + " ended while it ran `" + command + "`",
                            "check that the container or process it belongs to is still running",
                            e);
        } finally {
            watch.cancel(false);
        }
    }

    private CommandResult exchange(Command command, RunningCommand current) throws IOException {
        // Error output is kept apart without a file: the substitution takes it while fd 3 carries standard output.
        // Without
        // braces around it, the subshell becomes the command instead of starting it.
        String line = "{ e=$(" + command.toShell() + " 2>&1 1>&3 3>&-); s=$?; } 3>&1; "
                + "printf '\\n%s %s\\n%s\\n%s\\n' " + mark + " \"$s\" \"$e\" " + mark + "\n";
        OutputStream input = current.input();
        input.write(line.getBytes(StandardCharsets.UTF_8));
        input.flush();
        StringBuilder text = new StringBuilder();
        String last = readUntilMark(text);
        int status = Integer.parseInt(last.substring(mark.length() + 1));
        StringBuilder errors = new StringBuilder();
        readUntilMark(errors);
        return new CommandResult(command, status, text.toString(), errors.toString());
    }

    /** Collects lines up to the one that begins with the mark, without the line end that stands before the mark. */
    private String readUntilMark(StringBuilder text) throws IOException {
        String line = readLine();
        while (!line.startsWith(mark)) {
            text.append(line).append('\n');
            line = readLine();
        }
        if (!text.isEmpty()) {
            text.setLength(text.length() - 1);
        }
        return line;
    }

    private String readLine() throws IOException {
        InputStream in = output;
        if (in == null) {
            throw new IOException("not connected");
        }
        ByteArrayOutputStream line = new ByteArrayOutputStream(128);
        for (int b = in.read(); b != '\n'; b = in.read()) {
            if (b < 0) {
                throw new IOException("end of output");
            }
            line.write(b);
        }
        return line.toString(StandardCharsets.UTF_8);
    }

    private RunningCommand connect() {
        RunningCommand current = connection;
        if (current == null) {
            current = connector.get();
            try {
                output = new BufferedInputStream(current.output(), 1 << 16);
            } catch (IOException e) {
                throw new CountercheckException(
                        "no shell could be opened in " + description, "check that it is still running", e);
            }
            connection = current;
        }
        return current;
    }

    private void disconnect() {
        RunningCommand current = connection;
        if (current != null) {
            current.close();
        }
        connection = null;
        output = null;
    }

    String description() {
        return description;
    }

    @Override
    public synchronized void close() {
        closed = true;
        disconnect();
    }
}
