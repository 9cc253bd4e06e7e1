// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.report;

import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.snapshot.Change;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * One test: how it ended, and where its packets went.
 *
 * @param testClass the name of its class, without the package
 * @param name its display name
 * @param path where its files are, below the report's directory and without an ending: {@code WebIT/publishedPort}
 * @param verdict how it ended
 * @param startedAt when its body began
 * @param elapsed how long it took
 * @param daemon the daemon it ran against
 * @param message what it failed with, or empty
 * @param sent what it sent, in words
 * @param stations the base chains, in the order in which the kernel asks them
 * @param lanes the rules that counted, by hook
 * @param ribbons what became of the addresses of what it sent
 * @param changes the rules that came, went or began anew
 * @param notes what to know when reading it
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record TestReport(
        String testClass,
        String name,
        String path,
        Verdict verdict,
        Instant startedAt,
        Duration elapsed,
        DaemonInfo daemon,
        String message,
        List<String> sent,
        List<Station> stations,
        List<Lane> lanes,
        List<Ribbon> ribbons,
        List<RuleChange> changes,
        List<String> notes) {

    /**
     * A base chain on a packet's way.
     *
     * @param hook where
     * @param chain its table, {@code nat}, with the family where it is not IPv4: {@code ip6 nat}
     * @param read whether its counters were read again after the test began
     * @param moved the most that one of its rules, or its policy, counted: packets, or flows in a nat table
     * @param crossed whether a packet is known to have come by
     * @param stop what ended packets there, or null
     */
    @API(status = API.Status.EXPERIMENTAL, since = "0.1")
    public record Station(
            Hook hook,
            String chain,
            boolean read,
            long moved,
            boolean crossed,
            @Nullable String stop) {}

    /**
     * The rules that are asked at one hook.
     *
     * @param hook where
     * @param chains its base chains by which something came
     */
    @API(status = API.Status.EXPERIMENTAL, since = "0.1")
    public record Lane(Hook hook, List<WalkedChain> chains) {

        /** Copies the list. */
        public Lane {
            chains = List.copyOf(chains);
        }
    }

    /**
     * A chain by which something came.
     *
     * @param name its table and chain
     * @param policy its policy, or null where it has none
     * @param policyHits what fell to its policy, or null where that is not known
     * @param returned how many are known to have come back out of it to the rule that had called it
     * @param rules its rules in order
     */
    @API(status = API.Status.EXPERIMENTAL, since = "0.1")
    public record WalkedChain(
            String name, @Nullable String policy, @Nullable Long policyHits, long returned, List<WalkedRule> rules) {

        /** Copies the list. */
        public WalkedChain {
            rules = List.copyOf(rules);
        }
    }

    /**
     * A rule of such a chain.
     *
     * @param position its place in its chain, from 1
     * @param text the rule without its chain
     * @param purpose its role and whom it serves
     * @param before its counter in the baseline, or null
     * @param after its counter later, or null
     * @param hits what it counted in between, or null where that cannot be told
     * @param met whether something is known to have met it
     * @param unmet the match that the test's own first packet does not meet, as simulated; empty where that is not known
     * @param calls the chains that it led to
     */
    @API(status = API.Status.EXPERIMENTAL, since = "0.1")
    public record WalkedRule(
            int position,
            String text,
            String purpose,
            @Nullable Long before,
            @Nullable Long after,
            @Nullable Long hits,
            boolean met,
            String unmet,
            List<WalkedChain> calls) {

        /** Copies the list. */
        public WalkedRule {
            calls = List.copyOf(calls);
        }
    }

    /**
     * What became of the addresses of a probe.
     *
     * @param transport its protocol
     * @param outcome what its sender saw
     * @param from the sender
     * @param to where it was sent
     * @param translatedTo where it went, or null where nobody knows
     * @param seenFrom what the far end takes for the sender, or null where nobody knows
     * @param conntrack what conntrack said
     * @param alike how many probes this stands for
     */
    @API(status = API.Status.EXPERIMENTAL, since = "0.1")
    public record Ribbon(
            String transport,
            String outcome,
            String from,
            String to,
            @Nullable String translatedTo,
            @Nullable String seenFrom,
            String conntrack,
            int alike) {}

    /**
     * A rule that did not stay as it was.
     *
     * @param change what became of it
     * @param chain its table and chain
     * @param rule the rule; of one that was changed, as it is now
     * @param was the rule that stood there before, or null
     */
    @API(status = API.Status.EXPERIMENTAL, since = "0.1")
    public record RuleChange(
            Change change,
            String chain,
            String rule,
            @Nullable String was) {}

    /** Copies the lists. */
    public TestReport {
        sent = List.copyOf(sent);
        stations = List.copyOf(stations);
        lanes = List.copyOf(lanes);
        ribbons = List.copyOf(ribbons);
        changes = List.copyOf(changes);
        notes = List.copyOf(notes);
    }

    /** Returns the first line of what it failed with. */
    String headline() {
        return message.lines().findFirst().orElse("");
    }
}
