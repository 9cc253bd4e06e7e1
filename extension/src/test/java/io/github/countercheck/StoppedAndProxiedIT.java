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
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.session.Image;
import io.github.countercheck.traffic.Outcome;
import java.io.IOException;
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

    private static final MutantTable TABLE = new MutantTable(StoppedAndProxiedIT.class);
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

    private static TestDaemon daemon;
    private static Scene on;
    private static Fault bridgeCalls;

    @BeforeAll
    static void open() {
        daemon = TestDaemon.open(web);
        on = daemon.scenes().get(0);
        // An engine has it so only where it needs it itself.
        bridgeCalls = bridgesAskRules("1");
    }

    @AfterAll
    static void write() throws IOException {
        Stream.of(A, B, SILENT, INTERNAL).forEach(Network::close);
        if (daemon != null) {
            bridgeCalls.close();
            daemon.close();
        }
        TABLE.write();
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
        Flow flow = on.quick(traffic).from(inside).toOutside();

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
    void hairpinGoesByDockerProxy(Traffic traffic) {
        assumeTrue(on.proxy(), "there is no docker-proxy");
        Flow flow = on.quick(traffic).from(web).toPublishedPort(web, 80);

        assertThat(flow.answered()).as(flow::toString).isTrue();
        assertThatExceptionOfType(AssertionFailedError.class)
                .isThrownBy(() -> assertHairpinMasqueraded(web, 80))
                .withMessageContaining("hairpin not masqueraded for container web");
        assertProxied(flow, web, 80);
    }

    @Test
    void whatLostItsDnatRuleIsProxied(Traffic traffic) {
        assumeTrue(on.proxy(), "there is no docker-proxy");
        try (Fault fault = on.rules().delete(on.dnat(web))) {
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
                .isThrownBy(() -> CountercheckAssertions.assertThat(out).sawSource(on.address(onA)))
                .withMessageContaining("far end did not see source " + on.address(onA));
        Flow stopped = on.quick(traffic).from(onA).toContainer(onB, 80);
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
        assumeTrue(!on.firewall().run("cat", "/proc/net/protocols").contains("SCTP"), "this kernel has SCTP");

        assertThatExceptionOfType(CountercheckException.class)
                .isThrownBy(() -> traffic.sctp().from(web).toContainer(other, 80))
                .withMessageContaining("SCTP cannot be sent from")
                .withMessageContaining("rotocol not supported");
    }

    static Stream<Mutant> mutants() {
        return Stream.of(isolated(), dropped(), icc(), silenced(), proxied(), hairpin())
                .flatMap(rows -> rows);
    }

    private static Stream<Mutant> isolated() {
        Mutant.Claim claim = new Mutant.Claim(
                on,
                "assertIsolated",
                t -> {
                    on.quick(t).times(2).from(onA).toContainer(onB, 80);
                    on.quick(t).from(onB).toContainer(onA, 80);
                },
                () -> assertIsolated(A, B));
        return Stream.of(
                claim.fault(
                        "accepted before", StoppedAndProxiedIT::acceptAll, Cause.RULE_NOT_HIT, "that nothing stopped"),
                claim.fault(
                        "dropped before",
                        () -> beforeAll(TestRule.from(on.address(onA)).drop()),
                        Cause.RULE_SHADOWED,
                        "but by another: ",
                        on.address(onA)),
                claim.unmeasured("nothing sent", () -> Mutant.NO_FAULT, t -> {}, "no such probe was sent"),
                claim.unmeasured(
                        "only to a published port",
                        () -> Mutant.NO_FAULT,
                        t -> t.toPublishedPort(onB, 80),
                        "no such probe was sent"),
                claim.midway(
                        "counter zeroed midway",
                        on.rules()::zero,
                        t -> on.quick(t).from(onA).toContainer(onB, 80),
                        "snapshot invalid"));
    }

    private static Stream<Mutant> dropped() {
        Flow[] sent = new Flow[1];
        RuleRole role =
                on.rules().has(RuleRole.DIRECT_ACCESS_DROP) ? RuleRole.DIRECT_ACCESS_DROP : RuleRole.ISOLATION_DROP;
        Rule drop = on.rules().the(on.isolation(onB));
        String spec = drop.spec();
        Mutant.Claim any = new Mutant.Claim(
                on,
                "assertDropped",
                t -> sent[0] = on.quick(t).times(2).from(onA).toContainer(onB, 80),
                () -> assertDropped(sent[0]));
        Mutant.Claim byRole =
                new Mutant.Claim(on, "assertDroppedBy(role)", any.traffic(), () -> assertDroppedBy(sent[0], role));
        Mutant.Claim byRule = new Mutant.Claim(
                on,
                "assertDroppedBy(rule)",
                any.traffic(),
                () -> assertDroppedBy(sent[0], drop.table(), drop.chain(), spec));
        return Stream.of(
                any.fault(
                        "accepted before",
                        StoppedAndProxiedIT::acceptAll,
                        Cause.RULE_NOT_HIT,
                        "not dropped",
                        "2 of 2 probes were answered"),
                any.traffic(
                        "lost on a way without a rule",
                        t -> sent[0] = on.quick(t).from(onA).to("198.51.100.1", 9),
                        Cause.RULE_NOT_HIT,
                        "nothing that drops or rejects counted it"),
                byRole.fault(
                        "dropped before, by the user's rule",
                        () -> beforeAll(TestRule.from(on.address(onA)).drop()),
                        Cause.RULE_SHADOWED,
                        "not dropped by " + role,
                        "but by another: "),
                byRule.check(
                        "a rule that is not there",
                        () -> assertDroppedBy(sent[0], drop.table(), drop.chain(), "-s 192.0.2.1 -j DROP"),
                        Cause.RULE_SHADOWED,
                        "there is no such rule",
                        "but by another: "),
                byRule.midway(
                        "rule re-created midway",
                        () -> Mutant.NO_FAULT,
                        t -> {
                            sent[0] = on.quick(t).from(onA).toContainer(onB, 80);
                            on.rules().rewrite(on.isolation(onB)).close();
                        },
                        "snapshot invalid"));
    }

    private static Stream<Mutant> icc() {
        Mutant.Claim claim = new Mutant.Claim(
                on,
                "assertIccAccepted",
                t -> on.quick(t).times(2).from(web).toContainer(other, 80),
                () -> assertIccAccepted(web, other));
        return Stream.of(
                claim.fault(
                        "rule removed",
                        () -> on.rules().delete(on.icc(web)),
                        Cause.NO_RULE,
                        "packets not accepted from container web"),
                claim.fault(
                        "DROP before it",
                        () -> on.rules()
                                .first(
                                        "filter",
                                        Hook.FORWARD,
                                        TestRule.from(on.address(web)).drop()),
                        Cause.FOREIGN_DROP,
                        " dropped "),
                claim.unmeasured("nothing sent", () -> Mutant.NO_FAULT, t -> {}, "sent nothing to an address of other"),
                claim.unmeasured(
                        "bridges ask no rule",
                        () -> bridgesAskRules("0"),
                        claim.traffic(),
                        "without asking any rule of IPv4",
                        "bridge-nf-call-iptables"));
    }

    private static Stream<Mutant> silenced() {
        Mutant.Claim claim = new Mutant.Claim(
                on,
                "assertIccDropped",
                t -> on.quick(t).times(2).from(silent).toContainer(silentToo, 80),
                () -> assertIccDropped(silent, silentToo));
        return Stream.of(
                claim.fault(
                        "accepted before",
                        () -> acceptForwarded(silent),
                        Cause.RULE_NOT_HIT,
                        "2 of 2 probes were answered"),
                claim.fault(
                        "dropped by the user's rule",
                        () -> on.rules()
                                .first(
                                        "filter",
                                        Hook.FORWARD,
                                        TestRule.from(on.address(silent)).drop()),
                        Cause.RULE_SHADOWED,
                        "but by another: "),
                claim.unmeasured(
                        "bridges ask no rule",
                        () -> bridgesAskRules("0"),
                        claim.traffic(),
                        "without asking any rule of IPv4"));
    }

    private static Stream<Mutant> proxied() {
        Flow[] sent = new Flow[1];
        Mutant.Claim claim = new Mutant.Claim(
                on,
                "assertProxied",
                t -> sent[0] = on.quick(t).times(2).from(Vantage.LOOPBACK).toPublishedPort(web, 80),
                () -> assertProxied(sent[0], web, 80));
        return Stream.of(
                        claim.traffic(
                                "translated",
                                t -> sent[0] = on.quick(t).toPublishedPort(web, 80),
                                Cause.RULE_NOT_HIT,
                                "not proxied to container web",
                                "conntrack knows it as translated"),
                        claim.traffic(
                                "another container's port",
                                t -> sent[0] =
                                        on.quick(t).from(Vantage.LOOPBACK).toPublishedPort(other, 80),
                                Cause.RULE_NOT_HIT,
                                "did not go to a host port that it is published on"))
                .map(mutant -> mutant.onlyIf(on.proxy(), "there is no docker-proxy"));
    }

    private static Stream<Mutant> hairpin() {
        Mutant.Claim claim = new Mutant.Claim(
                on,
                "assertHairpinMasqueraded",
                t -> on.quick(t).times(2).from(web).toPublishedPort(web, 80),
                () -> assertHairpinMasqueraded(web, 80));
        return Stream.of(
                        claim.fault("rule removed", () -> on.rules().delete(on.hairpin(web)), Cause.NO_RULE),
                        claim.fault(
                                "shadowed by ACCEPT",
                                () -> on.rules()
                                        .first(
                                                "nat",
                                                Hook.POSTROUTING,
                                                TestRule.from(on.address(web)).accept()),
                                Cause.RULE_SHADOWED,
                                "  stands before "),
                        claim.fault("DNAT rule removed", () -> on.rules().delete(on.dnat(web)), Cause.RULE_NOT_HIT),
                        claim.traffic("nothing sent", t -> {}, Cause.TRAFFIC_NOT_SENT, "nothing was sent by Traffic"),
                        claim.traffic("sent from outside", t -> t.toPublishedPort(web, 80), Cause.RULE_NOT_HIT),
                        claim.midway(
                                "rule re-created midway",
                                () -> on.rules().rewrite(on.hairpin(web)),
                                claim.traffic(),
                                "snapshot invalid"))
                .map(mutant -> mutant.onlyIf(!on.proxy(), "docker-proxy takes such connections"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mutants")
    void isNoticed(Mutant mutant, Traffic traffic) {
        mutant.mustBeNoticed(traffic, TABLE);
    }

    /** Both ways, for an answer that is dropped leaves a connection half open. */
    private static Fault acceptForwarded(GenericContainer<?> container) {
        String address = on.address(container);
        return Scene.all(List.of(
                () -> on.rules()
                        .first("filter", Hook.FORWARD, TestRule.from(address).accept()),
                () -> on.rules()
                        .first("filter", Hook.FORWARD, TestRule.to(address).accept())));
    }

    private static Fault acceptAll() {
        String address = on.address(onA);
        return on.rules().has(RuleRole.DIRECT_ACCESS_DROP)
                ? Scene.all(List.of(
                        () -> acceptForwarded(onA),
                        () -> beforeAll(TestRule.from(address).accept()),
                        () -> beforeAll(TestRule.to(address).accept())))
                : acceptForwarded(onA);
    }

    /** Before whatever keeps containers of other networks out: from Engine 28 that is done before conntrack. */
    private static Fault beforeAll(TestRule rule) {
        return on.rules().has(RuleRole.DIRECT_ACCESS_DROP)
                ? on.rules().first("raw", Hook.PREROUTING, rule)
                : on.rules().first("filter", Hook.FORWARD, rule);
    }

    private static Fault bridgesAskRules(String value) {
        return on.firewall().set("/proc/sys/net/bridge/bridge-nf-call-iptables", value);
    }
}
