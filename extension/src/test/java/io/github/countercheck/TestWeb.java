// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.session.Image;
import org.testcontainers.containers.GenericContainer;

/** The web server that integration tests call. */
public final class TestWeb {

    private TestWeb() {}

    /** Returns one that publishes its port 80 on a port of Docker's choice. */
    public static GenericContainer<?> container() {
        return new GenericContainer<>(Image.BUSYBOX.reference())
                .withCommand("sh", "-c", "mkdir -p /www && echo hello >/www/index.html && exec httpd -f -p 80 -h /www")
                .withExposedPorts(80);
    }

    /** Returns a running container's own IPv4 address in its network. */
    public static String address(GenericContainer<?> container) {
        return container
                .getContainerInfo()
                .getNetworkSettings()
                .getNetworks()
                .values()
                .iterator()
                .next()
                .getIpAddress();
    }
}
