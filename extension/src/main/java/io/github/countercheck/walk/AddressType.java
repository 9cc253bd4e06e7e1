// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import org.apiguardian.api.API;

/** What an address is to the host, as {@code -m addrtype} and {@code fib daddr type} ask its routing table. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum AddressType {
    /** One address of another machine or container. */
    UNICAST,
    /** An address of this host. */
    LOCAL,
    BROADCAST,
    ANYCAST,
    MULTICAST,
    BLACKHOLE,
    UNREACHABLE,
    PROHIBIT
}
