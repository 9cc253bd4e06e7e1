// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.BaseChain;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Table;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the chains of Docker's own nftables table are for: by where the kernel enters them or what leads there. Only where
 * nothing does, the chain's name says it.
 */
final class BridgeChains {

    /** The table's name is Docker's; who writes into it expects to lose it. */
    static final String TABLE = "docker-bridges";

    /** What packets a chain gets to see. */
    enum Kind {
        ARRIVING_UNTRACKED,
        ARRIVING_FLOWS,
        HOSTS_OWN_FLOWS,
        /** Base chain of the filter rules. */
        FORWARDED,
        /** Base chain of the translations of sources. */
        LEAVING_FLOWS,
        /** Flows to a host address. */
        PORT_FLOWS("nat-prerouting-and-output"),
        TO_BRIDGE("filter-forward-in__"),
        FROM_BRIDGE("filter-forward-out__"),
        FLOWS_TO_BRIDGE("nat-postrouting-in__"),
        FLOWS_FROM_BRIDGE("nat-postrouting-out__"),
        OTHER;

        private final String prefix;

        Kind() {
            this("");
        }

        Kind(String prefix) {
            this.prefix = prefix;
        }
    }

    /**
     * A chain.
     *
     * @param kind what it gets to see
     * @param device the one bridge that packets come from or go to; null where the chain is for all of them
     */
    record Meaning(Kind kind, @Nullable String device) {}

    private static final Meaning OTHER = new Meaning(Kind.OTHER, null);

    private final Map<String, Meaning> meanings = new HashMap<>();
    private final Set<String> bridges = new HashSet<>();

    private BridgeChains() {}

    static BridgeChains of(Ruleset ruleset, ChainReach reach) {
        BridgeChains chains = new BridgeChains();
        boolean oneFamily = ruleset.family() == Family.IPV4 || ruleset.family() == Family.IPV6;
        if (!ruleset.backend().isIptables() && oneFamily) {
            ruleset.table(TABLE).ifPresent(table -> chains.learn(table, reach));
        }
        return chains;
    }

    private void learn(Table table, ChainReach reach) {
        for (Chain chain : table.chains()) {
            BaseChain base = chain.base();
            Meaning meaning = base == null ? reached(chain, reach) : new Meaning(entered(base), null);
            meanings.put(chain.name(), meaning);
            if (meaning.device() != null) {
                bridges.add(meaning.device());
            }
        }
    }

    private static Kind entered(BaseChain base) {
        boolean nat = base.type() == BaseChain.Type.NAT;
        return switch (base.hook()) {
            case PREROUTING -> nat ? Kind.ARRIVING_FLOWS : Kind.ARRIVING_UNTRACKED;
            case OUTPUT -> nat ? Kind.HOSTS_OWN_FLOWS : Kind.OTHER;
            case FORWARD -> Kind.FORWARDED;
            case POSTROUTING -> nat ? Kind.LEAVING_FLOWS : Kind.OTHER;
            default -> Kind.OTHER;
        };
    }

    private static Meaning reached(Chain chain, ChainReach reach) {
        List<ChainReach.Dispatch> dispatches = reach.dispatchesTo(TABLE, chain.name());
        List<Rule> jumps = reach.jumpsTo(TABLE, chain.name());
        if (dispatches.isEmpty() && jumps.isEmpty()) {
            return named(chain.name());
        }
        Set<Meaning> all = new HashSet<>();
        for (ChainReach.Dispatch dispatch : dispatches) {
            all.add(new Meaning(dispatched(dispatch, reach), dispatch.key().isEmpty() ? null : dispatch.key()));
        }
        for (Rule jump : jumps) {
            Set<Hook> from = reach.hooks(TABLE, jump.chain());
            boolean arriving = from.contains(Hook.PREROUTING) || from.contains(Hook.OUTPUT);
            all.add(arriving ? new Meaning(Kind.PORT_FLOWS, null) : OTHER);
        }
        return all.size() == 1 ? all.iterator().next() : OTHER;
    }

    private static Kind dispatched(ChainReach.Dispatch dispatch, ChainReach reach) {
        Set<Hook> from = reach.hooks(TABLE, dispatch.rule().chain());
        boolean in = RuleShape.of(dispatch.rule()).is(RuleShape.Part.DISPATCHES_OUT);
        boolean out = RuleShape.of(dispatch.rule()).is(RuleShape.Part.DISPATCHES_IN);
        if (in == out || from.size() != 1) {
            return Kind.OTHER;
        }
        return switch (from.iterator().next()) {
            case FORWARD -> in ? Kind.TO_BRIDGE : Kind.FROM_BRIDGE;
            case POSTROUTING -> in ? Kind.FLOWS_TO_BRIDGE : Kind.FLOWS_FROM_BRIDGE;
            default -> Kind.OTHER;
        };
    }

    private static Meaning named(String chain) {
        for (Kind kind : Kind.values()) {
            if (!kind.prefix.isEmpty() && chain.startsWith(kind.prefix)) {
                String device = chain.substring(kind.prefix.length());
                return new Meaning(kind, device.isEmpty() ? null : device);
            }
        }
        return OTHER;
    }

    /** Returns what the rule's chain is for. */
    Meaning of(Rule rule) {
        return rule.table().equals(TABLE) ? meanings.getOrDefault(rule.chain(), OTHER) : OTHER;
    }

    /** Returns the bridge whose packets alone get to the rule; null where all do, or where it is a rule of iptables. */
    @Nullable
    String device(Rule rule) {
        return of(rule).device();
    }

    /** Tells whether the table has chains for a bridge of that name. */
    boolean isBridge(String device) {
        return bridges.contains(device);
    }
}
