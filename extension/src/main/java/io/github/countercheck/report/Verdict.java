// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.report;

import org.apiguardian.api.API;

/** How a test ended. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum Verdict {
    PASSED("passed", "✓"),
    FAILED("failed", "✗"),
    /** Neither a pass nor a failure: something could not be measured. */
    NOT_MEASURED("not measured", "?"),
    /** An assumption of the test did not hold. */
    ABORTED("aborted", "–");

    private final String words;
    private final String sign;

    Verdict(String words, String sign) {
        this.words = words;
        this.sign = sign;
    }

    /** Returns the word as it reads in a sentence. */
    public String inWords() {
        return words;
    }

    /** Returns a sign that tells it apart without colors. */
    String sign() {
        return sign;
    }
}
