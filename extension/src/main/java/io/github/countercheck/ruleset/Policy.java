// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import org.apiguardian.api.API;

/** What a base chain does with a packet that no rule decided. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum Policy {
    ACCEPT,
    DROP,
    QUEUE
}
