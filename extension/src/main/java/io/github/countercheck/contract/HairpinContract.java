// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.contract;

import io.github.countercheck.daemon.PathId;
import io.github.countercheck.validate.PromisedPaths;
import org.apiguardian.api.API;
import org.junit.jupiter.api.Test;

/**
 * A container reaches itself by its own published port, through docker-proxy or by masquerading.
 *
 * <p>A class that implements it is a {@link io.github.countercheck.ContainerNetworkTest} with a daemon of its own, by
 * {@link io.github.countercheck.DockerDaemon} or {@link io.github.countercheck.DaemonMatrix}.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public interface HairpinContract {

    /** Calls from a container to its own published port. */
    @Test
    default void aContainerReachesItsOwnPublishedPortAsPromised(PromisedPaths paths) {
        paths.assertKept(PathId.HAIRPIN);
    }
}
