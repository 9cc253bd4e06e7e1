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
import static io.github.countercheck.NetworkAssertions.subnetOf;
import static io.github.countercheck.NetworkAssertions.times;
import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import io.github.countercheck.Firewall.Fault;
import io.github.countercheck.diagnosis.Cause;
import io.github.countercheck.session.Image;
import io.github.countercheck.snapshot.CounterSnapshot;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
 * Every assertion, with every fault that it is there to notice, in the daemon's real firewall: green before, red for the
 * right reason while the fault is there, green again after it.
 */
@ContainerNetworkTest(await = "200ms")
class AssertionMutantsIT {

    private static final Path TABLE = Path.of("target", "mutants.md");
    private static final List<String> LINES = new ArrayList<>();
    private static final Network NETWORK = Network.newNetwork();

    @Container
    static final GenericContainer<?> web = TestWeb.container();

    @Container
    static final GenericContainer<?> other = TestWeb.container();

    @Container
    static final GenericContainer<?> onNetwork = TestWeb.container().withNetwork(NETWORK);

    /** Publishes one port number for both protocols. */
    @Container
    static final GenericContainer<?> echo = new GenericContainer<>(Image.TOOLBOX.reference())
            .withCommand(
                    "/bin/sh",
                    "-c",
                    "socat TCP4-LISTEN:9053,fork,reuseaddr EXEC:cat & exec socat UDP4-RECVFROM:9053,fork EXEC:cat")
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

    private static Firewall firewall;

    @BeforeAll
    static void open() throws IOException, InterruptedException {
        firewall = Firewall.open();
        assertThat(routeless.execInContainer("ip", "route", "del", "default").getExitCode())
                .isZero();
    }

    @AfterAll
    static void write() throws IOException {
        if (firewall != null) {
            firewall.close();
        }
        NETWORK.close();
        Mutant.write(TABLE, LINES);
    }

    static Stream<Mutant> mutants() {
        return Stream.of(
                        dnat(),
                        dnatOfUdp(),
                        dnatOfFlow(),
                        noDnat(),
                        forward(),
                        returned(),
                        outbound(),
                        masqueraded("assertMasqueraded(subnet)", web, () -> assertMasqueraded(subnetOf(web))),
                        masqueraded("assertMasqueraded(container)", web, () -> assertMasqueraded(web)),
                        masqueraded("assertMasqueraded(network)", onNetwork, () -> assertMasqueraded(NETWORK)),
                        masqueradedTimes(),
                        notMasqueraded(),
                        policy(),
                        ruleHit(),
                        unchanged())
                .flatMap(rows -> rows);
    }

    private static Stream<Mutant> dnat() {
        Mutant.Claim claim = new Mutant.Claim(
                "assertDnatHit", t -> t.times(3).toPublishedPort(web, 80), () -> assertDnatHit(web, 80));
        Mutant.Claim exactly = new Mutant.Claim(
                "assertDnatHit(times)",
                t -> t.times(2).toPublishedPort(web, 80),
                () -> assertDnatHit(web, 80, times(2)));
        return Stream.of(
                claim.fault(
                        "DNAT rule deleted",
                        fw -> fw.delete("nat", "DOCKER", dnatTo(web, 80)),
                        Cause.NO_RULE,
                        "there is no such rule",
                        "docker-proxy answered"),
                claim.fault(
                        "DNAT to a wrong container port",
                        fw -> fw.replace(
                                "nat",
                                "DOCKER",
                                dnatTo(web, 80),
                                "! -i docker0 -p tcp -m tcp --dport " + hostPort(web) + " -j DNAT --to-destination "
                                        + address(web) + ":81"),
                        Cause.NO_RULE,
                        "no rule of the nat table translates to ",
                        "port 80"),
                claim.fault(
                        "DNAT shadowed by RETURN",
                        fw -> fw.insert("nat", "DOCKER", "-p tcp -m tcp --dport " + hostPort(web) + " -j RETURN"),
                        Cause.RULE_SHADOWED,
                        "-j RETURN  stands before it",
                        "counted +3"),
                claim.fault(
                        "DNAT shadowed by DNAT to another container",
                        fw -> fw.insert(
                                "nat",
                                "DOCKER",
                                "! -i docker0 -p tcp -m tcp --dport " + hostPort(web) + " -j DNAT --to-destination "
                                        + address(other) + ":80"),
                        Cause.RULE_SHADOWED,
                        "--to-destination " + address(other) + ":80  stands before it"),
                claim.fault(
                        "DNAT shadowed by DNAT in PREROUTING",
                        fw -> fw.insert(
                                "nat",
                                "PREROUTING",
                                "-p tcp -m tcp --dport " + hostPort(web) + " -j DNAT --to-destination " + address(other)
                                        + ":80"),
                        Cause.RULE_SHADOWED,
                        "nat/PREROUTING",
                        "stands before the jump to its chain"),
                claim.fault(
                        "jump to DOCKER deleted",
                        fw -> fw.delete("nat", "PREROUTING", "-j DOCKER"),
                        Cause.RULE_NOT_HIT,
                        "nothing that met it"),
                claim.traffic(
                        "proxy path: sent to loopback",
                        t -> t.from(Vantage.LOOPBACK).toPublishedPort(web, 80),
                        Cause.PROXY_PATH,
                        "! -d 127.0.0.0/8",
                        "docker-proxy answered instead"),
                claim.traffic(
                        "proxy path: sent by a container of the same bridge",
                        t -> t.from(other).toPublishedPort(web, 80),
                        Cause.PROXY_PATH,
                        "-i docker0 -j RETURN"),
                claim.traffic(
                        "traffic to the other container",
                        t -> t.toPublishedPort(other, 80),
                        Cause.RULE_NOT_HIT,
                        "is published on",
                        "the probe went to tcp"),
                claim.traffic("nothing sent", t -> {}, Cause.RULE_NOT_HIT, "nothing was sent by Traffic"),
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
                exactly.proved("a stranger calls too", fw -> Mutant.NO_FAULT, t -> {
                    t.times(2).toPublishedPort(web, 80);
                    strangers(web, 1);
                }),
                exactly.traffic(
                        "one went by docker-proxy, and a stranger makes up the count",
                        t -> {
                            t.toPublishedPort(web, 80);
                            t.from(Vantage.LOOPBACK).toPublishedPort(web, 80);
                            strangers(web, 1);
                        },
                        Cause.PROXY_PATH,
                        "+1 of the test's own by conntrack, +2 by the rule's counter",
                        "conntrack tcp ",
                        "src=127.0.0.1 dst=127.0.0.1"),
                exactly.traffic(
                        "strangers only",
                        t -> strangers(web, 3),
                        Cause.HIT_BY_STRANGER,
                        "the rule counted 3, the test sent nothing by Traffic"),
                claim.fault(
                        "translated to the same place by a rule that is not Docker's",
                        fw -> fw.insert(
                                "nat",
                                "PREROUTING",
                                "-p tcp -m tcp --dport " + hostPort(web) + " -j DNAT --to-destination " + address(web)
                                        + ":80"),
                        Cause.RULE_SHADOWED,
                        "witnesses disagree",
                        "+3 of the test's own by conntrack, +0 by the rule's counter"),
                exactly.mutant(
                        "dropped after DNAT, so that retries count again",
                        fw -> fw.insert("filter", "DOCKER-USER", "-d " + address(web) + " -j DROP"),
                        false,
                        t -> limited(t, 1_300).times(2).toPublishedPort(web, 80),
                        () -> assertDnatHit(web, 80, times(2)),
                        AssertionFailedError.class,
                        Cause.DROPPED_LATER,
                        "DOCKER-USER -d " + address(web) + "/32 -j DROP"),
                claim.midway(
                        "rule deleted and written again, and strangers called",
                        fw -> fw.rewrite("nat", "DOCKER", dnatTo(web, 80)),
                        t -> strangers(web, 1),
                        "not measured: snapshot invalid: the counter went backwards",
                        dnatTo(web, 80)),
                claim.midway(
                        "iptables -Z, and strangers called",
                        fw -> fw.zero("nat"),
                        t -> strangers(web, 1),
                        "the counter went backwards"),
                claim.proved(
                        "rule deleted and written again",
                        fw -> fw.rewrite("nat", "DOCKER", dnatTo(web, 80)),
                        t -> t.toPublishedPort(web, 80)),
                claim.proved("iptables -Z", fw -> fw.zero("nat"), t -> t.toPublishedPort(web, 80)),
                claim.unmeasured(
                        "probe never sent",
                        fw -> Mutant.NO_FAULT,
                        t -> t.from(routeless).toOutside(),
                        "no probe left its sender",
                        "unreachable"));
    }

    private static Stream<Mutant> dnatOfUdp() {
        Mutant.Claim claim = new Mutant.Claim(
                "assertDnatHit(udp)",
                t -> t.udp().times(2).payload("x").toPublishedPort(echo, 9053),
                () -> assertDnatHit(echo, 9053, UDP, times(2)));
        return Stream.of(
                claim.fault(
                        "DNAT rule deleted",
                        fw -> fw.delete(
                                "nat",
                                "DOCKER",
                                "--dport " + udpHostPort() + " -j DNAT --to-destination " + address(echo) + ":9053"),
                        Cause.NO_RULE,
                        "9053/udp",
                        "there is no such rule"),
                claim.fault(
                        "DNAT shadowed by RETURN",
                        fw -> fw.insert("nat", "DOCKER", "-p udp -m udp --dport " + udpHostPort() + " -j RETURN"),
                        Cause.RULE_SHADOWED,
                        "-j RETURN  stands before it"),
                claim.traffic(
                        "tcp sent", t -> t.toPublishedPort(echo, 9053), Cause.RULE_NOT_HIT, "the probe went to tcp"),
                claim.check(
                        "wrong times",
                        () -> assertDnatHit(echo, 9053, UDP, times(3)),
                        Cause.RULE_NOT_HIT,
                        "only 2 met it"));
    }

    private static Stream<Mutant> dnatOfFlow() {
        Flow[] sent = new Flow[1];
        Mutant.Claim claim = new Mutant.Claim(
                "assertDnatHit(flow)",
                t -> sent[0] = t.times(3).toPublishedPort(web, 80),
                () -> assertDnatHit(sent[0], web, 80));
        return Stream.of(
                claim.fault(
                        "DNAT rule deleted",
                        fw -> fw.delete("nat", "DOCKER", dnatTo(web, 80)),
                        Cause.NO_RULE,
                        "docker-proxy answered"),
                claim.traffic(
                        "flow went to the other container",
                        t -> {
                            t.toPublishedPort(web, 80);
                            sent[0] = t.toPublishedPort(other, 80);
                        },
                        Cause.RULE_NOT_HIT,
                        "the probe went to tcp"));
    }

    private static Stream<Mutant> noDnat() {
        Mutant.Claim claim = new Mutant.Claim(
                "assertNoDnatHit",
                t -> {
                    t.times(3).toPublishedPort(other, 80);
                    t.mark();
                    t.toPublishedPort(web, 80);
                },
                () -> assertNoDnatHit(other, 80));
        return Stream.of(
                claim.traffic("it was hit", t -> t.toPublishedPort(other, 80), null, "no new flow", "+1"),
                claim.unmeasured("nothing sent", fw -> Mutant.NO_FAULT, t -> {}, "nothing was sent in this window"),
                claim.unmeasured(
                        "probe never sent",
                        fw -> Mutant.NO_FAULT,
                        t -> t.from(routeless).toOutside(),
                        "no probe left its sender"),
                claim.unmeasured(
                        "there is no rule to count",
                        fw -> fw.delete("nat", "DOCKER", dnatTo(other, 80)),
                        t -> t.toPublishedPort(other, 80),
                        "this is missing: a rule of the nat table"),
                claim.disproved(
                        "rule deleted and written again, and it was hit",
                        fw -> fw.rewrite("nat", "DOCKER", dnatTo(other, 80)),
                        t -> t.toPublishedPort(other, 80),
                        "no new flow",
                        "+1",
                        "conntrack tcp "),
                claim.proved("strangers call, and the test goes by docker-proxy", fw -> Mutant.NO_FAULT, t -> {
                    t.from(Vantage.LOOPBACK).toPublishedPort(other, 80);
                    strangers(other, 2);
                }),
                claim.traffic(
                        "strangers call, and the test sends elsewhere",
                        t -> {
                            t.toPublishedPort(web, 80);
                            strangers(other, 2);
                        },
                        Cause.HIT_BY_STRANGER,
                        "the rule counted 2"),
                claim.midway(
                        "iptables -Z",
                        fw -> fw.zero("nat"),
                        t -> t.toPublishedPort(web, 80),
                        "the counter went backwards"));
    }

    private static Stream<Mutant> forward() {
        Mutant.Claim claim = new Mutant.Claim(
                "assertForwardAccepted",
                t -> quick(t).times(3).toPublishedPort(web, 80),
                () -> assertForwardAccepted(web, 80));
        String accept = "-d " + "%s/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT";
        return Stream.of(
                claim.fault(
                        "PORT_ACCEPT deleted",
                        fw -> fw.delete("filter", "DOCKER", accept.formatted(address(web))),
                        Cause.NO_RULE,
                        "no rule of the filter table lets new flows in"),
                claim.fault(
                        "PORT_ACCEPT shadowed by ACCEPT",
                        fw -> fw.insert("filter", "DOCKER", "-d " + address(web) + " -j ACCEPT"),
                        Cause.RULE_SHADOWED,
                        "filter/DOCKER",
                        "stands before it"),
                claim.fault(
                        "DROP in DOCKER-USER for inbound",
                        fw -> fw.insert(
                                "filter", "DOCKER-USER", "-d " + address(web) + " -p tcp -m tcp --dport 80 -j DROP"),
                        Cause.DROPPED_LATER,
                        "filter/DOCKER-USER",
                        "--dport 80 -j DROP  dropped 3 packets"),
                claim.fault(
                        "FORWARD policy DROP, jump to the accept rules gone",
                        fw -> both(
                                fw.forwardPolicy("DROP"), () -> fw.delete("filter", "FORWARD", "-o docker0 -j DOCKER")),
                        Cause.DROPPED_LATER,
                        "the policy DROP of filter/FORWARD dropped 3 packets"),
                claim.fault(
                        "forwarding switched off", Firewall::noForwarding, Cause.DROPPED_LATER, "net.ipv4.ip_forward"),
                claim.fault(
                        "DNAT rule deleted",
                        fw -> fw.delete("nat", "DOCKER", dnatTo(web, 80)),
                        Cause.RULE_NOT_HIT,
                        "nor was anything translated"),
                claim.traffic(
                        "sent to loopback",
                        t -> t.from(Vantage.LOOPBACK).toPublishedPort(web, 80),
                        Cause.PROXY_PATH,
                        "skips DNAT"),
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
                claim.traffic("nothing sent", t -> {}, Cause.RULE_NOT_HIT, "nothing was sent by Traffic"),
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
                        "rule deleted and written again, and others were called",
                        fw -> fw.rewrite("filter", "DOCKER", accept.formatted(address(web))),
                        t -> t.toPublishedPort(other, 80),
                        "snapshot invalid: the counter went backwards"),
                claim.proved(
                        "rule deleted and written again",
                        fw -> fw.rewrite("filter", "DOCKER", accept.formatted(address(web))),
                        t -> t.toPublishedPort(web, 80)),
                claim.proved("iptables -Z", fw -> fw.zero("filter"), t -> t.toPublishedPort(web, 80)),
                claim.unmeasured(
                        "probe never sent",
                        fw -> Mutant.NO_FAULT,
                        t -> t.from(routeless).toOutside(),
                        "no probe left its sender"));
    }

    private static Stream<Mutant> returned() {
        Mutant.Claim claim = new Mutant.Claim(
                "assertReturnTrafficAccepted",
                t -> quick(t).times(3).from(web).toOutside(),
                () -> assertReturnTrafficAccepted(web));
        String rule = "-o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT";
        return Stream.of(
                claim.fault(
                        "DROP in DOCKER-USER for replies only",
                        fw -> fw.insert(
                                "filter", "DOCKER-USER", "-d " + address(web) + " -m conntrack --ctdir REPLY -j DROP"),
                        Cause.DROPPED_LATER,
                        "--ctdir REPLY -j DROP  dropped "),
                claim.fault(
                        "DROP in DOCKER-USER for outbound",
                        fw -> fw.insert("filter", "DOCKER-USER", "-s " + address(web) + " -j DROP"),
                        Cause.DROPPED_LATER,
                        "-s " + "%web%" + "/32 -j DROP  dropped 3 packets"),
                claim.fault(
                        "rule deleted",
                        fw -> fw.delete("filter", "FORWARD", rule),
                        Cause.NO_RULE,
                        "no rule of the filter table accepts it"),
                claim.fault(
                        "rule shadowed by ACCEPT",
                        fw -> fw.insert("filter", "FORWARD", "-o docker0 -j ACCEPT"),
                        Cause.RULE_SHADOWED,
                        "-o docker0 -j ACCEPT  stands before it"),
                claim.traffic("nothing sent", t -> {}, Cause.RULE_NOT_HIT, "nothing was sent by Traffic"),
                claim.traffic(
                        "traffic of another network",
                        t -> t.from(onNetwork).toOutside(),
                        Cause.RULE_NOT_HIT,
                        "nothing that met it"),
                claim.midway(
                        "iptables -Z, and another network sent",
                        fw -> fw.zero("filter"),
                        t -> t.from(onNetwork).toOutside(),
                        "snapshot invalid: the counter went backwards"),
                claim.proved(
                        "iptables -Z", fw -> fw.zero("filter"), t -> t.from(web).toOutside()),
                claim.unmeasured(
                        "probe never sent",
                        fw -> Mutant.NO_FAULT,
                        t -> t.from(routeless).toOutside(),
                        "no probe left its sender"));
    }

    private static Stream<Mutant> outbound() {
        Mutant.Claim claim = new Mutant.Claim(
                "assertOutboundAccepted",
                t -> quick(t).times(3).from(web).toOutside(),
                () -> assertOutboundAccepted(web));
        return Stream.of(
                claim.fault(
                        "DROP in DOCKER-USER for outbound",
                        fw -> fw.insert("filter", "DOCKER-USER", "-s " + address(web) + " -j DROP"),
                        Cause.DROPPED_LATER,
                        "-s %web%/32 -j DROP  dropped 3 packets"),
                claim.fault(
                        "rule deleted, FORWARD policy DROP",
                        fw -> both(
                                fw.forwardPolicy("DROP"),
                                () -> fw.delete("filter", "FORWARD", "-i docker0 ! -o docker0 -j ACCEPT")),
                        Cause.NO_RULE,
                        "no rule of the filter table accepts it"),
                claim.fault(
                        "rule shadowed by ACCEPT",
                        fw -> fw.insert("filter", "FORWARD", "-i docker0 -j ACCEPT"),
                        Cause.RULE_SHADOWED,
                        "-i docker0 -j ACCEPT  stands before it"),
                claim.fault(
                        "forwarding switched off", Firewall::noForwarding, Cause.RULE_NOT_HIT, "nothing that met it"),
                claim.traffic("nothing sent", t -> {}, Cause.RULE_NOT_HIT, "nothing was sent by Traffic"),
                claim.midway(
                        "iptables -Z, and another network sent",
                        fw -> fw.zero("filter"),
                        t -> t.from(onNetwork).toOutside(),
                        "snapshot invalid: the counter went backwards"),
                claim.proved(
                        "iptables -Z", fw -> fw.zero("filter"), t -> t.from(web).toOutside()),
                claim.unmeasured(
                        "probe never sent",
                        fw -> Mutant.NO_FAULT,
                        t -> t.from(routeless).toOutside(),
                        "no probe left its sender"));
    }

    private static Stream<Mutant> masqueraded(String assertion, GenericContainer<?> from, Runnable check) {
        Mutant.Claim claim =
                new Mutant.Claim(assertion, t -> quick(t).times(3).from(from).toOutside(), check);
        return Stream.of(
                claim.fault(
                        "masquerade rule deleted",
                        fw -> fw.delete("nat", "POSTROUTING", masquerade(from)),
                        Cause.NO_RULE,
                        "gives flows from",
                        "the peer saw the container's own address"),
                claim.fault(
                        "masquerade shadowed by ACCEPT",
                        fw -> fw.insert("nat", "POSTROUTING", "-s " + address(from) + " -j ACCEPT"),
                        Cause.RULE_SHADOWED,
                        "-j ACCEPT  stands before it",
                        "saw the container's own address"),
                claim.fault(
                        "masquerade for a wrong subnet",
                        fw -> fw.replace(
                                "nat", "POSTROUTING", masquerade(from), "-s 10.99.0.0/16 ! -o docker0 -j MASQUERADE"),
                        Cause.NO_RULE,
                        "there is no such rule",
                        "the peer saw the container's own address"),
                claim.fault(
                        "DROP in DOCKER-USER for outbound",
                        fw -> fw.insert("filter", "DOCKER-USER", "-s " + address(from) + " -j DROP"),
                        Cause.DROPPED_LATER,
                        "-j DROP  dropped 3 packets"),
                claim.traffic("nothing sent", t -> {}, Cause.RULE_NOT_HIT, "nothing was sent by Traffic"),
                claim.traffic(
                        "inbound traffic only",
                        t -> t.toPublishedPort(from, 80),
                        Cause.RULE_NOT_HIT,
                        "nothing that met it"),
                claim.midway(
                        "iptables -Z, and inbound traffic only",
                        fw -> fw.zero("nat"),
                        t -> t.toPublishedPort(from, 80),
                        "snapshot invalid: the counter went backwards"),
                claim.proved(
                        "rule deleted and written again",
                        fw -> fw.rewrite("nat", "POSTROUTING", masquerade(from)),
                        t -> t.from(from).toOutside()),
                claim.proved(
                        "iptables -Z", fw -> fw.zero("nat"), t -> t.from(from).toOutside()),
                claim.unmeasured(
                        "probe never sent",
                        fw -> Mutant.NO_FAULT,
                        t -> t.from(routeless).toOutside(),
                        "no probe left its sender"));
    }

    private static Stream<Mutant> masqueradedTimes() {
        Mutant.Claim claim = new Mutant.Claim(
                "assertMasqueraded(times)",
                t -> quick(t).times(2).from(web).toOutside(),
                () -> assertMasqueraded(web, times(2)));
        return Stream.of(
                claim.check("wrong times", () -> assertMasqueraded(web, times(3)), Cause.RULE_NOT_HIT, "only 2 met it"),
                claim.mutant(
                        "another container makes up the count",
                        fw -> fw.insert("nat", "POSTROUTING", "-s " + address(web) + " -j ACCEPT"),
                        false,
                        t -> {
                            t.from(web).toOutside();
                            t.times(2).from(other).toOutside();
                        },
                        claim.check(),
                        AssertionFailedError.class,
                        Cause.RULE_SHADOWED,
                        "+0 of the test's own by conntrack, +2 by the rule's counter",
                        "saw the container's own address"),
                claim.proved("another container goes out too", fw -> Mutant.NO_FAULT, t -> {
                    t.times(2).from(web).toOutside();
                    t.times(2).from(other).toOutside();
                }));
    }

    private static Stream<Mutant> notMasqueraded() {
        Mutant.Claim claim = new Mutant.Claim(
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
                        fw -> fw.insert("nat", "POSTROUTING", "-s " + address(web) + " -j MASQUERADE"),
                        false,
                        t -> t.from(web).toOutside(),
                        claim.check(),
                        AssertionFailedError.class,
                        Cause.RULE_SHADOWED,
                        "the peer saw",
                        "not the container's own"),
                claim.unmeasured("nothing sent", fw -> Mutant.NO_FAULT, t -> {}, "nothing was sent in this window"),
                claim.unmeasured(
                        "probe never sent",
                        fw -> Mutant.NO_FAULT,
                        t -> t.from(routeless).toOutside(),
                        "no probe left its sender"),
                claim.mutant(
                        "probe never sent, while others' were",
                        fw -> Mutant.NO_FAULT,
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
                        "rule deleted and written again, and it was masqueraded",
                        fw -> fw.rewrite("nat", "POSTROUTING", masquerade(web)),
                        t -> t.from(web).toOutside(),
                        "no new flow",
                        "+1",
                        "conntrack tcp "),
                claim.midway(
                        "iptables -Z, and another container went out",
                        fw -> fw.zero("nat"),
                        t -> t.from(other).toOutside(),
                        "snapshot invalid: the counter went backwards"),
                claim.proved("another container goes out, this one calls the host", fw -> Mutant.NO_FAULT, t -> {
                    t.from(web).to(gateway(), hostPort(other));
                    t.times(2).from(other).toOutside();
                }));
    }

    private static Stream<Mutant> policy() {
        Mutant.Claim claim = new Mutant.Claim("assertPolicy", t -> {}, () -> assertPolicy("filter", "FORWARD", "DROP"));
        return Stream.of(
                claim.fault(
                        "FORWARD policy ACCEPT",
                        fw -> fw.forwardPolicy("ACCEPT"),
                        null,
                        "policy of filter/FORWARD is not DROP",
                        "ACCEPT"),
                claim.check(
                        "user-defined chain",
                        () -> assertPolicy("filter", "DOCKER-USER", "DROP"),
                        null,
                        "user-defined and has none"),
                claim.check(
                        "no such chain",
                        () -> assertPolicy("filter", "NOWHERE", "DROP"),
                        null,
                        "there is no such chain"));
    }

    private static Stream<Mutant> ruleHit() {
        String jump = "-m addrtype --dst-type LOCAL -j DOCKER";
        Mutant.Claim claim = new Mutant.Claim(
                "assertRuleHit",
                t -> quick(t).times(3).toPublishedPort(web, 80),
                () -> assertRuleHit("nat", "PREROUTING", jump));
        return Stream.of(
                claim.fault(
                        "rule deleted",
                        fw -> fw.delete("nat", "PREROUTING", jump),
                        Cause.NO_RULE,
                        "nearest",
                        "the chain holds no such rule"),
                claim.fault(
                        "rule shadowed by ACCEPT",
                        fw -> fw.insert("nat", "PREROUTING", "-p tcp -m tcp --dport " + hostPort(web) + " -j ACCEPT"),
                        Cause.RULE_SHADOWED,
                        "-j ACCEPT  stands before it"),
                claim.check(
                        "wrong times",
                        () -> assertRuleHit("nat", "PREROUTING", jump, times(4)),
                        Cause.RULE_NOT_HIT,
                        "only 3 met it"),
                claim.traffic("nothing sent", t -> {}, Cause.RULE_NOT_HIT, "nothing was sent by Traffic"),
                claim.midway(
                        "rule deleted and written again",
                        fw -> fw.rewrite("nat", "PREROUTING", jump),
                        t -> t.toPublishedPort(web, 80),
                        "the counter went backwards"),
                claim.midway(
                        "iptables -Z",
                        fw -> fw.zero("nat"),
                        t -> t.toPublishedPort(web, 80),
                        "the counter went backwards"),
                claim.unmeasured(
                        "probe never sent",
                        fw -> Mutant.NO_FAULT,
                        t -> t.from(routeless).toOutside(),
                        "no probe left its sender"));
    }

    private static Stream<Mutant> unchanged() {
        CounterSnapshot[] before = new CounterSnapshot[1];
        Traffic[] traffic = new Traffic[1];
        Mutant.Claim claim = new Mutant.Claim(
                "assertRulesetUnchanged",
                t -> {
                    traffic[0] = t;
                    before[0] = t.snapshot();
                },
                () -> assertRulesetUnchanged(before[0], traffic[0].snapshot()));
        Consumer<Traffic> keepBefore = t -> {};
        return Stream.of(
                claim.mutant(
                        "rule deleted",
                        fw -> fw.delete("nat", "DOCKER", dnatTo(web, 80)),
                        true,
                        keepBefore,
                        claim.check(),
                        AssertionFailedError.class,
                        null,
                        "ruleset changed in 1 place",
                        "- ",
                        dnatTo(web, 80)),
                claim.mutant(
                        "rule added",
                        fw -> fw.insert("filter", "DOCKER-USER", "-s 192.0.2.1 -j DROP"),
                        true,
                        keepBefore,
                        claim.check(),
                        AssertionFailedError.class,
                        null,
                        "ruleset changed in 1 place",
                        "+ ",
                        "192.0.2.1"),
                claim.mutant(
                        "policy changed",
                        fw -> fw.forwardPolicy("ACCEPT"),
                        true,
                        keepBefore,
                        claim.check(),
                        AssertionFailedError.class,
                        null,
                        "DROP -> ACCEPT"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mutants")
    void isNoticed(Mutant mutant, Traffic traffic) {
        LINES.add(mutant.mustBeNoticed(traffic, firewall, Map.of("%web%", address(web))));
    }

    private static Fault both(Fault first, Supplier<Fault> second) {
        try {
            return Firewall.both(first, second.get());
        } catch (RuntimeException | Error e) {
            first.close();
            throw e;
        }
    }

    private static Traffic quick(Traffic traffic) {
        return limited(traffic, 300);
    }

    private static Traffic limited(Traffic traffic, int milliseconds) {
        return traffic.limits(Duration.ofMillis(milliseconds), Duration.ofMillis(500), Duration.ofSeconds(5));
    }

    /** Call the published port past Traffic, as a health check might. */
    private static void strangers(GenericContainer<?> container, int calls) {
        for (int i = 0; i < calls; i++) {
            firewall.run("socat", "-u", "OPEN:/dev/null", "TCP4:" + gateway() + ":" + hostPort(container));
        }
    }

    private static String gateway() {
        return web.getContainerInfo()
                .getNetworkSettings()
                .getNetworks()
                .get("bridge")
                .getGateway();
    }

    private static String dnatTo(GenericContainer<?> container, int port) {
        return "--dport " + hostPort(container) + " -j DNAT --to-destination " + address(container) + ":" + port;
    }

    private static String masquerade(GenericContainer<?> container) {
        String bridge = container == onNetwork ? "br-" + NETWORK.getId().substring(0, 12) : "docker0";
        return "! -o " + bridge + " -j MASQUERADE";
    }

    private static int hostPort(GenericContainer<?> container) {
        return container.getMappedPort(80);
    }

    private static String udpHostPort() {
        return echo.getContainerInfo()
                .getNetworkSettings()
                .getPorts()
                .getBindings()
                .get(ExposedPort.udp(9053))[0]
                .getHostPortSpec();
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
