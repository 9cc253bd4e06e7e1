// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.contract;

import io.github.countercheck.daemon.PathId;
import io.github.countercheck.validate.PromisedPaths;
import org.apiguardian.api.API;
import org.junit.jupiter.api.Test;

/**
 * A published port is reached from outside, from the host and over loopback, as the configuration says: translated, or by
 * docker-proxy, or only at one of the host's addresses.
 *
 * <p>A class that implements it is a {@link io.github.countercheck.ContainerNetworkTest} with a daemon of its own, by
 * {@link io.github.countercheck.DockerDaemon} or {@link io.github.countercheck.DaemonMatrix}.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public interface PublishedPortContract {

    /** Calls the published port from all three places. */
    @Test
    default void publishedPortsAreReachedAsPromised(PromisedPaths paths) {
        paths.assertKept(PathId.EXTERNAL_TO_PUBLISHED, PathId.HOST_ADDRESS_TO_PUBLISHED, PathId.LOOPBACK_TO_PUBLISHED);
    }
}
