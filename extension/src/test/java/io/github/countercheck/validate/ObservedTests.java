// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.daemon.PathId;
import io.github.countercheck.docker.CapturedFacts;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Captures;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.traffic.ConntrackAnswer;
import io.github.countercheck.traffic.ConntrackEntry;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.traffic.Tuple;
import io.github.countercheck.walk.Observation;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is read from a probe, with counters of real daemons. */
class ObservedTests {

    private static final InetAddress PEER = Cidr.parseAddress("203.0.113.20");
    private static final InetAddress GATEWAY = Cidr.parseAddress("172.30.0.1");
    private static final Tuple TUPLE = new Tuple(Transport.TCP, PEER, 20_001, Cidr.parseAddress("203.0.113.10"), 8080);
    private static final ConntrackAnswer NO_ENTRY = new ConntrackAnswer.Absent();
    private static final ConntrackAnswer TRANSLATED = entry("172.30.0.2", 80);
    private static final ConntrackAnswer NOT_TRANSLATED = entry("203.0.113.10", 8080);

    private static final Observation NOTHING = counted("28.5", "1-published", "1-published");
    private static final Observation INBOUND = counted("28.5", "1-published", "2-inbound");
    private static final Observation CROSSING = counted("28.5", "3-outbound", "4-crossing");

    private static ConntrackAnswer entry(String answering, int port) {
        return new ConntrackAnswer.Found(
                ConntrackEntry.parse("tcp 6 100 TIME_WAIT src=203.0.113.20 dst=203.0.113.10 sport=20001 dport=8080 src="
                        + answering + " dst=203.0.113.20 sport=" + port + " dport=20001 [ASSURED] mark=0 use=1"));
    }

    private static Observation counted(String engine, String before, String after) {
        Path dump = dump(engine, after);
        return Observation.of(
                Set.of(Family.IPV4), snapshot(dump(engine, before)), snapshot(dump), CapturedFacts.of(dump));
    }

    private static Path dump(String engine, String stage) {
        return Captures.dump("docker-" + engine + "-iptables-nft/default/" + stage + ".iptables-save.txt");
    }

    private static CounterSnapshot snapshot(Path dump) {
        return new CounterSnapshot(Instant.EPOCH, List.of(Captures.parse(dump)));
    }

    private static Observed observed(
            PathId path,
            Outcome outcome,
            ConntrackAnswer tracked,
            @Nullable InetAddress answered,
            @Nullable InetAddress arrived,
            Observation rules) {
        return new Observed(
                path, new Probe(TUPLE, outcome, "", "", Duration.ZERO, null, tracked), answered, arrived, rules, true);
    }

    private static String way(Observed observed) {
        return observed.way().toString();
    }

    @Test
    void conntrackTellsWhetherAnAnswerCameByTranslation() {
        assertThat(way(observed(PathId.EXTERNAL_TO_PUBLISHED, Outcome.ANSWERED, TRANSLATED, PEER, PEER, NOTHING)))
                .isEqualTo("ANSWERED DNAT from 203.0.113.20");
        assertThat(way(observed(
                        PathId.EXTERNAL_TO_PUBLISHED, Outcome.ANSWERED, NOT_TRANSLATED, GATEWAY, GATEWAY, INBOUND)))
                .isEqualTo("ANSWERED DOCKER_PROXY from 172.30.0.1");
    }

    @Test
    void withoutAnEntryTheCounterTells() {
        assertThat(way(observed(PathId.EXTERNAL_TO_PUBLISHED, Outcome.ANSWERED, NO_ENTRY, PEER, PEER, INBOUND)))
                .isEqualTo("ANSWERED DNAT from 203.0.113.20");
        assertThat(way(observed(PathId.EXTERNAL_TO_PUBLISHED, Outcome.ANSWERED, NO_ENTRY, GATEWAY, GATEWAY, NOTHING)))
                .isEqualTo("ANSWERED DOCKER_PROXY from 172.30.0.1");
    }

    @Test
    void theSourceTellsWhetherAPacketWasPassedOnAsItWas() {
        assertThat(way(observed(PathId.DIRECT_TO_PUBLISHED, Outcome.ANSWERED, NOT_TRANSLATED, PEER, PEER, NOTHING)))
                .isEqualTo("ANSWERED DIRECT from 203.0.113.20");
        assertThat(way(observed(
                        PathId.CONTAINER_TO_OUTSIDE, Outcome.ANSWERED, NOT_TRANSLATED, GATEWAY, GATEWAY, NOTHING)))
                .isEqualTo("ANSWERED MASQUERADE from 172.30.0.1");
    }

    @Test
    void theRuleThatDroppedItIsNamed() {
        Observed dropped = observed(PathId.ACROSS_BRIDGES, Outcome.TIMED_OUT, NO_ENTRY, null, null, CROSSING);

        assertThat(way(dropped)).isEqualTo("TIMED_OUT BLOCKED_BY DIRECT_ACCESS_DROP");
        assertThat(dropped.hits())
                .anySatisfy(hit -> {
                    assertThat(hit.role()).isEqualTo(RuleRole.DIRECT_ACCESS_DROP);
                    assertThat(hit.location()).isEqualTo("raw/PREROUTING");
                    assertThat(hit.rule()).startsWith("-A PREROUTING -d 172.31.0.2/32 ! -i ");
                    assertThat(hit.hits()).isEqualTo(3);
                })
                .noneSatisfy(hit -> assertThat(hit.role()).isEqualTo(RuleRole.EMBEDDED_DNS));
        assertThat(way(observed(
                        PathId.ACROSS_BRIDGES,
                        Outcome.TIMED_OUT,
                        NO_ENTRY,
                        null,
                        null,
                        counted("20.10", "3-outbound", "4-crossing"))))
                .isEqualTo("TIMED_OUT BLOCKED_BY ISOLATION_DROP");
    }

    @Test
    void whatNothingDroppedArrivedOrIsLost() {
        assertThat(way(observed(PathId.HAIRPIN, Outcome.TIMED_OUT, NOT_TRANSLATED, null, GATEWAY, NOTHING)))
                .isEqualTo("TIMED_OUT DOCKER_PROXY from 172.30.0.1");
        assertThat(way(observed(PathId.HAIRPIN, Outcome.TIMED_OUT, NOT_TRANSLATED, null, null, NOTHING)))
                .isEqualTo("TIMED_OUT LOST");
        // A handshake alone is no answer: the daemon's own socket completes one.
        assertThat(way(observed(PathId.EXTERNAL_TO_PUBLISHED, Outcome.ANSWERED, NOT_TRANSLATED, null, null, NOTHING)))
                .isEqualTo("TIMED_OUT LOST");
        assertThat(new Observed(
                                PathId.DIRECT_TO_PUBLISHED,
                                new Probe(TUPLE, Outcome.TIMED_OUT, "", "", Duration.ZERO, null, NO_ENTRY),
                                null,
                                null,
                                NOTHING,
                                false)
                        .way())
                .hasToString("TIMED_OUT NOT_FORWARDED");
    }

    @Test
    void whatIsRefusedOrNotSentSaysSo() {
        assertThat(way(observed(PathId.LOOPBACK_TO_PUBLISHED, Outcome.REFUSED, NO_ENTRY, null, null, NOTHING)))
                .isEqualTo("REFUSED NOT_PUBLISHED");
        assertThat(way(observed(PathId.EXTERNAL_TO_PUBLISHED, Outcome.REFUSED, TRANSLATED, null, null, NOTHING)))
                .isEqualTo("REFUSED DNAT");
        assertThat(way(observed(PathId.INTERNAL_TO_OUTSIDE, Outcome.NOT_SENT, NO_ENTRY, null, null, NOTHING)))
                .isEqualTo("NOT_SENT NO_ROUTE");
    }
}
