// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.NetworkAssertions;
import io.github.countercheck.daemon.DaemonConfig;
import io.github.countercheck.daemon.DaemonContainer;
import io.github.countercheck.daemon.EngineVersion;
import io.github.countercheck.daemon.PathId;
import io.github.countercheck.diagnosis.FailureText;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.session.DaemonSession;
import io.github.countercheck.snapshot.CounterSnapshot;
import java.net.InetAddress;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.apiguardian.api.API;
import org.opentest4j.AssertionFailedError;

/**
 * The paths of packets in a daemon under test, with what its configuration promises of them; a parameter of the contracts'
 * tests.
 *
 * <p>Its own containers are started in the daemon when it is first taken. Packets are sent on a path when it is asserted, over
 * each family that the configuration gives the daemon, TCP and UDP.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class PromisedPaths {

    private final String daemon;
    private final DaemonConfig config;
    private final DaemonSession session;
    private final Scene scene;
    private final Measuring measuring;

    private PromisedPaths(String daemon, DaemonConfig config, DaemonSession session, Scene scene, Measuring measuring) {
        this.daemon = daemon;
        this.config = config;
        this.session = session;
        this.scene = scene;
        this.measuring = measuring;
    }

    /** Starts the containers. They go with the daemon; the session stays the caller's. */
    @API(status = API.Status.INTERNAL, since = "0.1")
    public static PromisedPaths start(DaemonContainer daemon, DaemonConfig config, DaemonSession session) {
        EngineVersion engine =
                EngineVersion.parse(daemon.client().versionCmd().exec().getVersion());
        Scene scene = Scene.start(daemon, config);
        return new PromisedPaths(
                "Engine " + engine + " with " + config.file(),
                config,
                session,
                scene,
                Measuring.begin(scene, config, engine, session));
    }

    /** Returns the daemon's configuration. */
    public DaemonConfig config() {
        return config;
    }

    /**
     * Sends on these paths and asserts that the packets do what the configuration promises: that they are answered, by way of
     * DNAT, docker-proxy or neither, with the promised source address; or that they are stopped, by the rule that is to stop
     * them.
     *
     * @return what was measured
     * @throws AssertionFailedError if one of them does something else, with the cause
     * @throws CountercheckException if one of them could not be measured
     */
    public List<ProbeReport> assertKept(PathId first, PathId... more) {
        return requireKept(measuring.measure(EnumSet.of(first, more)), probe -> true);
    }

    /**
     * Asserts that the daemon is without IPv6 where its configuration is, and that otherwise these paths keep over IPv6 what is
     * promised of them.
     */
    public void assertKeptOverIpv6(PathId first, PathId... more) {
        if (config.ipv6()) {
            requireKept(measuring.measure(EnumSet.of(first, more)), probe -> probe.family() == Family.IPV6);
            return;
        }
        List<InetAddress> addresses = measuring.known(scene.server()).addresses().stream()
                .filter(address -> Family.of(address) == Family.IPV6)
                .toList();
        if (!addresses.isEmpty()) {
            throw new AssertionFailedError(new FailureText(daemon + " has IPv6, which is not switched on")
                    .line("expected", "containers without an IPv6 address")
                    .line("actual", addresses.stream().map(Cidr::format).collect(Collectors.joining(", ")))
                    .toString());
        }
    }

    /**
     * Asserts that a rule for return traffic lets in what is answered to a container that called somebody outside, and the
     * further packets of a connection to a published port; or, where the daemon writes no rules, that none counts.
     */
    public void assertReturnTraffic() {
        for (ProbeReport probe : assertKept(PathId.EXTERNAL_TO_PUBLISHED, PathId.CONTAINER_TO_OUTSIDE)) {
            boolean counted =
                    probe.rules().stream().anyMatch(hit -> hit.role() == RuleRole.RETURN_TRAFFIC && hit.hits() > 0);
            if (counted != returnTrafficIsPromised(probe)) {
                throw new AssertionFailedError(new FailureText(
                                daemon + ": return traffic of " + name(probe) + (counted ? " counted" : " not counted"))
                        .line("expected", counted ? "no such rule" : "a RETURN_TRAFFIC rule that counts it")
                        .line(
                                "actual",
                                probe.rules().stream()
                                        .map(hit -> hit.location() + "  " + hit.rule() + "  +" + hit.hits())
                                        .collect(Collectors.joining("\n")))
                        .toString());
            }
        }
    }

    /** To a published port one datagram is all that comes. Where docker-proxy carries it, nothing is forwarded at all. */
    private static boolean returnTrafficIsPromised(ProbeReport probe) {
        Way way = probe.measured();
        if (way == null) {
            return false;
        }
        return switch (way.mechanism()) {
            case DNAT -> probe.protocol() == Transport.TCP;
            case MASQUERADE -> true;
            default -> false;
        };
    }

    /**
     * Restarts the daemon and asserts that it has the same rules as before, when the containers run again that live-restore did
     * not keep.
     */
    public void assertSameRulesAfterRestart() {
        CounterSnapshot before = session.counters().read();
        scene.restart();
        NetworkAssertions.assertRulesetUnchanged(before, session.counters().read());
    }

    private List<ProbeReport> requireKept(List<ProbeReport> all, Predicate<ProbeReport> which) {
        List<ProbeReport> probes = all.stream().filter(which).toList();
        List<ProbeReport> failed = of(probes, Verdict.FAIL);
        if (!failed.isEmpty()) {
            throw failure(failed);
        }
        List<ProbeReport> unmeasured = of(probes, Verdict.UNMEASURED);
        if (!unmeasured.isEmpty()) {
            throw new CountercheckException(
                    daemon + ": " + name(unmeasured.get(0)) + ": "
                            + unmeasured.get(0).cause(),
                    "see in the daemon's log whether it is well");
        }
        return probes;
    }

    private static List<ProbeReport> of(List<ProbeReport> probes, Verdict verdict) {
        return probes.stream().filter(probe -> probe.verdict() == verdict).toList();
    }

    private AssertionFailedError failure(List<ProbeReport> failed) {
        String expected = failed.stream().map(p -> String.valueOf(p.expected())).collect(Collectors.joining("\n"));
        String actual = failed.stream().map(p -> String.valueOf(p.measured())).collect(Collectors.joining("\n"));
        FailureText text = new FailureText(daemon + " does not keep what it promises of "
                        + failed.stream().map(PromisedPaths::name).collect(Collectors.joining(", ")))
                .line("expected", expected)
                .line("actual", actual)
                .line(
                        "because",
                        failed.stream().map(p -> String.valueOf(p.cause())).collect(Collectors.joining("\n")));
        return new AssertionFailedError(text.toString(), expected, actual);
    }

    private static String name(ProbeReport probe) {
        return probe.id() + "/" + probe.protocol().toString().toLowerCase(Locale.ROOT) + " over "
                + probe.family().inWords();
    }

    /** Names the daemon. */
    @Override
    public String toString() {
        return daemon;
    }
}
