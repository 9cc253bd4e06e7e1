// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.contract;

import io.github.countercheck.daemon.PathId;
import io.github.countercheck.validate.PromisedPaths;
import org.apiguardian.api.API;
import org.junit.jupiter.api.Test;

/**
 * Containers of one network do not reach those of another at their own addresses, and at published ports as the engine and
 * the configuration have it.
 *
 * <p>A class that implements it is a {@link io.github.countercheck.ContainerNetworkTest} with a daemon of its own, by
 * {@link io.github.countercheck.DockerDaemon} or {@link io.github.countercheck.DaemonMatrix}.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public interface IsolationContract {

    /** Calls from one network to the other. */
    @Test
    default void networksAreIsolatedAsPromised(PromisedPaths paths) {
        paths.assertKept(PathId.ACROSS_BRIDGES, PathId.ACROSS_BRIDGES_TO_PUBLISHED);
    }
}
