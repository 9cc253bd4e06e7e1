// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.samples;

import io.github.countercheck.session.Image;
import org.testcontainers.containers.GenericContainer;

/** A small web server in a container; put your own image in its place. */
final class Web {

    private Web() {}

    static GenericContainer<?> container() {
        return new GenericContainer<>(Image.BUSYBOX.reference())
                .withCommand("sh", "-c", "mkdir -p /www && echo hello >/www/index.html && exec httpd -f -p 80 -h /www")
                .withExposedPorts(80);
    }
}
