// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.traffic;

import io.github.countercheck.ruleset.Cidr;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.apiguardian.api.API;

/**
 * What the kernel's connection tracking knows of one flow: how its first packet came, and how answers are expected. Where
 * the two differ, an address or port was translated.
 *
 * <p>An entry is confirmed only when its first packet has passed every hook on its way, so an entry that is there also says
 * that this packet was dropped nowhere in this namespace.
 *
 * @param protocol the protocol's name as the kernel has it: {@code tcp}, {@code icmpv6}, {@code unknown}
 * @param protocolNumber its number in the IP header
 * @param state the state of a protocol that has one, {@code ESTABLISHED}, else empty
 * @param original the flow as its sender made it
 * @param reply the flow as its answers are expected
 * @param unreplied whether no answer was seen yet
 * @param assured whether packets were seen both ways, so that the entry is not dropped early
 * @param mark the connection's mark, 0 if none was set
 * @param zone the zone of the original direction, 0 if none was set
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record ConntrackEntry(
        String protocol,
        int protocolNumber,
        String state,
        Direction original,
        Direction reply,
        boolean unreplied,
        boolean assured,
        long mark,
        int zone) {

    /**
     * One direction of a flow.
     *
     * @param source the source address
     * @param sourcePort the source port, 0 for a protocol without ports
     * @param destination the destination address
     * @param destinationPort the destination port, 0 for a protocol without ports
     * @param detail what stands in the place of ports, {@code type=8 code=0 id=1}, else empty
     */
    @API(status = API.Status.EXPERIMENTAL, since = "0.1")
    public record Direction(
            InetAddress source, int sourcePort, InetAddress destination, int destinationPort, String detail) {

        /** Prints it as {@code conntrack -L} does. */
        @Override
        public String toString() {
            String addresses = "src=" + Cidr.format(source) + " dst=" + Cidr.format(destination);
            if (!detail.isEmpty()) {
                return addresses + " " + detail;
            }
            return sourcePort == 0 && destinationPort == 0
                    ? addresses
                    : addresses + " sport=" + sourcePort + " dport=" + destinationPort;
        }
    }

    /**
     * Reads a line of {@code conntrack -L} or {@code -G}, with or without {@code -o extended}, or of
     * /proc/net/nf_conntrack.
     *
     * @throws IllegalArgumentException if it is not one; the message shows the line
     */
    public static ConntrackEntry parse(String line) {
        return new ConntrackParser(line).entry();
    }

    /** Tells whether the destination was translated, address or port: the answer is expected from somewhere else. */
    public boolean isDnat() {
        return !original.destination().equals(reply.source()) || original.destinationPort() != reply.sourcePort();
    }

    /**
     * Tells whether the source was translated, address or port. The kernel also changes a port alone, without any rule,
     * where two flows would clash.
     */
    public boolean isSnat() {
        return !original.source().equals(reply.destination()) || original.sourcePort() != reply.destinationPort();
    }

    /** Returns where the flow really goes: where its answers come from. */
    public InetSocketAddress translatedTo() {
        return new InetSocketAddress(reply.source(), reply.sourcePort());
    }

    /** Returns what the far end takes for the sender: where its answers go to. */
    public InetSocketAddress sourceAs() {
        return new InetSocketAddress(reply.destination(), reply.destinationPort());
    }

    /** Tells whether that is the flow as its sender made it. */
    public boolean isOf(Tuple tuple) {
        return protocol.equals(tuple.transport().toString())
                && original.source().equals(tuple.source())
                && original.sourcePort() == tuple.sourcePort()
                && original.destination().equals(tuple.destination())
                && original.destinationPort() == tuple.destinationPort();
    }

    /** Prints it as {@code conntrack -L} does, without numbers and times. */
    @Override
    public String toString() {
        return protocol
                + (state.isEmpty() ? "" : " " + state)
                + " " + original
                + (unreplied ? " [UNREPLIED]" : "")
                + " " + reply
                + (assured ? " [ASSURED]" : "")
                + (mark == 0 ? "" : " mark=" + mark)
                + (zone == 0 ? "" : " zone=" + zone);
    }
}
