// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import org.apiguardian.api.API;

/**
 * A cause, the evidence for it, and what to do.
 *
 * @param cause the cause
 * @param evidence what was seen that speaks for it
 * @param remedy what to try
 * @param test what would tell it from others that the same evidence fits; empty where the evidence leaves no doubt
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public record Finding(Cause cause, String evidence, String remedy, String test) {

    /** Makes one that the evidence leaves no doubt of. */
    public Finding(Cause cause, String evidence, String remedy) {
        this(cause, evidence, remedy, "");
    }

    /** Tells whether the evidence leaves no doubt of it. */
    public boolean isProven() {
        return test.isEmpty();
    }
}
