// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads the words of one rule behind {@code -A CHAIN}.
 *
 * <p>It knows iptables' own options. In a listing every other option belongs to the last of {@code -m}, {@code -j} and
 * {@code -g} before it, with all words up to the next option as its values, so that extensions that nobody told it of
 * are kept too. With none of these before it, it belongs to the protocol, as in {@code -p tcp --dport 80}.
 *
 * <p>People write {@code -p tcp -j ACCEPT --dport 80} and {@code -j DNAT --to}, too; in what they typed, {@link
 * Extensions} says whose option it is and how it is called.
 */
final class RuleReader {

    /** Options with one free text, which the tools print without quotes even where it looks like an option. */
    static final Set<String> FREE_TEXT = Set.of(
            "--comment", "--log-prefix", "--nflog-prefix", "--ulog-prefix", "--helper", "--path", "--nfacct-name");

    private static final List<String> OWN_OPTIONS = List.of(
            "--source",
            "--src",
            "--destination",
            "--dst",
            "--in-interface",
            "--out-interface",
            "--protocol",
            "--fragment",
            "--match",
            "--jump",
            "--goto");

    private final Words words;
    private final Family family;
    private final boolean typed;
    private final List<Match> matches = new ArrayList<>(6);
    private final List<OpenExtension> extensions = new ArrayList<>(2);
    private @Nullable OpenExtension target;
    private boolean isGoto;
    private @Nullable String protocol;

    private RuleReader(Words words, Family family, boolean typed) {
        this.words = words;
        this.family = family;
        this.typed = typed;
    }

    /** Reads a rule as a listing has it. */
    static Rule read(Words words, Family family, String table, String chain, @Nullable Counter counter) {
        return new RuleReader(words, family, false).rule(table, chain, counter);
    }

    /** Reads a rule as people write it. */
    static Rule readTyped(Words words, Family family, String table, String chain) {
        return new RuleReader(words, family, true).rule(table, chain, null);
    }

    private Rule rule(String table, String chain, @Nullable Counter counter) {
        while (words.present()) {
            option();
        }
        Target closed = null;
        for (OpenExtension extension : extensions) {
            if (extension == target) {
                closed = new Target(extension.name, isGoto, extension.options);
            } else if (!extension.options.isEmpty()) {
                matches.set(extension.index, new Match.Module(extension.name, extension.options));
            }
        }
        return new Rule(table, chain, counter, matches, closed);
    }

    private void option() {
        boolean negated = words.isNegation();
        if (negated) {
            words.advance();
        }
        char letter = words.shortOption();
        if (letter != 0) {
            words.advance();
            ownOption(letter, negated);
            return;
        }
        if (!words.isLongOption()) {
            throw words.errorHere(negated ? "expected an option after '!'" : "expected an option");
        }
        String name = words.word();
        letter = letterOf(name);
        if (letter == 0 && typed) {
            typedOption(name, negated);
        } else if (letter == 0) {
            OpenExtension owner = owner(name);
            words.advance();
            owner.options.add(new Option(negated, name, listedValues(name)));
        } else {
            words.advance();
            ownOption(letter, negated);
        }
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

    private OpenExtension owner(String option) {
        if (!extensions.isEmpty()) {
            return extensions.get(extensions.size() - 1);
        }
        if (protocol == null) {
            throw words.errorHere("option " + option + " has no -m, -j or -p before it");
        }
        return openModule(Extensions.moduleOfProtocol(protocol));
    }

    private List<String> listedValues(String option) {
        if (FREE_TEXT.contains(option)) {
            if (!words.present() || words.negatesOption()) {
                throw words.errorHere(option + " has no value");
            }
            String text = words.word();
            words.advance();
            return values(text);
        }
        return values(null);
    }

    /** Reads words up to the next option. */
    private List<String> values(@Nullable String before) {
        if (isAtEndOfValues()) {
            return before == null ? List.of() : List.of(before);
        }
        String first = words.word();
        words.advance();
        if (before == null && isAtEndOfValues()) {
            return List.of(first);
        }
        List<String> values = new ArrayList<>();
        if (before != null) {
            values.add(before);
        }
        values.add(first);
        while (!isAtEndOfValues()) {
            values.add(words.word());
            words.advance();
        }
        return values;
    }

    private boolean isAtEndOfValues() {
        return !words.present() || words.isOption() || words.negatesOption();
    }

    private void typedOption(String name, boolean negatedBefore) {
        OpenExtension owner = null;
        Extensions.Known known = null;
        boolean exact = false;
        for (int i = extensions.size() - 1; i >= 0 && !exact; i--) {
            OpenExtension candidate = extensions.get(i);
            Extensions.Known found = Extensions.find(candidate.name, candidate == target, family, name);
            if (found != null && (known == null || found.isCalled(name))) {
                owner = candidate;
                known = found;
                exact = found.isCalled(name);
            }
        }
        if (!exact && protocol != null) {
            String module = Extensions.moduleOfProtocol(protocol);
            Extensions.Known found = Extensions.find(module, false, family, name);
            if (found != null && (known == null || found.isCalled(name))) {
                known = found;
                owner = openModule(module);
            }
        }
        if (known == null || owner == null) {
            char letter = letterOfAbbreviation(name);
            if (letter != 0) {
                words.advance();
                ownOption(letter, negatedBefore);
                return;
            }
            owner = owner(name);
            words.advance();
            owner.options.add(new Option(negatedBefore, name, listedValues(name)));
            return;
        }
        words.advance();
        boolean negated = negatedBefore;
        if (!negated && words.isNegation() && known.values() > 0) {
            negated = true;
            words.advance();
        }
        List<String> values = new ArrayList<>(known.values());
        for (int i = 0; i < known.values(); i++) {
            if (!words.present()) {
                throw words.errorHere(known.name() + " has no value");
            }
            values.add(words.word());
            words.advance();
        }
        owner.options.add(new Option(negated, known.name(), values));
    }

    private static char letterOfAbbreviation(String name) {
        char letter = 0;
        for (String own : OWN_OPTIONS) {
            if (own.startsWith(name)) {
                if (letter != 0 && letter != letterOf(own)) {
                    return 0;
                }
                letter = letterOf(own);
            }
        }
        return letter;
    }

    private void ownOption(char letter, boolean negatedBefore) {
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
                protocol = negated ? null : value;
            }
            default -> extension(letter, negated, value, at);
        }
    }

    private void extension(char letter, boolean negated, String name, int at) {
        if (negated) {
            throw words.error(at, "-" + letter + " cannot be negated");
        }
        OpenExtension opened;
        if (letter == 'm') {
            opened = openModule(name);
        } else {
            if (target != null) {
                throw words.error(at, "second target, after " + target.name);
            }
            opened = new OpenExtension(name, -1);
            extensions.add(opened);
            target = opened;
            isGoto = letter == 'g';
        }
        // The tools say "[unsupported revision]" where they cannot read the rest.
        List<String> stray = values(null);
        if (!stray.isEmpty()) {
            opened.options.add(new Option(false, "", stray));
        }
    }

    private OpenExtension openModule(String name) {
        OpenExtension module = new OpenExtension(name, matches.size());
        matches.add(new Match.Module(name, List.of()));
        extensions.add(module);
        return module;
    }

    private Match address(char letter, boolean negated, String value, int at) {
        String text = typed ? Extensions.padded(value) : value;
        Cidr net;
        try {
            net = Cidr.parse(text);
        } catch (IllegalArgumentException e) {
            if (Cidr.hasIrregularMask(text, family)) {
                return new Match.IrregularNet(negated, letter == 's', text);
            }
            throw words.error(at, String.valueOf(e.getMessage()));
        }
        if (net.isIpv6() != (family == Family.IPV6)) {
            throw words.error(at, "address of another family");
        }
        return letter == 's' ? new Match.Source(negated, net) : new Match.Destination(negated, net);
    }

    /** A match module or the target while its options come. */
    private static final class OpenExtension {
        final String name;
        final int index;
        final List<Option> options = new ArrayList<>(2);

        OpenExtension(String name, int index) {
            this.name = name;
            this.index = index;
        }
    }
}
