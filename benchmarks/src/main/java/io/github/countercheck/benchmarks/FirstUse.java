// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import io.github.countercheck.benchmarks.Contest.Side;
import io.github.countercheck.netns.NetfilterCounterSource;
import io.github.countercheck.netns.Toolbox;
import io.github.countercheck.session.DaemonSession;
import io.github.countercheck.session.Image;
import java.util.List;
import org.testcontainers.DockerClientFactory;

/** What is paid once in a JVM, beside the start of one container by hand. */
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
                        "in a fresh JVM whose Docker client is there: tool container up, first snapshot",
                        "ms",
                        () -> Double.parseDouble(Programs.inAnotherJvm(FirstUseMain.class, "toolbox"))),
                new Side("`docker run --detach --network host` of the same image", "ms", () -> dockerRun(image)),
                new Side(
                        "the same where rules are read locally: daemon found, first snapshot",
                        "ms",
                        () -> Double.parseDouble(Programs.inAnotherJvm(FirstUseMain.class, "local"))));
        plan.report(Figure.ofRatio("first-use", Goal.atMost(1.2), took.get(0), took.get(1)));
        plan.report(Figure.ofRatio("first-use-local", null, took.get(2), took.get(1)));
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
            // Whoever starts a container in a test has paid for this already.
            DockerClientFactory.instance().client();
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
