// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import io.github.countercheck.benchmarks.Contest.Side;
import io.github.countercheck.netns.NetfilterCounterSource;
import io.github.countercheck.netns.Toolbox;
import io.github.countercheck.session.DaemonSession;
import io.github.countercheck.session.Image;
import java.util.List;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;

/**
 * What is paid once in a JVM, beside the start of one container by hand. A test has a container, whichever of the two is started
 * first: what starting it has Testcontainers' client load and prepare is paid without the extension as well.
 */
final class FirstUse implements Group {

    @Override
    public String title() {
        return "first use in a JVM";
    }

    @Override
    public void measure(Plan plan) throws Exception {
        String image = Image.TOOLBOX.reference();
        List<Sample> took = Contest.inTurn(
                1,
                plan.rounds(7, 2),
                new Side(
                        "in a fresh JVM in which Testcontainers has started a container: tool container up, first snapshot",
                        "ms",
                        () -> first("toolbox", "after-a-container")),
                new Side("`docker run --detach --network host` of the same image", "ms", () -> dockerRun(image)),
                new Side(
                        "the same where rules are read locally: daemon found, first snapshot",
                        "ms",
                        () -> first("local", "after-a-container")),
                new Side(
                        "in a fresh JVM that has a Docker client and nothing more: tool container up, first snapshot",
                        "ms",
                        () -> first("toolbox", "before-any-container")));
        plan.report(Figure.ofRatio("first-use", Goal.atMost(1.2), took.get(0), took.get(1)));
        plan.report(Figure.ofRatio("first-use-local", null, took.get(2), took.get(1)));
        plan.report(Figure.ofRatio("first-use-before-any-container", null, took.get(3), took.get(1))
                .withRemark("the first container of the test is started so much sooner"));
    }

    private static double first(String... arguments) throws Exception {
        return Double.parseDouble(Programs.inAnotherJvm(FirstUseMain.class, arguments));
    }

    private static double dockerRun(String image) throws Exception {
        long begin = System.nanoTime();
        String id = Programs.output("docker", "run", "--detach", "--network", "host", image)
                .strip();
        double took = Contest.millisecondsSince(begin);
        Programs.output("docker", "rm", "--force", id);
        return took;
    }

    /** What the other JVM runs. */
    static final class FirstUseMain {

        private FirstUseMain() {}

        public static void main(String[] arguments) {
            DockerClientFactory.instance().client();
            if (arguments[1].equals("after-a-container")) {
                try (GenericContainer<?> container = Web.container()) {
                    container.start();
                }
            }
            long begin = System.nanoTime();
            if (arguments[0].equals("toolbox")) {
                try (NetfilterCounterSource source =
                        new NetfilterCounterSource(Toolbox.inDaemonsNetwork(Image.TOOLBOX.reference()))) {
                    source.read();
                    print(begin);
                }
            } else {
                try (DaemonSession session = DaemonSession.open(Waiting.SETTINGS)) {
                    session.counters().read();
                    print(begin);
                }
            }
        }

        private static void print(long begin) {
            System.out.println(Contest.millisecondsSince(begin));
        }
    }
}
