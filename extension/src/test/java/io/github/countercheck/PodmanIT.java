// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static io.github.countercheck.NetworkAssertions.assertForwardAccepted;
import static io.github.countercheck.NetworkAssertions.assertMasqueraded;
import static io.github.countercheck.NetworkAssertions.assertNoDnatHit;
import static io.github.countercheck.NetworkAssertions.assertOutboundAccepted;
import static io.github.countercheck.NetworkAssertions.assertPath;
import static io.github.countercheck.NetworkAssertions.assertReturnTrafficAccepted;
import static io.github.countercheck.NetworkAssertions.times;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.opentest4j.AssertionFailedError;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.junit.jupiter.Container;

/**
 * The claims on Podman's rules, which netavark writes with either driver: {@code ci/with-docker --podman nftables} or {@code
 * iptables}. The rules of the first have no counters, so there conntrack decides or nobody.
 */
@ContainerNetworkTest(await = "200ms")
class PodmanIT {

    private static final boolean COUNTED = !"nftables".equals(System.getenv("COUNTERCHECK_BACKEND"));

    @Container
    static final GenericContainer<?> web = TestWeb.container();

    @Container
    static final GenericContainer<?> other = TestWeb.container();

    private static Firewall firewall;

    @BeforeAll
    static void open() {
        assumeTrue(
                Objects.requireNonNullElse(System.getenv("COUNTERCHECK_ENGINE"), "")
                        .startsWith("podman-"),
                "the engine is not Podman; run with ci/with-docker --podman nftables");
        firewall = Firewall.open();
    }

    @AfterAll
    static void close() {
        if (firewall != null) {
            firewall.close();
        }
    }

    private static void provedBy(Proof proof) {
        assertThat(proof.rules()).isNotEmpty();
        if (COUNTED) {
            assertThat(proof.witnesses()).contains(Proof.Witness.COUNTER);
        } else {
            assertThat(proof.witnesses()).containsExactly(Proof.Witness.CONNTRACK);
        }
    }

    @Test
    void publishedPort(Traffic traffic) {
        Flow flow = traffic.times(2).toPublishedPort(web, 80);

        assertThat(flow.answered()).as(flow::toString).isTrue();
        provedBy(assertDnatHit(web, 80, times(2)));
        provedBy(assertDnatHit(flow, web, 80));
        // No rule is there for it, so that no counter is either.
        Proof forwarded = assertForwardAccepted(web, 80, times(2));
        assertThat(forwarded.rules()).isEmpty();
        assertThat(forwarded.witnesses()).containsExactly(Proof.Witness.CONNTRACK);
        provedBy(assertReturnTrafficAccepted(web));
        if (COUNTED) {
            assertNoDnatHit(other, 80);
        } else {
            assertThatExceptionOfType(CountercheckException.class)
                    .isThrownBy(() -> assertNoDnatHit(other, 80))
                    .withMessageContaining("not counted");
        }
        assertThatExceptionOfType(AssertionFailedError.class)
                .isThrownBy(() -> assertDnatHit(web, 80, times(3)))
                .withMessageContaining("DNAT not hit for container web")
                .withMessageContaining("exactly 3 new flow");
    }

    @Test
    void outbound(Traffic traffic) {
        Flow flow = traffic.from(web).toOutside();

        assertThat(flow.answered()).as(flow::toString).isTrue();
        assertThat(flow.sourceSeen()).isPresent();
        provedBy(assertMasqueraded(web, times(1)));
        provedBy(assertMasqueraded(flow, web));
        provedBy(assertOutboundAccepted(web));
        provedBy(assertReturnTrafficAccepted(web));
    }

    @Test
    void whatHasNoCounterIsNotTakenForZero(Traffic traffic) {
        assumeFalse(COUNTED, "the rules of this driver count");
        firewall.run(
                "socat",
                "-u",
                "OPEN:/dev/null",
                "TCP4:" + Cidr.format(PathCounts.gateway(web, Family.IPV4)) + ":" + web.getMappedPort(80));

        assertThatExceptionOfType(CountercheckException.class)
                .isThrownBy(() -> assertDnatHit(web, 80))
                .withMessageContaining("not counted: the rule has no counter: ");
        traffic.toPublishedPort(other, 80);
        assertThatExceptionOfType(CountercheckException.class)
                .isThrownBy(() -> assertDnatHit(web, 80))
                .withMessageContaining("not counted");
        assertThatExceptionOfType(CountercheckException.class)
                .isThrownBy(() -> assertForwardAccepted(web, 80))
                .withMessageContaining("not counted: Podman writes no rule that accepts new flows to a port");
    }

    @Test
    void wayThroughTheRules(Traffic traffic) {
        assertPath(traffic.traced().toPublishedPort(web, 80), RuleRole.PORT_DNAT, RuleRole.RETURN_TRAFFIC);
        assertPath(traffic.traced().from(web).toOutside(), RuleRole.OUTBOUND_ACCEPT, RuleRole.MASQUERADE);
    }
}
