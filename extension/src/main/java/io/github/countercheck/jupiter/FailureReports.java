// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.jupiter;

import io.github.countercheck.diagnosis.FailureText;
import java.nio.file.Path;
import org.opentest4j.AssertionFailedError;

/** Tells in a failure where its report is. */
final class FailureReports {

    private FailureReports() {}

    /**
     * A page that shows what the rules counted during a test that failed for another reason. It is no failure of its own.
     */
    private static final class SeeReport extends Exception {

        private static final long serialVersionUID = 1L;

        SeeReport(Path page) {
            super("where its packets went: " + page, null, false, false);
        }
    }

    /** Returns what to throw instead: a failure of ours with a line more, anything else as it is, with a note. */
    static Throwable with(Path page, Throwable thrown) {
        if (thrown.getClass() == AssertionFailedError.class && FailureText.isIn(String.valueOf(thrown.getMessage()))) {
            AssertionFailedError failure = (AssertionFailedError) thrown;
            String text = failure.getMessage() + "\n" + String.format("  %-9s %s", "report", page);
            AssertionFailedError told = failure.isExpectedDefined()
                    ? new AssertionFailedError(text, failure.getExpected(), failure.getActual(), failure.getCause())
                    : new AssertionFailedError(text, failure.getCause());
            told.setStackTrace(failure.getStackTrace());
            for (Throwable suppressed : failure.getSuppressed()) {
                told.addSuppressed(suppressed);
            }
            return told;
        }
        thrown.addSuppressed(new SeeReport(page));
        return thrown;
    }
}
