// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.docker.CapturedFacts;
import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.ruleset.Captures;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.traffic.ConntrackAnswer;
import io.github.countercheck.traffic.ConntrackEntry;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.traffic.Tuple;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Flows that real daemons carried, taken for probes. */
class AttributionTests {

    private static final String DEFAULT = "docker-20.10-iptables-nft/default";

    private static Path conntrack(String capture) {
        return Captures.dump(capture + "/conntrack.txt");
    }

    private static List<Probe> probes(String capture) throws IOException {
        return Files.readAllLines(conntrack(capture)).stream()
                .map(ConntrackEntry::parse)
                .filter(entry -> entry.protocol().equals("tcp"))
                .map(entry -> probe(entry, Outcome.ANSWERED, new ConntrackAnswer.Found(entry)))
                .toList();
    }

    private static Probe probe(ConntrackEntry entry, Outcome outcome, ConntrackAnswer conntrack) {
        ConntrackEntry.Direction sent = entry.original();
        Tuple tuple =
                new Tuple(Transport.TCP, sent.source(), sent.sourcePort(), sent.destination(), sent.destinationPort());
        return new Probe(tuple, outcome, "", "", Duration.ZERO, null, conntrack);
    }

    private static DockerFacts facts(String capture) {
        return CapturedFacts.of(conntrack(capture));
    }

    private static Attribution of(String capture, Claim claim, String container, List<Probe> probes) {
        DockerFacts facts = facts(capture);
        ContainerFacts known = facts.container(container).orElseThrow();
        return switch (claim) {
            case MASQUERADE -> Attribution.ofSender(known::owns, facts.networksOf(known), probes);
            case RETURN_TRAFFIC, OUTBOUND_ACCEPT -> Attribution.ofCrossing(claim, facts.networksOf(known), probes);
            default -> Attribution.ofPort(claim, known, Transport.TCP, 80, facts, probes);
        };
    }

    /**
     * What the peer, the host, neighbours and the container itself sent to a published port; which docker-proxy carried, which
     * came by FORWARD; what left with another address, and what only went round by the bridge.
     */
    @ParameterizedTest
    @CsvSource({
        "docker-20.10-iptables-nft/default, DNAT, web1, 3, 3",
        "docker-20.10-iptables-nft/default, FORWARD_ACCEPT, web1, 3, 3",
        "docker-20.10-iptables-nft/default, DNAT, web2, 4, 2",
        "docker-20.10-iptables-nft/default, FORWARD_ACCEPT, web2, 4, 1",
        "docker-20.10-iptables-nft/default, DNAT, web3, 1, 0",
        "docker-20.10-iptables-nft/default, MASQUERADE, web1, 3, 2",
        "docker-20.10-iptables-nft/default, MASQUERADE, web2, 2, 1",
        "docker-28.5-iptables-nft/userland-proxy-off, DNAT, web3, 1, 1",
        "docker-28.5-iptables-nft/userland-proxy-off, FORWARD_ACCEPT, web3, 1, 0",
        "docker-28.5-iptables-nft/userland-proxy-off, DNAT, web2, 3, 3",
        "docker-28.5-iptables-nft/userland-proxy-off, FORWARD_ACCEPT, web2, 3, 1",
        "docker-28.5-iptables-nft/userland-proxy-off, MASQUERADE, web2, 2, 1",
        "docker-28.5-iptables-nft/ip-masq-off, MASQUERADE, web1, 2, 0",
        "docker-28.5-iptables-nft/ip-masq-off, MASQUERADE, web2, 2, 1",
        "docker-28.5-iptables-nft/ip-masq-off, RETURN_TRAFFIC, web1, 5, 3",
    })
    void countsWhatDidWhatIsClaimed(String capture, Claim claim, String container, int own, int proved)
            throws IOException {
        Attribution attribution = of(capture, claim, container, probes(capture));

        assertThat(attribution.own()).hasSize(own);
        assertThat(attribution.flows()).isEqualTo(proved);
        assertThat(attribution.provesAlone()).isTrue();
    }

    @Test
    void strangersPlayNoPart() throws IOException {
        Attribution attribution = of(DEFAULT, Claim.DNAT, "web1", probes(DEFAULT));

        assertThat(attribution.met(1000)).isEqualTo(3);
        assertThat(attribution.contradicts(1000)).isFalse();
        assertThat(attribution.contradicts(2)).isTrue();
    }

    @Test
    void anEntryDoesNotSayWhichRuleOfForwardLetItThrough() throws IOException {
        Attribution attribution = of(DEFAULT, Claim.FORWARD_ACCEPT, "web1", probes(DEFAULT));

        assertThat(attribution.met(1000)).isEqualTo(3);
        assertThat(attribution.met(2)).isEqualTo(2);
        assertThat(attribution.contradicts(2)).isFalse();
    }

    @Test
    void aFlowThatConntrackDoesNotKnowLeavesItToTheCounters() throws IOException {
        List<Probe> probes = new ArrayList<>(probes(DEFAULT));
        ConntrackEntry gone = ConntrackEntry.parse("tcp 6 1 CLOSE src=203.0.113.20 dst=203.0.113.10 sport=1 dport=32768"
                + " src=172.17.0.2 dst=203.0.113.20 sport=80 dport=1 mark=0 use=1");
        probes.add(probe(gone, Outcome.REFUSED, new ConntrackAnswer.Absent()));
        Attribution attribution = of(DEFAULT, Claim.DNAT, "web1", probes);

        assertThat(attribution.own()).hasSize(4);
        assertThat(attribution.unknown()).hasSize(1);
        assertThat(attribution.counts()).isFalse();
        assertThat(attribution.met(7)).isEqualTo(7);
    }

    @Test
    void whatNeverLeftIsNoFlow() throws IOException {
        ConntrackEntry entry =
                ConntrackEntry.parse("tcp 6 1 CLOSE src=203.0.113.20 dst=203.0.113.10 sport=1 dport=32768"
                        + " src=172.17.0.2 dst=203.0.113.20 sport=80 dport=1 mark=0 use=1");
        Probe unsent = probe(entry, Outcome.NOT_SENT, new ConntrackAnswer.Unreadable("it was not asked"));

        assertThat(of(DEFAULT, Claim.DNAT, "web1", List.of(unsent)).own()).isEmpty();
    }

    @Test
    void aWindowWithoutOwnFlowsIsLeftToTheCounters() throws IOException {
        List<Probe> toWeb1 = probes(DEFAULT).stream()
                .filter(probe -> probe.tuple().destinationPort() == 32_768)
                .toList();
        Attribution attribution = of(DEFAULT, Claim.DNAT, "web2", toWeb1);

        assertThat(toWeb1).hasSize(3);
        assertThat(attribution.own()).isEmpty();
        assertThat(attribution.counts()).isFalse();
        assertThat(attribution.met(5)).isEqualTo(5);
    }
}
