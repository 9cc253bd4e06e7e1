// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The same namespace, entered by somebody who finds programs there only. */
public record OnPath(Netns netns, String path) implements Netns {

    @Override
    public CommandResult run(Command command, Duration limit) {
        return netns.run(onPath(command), limit);
    }

    @Override
    public List<CommandResult> run(List<Reading> readings, Duration limit) {
        return netns.run(
                readings.stream()
                        .map(reading -> new Reading(onPath(reading.command()), reading.lines()))
                        .toList(),
                limit);
    }

    private Command onPath(Command command) {
        if (command.words().get(0).equals(Shell.LINES_OF)) {
            // The shell does that itself.
            return command;
        }
        List<String> words = new ArrayList<>(List.of("env", "PATH=" + path));
        words.addAll(command.words());
        return Command.of(words);
    }

    @Override
    public RunningCommand start(Command command) {
        return netns.start(command);
    }

    @Override
    public String description() {
        return netns.description();
    }

    @Override
    public void close() {
        netns.close();
    }
}
