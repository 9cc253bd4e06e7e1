// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/**
 * A command as separate words, so that no word is ever read as shell syntax.
 *
 * @param words the program and its arguments
 * @param environment variables to set for it
 * @param input what it reads on standard input
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public record Command(List<String> words, Map<String, String> environment, String input) {

    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    private static final Pattern PLAIN = Pattern.compile("[A-Za-z0-9_./:=,@%+-]+");

    /** Copies the parts and refuses what no shell could be told. */
    public Command {
        words = List.copyOf(words);
        environment = new TreeMap<>(environment);
        if (words.isEmpty()) {
            throw new IllegalArgumentException("a command needs a program");
        }
        environment.keySet().forEach(Command::requireVariable);
        words.forEach(Command::requireNoNul);
        environment.values().forEach(Command::requireNoNul);
        requireNoNul(input);
    }

    /** Makes a command without input. */
    public static Command of(String... words) {
        return new Command(List.of(words), Map.of(), "");
    }

    /** Makes a command without input. */
    public static Command of(List<String> words) {
        return new Command(words, Map.of(), "");
    }

    /** Returns the same command with that variable set. */
    public Command withEnvironment(String name, String value) {
        Map<String, String> more = new TreeMap<>(environment);
        more.put(name, value);
        return new Command(words, more, input);
    }

    /** Returns the same command reading that text. */
    public Command withInput(String text) {
        return new Command(words, environment, text);
    }

    /** Returns the command in the syntax of a POSIX shell, every word quoted. */
    String toShell() {
        StringBuilder line = new StringBuilder();
        if (!input.isEmpty()) {
            line.append("printf %s ").append(quote(input)).append(" | ");
        }
        environment.forEach((name, value) ->
                line.append(name).append('=').append(quote(value)).append(' '));
        line.append(words.stream().map(Command::quote).collect(Collectors.joining(" ")));
        if (input.isEmpty()) {
            line.append(" </dev/null");
        }
        return line.toString();
    }

    /** Shows the words as a reader would type them. */
    @Override
    public String toString() {
        return words.stream()
                .map(w -> PLAIN.matcher(w).matches() ? w : quote(w))
                .collect(Collectors.joining(" "));
    }

    private static String quote(String word) {
        return "'" + word.replace("'", "'\\''") + "'";
    }

    private static void requireVariable(String name) {
        if (!VARIABLE.matcher(name).matches()) {
            throw new IllegalArgumentException("not a variable's name: '" + name + "'");
        }
    }

    private static void requireNoNul(String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a command cannot hold a NUL character");
        }
    }
}
