// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.contract;

import io.github.countercheck.daemon.PathId;
import io.github.countercheck.validate.PromisedPaths;
import org.apiguardian.api.API;
import org.junit.jupiter.api.Test;

/**
 * A container of an internal network does not reach the outside.
 *
 * <p>A class that implements it is a {@link io.github.countercheck.ContainerNetworkTest} with a daemon of its own, by
 * {@link io.github.countercheck.DockerDaemon} or {@link io.github.countercheck.DaemonMatrix}.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public interface InternalNetworkContract {

    /** Calls somebody outside. */
    @Test
    default void internalNetworksHaveNoWayOutAsPromised(PromisedPaths paths) {
        paths.assertKept(PathId.INTERNAL_TO_OUTSIDE);
    }
}
