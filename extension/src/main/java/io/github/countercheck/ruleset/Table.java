// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apiguardian.api.API;

/**
 * One table of a ruleset.
 *
 * @param name its name, {@code nat}
 * @param chains its chains in the order of the listing
 * @param sets its sets and maps; iptables has none
 * @param objects what its rules name besides: counters, quotas, limits…; iptables has none
 * @param flags {@code owner}, {@code persist}, or {@code dormant} for a table whose chains see no packets
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Table(
        String name, List<Chain> chains, List<NamedSet> sets, List<NamedObject> objects, List<String> flags) {

    /** Copies the lists. */
    public Table {
        chains = List.copyOf(chains);
        sets = List.copyOf(sets);
        objects = List.copyOf(objects);
        flags = List.copyOf(flags);
    }

    /** Makes a table of iptables. */
    public Table(String name, List<Chain> chains) {
        this(name, chains, List.of(), List.of(), List.of());
    }

    /** Returns the chain of that name. */
    public Optional<Chain> chain(String chainName) {
        return chains.stream().filter(c -> c.name().equals(chainName)).findFirst();
    }

    /** Returns the set or map of that name. */
    public Optional<NamedSet> set(String setName) {
        return sets.stream().filter(s -> s.name().equals(setName)).findFirst();
    }

    /** Returns what the counter of that name counted, for all rules that say {@code counter name NAME} together. */
    public Optional<Counter> namedCounter(String counterName) {
        return objects.stream()
                .filter(o -> o.name().equals(counterName))
                .flatMap(o -> Stream.ofNullable(o.counter()))
                .findFirst();
    }

    /** Returns the chains that a rule of the table may lead to, by a jump or by way of a verdict map, in order. */
    public List<Chain> leadsTo(Rule rule) {
        return Stream.concat(
                        Stream.ofNullable(rule.target()),
                        verdicts(rule).stream().flatMap(element -> Stream.ofNullable(element.verdict())))
                .map(Target::name)
                .distinct()
                .flatMap(name -> chain(name).stream())
                .toList();
    }

    /** Returns the elements of the verdict maps that a rule of the table asks, in order. */
    public List<NamedSet.Element> verdicts(Rule rule) {
        NftRule nft = rule.nft();
        return nft == null
                ? List.of()
                : nft.statements().stream()
                        .filter(Statement.VerdictMap.class::isInstance)
                        .flatMap(statement -> elements(((Statement.VerdictMap) statement).map()).stream())
                        .toList();
    }

    /** Returns the elements of a set or map that a rule of the table names or spells out; none where it is neither. */
    public List<NamedSet.Element> elements(Expression set) {
        if (set instanceof Expression.SetReference reference) {
            return set(reference.name()).map(NamedSet::elements).orElse(List.of());
        }
        return set instanceof Expression.AnonymousSet anonymous ? anonymous.elements() : List.of();
    }
}
