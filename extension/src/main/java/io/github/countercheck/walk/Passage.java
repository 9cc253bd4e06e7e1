// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.walk.Packet.State;
import io.github.countercheck.walk.PacketWalk.Direction;
import io.github.countercheck.walk.PacketWalk.Endpoint;
import java.net.InetAddress;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A packet on its way: what it is by now, after the rules that it met. */
final class Passage {

    final Packet packet;
    final RoutingFacts routing;
    final Set<String> assumptions = new LinkedHashSet<>();

    /** The device that it came in by; empty where there is none. */
    String in;

    /** The device that it goes out by; empty where there is none (yet), null where it is not known. */
    @Nullable
    String out = "";

    Span source;
    Span destination;
    Span sourcePort;
    Span destinationPort;

    /** Whether a bridge, and not this host's routing, carries it on. */
    final boolean bridged;

    /** Whether conntrack has looked at it. */
    boolean tracked;

    boolean untracked;
    boolean confirmed;
    boolean destinationBound;
    boolean sourceBound;

    /** Whether the flow is translated. A translation to what was there before is none. */
    Truth dnat;

    Truth snat;
    Bits mark;
    Bits connectionMark;

    private @Nullable AddressType sourceType;
    private @Nullable AddressType destinationType;

    Passage(Packet packet, RoutingFacts routing) {
        this.packet = packet;
        this.routing = routing;
        in = packet.inputDevice() == null ? "" : packet.inputDevice();
        source = Span.of(packet.source().address());
        destination = Span.of(packet.destination().address());
        sourcePort = Span.of(packet.source().port(), 16);
        destinationPort = Span.of(packet.destination().port(), 16);
        untracked = packet.state() == State.UNTRACKED;
        confirmed = packet.state() == State.ESTABLISHED;
        dnat = Truth.of(packet.dnat());
        snat = Truth.of(packet.snat());
        mark = Bits.of(packet.mark());
        connectionMark = packet.connectionMark() == null ? Bits.UNKNOWN : Bits.of(packet.connectionMark());
        sourceType = packet.sourceType();
        destinationType = packet.destinationType();
        assume();
        bridged = routing.isBridge(packet.inputDevice())
                && routing.isBehind(in, destination)
                && !destinationIs(AddressType.LOCAL).isYes();
    }

    private void assume() {
        boolean arrives = packet.inputDevice() != null;
        if (sourceType == null && arrives) {
            // The kernel drops what pretends to come from one of the host's own addresses.
            sourceType =
                    routing.typeOf(source).filter(t -> t != AddressType.LOCAL).orElse(AddressType.UNICAST);
        } else if (sourceType == null) {
            sourceType = AddressType.LOCAL;
        }
        if (destinationType == null
                && arrives
                && routing.typeOf(destination).isEmpty()
                && !routing.isInSubnet(destination)) {
            destinationType = AddressType.LOCAL;
            assumptions.add(RoutingFacts.describe(destination)
                    + " is taken for an address of this host, as it is in no known subnet; if it is another machine's, say"
                    + " dst-type UNICAST");
        }
    }

    Family family() {
        return packet.family();
    }

    boolean isHostSent() {
        return packet.inputDevice() == null;
    }

    /** What conntrack shows of the packet: before it looked, a packet counts as invalid. */
    State state() {
        if (untracked) {
            return State.UNTRACKED;
        }
        return tracked ? packet.state() : State.INVALID;
    }

    /** Tells whether there is a flow to ask about. */
    boolean hasFlow() {
        return tracked && !untracked && packet.state() != State.INVALID;
    }

    /** Notes that the flow gets another destination, if it is another one. */
    void translateTo(Span address, Span port) {
        dnat = dnat.or(isOther(address, destination).or(isOther(port, destinationPort)));
    }

    /** Notes that the flow gets another source, if it is another one. */
    void translateFrom(Span address, Span port) {
        snat = snat.or(isOther(address, source).or(isOther(port, sourcePort)));
    }

    private static Truth isOther(Span chosen, Span old) {
        return chosen.equals(old) && chosen.isSingle()
                ? Truth.NO
                : chosen.in(
                                old,
                                "what translation chose is what was there before",
                                "what was chosen in translation is not known")
                        .negatedIf(true);
    }

    void moveTo(Span address, Span port) {
        // What the caller said of the address holds for the one before translation.
        if (!address.equals(destination)) {
            destinationType = null;
        }
        destination = address;
        destinationPort = port;
    }

    void comeFrom(Span address, Span port) {
        if (!address.equals(source)) {
            sourceType = null;
        }
        source = address;
        sourcePort = port;
    }

    /** Gives it an address of this host, which one may not be known. */
    void moveToHost(Span port) {
        Optional<InetAddress> known = routing.addressOf(isHostSent() ? "lo" : in, family());
        Span address = known.map(Span::of).orElseGet(this::anyAddress);
        translateTo(address, port);
        moveTo(address, port);
        destinationType = AddressType.LOCAL;
    }

    void comeFromHost(Span port) {
        // Loopback addresses are not for others, so on lo the kernel takes one of another device.
        Optional<InetAddress> known = "lo".equals(out) ? Optional.empty() : routing.addressOf(out, family());
        Span address = known.map(Span::of).orElseGet(this::anyAddress);
        translateFrom(address, port);
        comeFrom(address, port);
        sourceType = AddressType.LOCAL;
    }

    Span anyAddress() {
        return Span.anything(family() == Family.IPV6 ? 128 : 32);
    }

    Truth destinationIs(AddressType type) {
        return is(destinationType, destination, type);
    }

    Truth sourceIs(AddressType type) {
        return is(sourceType, source, type);
    }

    private Truth is(@Nullable AddressType told, Span address, AddressType type) {
        return Optional.ofNullable(told)
                .or(() -> routing.typeOf(address))
                .map(known -> Truth.of(known == type))
                .orElseGet(() -> Truth.open(
                        RoutingFacts.describe(address) + " is " + type,
                        "what " + RoutingFacts.describe(address) + " is to this host is not known"));
    }

    /** Decides the device that it leaves by, after its destination is settled. */
    void route(boolean toHost) {
        if (toHost) {
            out = "lo";
        } else if (packet.outputDevice() != null) {
            out = packet.outputDevice();
        } else {
            out = routing.deviceTo(destination).orElse(null);
        }
    }

    Truth leavesBy(String device) {
        if (out != null) {
            return Truth.of(out.equals(device));
        }
        if (routing.knows(device)) {
            assumptions.add(RoutingFacts.describe(destination) + " does not leave by " + device
                    + ", as it is not in that device's subnets; if a route says otherwise, say oif " + device);
            return Truth.NO;
        }
        return Truth.open(
                "it leaves by " + device, "the route to " + RoutingFacts.describe(destination) + " is not known");
    }

    /** The addresses and ports with which its flow began, as far as they are known. */
    Optional<Flow> original() {
        if (packet.direction() == Direction.ORIGINAL) {
            return Optional.of(new Flow(packet.source(), packet.destination()));
        }
        boolean translated = packet.dnat() || packet.snat();
        return packet.direction() == Direction.REPLY && !translated
                ? Optional.of(new Flow(packet.destination(), packet.source()))
                : Optional.empty();
    }

    record Flow(Endpoint source, Endpoint destination) {}

    @Nullable
    Endpoint destinationEnd() {
        return end(destination, destinationPort);
    }

    @Nullable
    Endpoint sourceEnd() {
        return end(source, sourcePort);
    }

    private static @Nullable Endpoint end(Span address, Span port) {
        InetAddress one = address.address();
        return one == null || !port.isSingle() ? null : new Endpoint(one, port.number());
    }

    boolean isMartian() {
        return !isHostSent()
                && !in.equals("lo")
                && !routing.routesLoopback(in)
                && destination.isIn(Cidr.parse("127.0.0.0/8"));
    }
}
