// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Brings rules into the form in which {@code iptables-save} prints them, so that a rule that somebody typed and the same
 * rule in a listing are equal.
 *
 * <p>The extensions that Docker and most hand-written firewalls use are known with their synonyms, defaults and order.
 * Options of other extensions are kept as written.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class RuleSpec {

    private RuleSpec() {}

    /**
     * Reads a rule as a person types it for {@code iptables -A}, and normalises it: {@code -p tcp --dport http -j DNAT
     * --to 172.17.0.2:80}, with or without {@code -A CHAIN} in front. Takes abbreviated options, single and double quotes,
     * and the negation of old releases ({@code -s ! 10.0.0.1}). Addresses must be numeric.
     *
     * @param family what the addresses, ICMP types and the default of {@code REJECT} are of
     * @param table the table of the rule
     * @param chain its chain
     * @param spec its matches and target
     * @return the rule, without counter
     * @throws ParseException if the words are no rule, or name another chain
     */
    public static Rule parse(Family family, String table, String chain, String spec) {
        Words words = Words.typed(spec);
        if (words.is("-A") || words.is("--append")) {
            words.advance();
            if (!words.present() || !words.word().equals(chain)) {
                throw words.errorHere("expected chain " + chain);
            }
            words.advance();
        }
        return normalise(family, RuleReader.readTyped(words, family, table, chain));
    }

    /**
     * Takes a rule as {@code nft} lists it, {@code tcp dport 80 counter packets 3 bytes 180 accept # handle 9}, to be compared
     * by its text. Spaces, the counter and the handle do not matter; all else is kept as written.
     *
     * @return the rule, of which only the text is known
     */
    public static Rule ofNft(String table, String chain, String text) {
        String uncounted = text.replaceAll("\\s*# handle \\d+\\s*$", "")
                .replaceAll("\\bcounter( packets \\d+ bytes \\d+)?(?=\\s|$)", "")
                .replaceAll("\\s+", " ")
                .strip();
        return new Rule(table, chain, null, List.of(), null, new NftRule(0, null, List.of(), uncounted));
    }

    /**
     * Returns the rule as {@code iptables-save} would print it. The counter stays. Of a rule that it printed, the result is
     * the same rule, unless {@code /etc/protocols} of that host has other names.
     */
    public static Rule normalise(Family family, Rule rule) {
        List<Match> own = new ArrayList<>();
        List<Match> modules = new ArrayList<>();
        for (Match match : rule.matches()) {
            if (match instanceof Match.Module module) {
                String name = Extensions.moduleName(module.name(), family);
                modules.add(new Match.Module(name, options(name, false, family, module.options())));
            } else {
                Match canonical = own(match);
                if (canonical != null) {
                    own.add(canonical);
                }
            }
        }
        own.sort(Comparator.comparingInt(RuleSpec::rank));
        Target target = rule.target();
        if (target != null) {
            target = new Target(target.name(), target.isGoto(), options(target.name(), true, family, target.options()));
        }
        return new Rule(
                rule.table(),
                rule.chain(),
                rule.counter(),
                Stream.concat(own.stream(), modules.stream()).toList(),
                target);
    }

    private static List<Option> options(String extension, boolean isTarget, Family family, List<Option> options) {
        return Extensions.canonical(extension, isTarget, family, options);
    }

    /** Returns null for a match that every packet meets: the tools do not print it. */
    private static @Nullable Match own(Match match) {
        if (match instanceof Match.Source source) {
            return isAny(source.negated(), source.net())
                    ? null
                    : new Match.Source(source.negated(), source.net().network());
        }
        if (match instanceof Match.Destination destination) {
            return isAny(destination.negated(), destination.net())
                    ? null
                    : new Match.Destination(
                            destination.negated(), destination.net().network());
        }
        if (match instanceof Match.IrregularNet net) {
            return new Match.IrregularNet(net.negated(), net.source(), Cidr.masked(net.net()));
        }
        if (match instanceof Match.InInterface in) {
            return !in.negated() && in.name().equals("+") ? null : in;
        }
        if (match instanceof Match.OutInterface out) {
            return !out.negated() && out.name().equals("+") ? null : out;
        }
        if (match instanceof Match.Protocol protocol) {
            String name = Protocols.canonical(protocol.name());
            return name.equals(Protocols.ALL) ? null : new Match.Protocol(protocol.negated(), name);
        }
        return match;
    }

    private static boolean isAny(boolean negated, Cidr net) {
        return !negated && net.prefixLength() == 0;
    }

    private static int rank(Match match) {
        if (match instanceof Match.Source) {
            return 0;
        }
        if (match instanceof Match.IrregularNet net) {
            return net.source() ? 0 : 1;
        }
        if (match instanceof Match.Destination) {
            return 1;
        }
        if (match instanceof Match.InInterface) {
            return 2;
        }
        if (match instanceof Match.OutInterface) {
            return 3;
        }
        return match instanceof Match.Protocol ? 4 : 5;
    }
}
