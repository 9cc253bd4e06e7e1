// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.diagnosis.FailureText;
import org.apiguardian.api.API;

/**
 * What was measured while a test failed with an exception of somebody else's, such as a refused connection: it is among the
 * {@linkplain Throwable#getSuppressed() suppressed} ones of that exception, which itself stays as it was. It names a cause
 * only where something that was measured speaks for one.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class PacketReport extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final String json;

    PacketReport(FailureText text) {
        super(text.toString(), null, false, false);
        this.json = text.toJson();
    }

    /** Returns the same words for programs: an object with the headline and the labelled lines. */
    public String toJson() {
        return json;
    }
}
