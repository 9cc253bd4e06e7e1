// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import com.github.dockerjava.api.DockerClient;
import java.util.List;
import org.apiguardian.api.API;

/**
 * The machine that a Docker daemon runs on, or the container that stands for one: how the daemon is asked, and how tools are
 * brought to its network namespaces.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public interface DaemonHost extends AutoCloseable {

    /** A namespace that nothing is joined to yet. */
    record Apart(Netns netns, long pid) {}

    /** Returns what asks the daemon. */
    DockerClient client();

    /** Returns the daemon's own namespace, with tools. It is opened at first need and closed with this. */
    Netns own();

    /**
     * Opens the namespace of one of the daemon's containers, which may itself hold no tool at all. The caller closes it.
     *
     * @param containerId the daemon's id of it
     * @param containerName for a reader
     * @param pid its first process, as the daemon counts them
     */
    Netns inside(String containerId, String containerName, long pid);

    /**
     * Makes a namespace that is joined to nothing, in which addresses and routes may be set. The caller closes it.
     *
     * @param ipv6 whether it is to have IPv6, which must not be asked for where the kernel has none
     */
    Apart apart(boolean ipv6);

    /**
     * Runs one script in the daemon's namespace, with sight of the processes that {@link Apart#pid} counts, and waits for its
     * end.
     *
     * @return what it printed
     * @throws io.github.countercheck.CountercheckException if it ends with a status other than 0
     */
    String run(String purpose, List<String> command);

    @Override
    void close();
}
