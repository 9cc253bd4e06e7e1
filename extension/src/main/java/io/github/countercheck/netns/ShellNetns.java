// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import java.time.Duration;
import java.util.List;

/** A namespace with one shell in it, which is started with the first command. */
abstract class ShellNetns implements Netns {

    private final Shell shell;

    ShellNetns(String description) {
        shell = new Shell(description, this::shell);
    }

    /** Starts the shell, or another one where that has ended. */
    RunningCommand shell() {
        return start(Command.of("/bin/sh"));
    }

    @Override
    public CommandResult run(Command command, Duration limit) {
        return shell.run(command, limit);
    }

    @Override
    public List<CommandResult> run(List<Reading> readings, Duration limit) {
        return shell.run(readings, limit);
    }

    @Override
    public String description() {
        return shell.description();
    }

    @Override
    public void close() {
        shell.close();
    }
}
