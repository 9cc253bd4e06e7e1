// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import io.github.countercheck.CountercheckException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Takes a running command's output line by line, so that waiting for a line can have a limit. */
final class LineReader {

    /**
     * What was read.
     *
     * @param lines the lines, the one that was waited for included
     * @param end how the wait ended
     */
    record Reading(List<String> lines, End end) {
        Reading {
            lines = List.copyOf(lines);
        }

        String text() {
            return String.join("\n", lines).strip();
        }
    }

    /** How a wait for a line ended. */
    enum End {
        FOUND,
        LIMIT,
        OUTPUT_ENDED
    }

    /** One line, or the end of the output. */
    private record Item(String text, boolean isEnd) {}

    private static final Item END = new Item("", true);

    private final BlockingQueue<Item> items = new LinkedBlockingQueue<>();

    /** Begins to read, on a thread of its own that ends with the output. */
    LineReader(InputStream output) {
        Thread thread = new Thread(() -> read(output), "countercheck-output");
        thread.setDaemon(true);
        thread.start();
    }

    private void read(InputStream output) {
        try (BufferedReader reader = new BufferedReader(new InputStreamReader(output, StandardCharsets.UTF_8))) {
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                items.add(new Item(line, false));
            }
        } catch (IOException e) {
            // Whoever waits learns that there is no more.
            items.add(new Item(e.toString(), false));
        }
        items.add(END);
    }

    /** Reads on to the first line that is wanted, at most for so long. */
    Reading readUntil(Predicate<String> wanted, Duration limit) {
        List<String> seen = new ArrayList<>();
        long deadline = System.nanoTime() + limit.toNanos();
        while (true) {
            Item item = next(deadline - System.nanoTime());
            if (item == null) {
                return new Reading(seen, End.LIMIT);
            }
            if (item.isEnd()) {
                // Whoever reads again finds the end again.
                items.add(item);
                return new Reading(seen, End.OUTPUT_ENDED);
            }
            seen.add(item.text());
            if (wanted.test(item.text())) {
                return new Reading(seen, End.FOUND);
            }
        }
    }

    private @Nullable Item next(long nanos) {
        try {
            return items.poll(Math.max(0, nanos), TimeUnit.NANOSECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CountercheckException(
                    "interrupted while waiting for a command's output", "do not interrupt the thread that sends", e);
        }
    }
}
