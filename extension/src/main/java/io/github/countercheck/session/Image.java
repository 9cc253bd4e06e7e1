// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.session;

import java.util.Locale;
import java.util.Optional;
import org.apiguardian.api.API;

/**
 * The images that Countercheck and its own tests start. This is the one place where their names stand.
 *
 * <p>Each can be replaced by a system property ({@code countercheck.toolbox.image}) or an environment variable
 * ({@code COUNTERCHECK_TOOLBOX_IMAGE}).
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public enum Image {
    /** Has a shell, iptables, nft, conntrack, ip and socat. */
    TOOLBOX("nicolaka/netshoot:v0.13"),
    /** Has a shell and httpd; only tests use it. */
    BUSYBOX("busybox:1.37"),
    /** Serves HTTP on port 80 and holds neither a shell nor any tool; only tests use it. */
    TOOL_LESS("traefik/whoami:v1.10");

    private final String standard;

    Image(String standard) {
        this.standard = standard;
    }

    /** Returns the image's name as Docker takes it. */
    public String reference() {
        return reference(name().toLowerCase(Locale.ROOT).replace("_", ""), standard);
    }

    /**
     * Returns the name of the image that has that version of Docker's engine in it, for a daemon to be started from:
     * {@code countercheck.engine285.image} is that of Engine 28.5.
     */
    public static String engine(String version) {
        return reference("engine" + version.replace(".", ""), "docker:" + version + "-dind");
    }

    private static String reference(String key, String standard) {
        String property = "countercheck." + key + ".image";
        return Optional.ofNullable(System.getProperty(property))
                .or(() -> Optional.ofNullable(System.getenv(Settings.environmentName(property))))
                .orElse(standard);
    }
}
