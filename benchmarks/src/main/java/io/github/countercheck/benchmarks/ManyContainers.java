// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import static io.github.countercheck.NetworkAssertions.assertDnatHit;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import io.github.countercheck.Measurement;
import io.github.countercheck.netns.LocalNetns;
import io.github.countercheck.netns.NetfilterCounterSource;
import io.github.countercheck.session.DaemonSession;
import io.github.countercheck.session.Image;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;

/**
 * What an assertion takes as more and more containers with published ports run beside the one that it is about. They stay until
 * the daemon goes, so this comes last.
 */
final class ManyContainers implements Group {

    private static final Duration AWAIT = Duration.ofSeconds(10);
    private static final int AT_ONCE = 4;
    private static final int CONSTANT = 300;

    /**
     * What was measured with that many. The stages cannot take turns, so each has something that costs the same in all of them
     * take turns with it.
     *
     * @param constant what takes turns: a snapshot of other rules
     */
    private record Stage(int containers, long rules, Sample assertion, Sample baseline, Sample constant) {}

    @Override
    public String title() {
        return "many containers on one daemon";
    }

    @Override
    public void measure(Plan plan) throws Exception {
        List<Integer> counts = plan.quick() ? List.of(2, 20, 40) : List.of(2, 50, 100, 150, 200);
        List<Stage> stages = new ArrayList<>();
        try (GenericContainer<?> web = Web.container();
                DaemonSession session = DaemonSession.open(Waiting.SETTINGS);
                Namespace namespace = Namespace.open();
                NetfilterCounterSource constant = new NetfilterCounterSource(new LocalNetns(namespace.pid()))) {
            Namespace.restore(namespace.pid(), "iptables-nft-restore", new RulesetOfSize(CONSTANT).iptablesSave());
            web.start();
            // To warm up: what it gives is thrown away.
            stage(plan.rounds(100, 10), session, web, 1, constant);
            int running = 1;
            for (int count : counts) {
                startMore(count - running);
                running = count;
                stages.add(stage(plan.rounds(31, 9), session, web, count, constant));
            }
        }
        Stage few = stages.get(0);
        Stage many = stages.get(stages.size() - 1);
        String name = "assertion-with-" + many.containers() + "-containers";
        plan.report(Figure.ofMedians(
                        name, Goal.atMost(2), many.assertion(), few.assertion(), many.constant(), few.constant())
                .withRemark(
                        "one after the other, each in turn with a snapshot of other rules, by which the ratio is put right: "
                                + fit(stages)));
        plan.report(Figure.ofMedians(
                "baseline-with-" + many.containers() + "-containers",
                null,
                many.baseline(),
                few.baseline(),
                many.constant(),
                few.constant()));
    }

    private static Stage stage(
            int rounds, DaemonSession session, GenericContainer<?> web, int containers, NetfilterCounterSource constant)
            throws Exception {
        List<Double> assertions = new ArrayList<>();
        List<Double> baselines = new ArrayList<>();
        List<Double> constants = new ArrayList<>();
        long rules = 0;
        for (int round = -5; round < rounds; round++) {
            long begin = System.nanoTime();
            constant.read();
            double other = Contest.millisecondsSince(begin);
            begin = System.nanoTime();
            try (Measurement measurement = Measurement.open(session, AWAIT, Map::of)) {
                double baseline = Contest.millisecondsSince(begin);
                rules = LocalReads.count(measurement.baseline());
                measurement.traffic().toPublishedPort(web, Web.PORT);
                begin = System.nanoTime();
                assertDnatHit(web, Web.PORT);
                if (round >= 0) {
                    assertions.add(Contest.millisecondsSince(begin));
                    baselines.add(baseline);
                    constants.add(other);
                }
            }
        }
        String with = " with " + containers + " containers, " + rules + " rules";
        return new Stage(
                containers,
                rules,
                new Sample("assertDnatHit of one container" + with, "ms", assertions),
                new Sample("the baseline of a test" + with, "ms", baselines),
                new Sample("a snapshot of " + CONSTANT + " other rules", "ms", constants));
    }

    private static String fit(List<Stage> stages) {
        LinearFit fit = LinearFit.of(
                stages.stream().map(stage -> (double) stage.rules()).toList(),
                stages.stream().map(stage -> stage.assertion().median()).toList());
        StringBuilder text = new StringBuilder();
        stages.forEach(stage -> text.append(String.format(
                Locale.ROOT,
                "%d rules %.1f ms, ",
                stage.rules(),
                stage.assertion().median())));
        return text.append(String.format(
                        Locale.ROOT,
                        "fit %.1f ms + %.1f µs per rule, R² %.2f",
                        fit.intercept(),
                        fit.slope() * 1000,
                        fit.determination()))
                .toString();
    }

    private static void startMore(int count) throws Exception {
        DockerClient client = DockerClientFactory.instance().client();
        ExecutorService starters = Executors.newFixedThreadPool(AT_ONCE);
        try {
            List<Callable<Void>> starts = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                starts.add(() -> {
                    start(client);
                    return null;
                });
            }
            for (Future<Void> started : starters.invokeAll(starts)) {
                started.get();
            }
        } finally {
            starters.shutdownNow();
        }
    }

    private static void start(DockerClient client) {
        ExposedPort port = ExposedPort.tcp(Web.PORT);
        String id = client.createContainerCmd(Image.TOOL_LESS.reference())
                .withExposedPorts(port)
                .withHostConfig(
                        HostConfig.newHostConfig().withPortBindings(new PortBinding(Ports.Binding.empty(), port)))
                .exec()
                .getId();
        client.startContainerCmd(id).exec();
    }
}
