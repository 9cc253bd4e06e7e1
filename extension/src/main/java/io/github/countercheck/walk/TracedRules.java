// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.docker.ClassifiedRule;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.RuleClassifier;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.BaseChain;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.NftListing;
import io.github.countercheck.ruleset.NftRule;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.snapshot.CounterSnapshot;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Knows by their handles the rules that a trace names.
 *
 * <p>A rule of iptables has its handle in nftables' listing and its text in the one of {@code iptables-nft-save}. Both list
 * a chain in the kernel's order, so that the place in the chain joins them.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class TracedRules {

    /**
     * A rule that a trace can name.
     *
     * @param backend what holds it
     * @param position its place in its chain, from 1
     * @param classified the rule and its role, or null where no snapshot has it
     * @param text the rule as its backend's tool prints it
     */
    record Known(Backend backend, int position, @Nullable ClassifiedRule classified, String text) {}

    private record Place(String family, String table, String chain) {}

    private record Id(Place place, long handle) {}

    private final Map<Place, Hook> hooks = new HashMap<>();
    private final Map<Place, Backend> backends = new HashMap<>();
    private final Map<Id, Known> rules = new HashMap<>();

    private TracedRules() {}

    /**
     * Joins listings of the same moment.
     *
     * @param listed the tables that the trace names, with the handles of their rules
     * @param snapshot the rules as they are measured
     * @param facts what the daemon says
     */
    public static TracedRules of(List<NftListing.OfFamily> listed, CounterSnapshot snapshot, DockerFacts facts) {
        TracedRules known = new TracedRules();
        IdentityHashMap<Rule, ClassifiedRule> classified = new IdentityHashMap<>();
        for (Ruleset ruleset : snapshot.rulesets()) {
            RuleClassifier.classify(ruleset, facts).rules().forEach(rule -> classified.put(rule.rule(), rule));
        }
        listed.forEach(table ->
                table.table().chains().forEach(chain -> known.add(table.family(), chain, snapshot, classified)));
        return known;
    }

    private void add(Family family, Chain chain, CounterSnapshot snapshot, Map<Rule, ClassifiedRule> classified) {
        Place place = new Place(family.keyword(), chain.table(), chain.name());
        Optional<Chain> ofIptables = measured(snapshot, family, Backend.IPTABLES_NFT, chain);
        Optional<Chain> measured = ofIptables.or(() -> measured(snapshot, family, Backend.NFTABLES, chain));
        Backend backend = ofIptables.isPresent() ? Backend.IPTABLES_NFT : Backend.NFTABLES;
        backends.put(place, backend);
        BaseChain base = chain.base();
        if (base != null) {
            hooks.put(place, base.hook());
        }
        for (int i = 0; i < chain.rules().size(); i++) {
            Rule listed = chain.rules().get(i);
            NftRule nft = listed.nft();
            if (nft != null) {
                Rule rule = measured.isPresent() ? measured.get().rules().get(i) : listed;
                rules.put(new Id(place, nft.handle()), new Known(backend, i + 1, classified.get(rule), rule.spec()));
            }
        }
    }

    /** Returns the chain as it was measured, unless it has become another one meanwhile. */
    private static Optional<Chain> measured(CounterSnapshot snapshot, Family family, Backend backend, Chain listed) {
        return snapshot.ruleset(family, backend)
                .flatMap(ruleset -> ruleset.chain(listed.table(), listed.name()))
                .filter(chain -> chain.rules().size() == listed.rules().size())
                .filter(chain -> backend.isIptables() || handles(chain).equals(handles(listed)));
    }

    private static List<Long> handles(Chain chain) {
        return chain.rules().stream()
                .map(Rule::nft)
                .map(nft -> nft == null ? 0L : nft.handle())
                .toList();
    }

    /** Returns where the kernel enters that chain, if it does. */
    Optional<Hook> hook(String family, String table, String chain) {
        return Optional.ofNullable(hooks.get(new Place(family, table, chain)));
    }

    /** Returns what holds that chain. */
    Backend backend(String family, String table, String chain) {
        return backends.getOrDefault(new Place(family, table, chain), Backend.NFTABLES);
    }

    /** Returns the rule of that handle. */
    Optional<Known> rule(String family, String table, String chain, long handle) {
        return Optional.ofNullable(rules.get(new Id(new Place(family, table, chain), handle)));
    }
}
