// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static io.github.countercheck.NetworkAssertions.assertPath;
import static io.github.countercheck.NetworkAssertions.times;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import io.github.countercheck.Firewall.Fault;
import io.github.countercheck.assertj.CountercheckAssertions;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.netns.OwnTable;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.session.Image;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.walk.PacketWalk;
import io.github.countercheck.walk.PacketWalk.Direction;
import io.github.countercheck.walk.PacketWalk.Endpoint;
import io.github.countercheck.walk.PacketWalk.Fate;
import io.github.countercheck.walk.PacketWalk.Origin;
import io.github.countercheck.walk.PacketWalk.Step;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.opentest4j.AssertionFailedError;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Container;

/**
 * The kernel's own report of what probes met, with faults in the daemon's real firewall. Of iptables-legacy it does not
 * report; there the walk of each probe's first packet is simulated, and says so.
 */
@ContainerNetworkTest(await = "200ms")
class TracedPathIT {

    private static final Duration SHORT = Duration.ofMillis(1500);
    private static final Network NETWORK = Network.newNetwork();

    @Container
    static final GenericContainer<?> web = TestWeb.container();

    @Container
    static final GenericContainer<?> onNetwork = TestWeb.container().withNetwork(NETWORK);

    @Container
    static final GenericContainer<?> echo = new GenericContainer<>(Image.TOOLBOX.reference())
            .withCommand("socat", "UDP4-RECVFROM:9053,fork", "EXEC:cat")
            .withCreateContainerCmdModifier(create -> create.withExposedPorts(ExposedPort.udp(9053))
                    .getHostConfig()
                    .withPortBindings(new PortBinding(Ports.Binding.empty(), ExposedPort.udp(9053))))
            .waitingFor(Wait.forSuccessfulCommand("grep -qi :235D /proc/net/udp"));

    private static TestDaemon daemon;
    private static Scene on;

    @BeforeAll
    static void open() {
        daemon = TestDaemon.open(web);
        on = daemon.scenes().get(0);
    }

    @AfterAll
    static void close() {
        if (daemon != null) {
            daemon.close();
        }
        NETWORK.close();
    }

    private static boolean isLegacy() {
        return "iptables-legacy".equals(System.getenv("COUNTERCHECK_BACKEND"));
    }

    /** The table stays for the tests of the class; no rule stays in it. */
    @AfterEach
    void noPacketIsTracedAnyMore() {
        assertThat(on.firewall().run("nft", "list", "ruleset")).doesNotContain("nftrace");
    }

    private static PacketWalk walk(Flow flow) {
        PacketWalk walk = flow.walk().orElseThrow();
        assertThat(walk.origin()).isEqualTo(isLegacy() ? Origin.SIMULATION : Origin.TRACE);
        assertThat(walk.steps()).extracting(Step::table).noneMatch(OwnTable::isOwn);
        return walk;
    }

    @Test
    void inbound(Traffic traffic) {
        Flow flow = traffic.traced().times(2).toPublishedPort(web, 80);

        assertPath(flow, RuleRole.NAT_JUMP_PRE, RuleRole.PORT_DNAT, RuleRole.PORT_ACCEPT);
        CountercheckAssertions.assertThat(flow).followedPath(RuleRole.PORT_DNAT, RuleRole.PORT_ACCEPT);
        assertThat(flow.walks()).hasSize(2);
        PacketWalk walk = walk(flow);
        assertThat(walk.fate()).isEqualTo(Fate.ACCEPTED);
        assertThat(walk.reason()).isEmpty();
        assertThat(walk.destination()).hasToString(on.address(web) + ":80");
        assertThat(walk.source())
                .isEqualTo(new Endpoint(
                        flow.probes().get(0).tuple().source(),
                        flow.probes().get(0).tuple().sourcePort()));
        assertThat(walk.firstPacket())
                .extracting(Step::hook)
                .startsWith(Hook.PREROUTING)
                .contains(Hook.FORWARD)
                .endsWith(Hook.POSTROUTING);
        assertThat(walk.steps())
                .allMatch(step -> step.position() > 0 || step.text().startsWith("policy "));
    }

    @Test
    void laterPacketsAndAnswers(Traffic traffic) {
        assumeFalse(isLegacy(), "a simulated walk is of the first packet alone");
        Flow flow = traffic.traced().toPublishedPort(web, 80);

        assertPath(flow, RuleRole.PORT_DNAT, RuleRole.PORT_ACCEPT, RuleRole.RETURN_TRAFFIC);
        assertThat(walk(flow).steps())
                .filteredOn(step -> step.direction() == Direction.REPLY)
                .extracting(step -> step.rule() == null ? null : step.rule().role())
                .containsAnyOf(RuleRole.OUTBOUND_ACCEPT, RuleRole.OUTBOUND_ESTABLISHED)
                .doesNotContain(RuleRole.PORT_DNAT);
    }

    @Test
    void aSimulatedWalkSaysThatItIsOne(Traffic traffic) {
        assumeTrue(isLegacy(), "the kernel reports of these rules");
        Flow flow = traffic.traced().toPublishedPort(web, 80);

        assertThat(walk(flow).inLines()).contains("simulated: packet 1 sent");
        assertThatThrownBy(() -> assertPath(flow, RuleRole.PORT_DNAT, RuleRole.RETURN_TRAFFIC))
                .isInstanceOf(AssertionFailedError.class)
                .hasMessageContaining("simulated: packet 1 sent");
    }

    @Test
    void inboundUdp(Traffic traffic) {
        Flow flow = traffic.udp().traced().toPublishedPort(echo, 9053);

        assertPath(flow, RuleRole.PORT_DNAT, RuleRole.PORT_ACCEPT);
        assertThat(walk(flow).fate()).isEqualTo(Fate.ACCEPTED);
        assertThat(walk(flow).destination()).hasToString(on.address(echo) + ":9053");
    }

    @Test
    void outbound(Traffic traffic) {
        Flow flow = traffic.from(web).traced().toOutside();

        assertPath(flow, RuleRole.OUTBOUND_ACCEPT, RuleRole.MASQUERADE);
        PacketWalk walk = walk(flow);
        assertThat(walk.fate()).isEqualTo(Fate.ACCEPTED);
        assertThat(walk.source()).isNotNull();
        assertThat(walk.source().address()).isEqualTo(flow.sourceSeen().orElseThrow());
        if (!isLegacy()) {
            assertThat(walk.steps())
                    .filteredOn(step -> step.direction() == Direction.REPLY)
                    .extracting(step -> step.rule() == null ? null : step.rule().role())
                    .contains(RuleRole.RETURN_TRAFFIC);
        }
    }

    /** With docker-proxy a container that calls its own published port is not translated. */
    @Test
    void hairpin(Traffic traffic) {
        Flow flow = traffic.from(web).traced().toPublishedPort(web, 80);

        if (!on.proxy()) {
            assertPath(flow, RuleRole.NAT_JUMP_PRE, RuleRole.PORT_DNAT, RuleRole.HAIRPIN_SELF);
            return;
        }
        assertPath(flow, RuleRole.NAT_JUMP_PRE);
        assertThat(walk(flow).firstPacket()).extracting(Step::hook).doesNotContain(Hook.FORWARD);
        assertThatThrownBy(() -> assertPath(flow, RuleRole.PORT_DNAT)).isInstanceOf(AssertionFailedError.class);
        if (on.rules().has(RuleRole.SKIP_DNAT)) {
            assertPath(flow, RuleRole.NAT_JUMP_PRE, RuleRole.SKIP_DNAT);
        }
    }

    @Test
    void fromTheHost(Traffic traffic) {
        Flow flow = traffic.from(Vantage.HOST).traced().toPublishedPort(web, 80);

        assertPath(flow, RuleRole.NAT_JUMP_OUT, RuleRole.PORT_DNAT);
        assertThat(walk(flow).firstPacket()).extracting(Step::hook).startsWith(Hook.OUTPUT);
    }

    @Test
    void fromANetworkToAnother(Traffic traffic) {
        Flow flow = traffic.from(onNetwork)
                .traced()
                .limits(SHORT, SHORT, SHORT.multipliedBy(4))
                .to(on.address(web), 80);

        if (on.rules().has(RuleRole.DIRECT_ACCESS_DROP)) {
            assertPath(flow, RuleRole.DIRECT_ACCESS_DROP);
        } else {
            assertPath(flow, RuleRole.ISOLATION_FROM, RuleRole.ISOLATION_DROP);
        }
        assertThat(walk(flow).fate()).isEqualTo(Fate.DROPPED);
    }

    private static Fault first(TestRule rule) {
        return on.rules().first("filter", Hook.FORWARD, rule);
    }

    @Test
    void droppedByTheUsersRule(Traffic traffic) {
        try (Fault drop = first(TestRule.toPort(Transport.TCP, 80).drop())) {
            assertThat(drop).isNotNull();
            Flow flow =
                    traffic.traced().limits(SHORT, SHORT, SHORT.multipliedBy(4)).toPublishedPort(web, 80);

            assertPath(flow, RuleRole.PORT_DNAT, RuleRole.FOREIGN);
            PacketWalk walk = walk(flow);
            assertThat(flow.outcome()).isEqualTo(Outcome.TIMED_OUT);
            assertThat(walk.fate()).isEqualTo(Fate.DROPPED);
            assertThat(walk.reason()).contains("FORWARD").contains("dport 80 ");
            assertThatThrownBy(() -> assertPath(flow, RuleRole.PORT_DNAT, RuleRole.PORT_ACCEPT))
                    .isInstanceOf(AssertionFailedError.class)
                    .hasMessageContaining("expected  PORT_DNAT -> PORT_ACCEPT")
                    .hasMessageContaining("because   DROPPED before it could meet PORT_ACCEPT: ")
                    .hasMessageContaining("   -> DROP   # FOREIGN");
        }
    }

    @Test
    void rejected(Traffic traffic) {
        try (Fault reject = first(TestRule.toPort(Transport.TCP, 80).reject())) {
            assertThat(reject).isNotNull();
            Flow flow = traffic.traced().toPublishedPort(web, 80);

            assertThat(flow.outcome()).isEqualTo(Outcome.REFUSED);
            assertThat(walk(flow).fate()).isEqualTo(Fate.REJECTED);
        }
    }

    @Test
    void ruleGone(Traffic traffic) {
        try (Fault gone = on.rules().delete(on.dnat(web))) {
            assertThat(gone).isNotNull();
            Flow flow = traffic.traced().toPublishedPort(web, 80);

            assertThat(flow.answered())
                    .as("docker-proxy answers, or without it the daemon, which holds the port")
                    .isTrue();
            assertThatThrownBy(() -> assertPath(flow, RuleRole.PORT_DNAT))
                    .isInstanceOf(AssertionFailedError.class)
                    .hasMessageContaining("because   NOT_MET: no packet that was sent met a rule of role PORT_DNAT")
                    .hasMessageContaining("# NAT_JUMP_PRE");
            assertThatThrownBy(() -> assertDnatHit(flow, web, 80, times(1))).hasMessageContaining("packet 1 sent");
        }
    }

    @Test
    void ruleShadowed(Traffic traffic) {
        try (Fault early = first(TestRule.all().accept())) {
            assertThat(early).isNotNull();
            Flow flow = traffic.traced().toPublishedPort(web, 80);

            assertThat(flow.answered()).isTrue();
            assertPath(flow, RuleRole.PORT_DNAT, RuleRole.FOREIGN);
            assertThatThrownBy(() -> assertPath(flow, RuleRole.PORT_DNAT, RuleRole.PORT_ACCEPT))
                    .isInstanceOf(AssertionFailedError.class)
                    .hasMessageContaining("   -> ACCEPT   # FOREIGN");
        }
    }

    @Test
    void orderMatters(Traffic traffic) {
        Flow flow = traffic.traced().toPublishedPort(web, 80);

        assertThatThrownBy(() -> assertPath(flow, RuleRole.PORT_ACCEPT, RuleRole.PORT_DNAT))
                .isInstanceOf(AssertionFailedError.class)
                .hasMessageContaining("because   ORDER: PORT_DNAT was met, but before PORT_ACCEPT");
    }

    @Test
    void nativeTable(Traffic traffic) {
        on.firewall()
                .run(
                        "nft",
                        "table inet mine { chain early { type filter hook prerouting priority -250; tcp dport != 1 jump more; };"
                                + " chain more { meta l4proto tcp counter accept; }; }");
        try {
            Flow flow = traffic.traced().toPublishedPort(web, 80);

            assertPath(flow, RuleRole.PORT_DNAT, RuleRole.PORT_ACCEPT);
            assertThat(walk(flow).firstPacket())
                    .filteredOn(step -> step.table().equals("mine"))
                    .extracting(step -> step.chain() + " " + step.position() + " " + step.verdict())
                    .containsExactly("early 1 JUMP more", "more 1 ACCEPT");
        } finally {
            on.firewall().run("nft", "delete", "table", "inet", "mine");
        }
    }

    @Test
    void notTraced(Traffic traffic) {
        Flow flow = traffic.toPublishedPort(web, 80);

        assertThat(flow.walk()).isEmpty();
        assertThatThrownBy(() -> assertPath(flow, RuleRole.PORT_DNAT))
                .isInstanceOf(CountercheckException.class)
                .hasMessageContaining("traffic.traced()");
    }
}
