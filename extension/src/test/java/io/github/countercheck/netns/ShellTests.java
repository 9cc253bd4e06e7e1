// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.countercheck.CountercheckException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With a real {@code /bin/sh}; entering a namespace is left to the integration tests. */
class ShellTests {

    private static final Duration LIMIT = Duration.ofSeconds(20);

    private final List<Process> started = new ArrayList<>();
    private final Shell shell = new Shell("a plain shell", this::start);

    @AfterEach
    void end() {
        shell.close();
    }

    @Test
    void outputErrorsAndStatusAreKeptApart() {
        CommandResult result = shell.run(Command.of("sh", "-c", "echo out; echo err >&2; echo more; exit 7"), LIMIT);

        assertThat(result.status()).isEqualTo(7);
        assertThat(result.output()).isEqualTo("out\nmore\n");
        assertThat(result.errors()).isEqualTo("err");
        assertThat(result.ok()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "plain",
                "two words",
                "line\nline\n",
                "no end of line at the end",
                "\n\n",
                "carriage\r\nreturn",
                "'single' \"double\"",
                "$(touch /tmp/never) `id` ${HOME} $?",
                "back\\slash \\n \\0",
                "semi; colon & pipe | > < * ? [a] {b} ~ # !",
                "-n -e --",
                "ümläut € 漢字 \uD83D\uDC33",
                "%s %d %%"
            })
    void noTextIsReadAsShellSyntax(String text) {
        assertThat(shell.run(Command.of("printf", "%s", text), LIMIT).output()).isEqualTo(text);
        assertThat(shell.run(Command.of("cat").withInput(text), LIMIT).output()).isEqualTo(text);
        assertThat(shell.run(Command.of("sh", "-c", "printf %s \"$TEXT\"").withEnvironment("TEXT", text), LIMIT)
                        .output())
                .isEqualTo(text);
    }

    @Test
    void commandsShareOneShell() {
        for (int i = 0; i < 50; i++) {
            assertThat(shell.run(Command.of("echo", Integer.toString(i)), LIMIT).output())
                    .isEqualTo(i + "\n");
        }
        assertThat(started).hasSize(1);
    }

    @Test
    void severalCommandsAreKeptApart() {
        List<String> first = new ArrayList<>();
        List<String> second = new ArrayList<>();
        List<String> third = new ArrayList<>();
        List<CommandResult> results = shell.run(
                List.of(
                        new Netns.Reading(Command.of("sh", "-c", "echo a; echo e >&2; echo b; exit 3"), first::add),
                        new Netns.Reading(Command.of("cat"), second::add),
                        new Netns.Reading(Command.of("printf", "%s", "x\n\ny"), third::add)),
                LIMIT);

        assertThat(first).containsExactly("a", "b");
        assertThat(second).isEmpty();
        assertThat(third).containsExactly("x", "", "y");
        assertThat(results).extracting(CommandResult::status).containsExactly(3, 0, 0);
        assertThat(results).extracting(CommandResult::errors).containsExactly("e", "", "");
        assertThat(shell.run(Command.of("echo", "next"), LIMIT).output()).isEqualTo("next\n");
        assertThat(started).hasSize(1);
    }

    @Test
    void theLastOfSeveralCommandsRunsBesideTheOthers(@TempDir Path directory) {
        Path meeting = directory.resolve("meeting");
        assertThat(shell.run(Command.of("mkfifo", meeting.toString()), LIMIT).ok())
                .isTrue();
        List<String> first = new ArrayList<>();
        List<String> last = new ArrayList<>();

        // Either waits for the other, and what the last prints does not fit into a pipe.
        shell.run(
                List.of(
                        new Netns.Reading(Command.of("cat", meeting.toString()), first::add),
                        new Netns.Reading(
                                Command.of("sh", "-c", "echo met >\"$0\"; seq 100000", meeting.toString()), last::add)),
                LIMIT);

        assertThat(first).containsExactly("met");
        assertThat(last).hasSize(100_000).startsWith("1", "2").endsWith("100000");
    }

    @Test
    void showsFilesWithoutAProcess(@TempDir Path directory) throws IOException {
        Path some = Files.writeString(directory.resolve("some file"), "nat\n  two $(words) \\n\n");
        Path empty = Files.createFile(directory.resolve("empty"));

        CommandResult result = shell.run(
                Command.of(Shell.LINES_OF, some.toString(), directory + "/none", empty.toString(), some.toString()),
                LIMIT);

        String lines = some + ":nat\n" + some + ":  two $(words) \\n\n";
        assertThat(result.output()).isEqualTo(lines + lines);
        assertThat(result.errors()).isEmpty();
        assertThat(result.ok()).isTrue();
    }

    @Test
    void theLimitIsForAllCommandsTogether() {
        Netns.Reading slow = new Netns.Reading(Command.of("sleep", "60"), line -> {});

        assertThatThrownBy(() -> shell.run(List.of(slow, slow), Duration.ofMillis(200)))
                .isInstanceOf(CountercheckException.class)
                .hasMessageContaining("sleep 60; sleep 60");
        assertThat(shell.run(Command.of("echo", "next"), LIMIT).output()).isEqualTo("next\n");
        assertThat(started).hasSize(2);
    }

    @Test
    void aCommandReadsNoInputOfTheShell() {
        assertThat(shell.run(Command.of("cat"), LIMIT).output()).isEmpty();
        assertThat(shell.run(Command.of("echo", "still here"), LIMIT).output()).isEqualTo("still here\n");
    }

    @Test
    void longOutputArrivesWhole() {
        String output = shell.run(Command.of("seq", "1", "200000"), LIMIT).output();

        assertThat(output.lines().count()).isEqualTo(200_000);
        assertThat(output).endsWith("\n200000\n");
    }

    @Test
    void aCommandThatIsNotThereHasStatus127() {
        CommandResult result = shell.run(Command.of("no-such-command-here"), LIMIT);

        assertThat(result.status()).isEqualTo(127);
        assertThat(result.errors()).contains("no-such-command-here");
    }

    @Test
    void aCommandOverItsLimitIsEndedAndTheNextOneRuns() {
        assertThatThrownBy(() -> shell.run(Command.of("sleep", "600"), Duration.ofMillis(200)))
                .isInstanceOf(CountercheckException.class)
                .hasMessageContaining("`sleep 600` took longer than 200 ms in a plain shell");

        assertThat(shell.run(Command.of("echo", "next"), LIMIT).output()).isEqualTo("next\n");
        assertThat(started).hasSize(2);
    }

    @Test
    void aShellThatEndedIsSaidToHaveEndedAndTheNextCommandGetsANewOne() {
        shell.run(Command.of("true"), LIMIT);
        started.get(0).destroyForcibly().onExit().join();

        assertThatThrownBy(() -> shell.run(Command.of("true"), LIMIT))
                .isInstanceOf(CountercheckException.class)
                .hasMessageContaining("the shell in a plain shell ended while it ran `true`");

        assertThat(shell.run(Command.of("true"), LIMIT).ok()).isTrue();
    }

    @Test
    void aClosedShellSaysSo() {
        shell.close();

        assertThatThrownBy(() -> shell.run(Command.of("true"), LIMIT))
                .isInstanceOf(CountercheckException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void wordsThatNoShellCouldBeToldAreRefused() {
        assertThatThrownBy(() -> Command.of("echo", "a\0b")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Command.of(List.of())).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Command.of("env").withEnvironment("A B", "c"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private RunningCommand start() {
        Process process;
        try {
            process = new ProcessBuilder("/bin/sh")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        started.add(process);
        return new RunningCommand() {
            @Override
            public OutputStream input() {
                return process.getOutputStream();
            }

            @Override
            public InputStream output() {
                return process.getInputStream();
            }

            @Override
            public void close() {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            }
        };
    }
}
