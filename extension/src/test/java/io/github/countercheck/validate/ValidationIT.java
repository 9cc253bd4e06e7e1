// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.github.countercheck.daemon.DaemonConfig;
import io.github.countercheck.daemon.DaemonContainer;
import io.github.countercheck.daemon.EngineVersion;
import io.github.countercheck.daemon.Mechanism;
import io.github.countercheck.daemon.PathId;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.session.DaemonSession;
import io.github.countercheck.session.Settings;
import io.github.countercheck.traffic.Outcome;
import java.io.IOException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.Container.ExecResult;

/** One engine as it should be, the same with a rule taken away behind its back, and one that does not start. */
class ValidationIT {

    private static final String ENGINE = "28.5";

    @Test
    void everyPathIsAsPromisedUntilARuleIsGone() throws Exception {
        DaemonConfig config = DaemonConfig.parse("default.json", "{}");
        try (DaemonContainer daemon = new DaemonContainer(ENGINE).withConfig(config.text())) {
            daemon.start();
            EngineVersion version =
                    EngineVersion.parse(daemon.client().versionCmd().exec().getVersion());
            try (DaemonSession session = DaemonSession.open(Settings.from(key -> Optional.empty()), daemon.host());
                    Measuring measuring = Measuring.begin(Scene.start(daemon, config), config, version, session)) {
                assertThat(measuring.measure(EnumSet.allOf(PathId.class)))
                        .hasSize(2 * PathId.values().length)
                        .allSatisfy(probe ->
                                assertThat(probe.verdict()).as(probe.toString()).isEqualTo(Verdict.PASS));

                removeTranslationOfTcp(daemon);

                List<ProbeReport> broken = measuring.measure(Set.of(PathId.EXTERNAL_TO_PUBLISHED));
                assertThat(broken)
                        .extracting(ProbeReport::protocol, ProbeReport::verdict)
                        .containsExactly(tuple(Transport.TCP, Verdict.FAIL), tuple(Transport.UDP, Verdict.PASS));
                ProbeReport failed = broken.get(0);
                assertThat(failed.measured())
                        .extracting(Way::outcome, Way::mechanism)
                        .containsExactly(Outcome.ANSWERED, Mechanism.DOCKER_PROXY);
                assertThat(failed.cause())
                        .startsWith(
                                "NO_RULE: Docker says the port is published, but no rule of the nat table translates")
                        .contains("; trace: nat/PREROUTING#1 JUMP DOCKER, ");
            }
        }
    }

    private static void removeTranslationOfTcp(DaemonContainer daemon) throws IOException, InterruptedException {
        ExecResult removed = daemon.execInContainer(
                "/bin/sh",
                "-c",
                "rule=$(iptables -t nat -S DOCKER | grep -e '-p tcp.*--dport " + Scene.PUBLISHED_PORT
                        + " ') && iptables -t nat -D ${rule#-A }");
        assertThat(removed.getExitCode()).as(removed.toString()).isZero();
    }

    @Test
    void ofADaemonThatDoesNotStartNothingIsMeasuredAndItIsSaidWhy() {
        List<DaemonReport> reports = new Validation(line -> {})
                .run(
                        List.of(ENGINE, "countercheck/no-engine:1"),
                        List.of(
                                DaemonConfig.parse("misspelt.json", "{\"userland-prox\": false}"),
                                DaemonConfig.parse("elsewhere.json", "{\"hosts\": [\"unix:///run/elsewhere.sock\"]}")));

        assertThat(reports).extracting(DaemonReport::verdict).containsOnly(Verdict.UNMEASURED);
        assertThat(reports)
                .extracting(ValidationIT::cause)
                .satisfiesExactly(
                        misspelt -> assertThat(misspelt)
                                .contains(
                                        "the following directives don't match any configuration option: userland-prox"),
                        elsewhere -> assertThat(elsewhere)
                                .matches(
                                        "Engine 28\\.5\\S* does not listen at unix:///var/run/docker.sock, where it is asked"),
                        absent -> assertThat(absent)
                                .startsWith("there is no image countercheck/no-engine:1, and it cannot be pulled: "),
                        absent -> assertThat(absent).startsWith("there is no image countercheck/no-engine:1"));
        assertThat(reports)
                .extracting(DaemonReport::elapsed)
                .allSatisfy(elapsed ->
                        assertThat(elapsed).as("no time limit is waited for").isLessThan(Duration.ofSeconds(60)));
    }

    private static String cause(DaemonReport report) {
        assertThat(report.probes()).hasSize(2 * PathId.values().length);
        return report.probes().stream().map(ProbeReport::cause).distinct().collect(Collectors.joining("\n"));
    }
}
