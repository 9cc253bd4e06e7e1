// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.report;

import java.util.List;
import org.apiguardian.api.API;

/**
 * The daemon that a test ran against.
 *
 * @param endpoint where it answers
 * @param engine its engine and version, {@code Docker 28.5.2}
 * @param backends what held rules: {@code iptables-nft}, {@code nftables}…
 * @param config its configuration in a few words, or empty for that of a daemon that was found as it is
 * @param reader how and where its rules were read
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record DaemonInfo(String endpoint, String engine, List<String> backends, String config, String reader) {

    /** Copies the list. */
    public DaemonInfo {
        backends = List.copyOf(backends);
    }
}
