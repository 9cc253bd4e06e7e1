// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import org.apiguardian.api.API;

/** The address family whose packets a ruleset sees. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum Family {
    IPV4,
    IPV6
}
