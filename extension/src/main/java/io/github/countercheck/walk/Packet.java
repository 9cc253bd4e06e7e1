// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.walk.PacketWalk.Direction;
import io.github.countercheck.walk.PacketWalk.Endpoint;
import java.net.Inet6Address;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * One packet as it comes to the host or as a process of the host sends it, before any rule saw it.
 *
 * @param protocol the number of its IP protocol, 6 for TCP
 * @param source where it comes from; port 0 for protocols without ports
 * @param destination where it is sent to
 * @param inputDevice the device that it arrives on; null if a process of this host sends it
 * @param outputDevice the device that it leaves by; null where routing decides
 * @param state what conntrack makes of it
 * @param direction whether it goes the way of its flow's first packet; null where that is not known
 * @param dnat whether the destination of its flow is translated; says nothing of a {@link State#NEW} packet's own walk
 * @param snat whether the source of its flow is translated
 * @param translatedDestination what conntrack, without asking any rule, makes of this packet's destination
 * @param translatedSource what conntrack, without asking any rule, makes of this packet's source
 * @param mark its mark, 0 unless something set one before
 * @param connectionMark the mark of its flow; null where it is not known. A flow begins with 0.
 * @param tcpFlags its TCP flags as in the header (FIN 1, SYN 2, RST 4, PSH 8, ACK 16, URG 32); null where not known
 * @param icmpType its ICMP type times 256 plus its code; null where not known
 * @param sourceType what the source is to the host; null where routing decides
 * @param destinationType what the destination is to the host before any translation; null where routing decides
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Packet(
        int protocol,
        Endpoint source,
        Endpoint destination,
        @Nullable String inputDevice,
        @Nullable String outputDevice,
        State state,
        @Nullable Direction direction,
        boolean dnat,
        boolean snat,
        @Nullable Endpoint translatedDestination,
        @Nullable Endpoint translatedSource,
        long mark,
        @Nullable Long connectionMark,
        @Nullable Integer tcpFlags,
        @Nullable Integer icmpType,
        @Nullable AddressType sourceType,
        @Nullable AddressType destinationType) {

    static final int ICMP = 1;
    static final int TCP = 6;
    static final int UDP = 17;
    static final int ICMP6 = 58;
    static final int SCTP = 132;

    private static final int SYN = 2;

    /** What conntrack makes of a packet. */
    public enum State {
        /** The first packet of a flow that nothing is known of. */
        NEW,
        /** Of a flow that was answered, in either direction. */
        ESTABLISHED,
        /** The first of a flow that another one announced, or an ICMP error about one. */
        RELATED,
        /** Of no flow that conntrack could follow. */
        INVALID,
        /** Kept from conntrack. */
        UNTRACKED
    }

    /**
     * Checks that both ends are of one family, and fills in what a first packet has: direction, connection mark 0, SYN, an
     * echo request.
     */
    public Packet {
        if (source.address() instanceof Inet6Address != destination.address() instanceof Inet6Address) {
            throw new IllegalArgumentException(source + " and " + destination + " are of two families");
        }
        if (protocol < 0 || protocol > 255) {
            throw new IllegalArgumentException("no number of an IP protocol: " + protocol);
        }
        if (mark < 0
                || mark > Bits.ALL
                || (connectionMark != null && (connectionMark < 0 || connectionMark > Bits.ALL))) {
            throw new IllegalArgumentException("a mark has 32 bits");
        }
        if (state == State.NEW) {
            direction = direction == null ? Direction.ORIGINAL : direction;
            connectionMark = connectionMark == null ? Long.valueOf(0) : connectionMark;
            tcpFlags = tcpFlags == null && protocol == TCP ? Integer.valueOf(SYN) : tcpFlags;
            if (icmpType == null && (protocol == ICMP || protocol == ICMP6)) {
                icmpType = (protocol == ICMP ? 8 : 128) << 8;
            }
        }
    }

    /** Makes the first packet of a flow; a null device stands for a packet that a process of this host sends. */
    public static Packet first(
            Transport transport, Endpoint source, Endpoint destination, @Nullable String inputDevice) {
        return new Packet(
                protocol(transport),
                source,
                destination,
                inputDevice,
                null,
                State.NEW,
                null,
                false,
                false,
                null,
                null,
                0,
                null,
                null,
                null,
                null,
                null);
    }

    private static int protocol(Transport transport) {
        return switch (transport) {
            case TCP -> TCP;
            case UDP -> UDP;
            case SCTP -> SCTP;
        };
    }

    /**
     * Reads a packet as a person types it: {@code tcp 203.0.113.20:40000 -> 203.0.113.10:8080 iif eth0}.
     *
     * <p>The protocol is {@code tcp}, {@code udp}, {@code sctp}, {@code icmp}, {@code ipv6-icmp}, another name that
     * {@code iptables} prints, or a number. IPv6 addresses with ports have brackets: {@code [2001:db8::1]:80}. Behind the
     * ends come, in any order,
     *
     * <ul>
     *   <li>{@code iif DEV}, the device that it arrives on; without it a process of this host sends it
     *   <li>{@code oif DEV}, the device that it leaves by
     *   <li>{@code state NEW|ESTABLISHED|RELATED|INVALID|UNTRACKED}
     *   <li>{@code dir original|reply}, whether it is of the sender's or the answers
     *   <li>{@code dnat}, {@code snat}: its flow's destination or source is translated
     *   <li>{@code dnat-to END}, {@code snat-to END}: what conntrack makes of this packet's destination or source
     *   <li>{@code mark NUMBER}, {@code ctmark NUMBER}, decimal or {@code 0x} and hexadecimal
     *   <li>{@code flags syn,ack}: its TCP flags
     *   <li>{@code icmp-type TYPE[/CODE]}, in numbers or {@code echo-request}
     *   <li>{@code src-type TYPE}, {@code dst-type TYPE}: {@code LOCAL}, {@code UNICAST}…, what the address is to this host
     * </ul>
     *
     * @throws IllegalArgumentException if the text is no packet; the message names the word
     */
    public static Packet parse(String text) {
        return new PacketReader(text).read();
    }

    /** Returns {@link Family#IPV4} or {@link Family#IPV6}. */
    public Family family() {
        return source.address() instanceof Inet6Address ? Family.IPV6 : Family.IPV4;
    }

    /** Tells whether its protocol has ports. */
    boolean hasPorts() {
        return hasPorts(protocol);
    }

    static boolean hasPorts(int protocol) {
        return switch (protocol) {
            // Also DCCP and UDP-Lite.
            case TCP, UDP, SCTP, 33, 136 -> true;
            default -> false;
        };
    }
}
