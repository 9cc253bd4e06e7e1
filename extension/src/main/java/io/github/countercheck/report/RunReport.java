// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.report;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.apiguardian.api.API;

/**
 * The tests of one run so far.
 *
 * @param startedAt when it began
 * @param elapsed how long it has taken
 * @param complete whether it came to its end
 * @param tests its tests, in the order in which they ended
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record RunReport(Instant startedAt, Duration elapsed, boolean complete, List<TestReport> tests) {

    /** Copies the list. */
    public RunReport {
        tests = List.copyOf(tests);
    }

    /** Returns how many tests ended so. */
    public long count(Verdict verdict) {
        return tests.stream().filter(test -> test.verdict() == verdict).count();
    }

    /** Returns the daemons that its tests ran against. */
    List<DaemonInfo> daemons() {
        return tests.stream().map(TestReport::daemon).distinct().toList();
    }

    /** Says how it went: {@code 12 tests: 11 passed, 1 failed}. */
    public String inWords() {
        StringBuilder words = new StringBuilder(tests.size() + (tests.size() == 1 ? " test" : " tests"));
        String separator = ": ";
        for (Verdict verdict : Verdict.values()) {
            if (count(verdict) > 0) {
                words.append(separator).append(count(verdict)).append(' ').append(verdict.inWords());
                separator = ", ";
            }
        }
        return words.toString();
    }
}
