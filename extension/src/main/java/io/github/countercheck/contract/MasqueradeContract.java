// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.contract;

import io.github.countercheck.daemon.PathId;
import io.github.countercheck.validate.PromisedPaths;
import org.apiguardian.api.API;
import org.junit.jupiter.api.Test;

/**
 * What a container sends to the outside has the host's address as its source; or its own, where the configuration has
 * masquerading off.
 *
 * <p>A class that implements it is a {@link io.github.countercheck.ContainerNetworkTest} with a daemon of its own, by
 * {@link io.github.countercheck.DockerDaemon} or {@link io.github.countercheck.DaemonMatrix}.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public interface MasqueradeContract {

    /** Calls somebody outside, who tells the source address. */
    @Test
    default void outboundTrafficIsMasqueradedAsPromised(PromisedPaths paths) {
        paths.assertKept(PathId.CONTAINER_TO_OUTSIDE);
    }
}
