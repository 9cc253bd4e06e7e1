// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import io.github.countercheck.session.Image;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.net.Socket;
import java.net.URI;
import org.testcontainers.containers.GenericContainer;

/** A small web server, the container of all tests here. */
final class Web {

    static final int PORT = 80;

    private Web() {}

    static GenericContainer<?> container() {
        return new GenericContainer<>(Image.BUSYBOX.reference())
                .withCommand("sh", "-c", "mkdir -p /www && echo hello >/www/index.html && exec httpd -f -p 80 -h /www")
                .withExposedPorts(PORT);
    }

    /** Asks for its page, as a client outside the daemon's host does. */
    static void request(GenericContainer<?> web) throws IOException {
        URI page = URI.create("http://" + web.getHost() + ":" + web.getMappedPort(PORT) + "/index.html");
        HttpURLConnection connection = (HttpURLConnection) page.toURL().openConnection();
        try {
            if (connection.getResponseCode() != HttpURLConnection.HTTP_OK) {
                throw new IOException(page + " answered " + connection.getResponseCode());
            }
            connection.getInputStream().readAllBytes();
        } finally {
            connection.disconnect();
        }
    }

    /** Opens a connection to it and closes it again. */
    static void connect(GenericContainer<?> web) throws IOException {
        new Socket(web.getHost(), web.getMappedPort(PORT)).close();
    }
}
