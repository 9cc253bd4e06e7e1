// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Signals that something could not be measured: no privilege, a counter that was reset, a probe that was never sent.
 *
 * <p>It is neither a pass nor a failed assertion. The message says what was in the way and what to do about it.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class CountercheckException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String problem;
    private final String remedy;

    /**
     * Creates it from what was in the way and what to do.
     *
     * @param problem what could not be measured and why
     * @param remedy what the reader can do
     */
    public CountercheckException(String problem, String remedy) {
        this(problem, remedy, null);
    }

    /**
     * Creates it from what was in the way, what to do, and where it came from.
     *
     * @param problem what could not be measured and why
     * @param remedy what the reader can do
     * @param cause the failure underneath
     */
    public CountercheckException(String problem, String remedy, @Nullable Throwable cause) {
        super("not measured: " + problem + "\n  try       " + remedy, cause);
        this.problem = problem;
        this.remedy = remedy;
    }

    /** Returns what could not be measured and why, in one sentence. */
    public String problem() {
        return problem;
    }

    /** Returns what the reader can do about it. */
    public String remedy() {
        return remedy;
    }
}
