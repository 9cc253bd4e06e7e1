// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import io.github.countercheck.CountercheckException;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.apiguardian.api.API;

/** A network namespace in which commands can be run, one after the other. Safe for several threads. */
@API(status = API.Status.INTERNAL, since = "0.1")
public interface Netns extends AutoCloseable {

    /**
     * Runs a command to its end.
     *
     * @param command the command
     * @param limit how long it may take
     * @return its status and output; a status other than 0 is not an error here
     * @throws CountercheckException if it could not be started, or took longer than the limit
     */
    CommandResult run(Command command, Duration limit);

    /**
     * A command whose output is read while it comes.
     *
     * @param command the command
     * @param lines takes each line of its standard output without the line's end, and throws nothing
     */
    record Reading(Command command, Consumer<String> lines) {}

    /**
     * Runs commands to their ends: the last beside the others, and those one after the other. Their output is read in the order
     * in which they are given.
     *
     * @param readings the commands
     * @param limit how long all of them and the reading may take
     * @return the status and errors of each, with no output; a status other than 0 is not an error here
     * @throws CountercheckException if one could not be started, or they took longer than the limit
     */
    List<CommandResult> run(List<Reading> readings, Duration limit);

    /**
     * Starts a command that stays: one that listens, or is told what to do line by line. What the command is to read goes
     * through {@link RunningCommand#input()}, not through {@link Command#input()}.
     *
     * @throws CountercheckException if it could not be started
     */
    RunningCommand start(Command command);

    /** Says for a reader which namespace this is and how it is entered. */
    String description();

    /** Ends the shell and whatever else keeps the place open. */
    @Override
    void close();
}
