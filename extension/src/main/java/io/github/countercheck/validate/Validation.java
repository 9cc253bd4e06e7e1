// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import com.github.dockerjava.api.exception.DockerException;
import io.github.countercheck.CountercheckException;
import io.github.countercheck.daemon.DaemonConfig;
import io.github.countercheck.daemon.DaemonContainer;
import io.github.countercheck.daemon.EngineVersion;
import io.github.countercheck.daemon.PathId;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.session.DaemonSession;
import io.github.countercheck.session.Settings;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apiguardian.api.API;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.testcontainers.containers.ContainerLaunchException;

/**
 * Starts each engine with each configuration, sends packets on every path, and reports.
 *
 * <p>Twice as many daemons run at once as the machine has processors, for part of the time is spent waiting for answers that
 * do not come; they do not see one another.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class Validation {

    private static final Logger LOG = LoggerFactory.getLogger(Validation.class);

    private final Consumer<String> progress;

    /** Makes one that tells its progress there, a line at a time, on several threads. */
    public Validation(Consumer<String> progress) {
        this.progress = progress;
    }

    /**
     * Measures each engine with each configuration.
     *
     * @param engines their versions ({@code 28.5}) or images
     * @param configs the configurations
     * @return a report for each pair, those of one engine together, in the order given
     */
    public List<DaemonReport> run(List<String> engines, List<DaemonConfig> configs) {
        int total = engines.size() * configs.size();
        AtomicInteger done = new AtomicInteger();
        ExecutorService pool = Executors.newFixedThreadPool(
                Math.min(total, 2 * Runtime.getRuntime().availableProcessors()));
        try {
            List<Future<DaemonReport>> reports = new ArrayList<>();
            for (String engine : engines) {
                for (DaemonConfig config : configs) {
                    reports.add(pool.submit(() -> {
                        progress.accept("starting Engine " + engine + " with " + config.file());
                        DaemonReport report = one(engine, config);
                        progress.accept(String.format(
                                Locale.ROOT,
                                "%d of %d  %s",
                                done.incrementAndGet(),
                                total,
                                Table.summary(List.of(report)).strip()));
                        return report;
                    }));
                }
            }
            List<DaemonReport> results = new ArrayList<>();
            for (Future<DaemonReport> report : reports) {
                results.add(report.get());
            }
            return results;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CountercheckException("interrupted before all daemons were measured", "run it again", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } finally {
            pool.shutdownNow();
        }
    }

    private static DaemonReport one(String engine, DaemonConfig config) {
        Stopwatch watch = new Stopwatch();
        DaemonReport report = measured(engine, config, watch);
        watch.spent(Phase.REMOVAL);
        return report.spending(watch.spent());
    }

    private static DaemonReport measured(String engine, DaemonConfig config, Stopwatch watch) {
        try (DaemonContainer daemon = new DaemonContainer(engine).withConfig(config)) {
            daemon.start();
            String version = daemon.client().versionCmd().exec().getVersion();
            watch.spent(Phase.DOCKERD);
            return measured(daemon, EngineVersion.parse(version), config, watch);
        } catch (CountercheckException e) {
            return unmeasured(engine, config, e.problem());
        } catch (RuntimeException e) {
            // What goes wrong with one of them takes nothing from the others.
            LOG.error("{} with {}", engine, config, e);
            return unmeasured(engine, config, "not expected: " + rootMessage(e));
        }
    }

    private static DaemonReport measured(
            DaemonContainer daemon, EngineVersion engine, DaemonConfig config, Stopwatch watch) {
        try (DaemonSession session = DaemonSession.open(Settings.from(key -> Optional.empty()), daemon.host())) {
            Scene scene = Scene.start(daemon, config);
            try (Measuring measuring = Measuring.begin(scene, config, engine, session)) {
                watch.spent(Phase.CONTAINERS);
                return new DaemonReport(
                        engine.toString(),
                        measuring.backend(),
                        config.file(),
                        measuring.measure(EnumSet.allOf(PathId.class), watch),
                        measuring.chance(),
                        Map.of());
            }
        } catch (CountercheckException e) {
            return unmeasured(engine.toString(), config, e.problem());
        } catch (ContainerLaunchException | DockerException e) {
            return unmeasured(engine.toString(), config, "the daemon refused: " + rootMessage(e));
        }
    }

    private static String rootMessage(Throwable e) {
        Throwable root = e;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getMessage() == null ? root.toString() : root.getMessage();
    }

    private static DaemonReport unmeasured(String engine, DaemonConfig config, String reason) {
        List<ProbeReport> probes = new ArrayList<>();
        for (Family family : config.ipv6() ? List.of(Family.IPV4, Family.IPV6) : List.of(Family.IPV4)) {
            for (PathId path : PathId.values()) {
                for (Transport transport : List.of(Transport.TCP, Transport.UDP)) {
                    probes.add(new ProbeReport(path, family, transport, null, List.of(), null, reason));
                }
            }
        }
        return new DaemonReport(engine, null, config.file(), probes, Map.of(), Map.of());
    }
}
