// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.jupiter;

import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static io.github.countercheck.NetworkAssertions.assertNotMasqueraded;
import static io.github.countercheck.NetworkAssertions.times;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.testkit.engine.EventConditions.event;
import static org.junit.platform.testkit.engine.EventConditions.fileEntry;
import static org.junit.platform.testkit.engine.EventConditions.finishedWithFailure;
import static org.junit.platform.testkit.engine.EventConditions.test;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.message;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.suppressed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.DockerDaemon;
import io.github.countercheck.TestWeb;
import io.github.countercheck.Traffic;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.engine.OutputDirectoryCreator;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Events;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.junit.jupiter.Container;

/** What is there to look at after a run. */
class ReportsIT {

    private static final Path REPORTS = Path.of("target", "countercheck");

    @Test
    void ofTestsThatPassAndFail(@TempDir Path attached) throws IOException {
        Path of = REPORTS.resolve("ReportsIT.PassingAndFailing");

        Events tests = EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(PassingAndFailing.class))
                .outputDirectoryCreator(new Attached(attached))
                .configurationParameter("countercheck.await", "0ms")
                .configurationParameter("countercheck.required", "true")
                .execute()
                .testEvents();

        tests.assertThatEvents()
                .haveExactly(
                        1,
                        event(
                                test("tooFew"),
                                finishedWithFailure(message(m -> m.startsWith("DNAT not hit for container web (")
                                        && m.endsWith("\n  report    " + of.resolve("tooFew.html"))))))
                .haveExactly(
                        1,
                        event(
                                test("another"),
                                finishedWithFailure(
                                        message("not about networks"),
                                        suppressed(
                                                1, message("where its packets went: " + of.resolve("another.html"))))))
                .haveExactly(3, event(fileEntry(file -> file.getPath().endsWith("countercheck.html"))));
        assertThat(of.resolve("passes.html")).content().contains("PORT_DNAT web (", "DNAT →", "✓ passed");
        assertThat(of.resolve("passes.svg")).content().contains("PREROUTING");
        assertThat(of.resolve("passes.json")).content().contains("\"verdict\" : \"PASSED\"");
        assertThat(of.resolve("tooFew.html"))
                .content()
                .contains("✗ failed", "expected  exactly 9 new flows", "PORT_ACCEPT web (");
        assertThat(labels(of.resolve("tooFew.json"))).contains("expected", "actual", "sent", "because", "try", "walk");
        assertThat(labels(of.resolve("another.json"))).containsExactly("sent", "because", "walk");
        assertThat(labels(of.resolve("passes.json"))).isEmpty();
        assertThat(REPORTS.resolve("index.html"))
                .content()
                .contains("3 tests: 1 passed, 2 failed")
                .doesNotContain("has not come to its end");
    }

    /** Returns the labels of the lines that it failed with. */
    private static List<String> labels(Path report) throws IOException {
        return new ObjectMapper().readTree(report.toFile()).path("lines").findValuesAsText("label");
    }

    /** Where Jupiter puts what tests attach. */
    private record Attached(Path root) implements OutputDirectoryCreator {

        @Override
        public Path getRootDirectory() {
            return root;
        }

        @Override
        public Path createOutputDirectory(TestDescriptor test) throws IOException {
            return Files.createDirectories(root.resolve(test.getDisplayName().replaceAll("\\W+", "-")));
        }
    }

    /** The directory of reports is the project's, which the other JVM runs in too. */
    @Test
    void ofARunThatIsInterrupted(@TempDir Path directory) throws IOException, InterruptedException {
        Path summary = directory.resolve("summary.md");

        Set<String> containers = containers();

        List<String> printed = ChildJvm.of(Interrupted.class, directory)
                .property("countercheck.required", "true")
                .property("countercheck.watch", "true")
                .environment("GITHUB_STEP_SUMMARY", summary.toString())
                .run();

        assertThat(printed).noneMatch(line -> line.contains("finishes"));
        assertThat(REPORTS.resolve("index.html"))
                .content()
                .contains("1 test: 1 passed", "The run has not come to its end", "ReportsIT.Interrupted");
        assertThat(summary).content().contains("### Countercheck: 1 test: 1 passed", "has not come to its end");
        assertThat(containers()).isEqualTo(containers);
    }

    private static Set<String> containers() {
        return DockerClientFactory.instance().client().listContainersCmd().withShowAll(true).exec().stream()
                .map(com.github.dockerjava.api.model.Container::getId)
                .collect(Collectors.toSet());
    }

    @Test
    void ofADaemonThatWasStartedForIt() throws IOException {
        EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(WithoutMasquerading.class))
                .configurationParameter("countercheck.required", "true")
                .execute()
                .testEvents()
                .assertStatistics(s -> s.succeeded(1));

        Path of = REPORTS.resolve("ReportsIT.WithoutMasquerading");
        assertThat(of.resolve("passes.html")).content().contains("configuration {\"ip-masq\": false}");
        JsonNode daemon =
                new ObjectMapper().readTree(of.resolve("passes.json").toFile()).path("daemon");
        assertThat(daemon.path("configuration").asText()).isEqualTo("{\"ip-masq\": false}");
        assertThat(daemon.path("engine").asText()).startsWith("Docker 28.5");
    }

    @Test
    void noneWhereNoneIsWanted() throws IOException {
        Path page = REPORTS.resolve("ReportsIT.Unwanted/passes.html");
        Files.deleteIfExists(page);

        EngineTestKit.engine("junit-jupiter")
                .selectors(selectClass(Unwanted.class))
                .configurationParameter("countercheck.report", "false")
                .execute()
                .testEvents()
                .assertStatistics(s -> s.succeeded(1).reportingEntryPublished(0));

        assertThat(page).doesNotExist();
    }

    @ContainerNetworkTest
    static class PassingAndFailing {

        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @Test
        void passes(Traffic traffic) {
            traffic.times(3).toPublishedPort(web, 80);
            assertDnatHit(web, 80, times(3));
        }

        @Test
        void tooFew(Traffic traffic) {
            traffic.toPublishedPort(web, 80);
            assertDnatHit(web, 80, times(9));
        }

        @Test
        void another() {
            throw new IllegalStateException("not about networks");
        }
    }

    @ContainerNetworkTest
    @TestMethodOrder(MethodOrderer.OrderAnnotation.class)
    static class Interrupted {

        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @Test
        @Order(1)
        void passes(Traffic traffic) {
            traffic.toPublishedPort(web, 80);
            assertDnatHit(web, 80);
        }

        /** The JVM runs what it was told to run then, and that alone. */
        @Test
        @Order(2)
        void finishes() throws IOException, InterruptedException {
            new ProcessBuilder("sh", "-c", "kill -TERM $PPID").start();
            new CountDownLatch(1).await();
        }
    }

    @ContainerNetworkTest
    @DockerDaemon(image = "28.5", config = "{\"ip-masq\": false}")
    static class WithoutMasquerading {

        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @Test
        void passes(Traffic traffic) {
            traffic.from(web).toOutside();
            assertNotMasqueraded(web);
        }
    }

    @ContainerNetworkTest
    static class Unwanted {

        @Container
        static final GenericContainer<?> web = TestWeb.container();

        @Test
        void passes(Traffic traffic) {
            traffic.toPublishedPort(web, 80);
        }
    }
}
