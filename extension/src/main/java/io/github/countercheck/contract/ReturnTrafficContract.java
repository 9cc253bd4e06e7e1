// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.contract;

import io.github.countercheck.validate.PromisedPaths;
import org.apiguardian.api.API;
import org.junit.jupiter.api.Test;

/**
 * Answers to what containers send, and the further packets of connections to them, come in by the rule for return traffic.
 *
 * <p>A class that implements it is a {@link io.github.countercheck.ContainerNetworkTest} with a daemon of its own, by
 * {@link io.github.countercheck.DockerDaemon} or {@link io.github.countercheck.DaemonMatrix}.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public interface ReturnTrafficContract {

    /** Reads that rule's counter beside connections in both directions. */
    @Test
    default void returnTrafficIsAcceptedAsPromised(PromisedPaths paths) {
        paths.assertReturnTraffic();
    }
}
