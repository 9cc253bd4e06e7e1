// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * One rule of a chain.
 *
 * @param table the table it stands in
 * @param chain the chain it stands in
 * @param counter what it counted, or null where the listing had no counters, or where a rule of nftables does not count
 *     the packets that met it: it has no counter, shares a named one, or counts before its last condition
 * @param matches its conditions in order
 * @param target what it does, or null for a rule that only counts
 * @param nft what it has beyond a rule of iptables, or null for one of iptables
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Rule(
        String table,
        String chain,
        @Nullable Counter counter,
        List<Match> matches,
        @Nullable Target target,
        @Nullable NftRule nft) {

    /** Copies the matches. */
    public Rule {
        matches = List.copyOf(matches);
    }

    /** Makes a rule of iptables. */
    public Rule(String table, String chain, @Nullable Counter counter, List<Match> matches, @Nullable Target target) {
        this(table, chain, counter, matches, target, null);
    }

    /** Returns the rule's matches of that kind, in order. */
    public <M extends Match> Stream<M> matches(Class<M> kind) {
        return matches.stream().filter(kind::isInstance).map(kind::cast);
    }

    /** Returns the first match of that kind. */
    public <M extends Match> Optional<M> match(Class<M> kind) {
        return matches(kind).findFirst();
    }

    /** Returns the first {@code -m name} of the rule. */
    public Optional<Match.Module> module(String name) {
        return matches(Match.Module.class).filter(m -> m.name().equals(name)).findFirst();
    }

    /** Tells whether the rule ends in {@code -j name} or {@code -g name}. */
    public boolean hasTarget(String name) {
        return target != null && target.name().equals(name);
    }

    /** Tells whether the rule stops packets: {@code DROP}, or {@code REJECT}, which tells their sender. */
    public boolean stops() {
        return hasTarget("DROP") || hasTarget("REJECT");
    }

    /** Returns the same rule with another counter. */
    public Rule withCounter(@Nullable Counter other) {
        return new Rule(table, chain, other, matches, target, nft);
    }

    /**
     * Prints the rule without its counter, as {@code iptables-save} does ({@code -A DOCKER -i docker0 -j RETURN}) or, for a
     * rule of nftables, as {@code nft} lists it within its chain ({@code tcp dport 80 accept}).
     */
    public String spec() {
        return nft == null ? RulePrinter.spec(this) : nft.text();
    }
}
