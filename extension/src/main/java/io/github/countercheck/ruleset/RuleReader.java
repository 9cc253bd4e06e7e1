// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the words of one rule behind {@code -A CHAIN}.
 *
 * <p>It knows iptables' own options. Every other option belongs to the last of {@code -m}, {@code -j} and {@code -g} before it,
 * with all words up to the next option as its values, so that extensions that nobody told it of are kept too. With none
 * of these before it, it belongs to the protocol, as in {@code -p tcp --dport 80}.
 */
final class RuleReader {

    /** Options with one free text, which the tools print without quotes even where it looks like an option. */
    static final Set<String> FREE_TEXT = Set.of(
            "--comment", "--log-prefix", "--nflog-prefix", "--ulog-prefix", "--helper", "--path", "--nfacct-name");

    private final Words words;
    private final Family family;
    private final List<Match> matches = new ArrayList<>(6);
    private @Nullable String targetName;
    private boolean isGoto;
    private final List<Option> targetOptions = new ArrayList<>(1);

    /** Where the next option goes; null where no extension stands before it. */
    private @Nullable List<Option> owner;

    private @Nullable String moduleName;
    private int moduleIndex;
    private @Nullable List<Option> moduleOptions;
    private @Nullable String implicitModule;

    private RuleReader(Words words, Family family) {
        this.words = words;
        this.family = family;
    }

    static Rule read(Words words, Family family, String table, String chain, @Nullable Counter counter) {
        RuleReader reader = new RuleReader(words, family);
        reader.readAll();
        Target target =
                reader.targetName == null ? null : new Target(reader.targetName, reader.isGoto, reader.targetOptions);
        return new Rule(table, chain, counter, reader.matches, target);
    }

    private void readAll() {
        while (words.present()) {
            boolean negated = words.isNegation();
            if (negated) {
                words.advance();
            }
            char letter = words.shortOption();
            if (letter != 0) {
                words.advance();
                builtIn(letter, negated);
            } else if (words.isLongOption()) {
                longOption(negated);
            } else {
                throw words.errorHere(words.present() ? "expected an option" : "expected an option after '!'");
            }
        }
        closeModule();
    }

    private void longOption(boolean negated) {
        String name = words.word();
        char letter = letterOf(name);
        if (letter != 0) {
            words.advance();
            builtIn(letter, negated);
            return;
        }
        if (owner == null) {
            if (implicitModule == null) {
                throw words.errorHere("option " + name + " has no -m, -j or -p before it");
            }
            openModule(implicitModule);
        }
        words.advance();
        List<String> values = List.of();
        if (words.present() && FREE_TEXT.contains(name) && !words.isNegation()) {
            values = List.of(words.word());
            words.advance();
        }
        options().add(new Option(negated, name, values(values)));
    }

    private List<Option> options() {
        if (owner == null) {
            throw new IllegalStateException("no owner");
        }
        return owner;
    }

    private static char letterOf(String name) {
        return switch (name) {
            case "--source", "--src" -> 's';
            case "--destination", "--dst" -> 'd';
            case "--in-interface" -> 'i';
            case "--out-interface" -> 'o';
            case "--protocol" -> 'p';
            case "--fragment" -> 'f';
            case "--match" -> 'm';
            case "--jump" -> 'j';
            case "--goto" -> 'g';
            default -> 0;
        };
    }

    private void builtIn(char letter, boolean negatedBefore) {
        if (letter == 'f') {
            matches.add(new Match.Fragment(negatedBefore));
            return;
        }
        boolean negated = negatedBefore;
        if (!negated && words.isNegation()) {
            // The place where iptables before 1.4.3 wrote it.
            negated = true;
            words.advance();
        }
        if (!words.present()) {
            throw words.errorHere("-" + letter + " has no value");
        }
        int at = words.start();
        String value = words.word();
        words.advance();
        switch (letter) {
            case 's', 'd' -> matches.add(address(letter, negated, value, at));
            case 'i' -> matches.add(new Match.InInterface(negated, value));
            case 'o' -> matches.add(new Match.OutInterface(negated, value));
            case 'p' -> {
                matches.add(new Match.Protocol(negated, value));
                implicitModule = negated ? null : value;
            }
            default -> extension(letter, negated, value, at);
        }
    }

    private void extension(char letter, boolean negated, String name, int at) {
        if (negated) {
            throw words.error(at, "-" + letter + " cannot be negated");
        }
        if (letter == 'm') {
            openModule(name);
        } else {
            if (targetName != null) {
                throw words.error(at, "second target, after " + targetName);
            }
            closeModule();
            targetName = name;
            isGoto = letter == 'g';
            owner = targetOptions;
        }
        // The tools say "[unsupported revision]" where they cannot read the rest.
        List<String> stray = values(List.of());
        if (!stray.isEmpty()) {
            options().add(new Option(false, "", stray));
        }
    }

    private void openModule(String name) {
        closeModule();
        moduleName = name;
        moduleOptions = new ArrayList<>(2);
        owner = moduleOptions;
        moduleIndex = matches.size();
        matches.add(new Match.Module(name, List.of()));
    }

    private void closeModule() {
        if (moduleName != null && moduleOptions != null && !moduleOptions.isEmpty()) {
            matches.set(moduleIndex, new Match.Module(moduleName, moduleOptions));
        }
        moduleName = null;
    }

    private Match address(char letter, boolean negated, String value, int at) {
        Cidr net;
        try {
            net = Cidr.parse(value);
        } catch (IllegalArgumentException e) {
            if (Cidr.hasIrregularMask(value, family)) {
                return new Match.IrregularNet(negated, letter == 's', value);
            }
            throw words.error(at, String.valueOf(e.getMessage()));
        }
        if (net.isIpv6() != (family == Family.IPV6)) {
            throw words.error(at, "address of another family");
        }
        return letter == 's' ? new Match.Source(negated, net) : new Match.Destination(negated, net);
    }

    /** Reads words up to the next option and appends them to what was read of this option before. */
    private List<String> values(List<String> before) {
        if (!words.present() || words.isOption() || words.negatesOption()) {
            return before;
        }
        String first = words.word();
        words.advance();
        if (before.isEmpty() && (!words.present() || words.isOption() || words.negatesOption())) {
            return List.of(first);
        }
        List<String> values = new ArrayList<>(before);
        values.add(first);
        while (words.present() && !words.isOption() && !words.negatesOption()) {
            values.add(words.word());
            words.advance();
        }
        return values;
    }
}
