// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.explain;

import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.DockerFactsJson;
import io.github.countercheck.ruleset.ParseException;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.walk.Packet;
import io.github.countercheck.walk.PacketWalk;
import io.github.countercheck.walk.RoutingFacts;
import io.github.countercheck.walk.RulesetWalker;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** The command {@code ci/explain}: what a dump's rules are for, from the dump alone. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class Explain {

    private static final int UNUSABLE = 2;

    private final InputStream in;

    private Explain(InputStream in) {
        this.in = in;
    }

    /** Runs the command; ends the JVM with its status. */
    public static void main(String[] words) {
        System.exit(run(List.of(words), System.in, System.out, System.err));
    }

    /**
     * Runs the command.
     *
     * @param words the command line
     * @param in what {@code -} reads
     * @param out where the explanation goes
     * @param err where it goes what is wrong with the command line or a dump
     * @return 0, or 2 if the command line or a dump cannot be read
     */
    public static int run(List<String> words, InputStream in, OutputStream out, PrintStream err) {
        try {
            Arguments arguments = Arguments.parse(words);
            Writer text = new BufferedWriter(new OutputStreamWriter(out, StandardCharsets.UTF_8));
            if (arguments.help()) {
                text.write(Arguments.USAGE);
            } else {
                new Explain(in).explain(arguments, text);
            }
            text.flush();
            return 0;
        } catch (UsageException e) {
            err.println("explain: " + e.getMessage());
        } catch (IOException e) {
            err.println("explain: cannot write: " + e.getMessage());
        }
        return UNUSABLE;
    }

    private void explain(Arguments arguments, Writer out) throws IOException {
        DockerFacts facts = facts(arguments);
        List<Dump> dumps = arguments.dumps().stream().map(this::dump).toList();
        if (arguments.walk() != null) {
            PacketWalk walk = walk(arguments.walk(), dumps, facts);
            if (arguments.json()) {
                JsonOutput.walk(walk, out);
            } else {
                TextOutput.walk(walk, out);
            }
            return;
        }
        List<ExplainedRule> rules = arguments.after().isEmpty()
                ? Explanation.of(dumps, facts)
                : Explanation.between(
                        dumps, arguments.after().stream().map(this::dump).toList(), facts);
        if (arguments.json()) {
            JsonOutput.rules(rules, out);
        } else {
            TextOutput.rules(rules, out);
        }
    }

    private static PacketWalk walk(String packet, List<Dump> dumps, DockerFacts facts) {
        Packet parsed;
        try {
            parsed = Packet.parse(packet);
        } catch (IllegalArgumentException e) {
            throw new UsageException("--walk: " + e.getMessage(), e);
        }
        List<Ruleset> rulesets = Moment.of(dumps);
        return RulesetWalker.of(rulesets, facts, RoutingFacts.of(facts, rulesets))
                .walk(parsed);
    }

    private Dump dump(String name) {
        return Dump.read(name.equals("-") ? "standard input" : name, read(name));
    }

    private DockerFacts facts(Arguments arguments) {
        return DockerFactsJson.facts(
                inspected(arguments.networks(), DockerFactsJson::networks),
                inspected(arguments.containers(), DockerFactsJson::containers));
    }

    private <T> List<T> inspected(@Nullable String name, Function<String, List<T>> reader) {
        if (name == null) {
            return List.of();
        }
        try {
            return reader.apply(read(name));
        } catch (ParseException e) {
            throw Dump.damaged(name, e);
        }
    }

    private String read(String name) {
        try {
            byte[] bytes = name.equals("-") ? in.readAllBytes() : Files.readAllBytes(Path.of(name));
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            throw new UsageException(name + ": there is no such file", e);
        } catch (InvalidPathException e) {
            throw new UsageException(name + ": not a file's name", e);
        } catch (IOException e) {
            throw new UsageException(name + ": cannot be read: " + e.getMessage(), e);
        }
    }
}
