// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static io.github.countercheck.NetworkAssertions.times;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.CountercheckException;
import io.github.countercheck.Firewall;
import io.github.countercheck.TestWeb;
import io.github.countercheck.Traffic;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.session.Image;
import io.github.countercheck.snapshot.CounterDelta;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.snapshot.RuleDelta;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.opentest4j.AssertionFailedError;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.junit.jupiter.Container;

/** What holds of every way to read the rules. */
@ContainerNetworkTest(await = "200ms")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class CounterSourceIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    /** Bits of linux/capability.h. */
    private static final long NET_ADMIN = 1L << 12;

    private static final long NET_RAW = 1L << 13;

    /** The ways to read. */
    enum Reader {
        LOCAL,
        TOOLBOX;

        private Netns netns() {
            return this == LOCAL ? local : toolbox();
        }

        private CounterSnapshot read() {
            return new NetfilterCounterSource(netns()).read();
        }
    }

    @Container
    static final GenericContainer<?> web = TestWeb.container();

    private static Firewall firewall;
    private static Netns local;
    private static Netns toolbox;

    @BeforeAll
    static void open() {
        firewall = Firewall.open();
        local = new LocalNetns(Firewall.isolatedDaemon());
    }

    /** Opened at first need: by then the first test has made a legacy table, which others read. */
    private static Netns toolbox() {
        if (toolbox == null) {
            toolbox = Toolbox.inDaemonsNetwork(Image.TOOLBOX.reference());
        }
        return toolbox;
    }

    @AfterAll
    static void close() {
        if (firewall != null) {
            local.close();
            firewall.close();
        }
        if (toolbox != null) {
            toolbox.close();
        }
    }

    @Test
    void bothReadTheSameRules() {
        List<Rule> rules = rules(Reader.LOCAL.read());

        assertThat(rules).hasSizeGreaterThan(10);
        assertThat(rules(Reader.TOOLBOX.read())).isEqualTo(rules);
    }

    @ParameterizedTest
    @EnumSource
    void countersMoveByWhatWasSent(Reader reader, Traffic traffic) {
        CounterSnapshot before = reader.read();
        traffic.times(7).toPublishedPort(web, 80);
        CounterDelta delta = CounterDelta.between(before, reader.read());

        assertThat(delta.rules().stream().filter(rule -> rule.id().spec().contains("--to-destination")))
                .singleElement()
                .satisfies(rule -> assertThat(rule.packets()).hasValue(7));
        assertThat(delta.moved()).extracting(RuleDelta::packets).doesNotContain(OptionalLong.empty());
    }

    @ParameterizedTest
    @EnumSource
    void readingLeavesNoTrace(Reader reader) {
        String before = state();

        NetfilterCounterSource source = new NetfilterCounterSource(reader.netns());
        source.read();
        for (String table : List.of("raw", "mangle", "nat", "filter", "security")) {
            source.read(Set.of(Family.IPV4, Family.IPV6), table);
        }

        assertThat(state()).isEqualTo(before);
    }

    @ParameterizedTest
    @EnumSource
    void aTableThatIsReadAloneHasTheSameRules(Reader reader) {
        NetfilterCounterSource source = new NetfilterCounterSource(reader.netns());
        Set<Family> families = Set.of(Family.IPV4, Family.IPV6);

        for (String table : List.of("nat", "filter")) {
            CounterSnapshot all = source.read();

            assertThat(rules(source.read(families, table)))
                    .isNotEmpty()
                    .isEqualTo(rules(all.only(families, table::equals)));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aTableThatNftWroteToIsReadAllTheSame(Reader reader) {
        NetfilterCounterSource source = new NetfilterCounterSource(reader.netns());
        assertThat(state()).doesNotContain("table ip mangle");
        firewall.run("iptables-nft", "-t", "mangle", "-N", "SCRATCH");
        try {
            source.read();
            firewall.run("nft", "add", "rule", "ip", "mangle", "SCRATCH", "ct state new counter");

            assertThat(source.read(Set.of(Family.IPV4), "mangle").ruleset(Family.IPV4, Backend.IPTABLES_NFT))
                    .hasValueSatisfying(
                            ruleset -> assertThat(ruleset.warnings()).anyMatch(w -> w.contains("mangle")));
        } finally {
            firewall.run("nft", "delete", "table", "ip", "mangle");
        }
    }

    /** {@code iptables-nft-save -t} shows the chains that it would make. */
    @ParameterizedTest
    @EnumSource
    void aTableThatNobodyMadeIsNotRead(Reader reader) {
        NetfilterCounterSource source = new NetfilterCounterSource(reader.netns());
        source.read();

        assertThat(source.read(Set.of(Family.IPV4), "security").rulesets())
                .allSatisfy(ruleset -> assertThat(ruleset.tables()).isEmpty());
        assertThat(source.read(Set.of(Family.IPV4), "nat").ruleset(Family.IPV4, Backend.IPTABLES_NFT))
                .hasValueSatisfying(ruleset ->
                        assertThat(ruleset.chain("nat", "POSTROUTING")).isPresent());
    }

    @ParameterizedTest
    @EnumSource
    void thirtyThousandRulesAreRead(Reader reader) {
        String rules = IntStream.range(0, 30_000)
                .mapToObj(i -> "-A SCRATCH -s 10." + i / 65_536 + "." + i / 256 % 256 + "." + i % 256 + "/32 -j RETURN")
                .collect(Collectors.joining("\n", "*filter\n:SCRATCH - [0:0]\n", "\nCOMMIT\n"));
        CommandResult written =
                local.run(Command.of("iptables-nft-restore", "--noflush").withInput(rules), LIMIT);
        assertThat(written.ok()).as(written::errors).isTrue();
        try {
            List<Rule> scratch = rules(reader.read()).stream()
                    .filter(rule -> rule.chain().equals("SCRATCH"))
                    .toList();

            assertThat(scratch).hasSize(30_000).doesNotHaveDuplicates();
            assertThat(scratch.get(29_999).spec()).isEqualTo("-A SCRATCH -s 10.0.117.47/32 -j RETURN");
        } finally {
            firewall.run("iptables-nft", "-F", "SCRATCH");
            firewall.run("iptables-nft", "-X", "SCRATCH");
        }
    }

    @ParameterizedTest
    @EnumSource
    void shellKilledFromOutsideIsReportedAndReplaced(Reader reader) {
        Netns netns = reader.netns();

        // The subshell between the two becomes the command, so that its parent is the shell itself.
        assertThatThrownBy(() -> netns.run(Command.of("/bin/sh", "-c", "kill -9 $PPID"), LIMIT))
                .isInstanceOf(CountercheckException.class)
                .hasMessageContaining("ended while it ran");

        assertThat(rules(reader.read())).isNotEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void commandOverItsLimitIsReportedAndTheNextOneWorks(Reader reader) {
        Netns netns = reader.netns();

        assertThatThrownBy(() -> netns.run(Command.of("sleep", "3"), Duration.ofMillis(300)))
                .isInstanceOf(CountercheckException.class)
                .hasMessageContaining("took longer than 300 ms");

        assertThat(rules(reader.read())).isNotEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void outputAndErrorsAreKeptApartAndWhole(Reader reader) {
        String text = "'q' \"d\" $(id) \\n %s\r\n\n\u00fc \u6f22 " + "0123456789".repeat(2_000);

        CommandResult result = reader.netns()
                .run(Command.of("/bin/sh", "-c", "printf %s \"$1\"; echo oops >&2; exit 3", "sh", text), LIMIT);

        assertThat(result.output()).isEqualTo(text);
        assertThat(result.errors()).isEqualTo("oops");
        assertThat(result.status()).isEqualTo(3);
    }

    /** The daemon is in another namespace than this JVM: {@link Firewall#isolatedDaemon} made sure of it. */
    @Test
    void daemonIsFoundInAnotherNamespaceByItsSocket() {
        long pid = Firewall.isolatedDaemon();

        assertThat(ProcessHandle.of(pid).flatMap(process -> process.info().command()))
                .hasValueSatisfying(command -> assertThat(command).endsWith("dockerd"));
        assertThat(DaemonProcess.find(URI.create("unix:///nonexistent/docker.sock")))
                .isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void bothVariantsAreInTheSnapshot(Reader reader) {
        try (Firewall.Fault legacy = legacyRule();
                // A container gets the right to ask the legacy tool only where there is something to ask.
                Netns netns = reader == Reader.LOCAL
                        ? new LocalNetns(Firewall.isolatedDaemon())
                        : Toolbox.inDaemonsNetwork(Image.TOOLBOX.reference())) {
            assertThat(legacy).isNotNull();
            CounterSnapshot snapshot = new NetfilterCounterSource(netns).read();

            assertThat(snapshot.ruleset(Family.IPV4, Backend.IPTABLES_LEGACY))
                    .hasValueSatisfying(ruleset -> assertThat(ruleset.rules())
                            .extracting(Rule::spec)
                            .contains("-A DOCKER -i docker0 -j RETURN"));
            assertThat(snapshot.ruleset(Family.IPV4, Backend.IPTABLES_NFT)).isPresent();
        }
    }

    @Test
    @Order(1)
    void containerThatReadsHasNoRightItDoesNotNeed() {
        // Such a table stays once somebody asked for it.
        boolean legacyTables = !firewall.run("cat", "/proc/net/ip_tables_names", "/proc/net/ip6_tables_names")
                .isEmpty();
        assertThat(capabilities(Toolbox.inDaemonsNetwork(Image.TOOLBOX.reference())))
                .isEqualTo(legacyTables ? NET_ADMIN | NET_RAW : NET_ADMIN);
        try (Firewall.Fault legacy = legacyRule()) {
            assertThat(legacy).isNotNull();
            assertThat(capabilities(Toolbox.inDaemonsNetwork(Image.TOOLBOX.reference())))
                    .isEqualTo(NET_ADMIN | NET_RAW);
        }
    }

    private static long capabilities(Toolbox opened) {
        try (Toolbox tools = opened) {
            String status =
                    tools.run(Command.of("cat", "/proc/self/status"), LIMIT).output();
            return status.lines()
                    .filter(line -> line.startsWith("CapBnd:"))
                    .map(line -> Long.parseLong(line.substring(7).strip(), 16))
                    .findFirst()
                    .orElseThrow();
        }
    }

    @Test
    void failureSaysThatBothVariantsHoldRules(Traffic traffic) {
        try (Firewall.Fault legacy = legacyRule()) {
            assertThat(legacy).isNotNull();
            traffic.mark();
            traffic.toPublishedPort(web, 80);

            Throwable seen = catchThrowable(() -> assertDnatHit(web, 80, times(2)));

            assertThat(seen)
                    .isInstanceOf(AssertionFailedError.class)
                    .hasMessageContaining("note")
                    .hasMessageContaining("at once; the kernel asks all of them");
        }
    }

    /** What an older Docker, or one with another iptables, may have left behind. */
    private static Firewall.Fault legacyRule() {
        firewall.run("iptables-legacy", "-t", "nat", "-N", "DOCKER");
        firewall.run("iptables-legacy", "-t", "nat", "-A", "DOCKER", "-i", "docker0", "-j", "RETURN");
        return () -> {
            firewall.run("iptables-legacy", "-t", "nat", "-F", "DOCKER");
            firewall.run("iptables-legacy", "-t", "nat", "-X", "DOCKER");
        };
    }

    private static String state() {
        return firewall.run("nft", "-s", "list", "ruleset")
                + firewall.run("cat", "/proc/net/ip_tables_names")
                + firewall.run("cat", "/proc/net/ip6_tables_names");
    }

    private static List<Rule> rules(CounterSnapshot snapshot) {
        return snapshot.rulesById().values().stream()
                .map(rule -> rule.withCounter(null))
                .toList();
    }
}
