// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.Firewall;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.session.Image;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.testcontainers.DockerClientFactory;

/** Our own table in a real kernel: what it lets happen, and that it goes away however its maker ends. */
class OwnTableIT {

    private static final Duration LIMIT = Duration.ofSeconds(20);

    /** Where nft runs. */
    enum Reader {
        LOCAL {
            @Override
            Netns open() {
                return new LocalNetns(Firewall.isolatedDaemon());
            }
        },
        TOOLBOX {
            @Override
            Netns open() {
                return Toolbox.inDaemonsNetwork(Image.TOOLBOX.reference());
            }
        };

        abstract Netns open();
    }

    private static Firewall firewall;
    private static String before;

    /** The session that other tests of this run share may have one of its own. */
    private static Set<String> ofOthers = Set.of();

    @BeforeAll
    static void open() {
        firewall = Firewall.open();
        before = firewall.run("nft", "-s", "list", "ruleset");
        ofOthers = ownTables();
    }

    @AfterAll
    static void close() {
        if (firewall != null) {
            firewall.close();
        }
    }

    @AfterEach
    void nothingElseChanged() {
        assertThat(firewall.run("nft", "-s", "list", "ruleset")).isEqualTo(before);
        assertThat(ownTables()).isEmpty();
    }

    private static Set<String> ownTables() {
        return firewall.run("nft", "list", "tables")
                .lines()
                .map(line -> line.substring(line.lastIndexOf(' ') + 1))
                .filter(name -> OwnTable.isOwn(name) && !ofOthers.contains(name))
                .collect(Collectors.toSet());
    }

    @Test
    void namesAreTold() {
        assertThat(OwnTable.isOwn("countercheck-1")).isTrue();
        assertThat(OwnTable.isOwn("countercheck")).isFalse();
        assertThat(OwnTable.isOwn("filter")).isFalse();
        assertThat(OwnTable.isOwn("countercheck-1; x")).isFalse();
    }

    @ParameterizedTest
    @CsvSource({"LOCAL, { flags owner; }", "LOCAL, ''", "TOOLBOX, { flags owner; }", "TOOLBOX, ''"})
    void itIsThereUntilItIsClosed(Reader reader, String flags) {
        try (Netns netns = reader.open()) {
            try (OwnTable first = OwnTable.open(netns, flags);
                    OwnTable second = OwnTable.open(netns, flags)) {
                assertThat(ownTables()).containsExactlyInAnyOrder(first.name(), second.name());
            }
            assertThat(ownTables()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void noRuleOfItDecidesAnything(Reader reader) {
        try (Netns netns = reader.open();
                OwnTable table = OwnTable.open(netns)) {
            table.trackConnections();
            table.trackConnections();
            try (KernelTrace trace = table.trace()) {
                trace.watch(
                        Transport.TCP,
                        Cidr.parseAddress("198.51.100.1"),
                        21_000,
                        Cidr.parseAddress("198.51.100.2"),
                        80);
                trace.watch(
                        Transport.UDP, Cidr.parseAddress("2001:db8::1"), 21_000, Cidr.parseAddress("2001:db8::2"), 53);

                List<String> rules = firewall.run("nft", "-s", "list", "table", "inet", table.name())
                        .lines()
                        .map(String::strip)
                        .filter(line -> !line.isEmpty() && !line.equals("}") && !line.matches("(table|chain|flags) .*"))
                        .toList();
                assertThat(rules)
                        .hasSize(4 + 1 + 12)
                        .allMatch(line -> line.matches(
                                "type filter hook (prerouting|output) priority -?\\d+; policy accept;|ct state new"
                                        + "|.* meta nftrace set 1 comment \"\\d+\""));
                assertThat(trace.end()).isEmpty();
            }
            assertThat(firewall.run("nft", "list", "table", "inet", table.name()))
                    .doesNotContain("nftrace")
                    .contains("ct state new");
        }
    }

    @ParameterizedTest
    @CsvSource({"LOCAL, { flags owner; }", "LOCAL, ''", "TOOLBOX, { flags owner; }", "TOOLBOX, ''"})
    void itIsGoneWhenItsMakerWasKilled(Reader reader, String flags) throws IOException {
        Process maker = start(reader, flags);
        try (BufferedReader said =
                new BufferedReader(new InputStreamReader(maker.getInputStream(), StandardCharsets.UTF_8))) {
            String container = said.readLine();
            String name = said.readLine();
            List<ProcessHandle> helpers = maker.descendants().toList();
            assertThat(ownTables()).containsExactly(name);
            assertThat(firewall.run("nft", "list", "table", "inet", name)).contains("meta nftrace set 1");

            maker.destroyForcibly();

            await().atMost(LIMIT).until(() -> ownTables().isEmpty());
            await().atMost(LIMIT).until(() -> helpers.stream().noneMatch(ProcessHandle::isAlive));
            remove(container);
        } finally {
            maker.destroyForcibly();
        }
    }

    /** On a kernel without owners, with all at once killed that could have deleted it. */
    @Test
    void theNextOneReapsWhatIsLeft() throws IOException {
        Process maker = start(Reader.LOCAL, "");
        try (BufferedReader said =
                        new BufferedReader(new InputStreamReader(maker.getInputStream(), StandardCharsets.UTF_8));
                Netns netns = Reader.LOCAL.open();
                OwnTable other = OwnTable.open(netns)) {
            said.readLine();
            String name = said.readLine();
            List<ProcessHandle> helpers = new ArrayList<>(maker.descendants().toList());
            // The shells before their children.
            helpers.forEach(ProcessHandle::destroyForcibly);
            await().atMost(LIMIT).until(() -> helpers.stream().noneMatch(ProcessHandle::isAlive));
            assertThat(ownTables()).containsExactlyInAnyOrder(name, other.name());

            OwnTable.open(netns).close();

            assertThat(ownTables()).containsExactly(other.name());
        } finally {
            maker.destroyForcibly();
        }
    }

    @Test
    void withoutRightsItSaysWhatToDo() {
        try (Toolbox toolbox = Toolbox.inNetworkOf(Image.TOOLBOX.reference(), tools().containerId(), "another")) {
            assertThatThrownBy(() -> OwnTable.open(toolbox))
                    .isInstanceOf(CountercheckException.class)
                    .hasMessageContaining("NET_ADMIN");
        } finally {
            tools().close();
        }
    }

    private static Toolbox tools;

    private static Toolbox tools() {
        if (tools == null) {
            tools = Toolbox.inNetworkOfItsOwn(Image.TOOLBOX.reference(), false);
        }
        return tools;
    }

    private static void remove(String container) {
        if (!container.isEmpty()) {
            DockerClientFactory.lazyClient()
                    .removeContainerCmd(container)
                    .withForce(true)
                    .exec();
        }
    }

    private static Process start(Reader reader, String flags) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Maker.class.getName(),
                        reader.name(),
                        flags)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    /** What the other JVM runs: it says which container it uses, if any, and the table's name, and waits to be killed. */
    static final class Maker {

        private Maker() {}

        public static void main(String[] arguments) throws InterruptedException {
            Netns netns = Reader.valueOf(arguments[0]).open();
            OwnTable table = OwnTable.open(netns, arguments[1]);
            table.trackConnections();
            table.trace()
                    .watch(
                            Transport.TCP,
                            Cidr.parseAddress("198.51.100.1"),
                            21_000,
                            Cidr.parseAddress("198.51.100.2"),
                            80);
            System.out.println(netns instanceof Toolbox toolbox ? toolbox.containerId() : "");
            System.out.println(table.name());
            Thread.currentThread().join();
        }
    }
}
