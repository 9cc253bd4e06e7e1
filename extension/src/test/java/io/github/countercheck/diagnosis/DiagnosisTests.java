// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.docker.CapturedFacts;
import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.host.HostFacts;
import io.github.countercheck.ruleset.Captures;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Table;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.traffic.ConntrackAnswer;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.traffic.Tuple;
import io.github.countercheck.walk.Observation;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Causes that this kernel, or a daemon without firewalld, cannot be brought to; with dumps of real daemons. */
class DiagnosisTests {

    private static final String DOCKER_28 = "docker-28.5-iptables-nft/default";
    private static final String PUBLISHED = "1-published.iptables-save.txt";
    private static final String INBOUND = "2-inbound.iptables-save.txt";

    private static Ruleset rules(String capture, String step) {
        return Captures.parse(Captures.dump(capture + "/" + step));
    }

    private static DockerFacts facts(String capture) {
        DockerFacts captured = CapturedFacts.of(Captures.dump(capture + "/" + PUBLISHED));
        return new DockerFacts(
                captured.networks(),
                captured.containers().stream().map(DiagnosisTests::running).toList());
    }

    /** The captures leave out what a container's processes are. */
    private static ContainerFacts running(ContainerFacts container) {
        return new ContainerFacts(
                container.id(), container.name(), container.networkMode(), 1, container.endpoints(), container.ports());
    }

    private static Observation observation(Ruleset before, Ruleset after, DockerFacts facts) {
        return Observation.of(
                EnumSet.of(Family.IPV4),
                new CounterSnapshot(Instant.EPOCH, List.of(before)),
                new CounterSnapshot(Instant.EPOCH, List.of(after)),
                facts);
    }

    /** As {@code iptables -F} leaves it: the chains stand. */
    private static Ruleset emptied(Ruleset ruleset) {
        return new Ruleset(
                ruleset.family(),
                ruleset.backend(),
                ruleset.tables().stream()
                        .map(table -> new Table(
                                table.name(),
                                table.chains().stream()
                                        .map(chain -> new Chain(
                                                chain.table(),
                                                chain.name(),
                                                chain.policy(),
                                                chain.counter(),
                                                List.of(),
                                                chain.base()))
                                        .toList()))
                        .toList(),
                List.of());
    }

    private static Surroundings surroundings(String host, @Nullable String reloaded, String... errors) {
        return new Surroundings(HostFacts.parse(host), Map.of(), List.of(), List.of(), List.of(errors), reloaded);
    }

    private static Probe probe(String destination, int port, Outcome outcome) {
        return new Probe(
                new Tuple(
                        Transport.TCP, Cidr.parseAddress("203.0.113.20"), 21_000, Cidr.parseAddress(destination), port),
                outcome,
                "",
                "",
                Duration.ZERO,
                null,
                new ConntrackAnswer.Absent());
    }

    private static List<Cause> causes(Evidence evidence) {
        return Diagnosis.of(evidence).stream().map(Finding::cause).toList();
    }

    private static Evidence healthy(Surroundings surroundings, Probe... probes) {
        return Evidence.ofDelivery(
                observation(rules(DOCKER_28, PUBLISHED), rules(DOCKER_28, INBOUND), facts(DOCKER_28)),
                List.of(probes),
                surroundings);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            can't initialize iptables table `raw': Table does not exist | RAW_TABLE_MISSING
            ZONE_CONFLICT: 'docker0' already bound to 'trusted'         | FIREWALLD_REJECTS
            could not find an available, non-overlapping IPv4 address pool | SUBNET_OVERLAP
            container web is not running any more                       | CONTAINER_STOPPED
            """)
    void theEnginesOwnWordsAreEvidence(String error, Cause cause) {
        assertThat(causes(healthy(surroundings("", null, "IllegalStateException: " + error))))
                .containsExactly(cause);
    }

    @Test
    void whatIsHealthyHasNoCause() {
        assertThat(causes(healthy(
                        surroundings("== sysctl\nipv4/ip_forward:1\n", null, "AssertionError: the title is wrong"),
                        probe("203.0.113.10", 32768, Outcome.ANSWERED))))
                .isEmpty();
    }

    @Test
    void aFullTableOfConnectionsIsNamedOnceSomethingWasNotAnswered() {
        Surroundings full = surroundings(
                "== sysctl\nnetfilter/nf_conntrack_count:262143\nnetfilter/nf_conntrack_max:262144\n", null);

        assertThat(causes(healthy(full, probe("203.0.113.10", 32768, Outcome.TIMED_OUT))))
                .containsExactly(Cause.CONNTRACK_FULL);
        assertThat(causes(healthy(full, probe("203.0.113.10", 32768, Outcome.ANSWERED))))
                .isEmpty();
    }

    private static Evidence missing(@Nullable String reloaded) {
        DockerFacts facts = facts(DOCKER_28);
        ContainerFacts web = facts.container("web1").orElseThrow();
        Ruleset before = rules(DOCKER_28, PUBLISHED);
        return new Evidence(
                Claim.DNAT,
                web,
                null,
                Transport.TCP,
                80,
                List.of(),
                Long.MAX_VALUE,
                observation(before, emptied(before), facts),
                List.of(probe("203.0.113.10", 32768, Outcome.ANSWERED)),
                Attribution.none(Claim.DNAT),
                surroundings("", reloaded));
    }

    @Test
    void rulesThatAllWentWereFlushed() {
        List<Finding> found = Diagnosis.of(missing(null));

        assertThat(found).hasSize(1);
        assertThat(found.get(0).cause()).isEqualTo(Cause.RULES_FLUSHED);
        assertThat(found.get(0).evidence())
                .contains("rules went since the baseline")
                .contains("docker-proxy answered");
    }

    @Test
    void aReloadOfFirewalldIsNamedWhereARuleIsMissingSince() {
        assertThat(causes(missing("2026-01-02T03:04:05Z"))).containsExactly(Cause.RELOAD_INCOMPLETE);
        assertThat(causes(healthy(
                        surroundings("", "2026-01-02T03:04:05Z"), probe("203.0.113.10", 32768, Outcome.ANSWERED))))
                .isEmpty();
    }

    @Test
    void findingsAreNeverMoreThanTwo() {
        assertThat(Set.copyOf(causes(healthy(
                        surroundings("== rule\n77:\tfrom all fwmark 0x4d lookup 77\n", null),
                        probe("203.0.113.10", 32768, Outcome.TIMED_OUT)))))
                .hasSizeBetween(1, 2);
    }
}
