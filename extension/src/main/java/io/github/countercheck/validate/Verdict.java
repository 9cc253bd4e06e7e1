// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import org.apiguardian.api.API;

/** What a measured path is worth. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum Verdict {
    /** The packets did what the configuration promises. */
    PASS,
    /** They did something else. */
    FAIL,
    /** What they did could not be measured, so that nothing is known. */
    UNMEASURED
}
