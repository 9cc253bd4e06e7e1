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
        Stream<Target> targets = Stream.ofNullable(rule.target());
        NftRule nft = rule.nft();
        if (nft != null) {
            targets = Stream.concat(
                    targets,
                    nft.statements().stream()
                            .filter(Statement.VerdictMap.class::isInstance)
                            .flatMap(statement -> elements(((Statement.VerdictMap) statement).map()))
                            .flatMap(element -> Stream.ofNullable(element.verdict())));
        }
        return targets.map(Target::name)
                .distinct()
                .flatMap(name -> chain(name).stream())
                .toList();
    }

    private Stream<NamedSet.Element> elements(Expression map) {
        if (map instanceof Expression.SetReference reference) {
            return set(reference.name()).stream().flatMap(set -> set.elements().stream());
        }
        return map instanceof Expression.AnonymousSet set ? set.elements().stream() : Stream.empty();
    }
}
