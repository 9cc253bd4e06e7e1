// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.docker.ClassifiedRule;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Hook;
import java.net.InetAddress;
import java.util.List;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * The way of one flow's packets through the rules, rule by rule, in the kernel's order.
 *
 * @param origin who says so
 * @param steps the rules and policies that were met
 * @param fate what became of the packet in the end
 * @param reason why, where the fate alone does not say it: the match that could not be decided, the rule that dropped it
 * @param destination where the packet went after translation, or null where that is not known
 * @param source where it came from after translation, or null where that is not known
 * @param assumptions what a simulation took for granted, and how to say otherwise; empty for an observed walk
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record PacketWalk(
        Origin origin,
        List<Step> steps,
        Fate fate,
        String reason,
        @Nullable Endpoint destination,
        @Nullable Endpoint source,
        List<String> assumptions) {

    /** Who tells of a walk. */
    public enum Origin {
        /** The kernel: it reported each rule as the probe's packets met it. */
        TRACE,
        /** A simulation of the packet against the rules as they were listed. */
        SIMULATION
    }

    /** Which of a flow's packets a step is about. */
    public enum Direction {
        ORIGINAL,
        REPLY
    }

    /** What became of a packet. */
    public enum Fate {
        /** Every base chain let it pass. */
        ACCEPTED,
        DROPPED,
        /** Dropped, and its sender told. */
        REJECTED,
        /** Handed to a program, which decides. */
        QUEUED,
        /** A match could not be decided from what is known; never a guess. */
        UNDECIDED
    }

    /** An address and a port; the port is 0 for protocols without. */
    public record Endpoint(InetAddress address, int port) {

        /** Prints it as {@code 172.17.0.2:80} or {@code [2001:db8::2]:80}. */
        @Override
        public String toString() {
            String text = Cidr.format(address);
            return port == 0 ? text : (text.indexOf(':') < 0 ? text : "[" + text + "]") + ":" + port;
        }
    }

    /**
     * One rule or policy that a packet met.
     *
     * @param packet which packet of the flow, from 1, both directions counted together
     * @param direction whether it was one of the sender's or of the answers
     * @param hook where on its way
     * @param family the family of the table
     * @param backend what holds the rule
     * @param table its table
     * @param chain its chain
     * @param position the rule's place in its chain, from 1; 0 for a policy, or where it is not known
     * @param rule the rule and its role, or null for a policy, or where it is not known
     * @param text the rule as cited, or {@code policy ACCEPT}
     * @param verdict what it did: {@code ACCEPT}, {@code DROP}, {@code CONTINUE}, {@code RETURN}, {@code JUMP DOCKER}
     */
    public record Step(
            int packet,
            Direction direction,
            Hook hook,
            Family family,
            Backend backend,
            String table,
            String chain,
            int position,
            @Nullable ClassifiedRule rule,
            String text,
            String verdict) {

        /** Returns the same step of another packet. */
        Step ofPacket(int number, Direction whose) {
            return new Step(number, whose, hook, family, backend, table, chain, position, rule, text, verdict);
        }
    }

    /** Copies the lists. */
    public PacketWalk {
        steps = List.copyOf(steps);
        assumptions = List.copyOf(assumptions);
    }

    /** Makes a walk that took nothing for granted. */
    public PacketWalk(
            Origin origin,
            List<Step> steps,
            Fate fate,
            String reason,
            @Nullable Endpoint destination,
            @Nullable Endpoint source) {
        this(origin, steps, fate, reason, destination, source, List.of());
    }

    /** Returns the steps of the first packet that was sent. */
    public List<Step> firstPacket() {
        return steps.stream()
                .filter(step -> step.direction() == Direction.ORIGINAL)
                .findFirst()
                .map(first -> steps.stream()
                        .filter(step -> step.packet() == first.packet())
                        .toList())
                .orElse(List.of());
    }

    /** Prints it with a line for each rule; packets that went the same way are printed once. */
    public String inLines() {
        return new WalkPrinter(this).print();
    }
}
