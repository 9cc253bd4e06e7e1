// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.contract;

import io.github.countercheck.daemon.PathId;
import io.github.countercheck.validate.PromisedPaths;
import org.apiguardian.api.API;
import org.junit.jupiter.api.Test;

/**
 * Containers of one network reach each other; or do not, where the configuration has {@code "icc": false}: then a passing
 * test means that the packet was dropped, by that rule.
 *
 * <p>A class that implements it is a {@link io.github.countercheck.ContainerNetworkTest} with a daemon of its own, by
 * {@link io.github.countercheck.DockerDaemon} or {@link io.github.countercheck.DaemonMatrix}.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public interface InterContainerContract {

    /** Calls at the other's own address and at its published port. */
    @Test
    default void containersOfOneNetworkReachEachOtherAsPromised(PromisedPaths paths) {
        paths.assertKept(PathId.SAME_BRIDGE, PathId.SAME_BRIDGE_TO_PUBLISHED);
    }
}
