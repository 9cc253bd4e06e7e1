// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import org.apiguardian.api.API;

/** Why packets did not go where they were expected. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum Cause {
    /** docker-proxy carried the traffic: it listens on the host's port and opens a connection of its own. */
    PROXY_PATH,
    /** No rule does what was claimed. */
    NO_RULE,
    /** The rule stands, and nothing met it. */
    RULE_NOT_HIT,
    /** The rule stands, and another one before it took the packets. */
    RULE_SHADOWED,
    /** The packets came as far as the rule before, and were dropped after it. */
    DROPPED_LATER,
    /** The packets went all the way, and nothing came back. */
    NOT_ANSWERED,
    /** More was counted than the test sent. */
    HIT_BY_STRANGER
}
