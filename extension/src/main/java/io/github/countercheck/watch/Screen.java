// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.watch;

import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/**
 * Shows moving rules: on a terminal in place, elsewhere a line for each movement. On a terminal nothing is set that would
 * have to be set back: however it ends, the last picture stays above the prompt.
 */
final class Screen {

    /** How long a rule that has come to rest stays. */
    private static final Duration REST = Duration.ofSeconds(5);

    private static final String TO_END = "\u001b[J";

    private record Row(MovingRule rule, Instant movedAt) {}

    private final PrintStream out;
    private final boolean terminal;
    private final int columns;
    private final int lines;
    private final Map<Object, Row> rows = new LinkedHashMap<>();
    private int drawn;

    /**
     * Makes one.
     *
     * @param terminal whether it understands how to move the cursor
     * @param columns how wide it is
     * @param lines how high it is
     */
    Screen(PrintStream out, boolean terminal, int columns, int lines) {
        this.out = out;
        this.terminal = terminal;
        this.columns = columns;
        this.lines = lines;
    }

    /** Shows what moved up to that moment. */
    void show(Instant now, List<MovingRule> moved) {
        if (terminal) {
            draw(now, moved);
        } else {
            moved.forEach(rule -> out.println(line(now, rule)));
            out.flush();
        }
    }

    private static String line(Instant now, MovingRule rule) {
        return String.format(
                Locale.ROOT,
                "%s  %s  +%d (%.1f/s)  %d packets  %d bytes  %s  # %s",
                now.truncatedTo(ChronoUnit.MILLIS),
                rule.place(),
                rule.hits(),
                rule.rate(),
                rule.packets(),
                rule.bytes(),
                rule.text(),
                rule.purpose());
    }

    private void draw(Instant now, List<MovingRule> moved) {
        rows.replaceAll((id, row) -> new Row(row.rule().atRest(), row.movedAt()));
        moved.forEach(rule -> rows.put(rule.id(), new Row(rule, now)));
        rows.values().removeIf(row -> row.movedAt().plus(REST).isBefore(now));
        List<String> picture = new ArrayList<>();
        int place = width(MovingRule::place);
        int purpose = width(MovingRule::purpose);
        picture.add(String.format(
                Locale.ROOT,
                "%-" + place + "s %9s %11s %8s  %-" + purpose + "s  %s",
                "CHAIN",
                "PACKETS",
                "BYTES",
                "RATE",
                "ROLE",
                "RULE"));
        rows.values().forEach(row -> picture.add(row.rule().inColumns(place, purpose)));
        if (rows.isEmpty()) {
            picture.add("nothing moves");
        }
        List<String> shown = picture.subList(0, Math.min(picture.size(), Math.max(2, lines - 1)));
        StringBuilder text = new StringBuilder();
        if (drawn > 0) {
            text.append("\u001b[").append(drawn).append('A');
        }
        text.append('\r').append(TO_END);
        shown.forEach(
                line -> text.append(line, 0, Math.min(line.length(), columns)).append('\n'));
        out.print(text);
        out.flush();
        drawn = shown.size();
    }

    private int width(Function<MovingRule, String> column) {
        return rows.values().stream()
                .mapToInt(row -> column.apply(row.rule()).length())
                .max()
                .orElse(5);
    }
}
