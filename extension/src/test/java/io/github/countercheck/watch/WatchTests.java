// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.countercheck.docker.CapturedFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Captures;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.IptablesSaveParser;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.snapshot.CounterDelta;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.snapshot.CounterSource;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** With what a daemon counted while packets went by. */
class WatchTests {

    private static final String CAPTURE = "docker-28.5-iptables-nft/default/";
    private static final Instant START = Instant.parse("2026-01-02T03:04:05Z");

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

    private static CounterSnapshot stage(String name, int seconds) {
        return new CounterSnapshot(
                START.plusSeconds(seconds),
                List.of(Captures.parse(Captures.dump(CAPTURE + name + ".iptables-save.txt"))));
    }

    private static DockerFacts facts() {
        return CapturedFacts.of(Captures.dump(CAPTURE + "1-published.iptables-save.txt"));
    }

    private static List<MovingRule> moved() {
        return moved(stage("1-published", 0), stage("2-inbound", 2), facts());
    }

    private static List<MovingRule> moved(CounterSnapshot before, CounterSnapshot now, DockerFacts facts) {
        return MovingRule.between(before, now, CounterDelta.between(before, now).moved(), Standing.of(now, facts));
    }

    private String printed() {
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void onlyWhatMovesIsShownWithItsRate() {
        assertThat(moved())
                .filteredOn(rule -> rule.purpose().startsWith("PORT_DNAT web1"))
                .singleElement()
                .returns("nat/DOCKER #4", MovingRule::place)
                .returns(3L, MovingRule::hits)
                .returns(3L, MovingRule::packets)
                .returns(1.5, MovingRule::rate);
        assertThat(moved()).allSatisfy(rule -> assertThat(rule.hits()).isPositive());
    }

    @Test
    void elsewhereThanOnATerminalEachMovementIsALine() {
        Screen screen = new Screen(out, false, 0, 0);
        screen.show(START, moved());
        screen.show(START.plusSeconds(1), List.of());

        assertThat(printed().lines())
                .hasSameSizeAs(moved())
                .contains(
                        "2026-01-02T03:04:05Z  nat/DOCKER #4  +3 (1.5/s)  3 packets  180 bytes  ! -i docker0 -p tcp -m tcp"
                                + " --dport 32768 -j DNAT --to-destination 172.17.0.2:80  # PORT_DNAT web1 80/tcp");
        assertThat(printed()).doesNotContain("\u001b");
    }

    @Test
    void onATerminalAPictureTakesTheOnesPlaceBefore() {
        Screen screen = new Screen(out, true, 60, 5);
        screen.show(START, moved());
        bytes.reset();
        screen.show(START.plusSeconds(1), List.of());

        assertThat(printed()).startsWith("\u001b[4A\r\u001b[JCHAIN");
        assertThat(printed().substring(printed().indexOf("CHAIN")).lines().skip(1))
                .hasSize(3)
                .allSatisfy(
                        line -> assertThat(line).hasSizeLessThanOrEqualTo(60).doesNotContain("/s "));
        bytes.reset();
        screen.show(START.plusSeconds(9), List.of());
        assertThat(printed()).endsWith("nothing moves\n");
    }

    @Test
    void onATerminalTheRuleIsWhatIsCut() {
        new Screen(out, true, 100, 40).show(START, moved());

        assertThat(printed().lines())
                .anyMatch(line -> line.matches("nat/DOCKER #4 +3 +180 +1\\.5/s  PORT_DNAT web1 80/tcp +! -i doc"));
    }

    /** At 300 rules, and with a hundred times as many. */
    @ParameterizedTest
    @ValueSource(longs = {5, 40, 4000})
    void looksTakeATwentiethOfTheTime(long millis) {
        Pace pace = new Pace();
        Duration look = Duration.ofMillis(millis);
        IntStream.range(0, 4).forEach(cold -> pace.restAfter(look));

        Duration rest = pace.restAfter(look);

        assertThat(look.multipliedBy(20)).isLessThanOrEqualTo(look.plus(rest));
        assertThat(rest).isGreaterThanOrEqualTo(Duration.ofMillis(250)).isLessThan(look.multipliedBy(60));
    }

    @Test
    void oneLookThatHadToWaitDoesNotSilenceTheWatch() {
        Pace pace = new Pace();

        assertThat(pace.restAfter(Duration.ofSeconds(2))).isEqualTo(Duration.ofSeconds(8));
        List<Duration> rests = IntStream.range(0, 6)
                .mapToObj(look -> pace.restAfter(Duration.ofMillis(look == 4 ? 2000 : 40)))
                .toList();
        assertThat(rests).last().isEqualTo(Duration.ofMillis(960));
        assertThat(rests).allSatisfy(rest -> assertThat(rest).isLessThan(Duration.ofSeconds(1)));
    }

    /** Whoever writes rules chooses the names of chains and the comments. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatWouldSteerATerminalIsSpeltOut(boolean terminal) {
        String text = "*filter\n:\u001b]0;owned\u0007 - [0:0]\n[%d:60] -A \u001b]0;owned\u0007 -m comment --comment"
                + " \"\u001b[2J\u009b1A\u202e\r</script>]]>\" -j ACCEPT\nCOMMIT\n";
        List<MovingRule> moved = moved(
                new CounterSnapshot(START, List.of(nft(String.format(text, 0)))),
                new CounterSnapshot(START, List.of(nft(String.format(text, 1)))),
                DockerFacts.NONE);

        new Screen(out, terminal, 500, 5).show(START, moved);

        assertThat(printed().replace("\r\u001b[J", "").replace("\n", ""))
                .contains("␛]0;owned␇ #1", "␛[2J[U+009B]1A[U+202E]␍</script>]]>")
                .matches("[\\P{Cntrl}&&\\P{Cf}]*");
    }

    private static Ruleset nft(String text) {
        return IptablesSaveParser.parse(Family.IPV4, Backend.IPTABLES_NFT, text);
    }

    /** The source plays the capture, stage by stage, and then stays. */
    @Test
    void aWatchReadsUntilItIsClosed() {
        AtomicInteger reads = new AtomicInteger();
        CounterSource source = new CounterSource() {
            @Override
            public CounterSnapshot read() {
                int read = reads.getAndIncrement();
                return stage(List.of("1-published", "2-inbound", "3-outbound").get(Math.min(read, 2)), read);
            }

            @Override
            public CounterSnapshot read(Set<Family> families, String table) {
                throw new UnsupportedOperationException();
            }

            @Override
            public String description() {
                return "a capture";
            }

            @Override
            public void close() {}
        };

        Watcher watcher = Watcher.inLines(source, WatchTests::facts, out);
        await().atMost(Duration.ofSeconds(30)).until(() -> reads.get() > 3);
        watcher.close();

        assertThat(printed()).contains("# PORT_DNAT web1 80/tcp", "# MASQUERADE");
    }
}
