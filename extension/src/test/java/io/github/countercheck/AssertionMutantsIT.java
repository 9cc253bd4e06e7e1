// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static io.github.countercheck.NetworkAssertions.UDP;
import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static io.github.countercheck.NetworkAssertions.assertForwardAccepted;
import static io.github.countercheck.NetworkAssertions.assertMasqueraded;
import static io.github.countercheck.NetworkAssertions.assertNoDnatHit;
import static io.github.countercheck.NetworkAssertions.assertNotMasqueraded;
import static io.github.countercheck.NetworkAssertions.assertOutboundAccepted;
import static io.github.countercheck.NetworkAssertions.assertPolicy;
import static io.github.countercheck.NetworkAssertions.assertReturnTrafficAccepted;
import static io.github.countercheck.NetworkAssertions.assertRuleHit;
import static io.github.countercheck.NetworkAssertions.assertRulesetUnchanged;
import static io.github.countercheck.NetworkAssertions.subnet6Of;
import static io.github.countercheck.NetworkAssertions.subnetOf;
import static io.github.countercheck.NetworkAssertions.times;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import io.github.countercheck.Firewall.Fault;
import io.github.countercheck.diagnosis.Cause;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.Policy;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.session.Image;
import io.github.countercheck.snapshot.CounterSnapshot;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.opentest4j.AssertionFailedError;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Container;

/**
 * Every assertion, with every fault that it is there to notice, in the daemon's real firewall and over each address family
 * that it has rules for: green before, red for the right reason while the fault is there, green again after it.
 *
 * <p>The faults are put at rules that are found by what they are for, so the test runs on any engine, backend and
 * configuration; what came of it is in {@code target/mutants}.
 */
@ContainerNetworkTest(await = "200ms")
class AssertionMutantsIT {

    private static final String NO_PROXY = "there is no docker-proxy";
    private static final MutantTable TABLE = new MutantTable(AssertionMutantsIT.class);
    private static final Network NETWORK = TestDaemon.network("2001:db8:d::/64", false);

    @Container
    static final GenericContainer<?> web = TestWeb.container();

    @Container
    static final GenericContainer<?> other = TestWeb.container();

    @Container
    static final GenericContainer<?> onNetwork = TestWeb.container().withNetwork(NETWORK);

    /** Publishes one port number for both protocols. */
    @Container
    static final GenericContainer<?> echo = new GenericContainer<>(Image.TOOLBOX.reference())
            .withCommand("/bin/sh", "-c", """
                    socat TCP4-LISTEN:9053,fork,reuseaddr EXEC:cat &
                    socat UDP4-RECVFROM:9053,fork EXEC:cat &
                    socat TCP6-LISTEN:9053,fork,reuseaddr,ipv6-v6only=1 EXEC:cat &
                    socat UDP6-RECVFROM:9053,fork,ipv6-v6only=1 EXEC:cat &
                    wait
                    """)
            .withCreateContainerCmdModifier(
                    create -> create.withExposedPorts(ExposedPort.udp(9053), ExposedPort.tcp(9053))
                            .getHostConfig()
                            .withPortBindings(
                                    new PortBinding(Ports.Binding.empty(), ExposedPort.udp(9053)),
                                    new PortBinding(Ports.Binding.empty(), ExposedPort.tcp(9053))))
            .waitingFor(Wait.forSuccessfulCommand("grep -qi :235D /proc/net/udp && grep -qi :235D /proc/net/tcp"));

    /** Has lost its way out. */
    @Container
    static final GenericContainer<?> routeless = TestWeb.container()
            .withCreateContainerCmdModifier(create -> create.getHostConfig().withCapAdd(Capability.NET_ADMIN));

    private static TestDaemon daemon;

    @BeforeAll
    static void open() throws IOException, InterruptedException {
        daemon = TestDaemon.open(web);
        for (String family : TestDaemon.hasIpv6() ? List.of("-4", "-6") : List.of("-4")) {
            assertThat(routeless
                            .execInContainer("ip", family, "route", "del", "default")
                            .getExitCode())
                    .isZero();
        }
    }

    @AfterAll
    static void write() throws IOException {
        if (daemon != null) {
            daemon.close();
        }
        NETWORK.close();
        TABLE.write();
    }

    static Stream<Mutant> mutants() {
        return daemon.scenes().stream().flatMap(AssertionMutantsIT::mutants);
    }

    private static Stream<Mutant> mutants(Scene on) {
        return Stream.of(
                        dnat(on),
                        dnatOfUdp(on),
                        dnatOfFlow(on),
                        noDnat(on),
                        forward(on),
                        returned(on),
                        outbound(on),
                        masqueraded(
                                on,
                                "assertMasqueraded(subnet)",
                                web,
                                () -> assertMasqueraded(on.family() == Family.IPV6 ? subnet6Of(web) : subnetOf(web))),
                        masqueraded(on, "assertMasqueraded(container)", web, () -> assertMasqueraded(web)),
                        masqueraded(on, "assertMasqueraded(network)", onNetwork, () -> assertMasqueraded(NETWORK)),
                        masqueradedTimes(on),
                        notMasqueraded(on),
                        policy(on),
                        ruleHit(on),
                        unchanged(on))
                .flatMap(rows -> rows);
    }

    private static Stream<Mutant> dnat(Scene on) {
        DockerRules rules = on.rules();
        Mutant.Claim claim = new Mutant.Claim(
                on, "assertDnatHit", t -> t.times(3).toPublishedPort(web, 80), () -> assertDnatHit(web, 80));
        Mutant.Claim exactly = new Mutant.Claim(
                on,
                "assertDnatHit(times)",
                t -> t.times(2).toPublishedPort(web, 80),
                () -> assertDnatHit(web, 80, times(2)));
        TestRule toWeb = TestRule.toPort(Transport.TCP, on.hostPort(web));
        return Stream.of(
                claim.fault(
                        "rule removed",
                        () -> rules.delete(on.dnat(web)),
                        Cause.NO_RULE,
                        "there is no such rule",
                        on.proxy() ? "docker-proxy answered" : "no rule of the nat table translates to "),
                claim.fault(
                        "wrong container port",
                        () -> rules.edit(on.dnat(web), rule -> rule.replaceFirst(":80( |$)", ":81$1")),
                        Cause.NO_RULE,
                        "no rule of the nat table translates to ",
                        "port 80"),
                claim.fault(
                        "wrong container address",
                        () -> rules.edit(on.dnat(web), rule -> rule.replace(on.address(web), on.address(other))),
                        Cause.NO_RULE,
                        "no rule of the nat table translates to "),
                claim.fault(
                        "shadowed by RETURN",
                        () -> rules.before(on.dnat(web), toWeb.returns()),
                        Cause.RULE_SHADOWED,
                        "  stands before it",
                        "counted +3"),
                claim.fault(
                        "shadowed by DNAT to another container",
                        () -> rules.before(on.dnat(web), toWeb.dnat(on.address(other), 80)),
                        Cause.RULE_SHADOWED,
                        on.address(other),
                        "  stands before it"),
                claim.fault(
                        "shadowed by DNAT in PREROUTING",
                        () -> rules.first("nat", Hook.PREROUTING, toWeb.dnat(on.address(other), 80)),
                        Cause.RULE_SHADOWED,
                        "PREROUTING",
                        "stands before the jump to its chain"),
                claim.fault(
                        "jump to it removed",
                        () -> rules.delete(DockerRules.role(RuleRole.NAT_JUMP_PRE)),
                        Cause.RULE_NOT_HIT,
                        "nothing that met it"),
                claim.traffic(
                                "proxy path: sent to loopback",
                                t -> t.from(Vantage.LOOPBACK).toPublishedPort(web, 80),
                                Cause.PROXY_PATH,
                                on.family() == Family.IPV6 ? "::1" : "127.0.0.0/8",
                                "docker-proxy answered instead")
                        .onlyIf(on.proxy(), NO_PROXY),
                claim.traffic(
                                "proxy path: sent by a container of the same bridge",
                                t -> t.from(other).toPublishedPort(web, 80),
                                rules.has(RuleRole.SKIP_DNAT) ? Cause.PROXY_PATH : Cause.RULE_NOT_HIT)
                        .onlyIf(on.proxy(), NO_PROXY),
                claim.traffic(
                        "traffic to the other container",
                        t -> t.toPublishedPort(other, 80),
                        Cause.RULE_NOT_HIT,
                        "is published on",
                        "the probe went to tcp"),
                claim.traffic("nothing sent", t -> {}, Cause.TRAFFIC_NOT_SENT, "nothing was sent by Traffic"),
                claim.check(
                        "wrong port asserted",
                        () -> assertDnatHit(web, 8080),
                        Cause.NO_RULE,
                        "Docker publishes no port 8080/tcp",
                        "it publishes 80/tcp"),
                claim.check(
                        "udp asserted, only tcp published",
                        () -> assertDnatHit(web, 80, UDP),
                        Cause.NO_RULE,
                        "Docker publishes no port 80/udp"),
                exactly.check(
                        "fewer sent than asserted",
                        () -> assertDnatHit(web, 80, times(3)),
                        Cause.RULE_NOT_HIT,
                        "exactly 3 new flow",
                        "only 2 met it"),
                exactly.check(
                        "more sent than asserted",
                        () -> assertDnatHit(web, 80, times(1)),
                        null,
                        "exactly 1 new flow",
                        "+2"),
                exactly.proved("a stranger calls too", () -> Mutant.NO_FAULT, t -> {
                    t.times(2).toPublishedPort(web, 80);
                    strangers(on, web, 1);
                }),
                exactly.traffic(
                                "one went by docker-proxy, and a stranger makes up the count",
                                t -> {
                                    t.toPublishedPort(web, 80);
                                    t.from(Vantage.LOOPBACK).toPublishedPort(web, 80);
                                    strangers(on, web, 1);
                                },
                                Cause.PROXY_PATH,
                                "+1 of the test's own by conntrack, +2 by the rule's counter",
                                "conntrack tcp ",
                                on.family() == Family.IPV6 ? "src=::1 dst=::1" : "src=127.0.0.1 dst=127.0.0.1")
                        .onlyIf(on.proxy(), NO_PROXY),
                exactly.traffic(
                        "strangers only",
                        t -> strangers(on, web, 3),
                        Cause.HIT_BY_STRANGER,
                        "the rule counted 3, the test sent nothing by Traffic"),
                claim.fault(
                        "translated to the same place by a rule that is not Docker's",
                        () -> rules.first("nat", Hook.PREROUTING, toWeb.dnat(on.address(web), 80)),
                        Cause.RULE_SHADOWED,
                        "witnesses disagree",
                        "+3 of the test's own by conntrack, +0 by the rule's counter"),
                exactly.mutant(
                        "dropped later, so that retries count again",
                        () -> rules.first(
                                "filter",
                                Hook.FORWARD,
                                TestRule.to(on.address(web)).drop()),
                        false,
                        t -> on.limited(t, 1_300).times(2).toPublishedPort(web, 80),
                        () -> assertDnatHit(web, 80, times(2)),
                        AssertionFailedError.class,
                        Cause.FOREIGN_DROP,
                        "FORWARD",
                        on.address(web)),
                claim.midway(
                        "rule re-created midway, and strangers called",
                        () -> rules.rewrite(on.dnat(web)),
                        t -> strangers(on, web, 1),
                        "not measured: snapshot invalid: the counter went backwards"),
                claim.midway(
                        "counter zeroed midway, and strangers called",
                        rules::zero,
                        t -> strangers(on, web, 1),
                        "the counter went backwards"),
                claim.proved(
                        "rule re-created midway", () -> rules.rewrite(on.dnat(web)), t -> t.toPublishedPort(web, 80)),
                claim.proved("counter zeroed midway", rules::zero, t -> t.toPublishedPort(web, 80)),
                neverSent(claim));
    }

    /** The counter is lost midway: conntrack proves the own flows; where others were sent instead, nothing is measured. */
    private static Stream<Mutant> lostCounter(
            Mutant.Claim claim,
            Supplier<Fault> rewrite,
            Consumer<Traffic> own,
            String others,
            Consumer<Traffic> sentInstead) {
        Supplier<Fault> zero = claim.scene().rules()::zero;
        String said = "snapshot invalid: the counter went backwards";
        return Stream.of(
                claim.midway("rule re-created midway, and " + others, rewrite, sentInstead, said),
                claim.midway("counter zeroed midway, and " + others, zero, sentInstead, said),
                claim.proved("rule re-created midway", rewrite, own),
                claim.proved("counter zeroed midway", zero, own),
                neverSent(claim));
    }

    private static Mutant neverSent(Mutant.Claim claim) {
        return claim.unmeasured(
                "probe never sent",
                () -> Mutant.NO_FAULT,
                t -> t.from(routeless).toOutside(),
                "no probe left its sender",
                "unreachable");
    }

    private static Stream<Mutant> dnatOfUdp(Scene on) {
        Mutant.Claim claim = new Mutant.Claim(
                on,
                "assertDnatHit(udp)",
                t -> t.udp().times(2).payload("x").toPublishedPort(echo, 9053),
                () -> assertDnatHit(echo, 9053, UDP, times(2)));
        DockerRules.Wanted dnat = on.dnat(echo, Transport.UDP, 9053);
        int port = on.hostPort(echo, ExposedPort.udp(9053));
        return Stream.of(
                claim.fault(
                        "rule removed",
                        () -> on.rules().delete(dnat),
                        Cause.NO_RULE,
                        "9053/udp",
                        "there is no such rule"),
                claim.fault(
                        "shadowed by RETURN",
                        () -> on.rules()
                                .before(
                                        dnat,
                                        TestRule.toPort(Transport.UDP, port).returns()),
                        Cause.RULE_SHADOWED,
                        "  stands before it"),
                claim.traffic(
                        "tcp sent", t -> t.toPublishedPort(echo, 9053), Cause.RULE_NOT_HIT, "the probe went to tcp"),
                claim.check(
                        "wrong times",
                        () -> assertDnatHit(echo, 9053, UDP, times(3)),
                        Cause.RULE_NOT_HIT,
                        "only 2 met it"));
    }

    private static Stream<Mutant> dnatOfFlow(Scene on) {
        Flow[] sent = new Flow[1];
        Mutant.Claim claim = new Mutant.Claim(
                on,
                "assertDnatHit(flow)",
                t -> sent[0] = t.times(3).toPublishedPort(web, 80),
                () -> assertDnatHit(sent[0], web, 80));
        return Stream.of(
                claim.fault("rule removed", () -> on.rules().delete(on.dnat(web)), Cause.NO_RULE),
                claim.traffic(
                        "flow went to the other container",
                        t -> {
                            t.toPublishedPort(web, 80);
                            sent[0] = t.toPublishedPort(other, 80);
                        },
                        Cause.RULE_NOT_HIT,
                        "the probe went to tcp"));
    }

    private static Stream<Mutant> noDnat(Scene on) {
        Mutant.Claim claim = new Mutant.Claim(
                on,
                "assertNoDnatHit",
                t -> {
                    t.times(3).toPublishedPort(other, 80);
                    t.mark();
                    t.toPublishedPort(web, 80);
                },
                () -> assertNoDnatHit(other, 80));
        return Stream.of(
                claim.traffic("it was hit", t -> t.toPublishedPort(other, 80), null, "no new flow", "+1"),
                claim.unmeasured("nothing sent", () -> Mutant.NO_FAULT, t -> {}, "nothing was sent in this window"),
                neverSent(claim),
                claim.unmeasured(
                        "rule removed, so that none could count",
                        () -> on.rules().delete(on.dnat(other)),
                        t -> t.toPublishedPort(web, 80),
                        "this is missing: a rule of the nat table"),
                claim.disproved(
                        "rule re-created midway, and it was hit",
                        () -> on.rules().rewrite(on.dnat(other)),
                        t -> t.toPublishedPort(other, 80),
                        "no new flow",
                        "+1",
                        "conntrack tcp "),
                claim.proved("strangers call, and the test goes by docker-proxy", () -> Mutant.NO_FAULT, t -> {
                            t.from(Vantage.LOOPBACK).toPublishedPort(other, 80);
                            strangers(on, other, 2);
                        })
                        .onlyIf(on.proxy(), NO_PROXY),
                claim.traffic(
                        "strangers call, and the test sends elsewhere",
                        t -> {
                            t.toPublishedPort(web, 80);
                            strangers(on, other, 2);
                        },
                        Cause.HIT_BY_STRANGER,
                        "the rule counted 2"),
                claim.midway(
                        "counter zeroed midway",
                        on.rules()::zero,
                        t -> t.toPublishedPort(web, 80),
                        "the counter went backwards"));
    }

    private static Stream<Mutant> forward(Scene on) {
        DockerRules rules = on.rules();
        Mutant.Claim claim = new Mutant.Claim(
                on,
                "assertForwardAccepted",
                t -> on.quick(t).times(3).toPublishedPort(web, 80),
                () -> assertForwardAccepted(web, 80));
        TestRule toWeb = TestRule.to(on.address(web));
        return Stream.of(
                claim.fault(
                        "rule removed",
                        () -> rules.delete(on.portAccept(web)),
                        Cause.NO_RULE,
                        "no rule of the filter table lets new flows in"),
                claim.fault(
                        "shadowed by ACCEPT",
                        () -> rules.before(on.portAccept(web), toWeb.accept()),
                        Cause.RULE_SHADOWED,
                        "stands before it"),
                claim.fault(
                        "wrong port",
                        () -> rules.edit(on.portAccept(web), rule -> rule.replace("dport 80", "dport 81")),
                        Cause.NO_RULE,
                        "port 80"),
                claim.fault(
                        "DROP before it",
                        () -> rules.first(
                                "filter",
                                Hook.FORWARD,
                                toWeb.port(Transport.TCP, 80).drop()),
                        Cause.FOREIGN_DROP,
                        "FORWARD",
                        "dropped 3 packets"),
                claim.fault(
                        "policy DROP, and the way to the rule removed",
                        () -> Scene.all(
                                List.of(() -> rules.forwardPolicy("DROP"), () -> rules.delete(on.jumpToPorts(web)))),
                        on.family() == Family.IPV6 ? Cause.IPV6_FORWARD_POLICY : Cause.FORWARD_POLICY_DROP),
                claim.fault(
                        "forwarding switched off",
                        on.firewall()::noForwarding,
                        Cause.FORWARDING_OFF,
                        on.family() == Family.IPV6 ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward"),
                claim.fault(
                        "DNAT rule removed",
                        () -> rules.delete(on.dnat(web)),
                        Cause.RULE_NOT_HIT,
                        "nor was anything translated"),
                claim.traffic(
                                "sent to loopback",
                                t -> t.from(Vantage.LOOPBACK).toPublishedPort(web, 80),
                                Cause.PROXY_PATH,
                                "skips DNAT")
                        .onlyIf(on.proxy(), NO_PROXY),
                claim.traffic(
                        "sent by the host",
                        t -> t.from(Vantage.HOST).toPublishedPort(web, 80),
                        Cause.RULE_NOT_HIT,
                        "never comes by FORWARD"),
                claim.traffic(
                        "traffic to the other container",
                        t -> t.toPublishedPort(other, 80),
                        Cause.RULE_NOT_HIT,
                        "nothing that met it"),
                claim.traffic("nothing sent", t -> {}, Cause.TRAFFIC_NOT_SENT, "nothing was sent by Traffic"),
                claim.check(
                        "wrong port asserted",
                        () -> assertForwardAccepted(web, 8080),
                        Cause.NO_RULE,
                        "publishes no port 8080/tcp"),
                claim.check(
                        "udp asserted",
                        () -> assertForwardAccepted(web, 80, UDP),
                        Cause.NO_RULE,
                        "publishes no port 80/udp"),
                claim.check(
                        "wrong times",
                        () -> assertForwardAccepted(web, 80, times(4)),
                        Cause.RULE_NOT_HIT,
                        "only 3 met it"),
                claim.midway(
                        "rule re-created midway, and others were called",
                        () -> rules.rewrite(on.portAccept(web)),
                        t -> t.toPublishedPort(other, 80),
                        "snapshot invalid: the counter went backwards"),
                claim.proved(
                        "rule re-created midway",
                        () -> rules.rewrite(on.portAccept(web)),
                        t -> t.toPublishedPort(web, 80)),
                claim.proved("counter zeroed midway", rules::zero, t -> t.toPublishedPort(web, 80)),
                neverSent(claim));
    }

    private static Stream<Mutant> returned(Scene on) {
        DockerRules rules = on.rules();
        Mutant.Claim claim = new Mutant.Claim(
                on,
                "assertReturnTrafficAccepted",
                t -> on.quick(t).times(3).from(web).toOutside(),
                () -> assertReturnTrafficAccepted(web));
        return Stream.concat(
                Stream.of(
                        claim.fault(
                                "DROP before it, of replies only",
                                () -> rules.first(
                                        "filter",
                                        Hook.FORWARD,
                                        TestRule.to(on.address(web)).replies().drop()),
                                Cause.FOREIGN_DROP,
                                "FORWARD",
                                " dropped "),
                        claim.fault(
                                "DROP of what goes out",
                                () -> rules.first(
                                        "filter",
                                        Hook.FORWARD,
                                        TestRule.from(on.address(web)).drop()),
                                Cause.FOREIGN_DROP,
                                on.address(web),
                                " dropped 3 packets"),
                        claim.fault(
                                "rule removed",
                                () -> rules.delete(on.returnTraffic(web)),
                                Cause.NO_RULE,
                                "no rule of the filter table accepts it"),
                        claim.fault(
                                "shadowed by ACCEPT",
                                () -> rules.before(
                                        on.returnTraffic(web),
                                        TestRule.out("docker0").accept()),
                                Cause.RULE_SHADOWED,
                                "  stands before it"),
                        claim.fault(
                                        "wrong network",
                                        () -> rules.edit(
                                                on.returnTraffic(web), rule -> rule.replace("docker0", "docker9")),
                                        Cause.NO_RULE)
                                .onlyIf(
                                        !rules.areOfNftables(),
                                        "the rule names no network; its chain is the network's"),
                        claim.traffic("nothing sent", t -> {}, Cause.TRAFFIC_NOT_SENT, "nothing was sent by Traffic"),
                        claim.traffic(
                                "traffic of another network",
                                t -> t.from(onNetwork).toOutside(),
                                Cause.RULE_NOT_HIT,
                                "nothing that met it")),
                lostCounter(
                        claim,
                        () -> rules.rewrite(on.returnTraffic(web)),
                        t -> t.from(web).toOutside(),
                        "another network sent",
                        t -> t.from(onNetwork).toOutside()));
    }

    private static Stream<Mutant> outbound(Scene on) {
        DockerRules rules = on.rules();
        Mutant.Claim claim = new Mutant.Claim(
                on,
                "assertOutboundAccepted",
                t -> on.quick(t).times(3).from(web).toOutside(),
                () -> assertOutboundAccepted(web));
        return Stream.concat(
                Stream.of(
                        claim.fault(
                                "DROP before it",
                                () -> rules.first(
                                        "filter",
                                        Hook.FORWARD,
                                        TestRule.from(on.address(web)).drop()),
                                Cause.FOREIGN_DROP,
                                on.address(web),
                                " dropped 3 packets"),
                        claim.fault(
                                "rule removed, policy DROP",
                                () -> Scene.all(List.of(
                                        () -> rules.forwardPolicy("DROP"), () -> rules.delete(on.outboundAccept(web)))),
                                Cause.NO_RULE,
                                "no rule of the filter table accepts it"),
                        claim.fault(
                                "shadowed by ACCEPT",
                                () -> rules.before(
                                        on.outboundAccept(web),
                                        TestRule.from(on.address(web)).accept()),
                                Cause.RULE_SHADOWED,
                                "  stands before it"),
                        claim.fault(
                                "forwarding switched off",
                                on.firewall()::noForwarding,
                                Cause.FORWARDING_OFF,
                                on.family() == Family.IPV6 ? "net.ipv6.conf.all.forwarding" : "net.ipv4.ip_forward"),
                        claim.traffic("nothing sent", t -> {}, Cause.TRAFFIC_NOT_SENT, "nothing was sent by Traffic")),
                lostCounter(
                        claim,
                        () -> rules.rewrite(on.outboundAccept(web)),
                        t -> t.from(web).toOutside(),
                        "another network sent",
                        t -> t.from(onNetwork).toOutside()));
    }

    private static Stream<Mutant> masqueraded(Scene on, String assertion, GenericContainer<?> from, Runnable check) {
        DockerRules rules = on.rules();
        Mutant.Claim claim = new Mutant.Claim(
                on, assertion, t -> on.quick(t).udp().times(3).from(from).toOutside(), check);
        // Where containers' own addresses are kept from outside, the peer's answer to one is dropped.
        boolean answered = !rules.has(RuleRole.DIRECT_ACCESS_DROP);
        return Stream.concat(
                Stream.of(
                        claim.fault(
                                "rule removed",
                                () -> rules.delete(on.masquerade(from)),
                                Cause.MASQUERADE_MISSING,
                                "gives flows from",
                                answered ? "the peer saw the container's own address" : "[UNREPLIED]"),
                        claim.fault(
                                "shadowed by ACCEPT",
                                () -> rules.before(
                                        on.masquerade(from),
                                        TestRule.from(on.address(from)).accept()),
                                Cause.RULE_SHADOWED,
                                "  stands before it"),
                        claim.fault(
                                "wrong subnet",
                                () -> rules.edit(
                                        on.masquerade(from),
                                        rule -> rule.replaceFirst(
                                                "(-s|saddr) \\S+",
                                                "$1 "
                                                        + (on.family() == Family.IPV6
                                                                ? "2001:db8:99::/64"
                                                                : "10.99.0.0/16"))),
                                Cause.MASQUERADE_MISSING,
                                "there is no such rule"),
                        claim.fault(
                                "DROP before it",
                                () -> rules.first(
                                        "filter",
                                        Hook.FORWARD,
                                        TestRule.from(on.address(from)).drop()),
                                Cause.FOREIGN_DROP,
                                " dropped 3 packets"),
                        claim.traffic("nothing sent", t -> {}, Cause.TRAFFIC_NOT_SENT, "nothing was sent by Traffic"),
                        claim.traffic(
                                "inbound traffic only",
                                t -> t.toPublishedPort(from, 80),
                                Cause.RULE_NOT_HIT,
                                "nothing that met it")),
                lostCounter(
                        claim,
                        () -> rules.rewrite(on.masquerade(from)),
                        t -> t.from(from).toOutside(),
                        "inbound traffic only",
                        t -> t.toPublishedPort(from, 80)));
    }

    private static Stream<Mutant> masqueradedTimes(Scene on) {
        Mutant.Claim claim = new Mutant.Claim(
                on,
                "assertMasqueraded(times)",
                t -> on.quick(t).udp().times(2).from(web).toOutside(),
                () -> assertMasqueraded(web, times(2)));
        return Stream.of(
                claim.check("wrong times", () -> assertMasqueraded(web, times(3)), Cause.RULE_NOT_HIT, "only 2 met it"),
                claim.mutant(
                        "another container makes up the count",
                        () -> on.rules()
                                .before(
                                        on.masquerade(web),
                                        TestRule.from(on.address(web)).accept()),
                        false,
                        t -> {
                            on.quick(t).udp().from(web).toOutside();
                            t.times(2).from(other).toOutside();
                        },
                        claim.check(),
                        AssertionFailedError.class,
                        Cause.RULE_SHADOWED,
                        "+0 of the test's own by conntrack, +2 by the rule's counter"),
                claim.proved("another container goes out too", () -> Mutant.NO_FAULT, t -> {
                    t.times(2).from(web).toOutside();
                    t.times(2).from(other).toOutside();
                }));
    }

    private static Stream<Mutant> notMasqueraded(Scene on) {
        DockerRules rules = on.rules();
        Mutant.Claim claim = new Mutant.Claim(
                on,
                "assertNotMasqueraded",
                t -> {
                    t.times(3).from(web).toOutside();
                    t.mark();
                    t.toPublishedPort(web, 80);
                },
                () -> assertNotMasqueraded(web));
        return Stream.of(
                claim.traffic("it was masqueraded", t -> t.from(web).toOutside(), null, "no new flow", "+1"),
                claim.mutant(
                        "masqueraded by a rule that is not Docker's",
                        () -> rules.first(
                                "nat",
                                Hook.POSTROUTING,
                                TestRule.from(on.address(web)).masquerade()),
                        false,
                        t -> t.from(web).toOutside(),
                        claim.check(),
                        AssertionFailedError.class,
                        Cause.RULE_SHADOWED,
                        "the peer saw",
                        "not the container's own"),
                claim.unmeasured("nothing sent", () -> Mutant.NO_FAULT, t -> {}, "nothing was sent in this window"),
                neverSent(claim),
                claim.mutant(
                        "probe never sent, while others' were",
                        () -> Mutant.NO_FAULT,
                        false,
                        t -> {
                            t.toPublishedPort(web, 80);
                            t.from(routeless).toOutside();
                        },
                        () -> assertNotMasqueraded(routeless),
                        CountercheckException.class,
                        null,
                        "no probe left its sender"),
                claim.disproved(
                        "rule re-created midway, and it was masqueraded",
                        () -> rules.rewrite(on.masquerade(web)),
                        t -> t.from(web).toOutside(),
                        "no new flow",
                        "+1",
                        "conntrack tcp "),
                claim.midway(
                        "counter zeroed midway, and another container went out",
                        rules::zero,
                        t -> t.from(other).toOutside(),
                        "snapshot invalid: the counter went backwards"),
                claim.proved("another container goes out, this one calls the host", () -> Mutant.NO_FAULT, t -> {
                    t.from(web).to(on.gateway(web), on.hostPort(other));
                    t.times(2).from(other).toOutside();
                }));
    }

    private static Stream<Mutant> policy(Scene on) {
        String table = on.rules().table("filter");
        String chain = on.rules().chain("filter", Hook.FORWARD);
        String user = on.rules().the(on.portAccept(web)).chain();
        Policy[] policy = new Policy[1];
        Mutant.Claim claim = new Mutant.Claim(
                on,
                "assertPolicy",
                t -> policy[0] = forwardPolicy(on, t),
                () -> assertPolicy(on.family(), table, chain, policy[0]));
        return Stream.of(
                claim.mutant(
                        "another policy",
                        () -> on.rules().forwardPolicy(policy[0] == Policy.DROP ? "ACCEPT" : "DROP"),
                        true,
                        t -> {},
                        claim.check(),
                        AssertionFailedError.class,
                        null,
                        "policy of ",
                        " is not "),
                claim.check(
                        "user-defined chain",
                        () -> assertPolicy(on.family(), table, user, Policy.DROP),
                        null,
                        "user-defined and has none"),
                claim.check(
                        "no such chain",
                        () -> assertPolicy(on.family(), table, "NOWHERE", Policy.DROP),
                        null,
                        "there is no such chain"));
    }

    private static Policy forwardPolicy(Scene on, Traffic traffic) {
        return traffic.snapshot().rulesets().stream()
                .filter(ruleset -> ruleset.family() == on.family())
                .flatMap(ruleset ->
                        ruleset.chain(on.rules().table("filter"), on.rules().chain("filter", Hook.FORWARD)).stream())
                .map(Chain::policy)
                .findFirst()
                .orElseThrow();
    }

    private static Stream<Mutant> ruleHit(Scene on) {
        DockerRules rules = on.rules();
        DockerRules.Wanted jump = DockerRules.role(RuleRole.NAT_JUMP_PRE);
        Rule rule = rules.the(jump);
        String spec = rule.spec();
        Mutant.Claim claim = new Mutant.Claim(
                on,
                "assertRuleHit",
                t -> on.quick(t).times(3).toPublishedPort(web, 80),
                () -> assertRuleHit(on.family(), rule.table(), rule.chain(), spec));
        return Stream.of(
                claim.fault(
                        "rule removed",
                        () -> rules.delete(jump),
                        Cause.NO_RULE,
                        "nearest",
                        "the chain holds no such rule"),
                claim.fault(
                        "shadowed by ACCEPT",
                        () -> rules.before(
                                jump,
                                TestRule.toPort(Transport.TCP, on.hostPort(web)).accept()),
                        Cause.RULE_SHADOWED,
                        "  stands before it"),
                claim.check(
                        "wrong times",
                        () -> assertRuleHit(on.family(), rule.table(), rule.chain(), spec, times(4)),
                        Cause.RULE_NOT_HIT,
                        "only 3 met it"),
                claim.traffic("nothing sent", t -> {}, Cause.TRAFFIC_NOT_SENT, "nothing was sent by Traffic"),
                claim.midway(
                        "rule re-created midway",
                        () -> rules.rewrite(jump),
                        t -> t.toPublishedPort(web, 80),
                        "the counter went backwards"),
                claim.midway(
                        "counter zeroed midway",
                        rules::zero,
                        t -> t.toPublishedPort(web, 80),
                        "the counter went backwards"),
                neverSent(claim));
    }

    private static Stream<Mutant> unchanged(Scene on) {
        CounterSnapshot[] before = new CounterSnapshot[1];
        Traffic[] traffic = new Traffic[1];
        Mutant.Claim claim = new Mutant.Claim(
                on,
                "assertRulesetUnchanged",
                t -> {
                    traffic[0] = t;
                    before[0] = t.snapshot();
                },
                () -> assertRulesetUnchanged(before[0], traffic[0].snapshot()));
        Consumer<Traffic> keepBefore = t -> {};
        return Stream.of(
                claim.mutant(
                        "rule removed",
                        () -> on.rules().delete(on.dnat(web)),
                        true,
                        keepBefore,
                        claim.check(),
                        AssertionFailedError.class,
                        null,
                        "ruleset changed in 1 place",
                        "- ",
                        on.address(web)),
                claim.mutant(
                        "rule added",
                        () -> on.rules()
                                .first(
                                        "filter",
                                        Hook.FORWARD,
                                        TestRule.from(on.address(other)).drop()),
                        true,
                        keepBefore,
                        claim.check(),
                        AssertionFailedError.class,
                        null,
                        "ruleset changed in 1 place",
                        "+ ",
                        on.address(other)),
                claim.mutant(
                        "policy changed",
                        () -> on.rules()
                                .forwardPolicy(forwardPolicy(on, traffic[0]) == Policy.DROP ? "ACCEPT" : "DROP"),
                        true,
                        keepBefore,
                        claim.check(),
                        AssertionFailedError.class,
                        null,
                        " -> "));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mutants")
    void isNoticed(Mutant mutant, Traffic traffic) {
        mutant.mustBeNoticed(traffic, TABLE);
    }

    /** Call the published port past Traffic, as a health check might. */
    private static void strangers(Scene on, GenericContainer<?> container, int calls) {
        String host = on.gateway(container);
        String address = on.family() == Family.IPV6 ? "TCP6:[" + host + "]:" : "TCP4:" + host + ":";
        for (int i = 0; i < calls; i++) {
            on.firewall().run("socat", "-u", "OPEN:/dev/null", address + on.hostPort(container));
        }
    }
}
