// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.contract;

import io.github.countercheck.daemon.PathId;
import io.github.countercheck.validate.PromisedPaths;
import org.apiguardian.api.API;
import org.junit.jupiter.api.Test;

/**
 * Published ports and the way out are over IPv6 as the configuration says; where it does not switch IPv6 on, containers have
 * none.
 *
 * <p>A class that implements it is a {@link io.github.countercheck.ContainerNetworkTest} with a daemon of its own, by
 * {@link io.github.countercheck.DockerDaemon} or {@link io.github.countercheck.DaemonMatrix}.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public interface Ipv6Contract {

    /** Calls over IPv6 in both directions. */
    @Test
    default void ipv6IsAsPromised(PromisedPaths paths) {
        paths.assertKeptOverIpv6(PathId.EXTERNAL_TO_PUBLISHED, PathId.CONTAINER_TO_OUTSIDE, PathId.HAIRPIN);
    }
}
