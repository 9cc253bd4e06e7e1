// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.countercheck.Firewall.Fault;
import io.github.countercheck.docker.Classification;
import io.github.countercheck.docker.ClassifiedRule;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.DockerFactsReader;
import io.github.countercheck.docker.RuleClassifier;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.testcontainers.DockerClientFactory;

/**
 * Puts faults among Docker's rules in the firewall of the daemon under test, whatever engine wrote them and wherever it keeps
 * them: a rule is found by what it is for. Each fault touches one rule and leaves all others as they are.
 */
final class DockerRules {

    /** Picks rules of Docker's. */
    interface Wanted extends Function<Classification, List<ClassifiedRule>> {}

    /** A rule and its place in its chain, from 0. */
    private record Place(Rule rule, int index) {

        static Place of(Rule rule, Ruleset ruleset) {
            return new Place(
                    rule,
                    ruleset.chain(rule.table(), rule.chain())
                            .orElseThrow()
                            .rules()
                            .indexOf(rule));
        }

        String table() {
            return rule.table();
        }

        String chain() {
            return rule.chain();
        }
    }

    /** What writes single rules. */
    private interface Program {

        /** Returns the chain's rules in the words that write them again. */
        List<String> rules(String table, String chain);

        void insert(String table, String chain, int index, String rule);

        void delete(String table, String chain, int index);

        void zero();

        void forwardPolicy(String policy);
    }

    private final Firewall firewall;
    private final Family family;
    private final DockerFacts facts;
    private final boolean nftables;
    private final Program program;

    private DockerRules(Firewall firewall, Family family) {
        this.firewall = firewall;
        this.family = family;
        this.facts = DockerFactsReader.read(DockerClientFactory.instance().client());
        this.nftables = places(role(RuleRole.BRIDGE_DISPATCH))
                .anyMatch(place -> place.rule().nft() != null);
        this.program = nftables ? new Nft() : new Iptables();
    }

    /** Opens those for the networks and containers that there are by now. */
    static DockerRules of(Firewall firewall, Family family) {
        return new DockerRules(family == Family.IPV6 ? firewall.ipv6() : firewall, family);
    }

    static Wanted role(RuleRole... roles) {
        return rules -> rules.withRole(roles);
    }

    Firewall firewall() {
        return firewall;
    }

    boolean areOfNftables() {
        return nftables;
    }

    boolean has(RuleRole role) {
        return places(role(role)).findAny().isPresent();
    }

    /** Returns those that a packet can reach. */
    private Stream<Place> places(Wanted wanted) {
        return rulesets()
                .flatMap(ruleset -> wanted.apply(RuleClassifier.classify(ruleset, facts)).stream()
                        .filter(ClassifiedRule::isReachable)
                        .map(found -> Place.of(found.rule(), ruleset)));
    }

    private Stream<Ruleset> rulesets() {
        return firewall.counters().read().rulesets().stream().filter(ruleset -> ruleset.family() == family);
    }

    private Place place(Wanted wanted) {
        return places(wanted).findFirst().orElseThrow(() -> new AssertionError("Docker has no such rule"));
    }

    /** Returns the first of these rules. */
    Rule the(Wanted wanted) {
        return place(wanted).rule();
    }

    /** Deletes the rule. */
    Fault delete(Wanted wanted) {
        Place place = place(wanted);
        String rule = program.rules(place.table(), place.chain()).get(place.index());
        program.delete(place.table(), place.chain(), place.index());
        return () -> program.insert(place.table(), place.chain(), place.index(), rule);
    }

    /** Deletes the rule and writes it again at once, as a restarted program would. */
    Fault rewrite(Wanted wanted) {
        delete(wanted).close();
        return () -> {};
    }

    /** Puts another rule in the place of it, which differs in some words. */
    Fault edit(Wanted wanted, UnaryOperator<String> edit) {
        Place place = place(wanted);
        String rule = program.rules(place.table(), place.chain()).get(place.index());
        String other = edit.apply(rule);
        assertThat(other).isNotEqualTo(rule);
        program.delete(place.table(), place.chain(), place.index());
        program.insert(place.table(), place.chain(), place.index(), other);
        return () -> {
            program.delete(place.table(), place.chain(), place.index());
            program.insert(place.table(), place.chain(), place.index(), rule);
        };
    }

    /** Puts the rule right before that one of Docker's. */
    Fault before(Wanted wanted, TestRule rule) {
        Place place = place(wanted);
        return insert(place.table(), place.chain(), place.index(), rule);
    }

    /** Puts the rule before all others in the table's base chain of that hook. */
    Fault first(String table, Hook hook, TestRule rule) {
        return insert(table(table), chain(table, hook), 0, rule);
    }

    private Fault insert(String table, String chain, int index, TestRule rule) {
        program.insert(table, chain, index, nftables ? rule.nft() : rule.iptables());
        return () -> program.delete(table, chain, index);
    }

    /** Sets what becomes of forwarded packets that no rule decides. */
    Fault forwardPolicy(String policy) {
        String before = rulesets()
                .flatMap(ruleset -> ruleset.chain(table("filter"), chain("filter", Hook.FORWARD)).stream())
                .map(chain -> String.valueOf(chain.policy()))
                .findFirst()
                .orElseThrow();
        program.forwardPolicy(policy);
        return () -> program.forwardPolicy(before);
    }

    /** Sets all counters of these rules to zero. */
    Fault zero() {
        program.zero();
        return () -> {};
    }

    /** Returns the name of the table that has the part of {@code iptables}' table of that name. */
    String table(String name) {
        return nftables ? NativeTables.NAME : name;
    }

    /** Returns the name of that table's base chain of the hook. */
    String chain(String table, Hook hook) {
        return nftables ? table + "-" + hook : hook.name();
    }

    private final class Iptables implements Program {

        @Override
        public List<String> rules(String table, String chain) {
            return firewall.iptables(table, List.of("-S", chain))
                    .lines()
                    .filter(line -> line.startsWith("-A "))
                    .map(line -> line.substring(("-A " + chain + " ").length()))
                    .toList();
        }

        @Override
        public void insert(String table, String chain, int index, String rule) {
            List<String> words = new ArrayList<>(List.of("-I", chain, Integer.toString(index + 1)));
            Collections.addAll(words, rule.split(" ", -1));
            firewall.iptables(table, words);
        }

        @Override
        public void delete(String table, String chain, int index) {
            firewall.iptables(table, List.of("-D", chain, Integer.toString(index + 1)));
        }

        @Override
        public void zero() {
            rulesets()
                    .flatMap(ruleset -> ruleset.tables().stream())
                    .filter(table -> !table.chains().isEmpty())
                    .forEach(table -> firewall.iptables(table.name(), List.of("-Z")));
        }

        @Override
        public void forwardPolicy(String policy) {
            firewall.iptables("filter", List.of("-P", "FORWARD", policy));
        }
    }

    private final class Nft implements Program {

        private static final String HANDLE = " # handle ";

        @Override
        public List<String> rules(String table, String chain) {
            return listed(table, chain).stream()
                    .map(line -> line.substring(0, line.lastIndexOf(HANDLE)))
                    .toList();
        }

        private List<String> listed(String table, String chain) {
            return firewall.run("nft", "-s", "-a", "list", "chain", family.keyword(), table, chain)
                    .lines()
                    .map(String::strip)
                    .filter(line -> line.contains(HANDLE) && !line.contains("{" + HANDLE))
                    .toList();
        }

        private String handle(String line) {
            return line.substring(line.lastIndexOf(HANDLE) + HANDLE.length());
        }

        @Override
        public void insert(String table, String chain, int index, String rule) {
            List<String> rules = listed(table, chain);
            String place = family.keyword() + " " + table + " " + chain + " ";
            firewall.nft(
                    index < rules.size()
                            ? "insert rule " + place + "handle " + handle(rules.get(index)) + " " + rule + "\n"
                            : "add rule " + place + rule + "\n");
        }

        @Override
        public void delete(String table, String chain, int index) {
            firewall.nft("delete rule " + family.keyword() + " " + table + " " + chain + " handle "
                    + handle(listed(table, chain).get(index)) + "\n");
        }

        /** That takes an nft that can, which the engine's suite may have though this machine has not. */
        @Override
        public void zero() {
            assumeTrue(
                    firewall.inDaemonsRoot("nft", "reset", "rules", "table", family.keyword(), NativeTables.NAME),
                    "no nft that can set a rule's counter to zero");
        }

        @Override
        public void forwardPolicy(String policy) {
            firewall.nft("chain " + family.keyword() + " " + NativeTables.NAME + " "
                    + chain("filter", Hook.FORWARD) + " { policy " + policy.toLowerCase(Locale.ROOT)
                    + "; }\n");
        }
    }
}
