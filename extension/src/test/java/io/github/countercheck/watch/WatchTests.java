// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.watch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.github.countercheck.docker.CapturedFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.ruleset.Captures;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.snapshot.CounterSource;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

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
        return MovingRule.between(stage("1-published", 0), stage("2-inbound", 2), facts());
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
            public CounterSnapshot read(Family family, String table) {
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
