// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.traffic.Tuple;
import io.github.countercheck.walk.PacketWalk;
import java.net.InetAddress;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/**
 * What one call of {@link Traffic} sent: one probe or several alike, and what became of each.
 *
 * <p>It remembers the counters from just before the first probe, so that assertions which take a flow need no test
 * around them and work on any thread.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class Flow {

    private final Window before;
    private final Vantage vantage;
    private final List<Probe> probes;
    private final List<PacketWalk> walks;

    Flow(Window before, Vantage vantage, List<Probe> probes, List<PacketWalk> walks) {
        this.before = before;
        this.vantage = vantage;
        this.probes = List.copyOf(probes);
        this.walks = List.copyOf(walks);
    }

    /** Returns the window of this flow alone. */
    Window window() {
        return new Window(before.session(), before.await(), before.names(), before.baseline(), List.of(this));
    }

    /** Returns the counters from just before the first probe. */
    @API(status = API.Status.INTERNAL, since = "0.1")
    public CounterSnapshot baseline() {
        return before.baseline();
    }

    /** Returns from where it was sent. */
    public Vantage vantage() {
        return vantage;
    }

    /** Returns the probes in the order they were sent; there is at least one. */
    public List<Probe> probes() {
        return probes;
    }

    /**
     * Returns the way that the first probe's packets took through the rules; empty unless it was sent with
     * {@link Traffic#traced()}.
     */
    public Optional<PacketWalk> walk() {
        return walks.stream().findFirst();
    }

    /** Returns the walk of each probe in the order they were sent; empty unless they were traced. */
    public List<PacketWalk> walks() {
        return walks;
    }

    /** Returns how many of the probes ended in that way. */
    public int count(Outcome outcome) {
        return (int) probes.stream().filter(p -> p.outcome() == outcome).count();
    }

    /**
     * Returns what became of the probes.
     *
     * @throws IllegalStateException if they did not all end alike; then ask {@link #count}
     */
    public Outcome outcome() {
        if (probes.stream().map(Probe::outcome).distinct().count() > 1) {
            throw new IllegalStateException("the probes ended differently: " + this);
        }
        return probes.get(0).outcome();
    }

    /** Tells whether every probe was answered. */
    public boolean answered() {
        return probes.stream().allMatch(p -> p.outcome() == Outcome.ANSWERED);
    }

    /** Tells whether at least one packet of each probe left the sender. */
    public boolean wasSent() {
        return probes.stream().allMatch(p -> p.outcome().wasSent());
    }

    /** Returns what came back on the first probe, as text; empty if nothing did. */
    public String reply() {
        return probes.get(0).reply();
    }

    /** Returns the source address that our own far end saw on the first probe. */
    public Optional<InetAddress> sourceSeen() {
        return probes.get(0).sourceSeen();
    }

    Transport transport() {
        return probes.get(0).tuple().transport();
    }

    Family family() {
        return Family.of(probes.get(0).tuple().destination());
    }

    /** Prints it as {@code 3 TCP connections 198.18.200.2:* -> 198.18.200.1:32768: 3 answered}. */
    @Override
    public String toString() {
        Tuple tuple = probes.get(0).tuple();
        String what = tuple.transport() == Transport.UDP ? "UDP exchange" : "TCP connection";
        Map<Outcome, Long> outcomes =
                probes.stream().collect(Collectors.groupingBy(Probe::outcome, TreeMap::new, Collectors.counting()));
        String ended = outcomes.entrySet().stream()
                .map(e -> e.getValue() + " " + e.getKey().inWords())
                .collect(Collectors.joining(", "));
        String seen = sourceSeen().map(a -> ", the peer saw " + Cidr.format(a)).orElse("");
        return String.format(
                Locale.ROOT,
                "%d %s%s %s -> %s: %s%s",
                probes.size(),
                what,
                probes.size() == 1 ? "" : "s",
                Tuple.endpoint(tuple.source(), "*"),
                Tuple.endpoint(tuple.destination(), Integer.toString(tuple.destinationPort())),
                ended,
                seen);
    }
}
