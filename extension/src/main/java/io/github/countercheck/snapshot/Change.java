// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.snapshot;

import org.apiguardian.api.API;

/** What became of a rule or chain between two snapshots. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum Change {
    /** It stands in both, and its counter did not go backwards. */
    SAME,
    /** It stands in the later one only; its counter began at 0. */
    ADDED,
    /** It stands in the earlier one only; what it counted before it went is not known. */
    REMOVED,
    /**
     * It stands in both, and its counter began anew in between: it went backwards, so that it was zeroed or the rule was
     * written again; or the rule has another handle, so that it was written again, whatever it counted since.
     */
    RESET
}
