// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.contract;

import io.github.countercheck.daemon.PathId;
import io.github.countercheck.validate.PromisedPaths;
import org.apiguardian.api.API;
import org.junit.jupiter.api.Test;

/**
 * Somebody outside who has a route to a container's own address does not get there; or does, where the engine or the
 * configuration lets it.
 *
 * <p>A class that implements it is a {@link io.github.countercheck.ContainerNetworkTest} with a daemon of its own, by
 * {@link io.github.countercheck.DockerDaemon} or {@link io.github.countercheck.DaemonMatrix}.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public interface DirectRoutingContract {

    /** Calls a published and an unpublished port past the host's translation. */
    @Test
    default void directRoutingIsAsPromised(PromisedPaths paths) {
        paths.assertKept(PathId.DIRECT_TO_PUBLISHED, PathId.DIRECT_TO_UNPUBLISHED);
    }
}
