// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import io.github.countercheck.CountercheckException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * One long-lived POSIX shell that runs commands one after the other, or a last one beside them.
 *
 * <p>Starting a process in another namespace costs more than most reads; a shell that stays there does not. Each
 * command is followed by a line with a word that no output can guess, its status and its error output. A command over
 * its limit takes the shell with it, and the next command gets a new one.
 */
final class Shell implements AutoCloseable {

    /**
     * A command that every shell of ours has: prints the lines of files, each behind the file's name and a colon, and leaves
     * out files that cannot be read. For small files of the kernel's, for which it is a waste to start a process.
     */
    static final String LINES_OF = "countercheck_lines_of";

    private static final String FUNCTIONS = LINES_OF + "() { for file; do if [ -r \"$file\" ]; then"
            + " while IFS= read -r line; do printf '%s:%s\\n' \"$file\" \"$line\"; done <\"$file\"; fi; done; }\n";

    private static final ScheduledExecutorService WATCH = Executors.newSingleThreadScheduledExecutor(task -> {
        Thread thread = new Thread(task, "countercheck-command-limit");
        thread.setDaemon(true);
        return thread;
    });

    private final Supplier<RunningCommand> connector;
    private final String description;
    private final String mark = "countercheck-" + UUID.randomUUID();
    private @Nullable RunningCommand connection;
    private @Nullable OutputLines answers;
    private boolean closed;

    Shell(String description, Supplier<RunningCommand> connector) {
        this.description = description;
        this.connector = connector;
    }

    CommandResult run(Command command, Duration limit) {
        StringJoiner output = new StringJoiner("\n");
        CommandResult result = exchange(List.of(new Netns.Reading(command, output::add)), limit)
                .get(0);
        return new CommandResult(command, result.status(), output.toString(), result.errors());
    }

    List<CommandResult> run(List<Netns.Reading> readings, Duration limit) {
        List<Ended> ends =
                readings.stream().map(reading -> new Ended(reading.lines())).toList();
        List<Netns.Reading> ended = new ArrayList<>();
        for (int i = 0; i < readings.size(); i++) {
            ended.add(new Netns.Reading(readings.get(i).command(), ends.get(i)));
        }
        List<CommandResult> results = exchange(ended, limit);
        ends.forEach(Ended::close);
        return results;
    }

    /** Passes lines on, but not the empty one that stands behind the last line's end. */
    private static final class Ended implements Consumer<String> {

        private final Consumer<String> lines;
        private @Nullable String held;

        Ended(Consumer<String> lines) {
            this.lines = lines;
        }

        @Override
        public void accept(String line) {
            if (held != null) {
                lines.accept(held);
            }
            held = line;
        }

        void close() {
            if (held != null && !held.isEmpty()) {
                lines.accept(held);
            }
        }
    }

    /** Runs commands. What stands between the line ends of their output goes to its reader; the results have none of it. */
    private synchronized List<CommandResult> exchange(List<Netns.Reading> readings, Duration limit) {
        String command =
                readings.stream().map(reading -> reading.command().toString()).collect(Collectors.joining("; "));
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
            List<CommandResult> results = exchange(readings, current);
            if (!decided.compareAndSet(false, true)) {
                throw new IOException("the limit was reached first");
            }
            return results;
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

    private List<CommandResult> exchange(List<Netns.Reading> readings, RunningCommand current) throws IOException {
        OutputLines lines = answers;
        if (lines == null) {
            throw new IOException("not connected");
        }
        OutputStream input = current.input();
        input.write(
                script(readings.stream().map(Netns.Reading::command).toList()).getBytes(StandardCharsets.UTF_8));
        input.flush();
        List<CommandResult> results = new ArrayList<>();
        for (Netns.Reading reading : readings) {
            String last = passUntilMark(lines, reading.lines());
            int status = Integer.parseInt(last.substring(mark.length() + 1));
            StringJoiner errors = new StringJoiner("\n");
            passUntilMark(lines, errors::add);
            results.add(new CommandResult(reading.command(), status, "", errors.toString()));
        }
        return results;
    }

    /**
     * The last command runs beside the others, and what it prints waits in a pipe until theirs has gone by. Two at a time, and
     * not all: a kernel that dumps rules keeps a core busy, and a container for tests seldom has more than two.
     */
    private String script(List<Command> commands) {
        if (commands.size() < 2) {
            return commands.stream().map(this::script).collect(Collectors.joining());
        }
        int last = commands.size() - 1;
        String before = commands.subList(0, last).stream().map(this::script).collect(Collectors.joining());
        return "{ " + script(commands.get(last)) + "} | { " + before + "cat; }\n";
    }

    private String script(Command command) {
        if (command.words().get(0).equals(LINES_OF)) {
            // It says nothing of errors, so that not even a subshell is needed.
            return command.toShell() + "; printf '\\n%s 0\\n\\n%s\\n' " + mark + " " + mark + "\n";
        }
        // Error output is kept apart without a file: the substitution takes it while fd 3 carries standard output.
        // Without braces around it, the subshell becomes the command instead of starting it.
        return "{ e=$(" + command.toShell() + " 2>&1 1>&3 3>&-); s=$?; } 3>&1; " + "printf '\\n%s %s\\n%s\\n%s\\n' "
                + mark + " \"$s\" \"$e\" " + mark + "\n";
    }

    /** Passes lines on up to the one that begins with the mark, before which stands a line end of ours. Returns that one. */
    private String passUntilMark(OutputLines lines, Consumer<String> sink) throws IOException {
        String line = lines.next();
        while (!line.startsWith(mark)) {
            sink.accept(line);
            line = lines.next();
        }
        return line;
    }

    private RunningCommand connect() {
        RunningCommand current = connection;
        if (current == null) {
            current = connector.get();
            try {
                answers = new OutputLines(current.output());
                current.input().write(FUNCTIONS.getBytes(StandardCharsets.UTF_8));
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
        answers = null;
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
