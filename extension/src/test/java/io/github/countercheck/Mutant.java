// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static io.github.countercheck.NetworkAssertions.assertRulesetUnchanged;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.countercheck.Firewall.Fault;
import io.github.countercheck.diagnosis.Cause;
import io.github.countercheck.snapshot.CounterSnapshot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.opentest4j.AssertionFailedError;
import org.opentest4j.TestAbortedException;

/**
 * One fault and the assertion that notices it: green before, red for the right reason while the fault is there, green again
 * after it.
 *
 * @param scene whose rules it touches
 * @param midway whether the fault comes after the baseline
 * @param type what is thrown, or null where another witness proves the claim in spite of the fault
 * @param otherwise why there is no such fault with this daemon, or null
 */
record Mutant(
        Scene scene,
        String assertion,
        String fault,
        Consumer<Traffic> healthyTraffic,
        Runnable healthyCheck,
        Supplier<Fault> put,
        boolean midway,
        Consumer<Traffic> traffic,
        Runnable check,
        @Nullable Class<? extends Throwable> type,
        @Nullable Cause cause,
        List<String> phrases,
        @Nullable String otherwise) {

    static final Fault NO_FAULT = () -> {};

    private static final Predicate<String> OPEN = Pattern.compile(
                    " (SYN_RECV|ESTABLISHED|FIN_WAIT|CLOSE_WAIT|LAST_ACK) ")
            .asPredicate();

    @Override
    public String toString() {
        return scene.family() + ", " + assertion + ": " + fault;
    }

    /** Returns the same, to be left out with a daemon where it makes no sense. */
    Mutant onlyIf(boolean applies, String reason) {
        return new Mutant(
                scene,
                assertion,
                fault,
                healthyTraffic,
                healthyCheck,
                put,
                midway,
                traffic,
                check,
                type,
                cause,
                phrases,
                applies ? otherwise : reason);
    }

    /** An assertion that holds, of which mutants are made. */
    record Claim(Scene scene, String assertion, Consumer<Traffic> traffic, Runnable check) {

        Mutant fault(String fault, Supplier<Fault> put, Cause cause, String... phrases) {
            return mutant(fault, put, false, traffic, check, AssertionFailedError.class, cause, phrases);
        }

        Mutant traffic(String fault, Consumer<Traffic> sent, @Nullable Cause cause, String... phrases) {
            return mutant(fault, () -> NO_FAULT, false, sent, check, AssertionFailedError.class, cause, phrases);
        }

        Mutant check(String fault, Runnable claimed, @Nullable Cause cause, String... phrases) {
            return mutant(fault, () -> NO_FAULT, false, traffic, claimed, AssertionFailedError.class, cause, phrases);
        }

        Mutant midway(String fault, Supplier<Fault> put, Consumer<Traffic> sent, String... phrases) {
            return mutant(fault, put, true, sent, check, CountercheckException.class, null, phrases);
        }

        /** The counter is lost, or strangers count on it; conntrack knows the test's own flows. */
        Mutant proved(String fault, Supplier<Fault> put, Consumer<Traffic> sent) {
            return mutant(fault, put, true, sent, check, null, null);
        }

        /** Conntrack proves the contrary of what the lost counter would be needed for. */
        Mutant disproved(String fault, Supplier<Fault> put, Consumer<Traffic> sent, String... phrases) {
            return mutant(fault, put, true, sent, check, AssertionFailedError.class, null, phrases);
        }

        Mutant unmeasured(String fault, Supplier<Fault> put, Consumer<Traffic> sent, String... phrases) {
            return mutant(fault, put, false, sent, check, CountercheckException.class, null, phrases);
        }

        Mutant mutant(
                String fault,
                Supplier<Fault> put,
                boolean midway,
                Consumer<Traffic> sent,
                Runnable claimed,
                @Nullable Class<? extends Throwable> type,
                @Nullable Cause cause,
                String... phrases) {
            return new Mutant(
                    scene,
                    assertion,
                    fault,
                    traffic,
                    check,
                    put,
                    midway,
                    sent,
                    claimed,
                    type,
                    cause,
                    List.of(phrases),
                    null);
        }
    }

    /**
     * Puts the fault and looks at what comes of it, which is noted in the table. That the claim holds without the fault is
     * seen after it, and before its first.
     */
    void mustBeNoticed(Traffic sender, MutantTable table) {
        String cell = "NOT NOTICED";
        try {
            assumeTrue(otherwise == null, otherwise);
            Traffic ofFamily = scene.of(sender);
            if (!table.isHealthy(this)) {
                healthy(ofFamily);
            }
            cell = mustBeNoticed(ofFamily);
            table.healthy(this);
        } catch (TestAbortedException e) {
            cell = "n.a.: " + e.getMessage().replaceFirst("Assumption failed: ", "");
            throw e;
        } finally {
            table.add(scene.column(), this, cell);
        }
    }

    private String mustBeNoticed(Traffic sender) {
        CounterSnapshot before = sender.snapshot();
        settle(scene.firewall());

        Throwable seen;
        if (midway) {
            sender.mark();
            try (Fault done = put.get()) {
                assertThat(done).isNotNull();
                traffic.accept(sender);
                seen = catchThrowable(check::run);
            }
        } else {
            try (Fault done = put.get()) {
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
            return "holds, by conntrack";
        }
        assertThat(seen).as("what " + this + " brought").isNotNull().isExactlyInstanceOf(type);
        List<String> expected = new ArrayList<>(phrases);
        if (cause != null) {
            expected.add("because   " + cause + ": ");
        } else {
            assertThat(seen).hasMessageNotContaining("  because ");
        }
        assertThat(seen.getMessage()).contains(expected);
        return type == CountercheckException.class ? "not measured" : cause == null ? "red" : "red, " + cause;
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
                .atMost(Duration.ofSeconds(130))
                .until(() -> Stream.of("ipv4", "ipv6")
                        .flatMap(family -> firewall.run("conntrack", "-L", "-f", family, "-p", "tcp")
                                .lines())
                        .noneMatch(OPEN));
    }

    /** The rules in their order, which the assertion on the ruleset leaves aside. */
    private static List<String> specs(CounterSnapshot snapshot) {
        return snapshot.rulesById().keySet().stream().map(Object::toString).toList();
    }
}
