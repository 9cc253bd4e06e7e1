// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.contract;

import io.github.countercheck.validate.PromisedPaths;
import org.apiguardian.api.API;
import org.junit.jupiter.api.Test;

/**
 * After a restart the daemon has the same rules: of containers that lived on ({@code "live-restore": true}), or of the same
 * containers started again.
 *
 * <p>A class that implements it is a {@link io.github.countercheck.ContainerNetworkTest} with a daemon of its own, by
 * {@link io.github.countercheck.DockerDaemon} or {@link io.github.countercheck.DaemonMatrix}.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public interface RestartContract {

    /** Compares all rules before and after. */
    @Test
    default void theRulesAreTheSameAfterARestart(PromisedPaths paths) {
        paths.assertSameRulesAfterRestart();
    }
}
