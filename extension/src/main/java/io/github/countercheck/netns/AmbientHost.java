// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import com.github.dockerjava.api.DockerClient;
import java.util.List;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;
import org.testcontainers.DockerClientFactory;

/** The host of the daemon that Testcontainers finds. Tools come in containers of that daemon. */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class AmbientHost implements DaemonHost {

    private final String image;
    private @Nullable Toolbox own;

    /** Makes it from the image of the tools; nothing is started yet. */
    public AmbientHost(String image) {
        this.image = image;
    }

    @Override
    public DockerClient client() {
        return DockerClientFactory.instance().client();
    }

    @Override
    public synchronized Netns own() {
        Toolbox current = own;
        if (current == null) {
            current = Toolbox.inDaemonsNetwork(image);
            own = current;
        }
        return current;
    }

    @Override
    public Netns inside(String containerId, String containerName, long pid) {
        return Toolbox.inNetworkOf(image, containerId, containerName);
    }

    @Override
    public Apart apart(boolean ipv6) {
        Toolbox toolbox = Toolbox.inNetworkOfItsOwn(image, ipv6);
        return new Apart(toolbox, toolbox.pid());
    }

    @Override
    public String run(String purpose, List<String> command) {
        return Toolbox.runOnDaemonsHost(image, purpose, command);
    }

    @Override
    public synchronized void close() {
        if (own != null) {
            own.close();
            own = null;
        }
    }
}
