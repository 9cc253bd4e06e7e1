// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static io.github.countercheck.NetworkAssertions.assertDropped;
import static io.github.countercheck.NetworkAssertions.assertDroppedBy;
import static io.github.countercheck.NetworkAssertions.assertHairpinMasqueraded;
import static io.github.countercheck.NetworkAssertions.assertIccAccepted;
import static io.github.countercheck.NetworkAssertions.assertIccDropped;
import static io.github.countercheck.NetworkAssertions.assertIsolated;
import static io.github.countercheck.NetworkAssertions.assertMasqueraded;
import static io.github.countercheck.NetworkAssertions.assertProxied;
import static io.github.countercheck.NetworkAssertions.times;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import io.github.countercheck.Firewall.Fault;
import io.github.countercheck.assertj.CountercheckAssertions;
import io.github.countercheck.diagnosis.Cause;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.session.Image;
import io.github.countercheck.traffic.Outcome;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.opentest4j.AssertionFailedError;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Container;

/** What is stopped between networks, within one, and on the way out; and what goes by docker-proxy or back to its sender. */
@ContainerNetworkTest(await = "200ms")
class StoppedAndProxiedIT {

    private static final List<String> LINES = new ArrayList<>();
    private static final Network A = Network.newNetwork();
    private static final Network B = Network.newNetwork();
    private static final Network SILENT = Network.builder()
            .createNetworkCmdModifier(
                    create -> create.withOptions(Map.of("com.docker.network.bridge.enable_icc", "false")))
            .build();
    private static final Network INTERNAL = Network.builder()
            .createNetworkCmdModifier(create -> create.withInternal(true))
            .build();

    @Container
    static final GenericContainer<?> web = TestWeb.container();

    @Container
    static final GenericContainer<?> other = TestWeb.container();

    @Container
    static final GenericContainer<?> onA = TestWeb.container().withNetwork(A);

    @Container
    static final GenericContainer<?> onB = TestWeb.container().withNetwork(B);

    @Container
    static final GenericContainer<?> silent = TestWeb.container().withNetwork(SILENT);

    @Container
    static final GenericContainer<?> silentToo = TestWeb.container().withNetwork(SILENT);

    @Container
    static final GenericContainer<?> inside = new GenericContainer<>(Image.TOOLBOX.reference()).withNetwork(INTERNAL);

    @Container
    static final GenericContainer<?> range = new GenericContainer<>(Image.TOOLBOX.reference())
            .withCommand(
                    "/bin/sh",
                    "-c",
                    "socat TCP4-LISTEN:8000,fork,reuseaddr EXEC:cat & exec socat TCP4-LISTEN:8001,fork,reuseaddr EXEC:cat")
            .withCreateContainerCmdModifier(
                    create -> create.withExposedPorts(ExposedPort.tcp(8000), ExposedPort.tcp(8001))
                            .getHostConfig()
                            .withPortBindings(
                                    new PortBinding(Ports.Binding.empty(), ExposedPort.tcp(8000)),
                                    new PortBinding(Ports.Binding.empty(), ExposedPort.tcp(8001))))
            .waitingFor(Wait.forSuccessfulCommand("grep -q :1F40 /proc/net/tcp && grep -q :1F41 /proc/net/tcp"));

    private static Firewall firewall;

    @BeforeAll
    static void open() {
        firewall = Firewall.open();
    }

    @AfterAll
    static void write() throws IOException {
        Stream.of(A, B, SILENT, INTERNAL).forEach(Network::close);
        if (firewall != null) {
            firewall.close();
        }
        Mutant.write(Path.of("target", "mutants-stopped.md"), LINES);
    }

    @Test
    void portsOfARangeCountApart(Traffic traffic) {
        traffic.times(2).payload("x").toPublishedPort(range, 8000);
        traffic.payload("x").toPublishedPort(range, 8001);

        assertDnatHit(range, 8000, times(2));
        assertDnatHit(range, 8001, times(1));
    }

    @Test
    void whatAnInternalNetworkSendsOutIsDroppedOrNeverSent(Traffic traffic) {
        Flow flow = quick(traffic).from(inside).toOutside();

        if (flow.outcome() == Outcome.NOT_SENT) {
            assertThatExceptionOfType(CountercheckException.class)
                    .isThrownBy(() -> assertDropped(flow))
                    .withMessageContaining("a probe did not leave its sender")
                    .withMessageContaining("have none from Engine 25 on");
        } else {
            Proof proof = assertDroppedBy(flow, RuleRole.INTERNAL_OUT_DROP);
            assertThat(proof.rules()).singleElement().asString().contains("-j DROP");
            assertThat(proof.witnesses()).containsExactly(Proof.Witness.COUNTER, Proof.Witness.PEER);
        }
    }

    @Test
    void hairpin(Traffic traffic) {
        Flow flow = quick(traffic).from(web).toPublishedPort(web, 80);

        assertThat(flow.answered()).as(flow::toString).isTrue();
        if (firewall.run("iptables", "-t", "nat", "-S", "DOCKER").contains("-i docker0 -j RETURN")) {
            assertThatExceptionOfType(AssertionFailedError.class)
                    .isThrownBy(() -> assertHairpinMasqueraded(web, 80))
                    .withMessageContaining("because   PROXY_PATH: a container called the host's port");
            assertProxied(flow, web, 80);
        } else {
            assertHairpinMasqueraded(web, 80);
            assertHairpinMasqueraded(flow, web, 80);
            try (Fault fault = firewall.delete("nat", "POSTROUTING", "-p tcp -m tcp --dport 80 -j MASQUERADE")) {
                assertThat(fault).isNotNull();
                Flow lost = quick(traffic).from(web).toPublishedPort(web, 80);
                assertThatExceptionOfType(AssertionFailedError.class)
                        .isThrownBy(() -> assertHairpinMasqueraded(lost, web, 80))
                        .withMessageContaining("NO_RULE");
            }
        }
    }

    @Test
    void whatLostItsDnatRuleIsProxied(Traffic traffic) {
        assumeTrue(
                firewall.run("iptables", "-t", "nat", "-S", "DOCKER").contains("-i docker0 -j RETURN"),
                "this daemon has no docker-proxy");
        try (Fault fault = firewall.delete("nat", "DOCKER", "--to-destination " + address(web) + ":80")) {
            assertThat(fault).isNotNull();
            assertProxied(traffic.toPublishedPort(web, 80), web, 80);
        }
    }

    @Test
    void inAssertjsManner(Traffic traffic) {
        CountercheckAssertions.assertThat(traffic.toPublishedPort(web, 80))
                .wasAnswered()
                .wasTranslatedTo(web, 80)
                .wasForwardedTo(web, 80);
        Flow out = traffic.from(onA).toOutside();
        CountercheckAssertions.assertThat(out)
                .wasAnswered()
                .wasMasqueraded()
                .sawSource(out.sourceSeen().orElseThrow().getHostAddress());
        assertThat(assertMasqueraded(out).witnesses()).contains(Proof.Witness.PEER);
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> CountercheckAssertions.assertThat(out).sawSource(address(onA)))
                .withMessageContaining("far end did not see source " + address(onA));
        Flow stopped = quick(traffic).from(onA).toContainer(onB, 80);
        CountercheckAssertions.assertThat(stopped).wasDropped();
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> CountercheckAssertions.assertThat(stopped).wasAnswered())
                .withMessageContaining("not answered: 1 TCP connection");
        assertThatExceptionOfType(AssertionFailedError.class)
                .isThrownBy(() -> CountercheckAssertions.assertThat(out).wasDropped())
                .withMessageContaining("not dropped");
    }

    @Test
    void sctpIsSentOrItIsSaidWhyNot(Traffic traffic) {
        assumeTrue(!firewall.run("cat", "/proc/net/protocols").contains("SCTP"), "this kernel has SCTP");

        assertThatExceptionOfType(CountercheckException.class)
                .isThrownBy(() -> traffic.sctp().from(web).toContainer(other, 80))
                .withMessageContaining("SCTP cannot be sent from")
                .withMessageContaining("rotocol not supported");
    }

    static Stream<Mutant> mutants() {
        return Stream.of(isolated(), dropped(), icc(), silenced(), proxied()).flatMap(rows -> rows);
    }

    private static Stream<Mutant> isolated() {
        Mutant.Claim claim = new Mutant.Claim(
                "assertIsolated",
                t -> {
                    quick(t).times(2).from(onA).toContainer(onB, 80);
                    quick(t).from(onB).toContainer(onA, 80);
                },
                () -> assertIsolated(A, B));
        return Stream.of(
                claim.fault(
                        "accepted before in DOCKER-USER",
                        StoppedAndProxiedIT::acceptAll,
                        Cause.RULE_NOT_HIT,
                        "that nothing stopped"),
                claim.fault(
                        "dropped before in DOCKER-USER",
                        fw -> fw.insert("filter", "DOCKER-USER", "-s " + address(onA) + " -j DROP"),
                        Cause.RULE_SHADOWED,
                        "but by another: filter/DOCKER-USER"),
                claim.unmeasured("nothing sent", fw -> Mutant.NO_FAULT, t -> {}, "no such probe was sent"),
                claim.unmeasured(
                        "only to a published port",
                        fw -> Mutant.NO_FAULT,
                        t -> t.toPublishedPort(onB, 80),
                        "no such probe was sent"),
                claim.midway(
                        "iptables -Z",
                        fw -> fw.zero("filter"),
                        t -> quick(t).from(onA).toContainer(onB, 80),
                        "snapshot invalid"));
    }

    private static Stream<Mutant> dropped() {
        Flow[] sent = new Flow[1];
        Mutant.Claim any = new Mutant.Claim(
                "assertDropped",
                t -> sent[0] = quick(t).times(2).from(onA).toContainer(onB, 80),
                () -> assertDropped(sent[0]));
        Mutant.Claim byRole = new Mutant.Claim(
                "assertDroppedBy(role)", any.traffic(), () -> assertDroppedBy(sent[0], RuleRole.ISOLATION_DROP));
        Mutant.Claim byRule = new Mutant.Claim(
                "assertDroppedBy(rule)",
                any.traffic(),
                () -> assertDroppedBy(sent[0], "filter", "DOCKER-ISOLATION-STAGE-2", "-o " + bridge(B) + " -j DROP"));
        return Stream.of(
                any.fault(
                        "accepted in DOCKER-USER",
                        StoppedAndProxiedIT::acceptAll,
                        Cause.RULE_NOT_HIT,
                        "not dropped",
                        "2 of 2 probes were answered"),
                any.traffic(
                        "lost on a way without a rule",
                        t -> sent[0] = quick(t).from(onA).to("198.51.100.1", 9),
                        Cause.RULE_NOT_HIT,
                        "nothing that drops or rejects counted it"),
                byRole.fault(
                        "dropped by the user's rule",
                        fw -> fw.insert("filter", "DOCKER-USER", "-s " + address(onA) + " -j REJECT"),
                        Cause.RULE_SHADOWED,
                        "not dropped by ISOLATION_DROP",
                        "but by another: filter/DOCKER-USER"),
                byRule.check(
                        "a rule that is not there",
                        () -> assertDroppedBy(sent[0], "filter", "DOCKER-USER", "-s 192.0.2.1 -j DROP"),
                        Cause.RULE_SHADOWED,
                        "there is no such rule",
                        "but by another: filter/DOCKER-ISOLATION-STAGE-2"));
    }

    private static Stream<Mutant> icc() {
        Mutant.Claim claim = new Mutant.Claim(
                "assertIccAccepted",
                t -> quick(t).times(2).from(web).toContainer(other, 80),
                () -> assertIccAccepted(web, other));
        return Stream.of(
                claim.fault(
                        "rule deleted",
                        fw -> fw.delete("filter", "FORWARD", "-i docker0 -o docker0 -j ACCEPT"),
                        Cause.NO_RULE,
                        "packets not accepted from container web"),
                claim.fault(
                        "DROP in DOCKER-USER",
                        fw -> fw.insert("filter", "DOCKER-USER", "-s " + address(web) + " -j DROP"),
                        Cause.DROPPED_LATER,
                        "-j DROP  dropped "),
                claim.unmeasured("nothing sent", fw -> Mutant.NO_FAULT, t -> {}, "sent nothing to an address of other"),
                claim.unmeasured(
                        "bridges ask no rule",
                        StoppedAndProxiedIT::noBridgeNetfilter,
                        claim.traffic(),
                        "without asking any rule of IPv4",
                        "bridge-nf-call-iptables"));
    }

    private static Stream<Mutant> silenced() {
        Mutant.Claim claim = new Mutant.Claim(
                "assertIccDropped",
                t -> quick(t).times(2).from(silent).toContainer(silentToo, 80),
                () -> assertIccDropped(silent, silentToo));
        return Stream.of(
                claim.fault(
                        "accepted in DOCKER-USER",
                        fw -> fw.insert("filter", "DOCKER-USER", "-s " + address(silent) + " -j ACCEPT"),
                        Cause.RULE_NOT_HIT,
                        "2 of 2 probes were answered"),
                claim.fault(
                        "dropped by the user's rule",
                        fw -> fw.insert("filter", "DOCKER-USER", "-s " + address(silent) + " -j DROP"),
                        Cause.RULE_SHADOWED,
                        "but by another: filter/DOCKER-USER"),
                claim.unmeasured(
                        "bridges ask no rule",
                        StoppedAndProxiedIT::noBridgeNetfilter,
                        claim.traffic(),
                        "without asking any rule of IPv4"));
    }

    private static Stream<Mutant> proxied() {
        Flow[] sent = new Flow[1];
        Mutant.Claim claim = new Mutant.Claim(
                "assertProxied",
                t -> sent[0] = quick(t).times(2).from(Vantage.LOOPBACK).toPublishedPort(web, 80),
                () -> assertProxied(sent[0], web, 80));
        return Stream.of(
                claim.traffic(
                        "translated",
                        t -> sent[0] = quick(t).toPublishedPort(web, 80),
                        Cause.RULE_NOT_HIT,
                        "not proxied to container web",
                        "conntrack knows it as translated"),
                claim.traffic(
                        "another container's port",
                        t -> sent[0] = quick(t).from(Vantage.LOOPBACK).toPublishedPort(other, 80),
                        Cause.RULE_NOT_HIT,
                        "did not go to a host port that it is published on"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mutants")
    void isNoticed(Mutant mutant, Traffic traffic) {
        LINES.add(mutant.mustBeNoticed(traffic, firewall, Map.of()));
    }

    /** Both ways, for an answer that is dropped leaves a connection half open. */
    private static Fault acceptAll(Firewall fw) {
        return Firewall.both(
                fw.insert("filter", "DOCKER-USER", "-s " + address(onA) + " -j ACCEPT"),
                fw.insert("filter", "DOCKER-USER", "-d " + address(onA) + " -j ACCEPT"));
    }

    private static Fault noBridgeNetfilter(Firewall fw) {
        String file = "/proc/sys/net/bridge/bridge-nf-call-iptables";
        fw.run("/bin/sh", "-c", "echo 0 >" + file);
        return () -> fw.run("/bin/sh", "-c", "echo 1 >" + file);
    }

    private static Traffic quick(Traffic traffic) {
        return traffic.limits(Duration.ofMillis(300), Duration.ofMillis(500), Duration.ofSeconds(5));
    }

    private static String bridge(Network network) {
        return "br-" + network.getId().substring(0, 12);
    }

    private static String address(GenericContainer<?> container) {
        return container
                .getContainerInfo()
                .getNetworkSettings()
                .getNetworks()
                .values()
                .iterator()
                .next()
                .getIpAddress();
    }
}
