// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.contract;

import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.DaemonMatrix;

/** A daemon keeps every contract, whatever of these it is configured to do. */
@ContainerNetworkTest
@DaemonMatrix(
        images = "28.5",
        configs = {"icc-off.json", "userland-proxy-off.json"})
class ContractsIT
        implements PublishedPortContract,
                MasqueradeContract,
                ReturnTrafficContract,
                IsolationContract,
                HairpinContract,
                InternalNetworkContract,
                InterContainerContract,
                DirectRoutingContract,
                Ipv6Contract,
                RestartContract {}
