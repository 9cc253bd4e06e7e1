// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import org.apiguardian.api.API;

/** Whose address the far end sees as the source of a flow. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum Source {
    /** The sender's own. */
    SENDER,
    /** The host's, on the device by which the flow left it or at which it was called. */
    HOST,
    /** The host's on the bridge of the container that was called. */
    GATEWAY,
    /** Nobody saw the flow. */
    NOBODY
}
