// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static io.github.countercheck.NetworkAssertions.assertRulesetUnchanged;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.github.countercheck.Firewall.Fault;
import io.github.countercheck.diagnosis.Cause;
import io.github.countercheck.snapshot.CounterSnapshot;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.opentest4j.AssertionFailedError;

/**
 * One fault and the assertion that notices it: green before, red for the right reason while the fault is there, green again
 * after it.
 *
 * @param midway whether the fault comes after the baseline
 * @param type what is thrown, or null where another witness proves the claim in spite of the fault
 */
record Mutant(
        String assertion,
        String fault,
        Consumer<Traffic> healthyTraffic,
        Runnable healthyCheck,
        Function<Firewall, Fault> put,
        boolean midway,
        Consumer<Traffic> traffic,
        Runnable check,
        @Nullable Class<? extends Throwable> type,
        @Nullable Cause cause,
        List<String> phrases) {

    static final Fault NO_FAULT = () -> {};

    private static final Predicate<String> OPEN = Pattern.compile(
                    " (SYN_RECV|ESTABLISHED|FIN_WAIT|CLOSE_WAIT|LAST_ACK) ")
            .asPredicate();

    @Override
    public String toString() {
        return assertion + ": " + fault;
    }

    /** An assertion that holds, of which mutants are made. */
    record Claim(String assertion, Consumer<Traffic> traffic, Runnable check) {

        Mutant fault(String fault, Function<Firewall, Fault> put, Cause cause, String... phrases) {
            return mutant(fault, put, false, traffic, check, AssertionFailedError.class, cause, phrases);
        }

        Mutant traffic(String fault, Consumer<Traffic> sent, @Nullable Cause cause, String... phrases) {
            return mutant(fault, fw -> NO_FAULT, false, sent, check, AssertionFailedError.class, cause, phrases);
        }

        Mutant check(String fault, Runnable claimed, @Nullable Cause cause, String... phrases) {
            return mutant(fault, fw -> NO_FAULT, false, traffic, claimed, AssertionFailedError.class, cause, phrases);
        }

        Mutant midway(String fault, Function<Firewall, Fault> put, Consumer<Traffic> sent, String... phrases) {
            return mutant(fault, put, true, sent, check, CountercheckException.class, null, phrases);
        }

        /** The counter is lost, or strangers count on it; conntrack knows the test's own flows. */
        Mutant proved(String fault, Function<Firewall, Fault> put, Consumer<Traffic> sent) {
            return mutant(fault, put, true, sent, check, null, null);
        }

        /** Conntrack proves the contrary of what the lost counter would be needed for. */
        Mutant disproved(String fault, Function<Firewall, Fault> put, Consumer<Traffic> sent, String... phrases) {
            return mutant(fault, put, true, sent, check, AssertionFailedError.class, null, phrases);
        }

        Mutant unmeasured(String fault, Function<Firewall, Fault> put, Consumer<Traffic> sent, String... phrases) {
            return mutant(fault, put, false, sent, check, CountercheckException.class, null, phrases);
        }

        Mutant mutant(
                String fault,
                Function<Firewall, Fault> put,
                boolean midway,
                Consumer<Traffic> sent,
                Runnable claimed,
                @Nullable Class<? extends Throwable> type,
                @Nullable Cause cause,
                String... phrases) {
            return new Mutant(
                    assertion, fault, traffic, check, put, midway, sent, claimed, type, cause, List.of(phrases));
        }
    }

    /**
     * Puts the fault and looks at what comes of it.
     *
     * @param names what stands for what in the phrases
     * @return a row of the table of mutants
     */
    String mustBeNoticed(Traffic sender, Firewall firewall, Map<String, String> names) {
        CounterSnapshot before = sender.snapshot();
        healthy(sender);
        settle(firewall);

        Throwable seen;
        if (midway) {
            sender.mark();
            try (Fault done = put.apply(firewall)) {
                assertThat(done).isNotNull();
                traffic.accept(sender);
                seen = catchThrowable(check::run);
            }
        } else {
            try (Fault done = put.apply(firewall)) {
                assertThat(done).isNotNull();
                sender.mark();
                traffic.accept(sender);
                seen = catchThrowable(check::run);
            }
        }

        healthy(sender);
        assertRulesetUnchanged(before, sender.snapshot());
        assertThat(specs(sender.snapshot())).isEqualTo(specs(before));
        if (type == null) {
            assertThat(seen).as("what " + this + " brought").isNull();
            return "| " + assertion + " | " + fault + " | holds | proved by conntrack |";
        }
        assertThat(seen).as("what " + this + " brought").isNotNull().isExactlyInstanceOf(type);
        List<String> expected = new ArrayList<>();
        if (cause != null) {
            expected.add("because   " + cause + ": ");
        } else {
            assertThat(seen).hasMessageNotContaining("  because ");
        }
        for (String phrase : phrases) {
            String named = phrase;
            for (Map.Entry<String, String> name : names.entrySet()) {
                named = named.replace(name.getKey(), name.getValue());
            }
            expected.add(named);
        }
        assertThat(seen.getMessage()).contains(expected);
        return row(seen);
    }

    private void healthy(Traffic sender) {
        sender.mark();
        healthyTraffic.accept(sender);
        healthyCheck.run();
    }

    /**
     * Waits until no connection is open. Its last packets, and answers that a far end sends again, may come after its probe
     * has ended; they would count for the next one.
     */
    private static void settle(Firewall firewall) {
        Awaitility.await()
                .pollInSameThread()
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(30))
                .atMost(Duration.ofSeconds(20))
                .until(() -> Stream.of("ipv4", "ipv6")
                        .flatMap(family -> firewall.run("conntrack", "-L", "-f", family, "-p", "tcp")
                                .lines())
                        .noneMatch(OPEN));
    }

    /** The rules in their order, which the assertion on the ruleset leaves aside. */
    private static List<String> specs(CounterSnapshot snapshot) {
        return snapshot.rulesById().keySet().stream().map(Object::toString).toList();
    }

    private String row(Throwable seen) {
        String message = seen.getMessage()
                .lines()
                .filter(line -> !line.startsWith("  walk") && !line.startsWith("            "))
                .limit(5)
                .map(line -> "`" + line.strip().replace("|", "\\|") + "`")
                .collect(Collectors.joining("<br>"));
        return "| " + assertion + " | " + fault + " | " + seen.getClass().getSimpleName() + " | " + message + " |";
    }

    /** Writes the table of mutants. */
    static void write(Path file, List<String> rows) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(
                file,
                "| assertion | fault | verdict | message |\n|---|---|---|---|\n" + String.join("\n", rows) + "\n");
    }
}
