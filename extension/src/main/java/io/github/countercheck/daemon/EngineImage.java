// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.session.Image;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apiguardian.api.API;

/**
 * An image that has a Docker engine in it.
 *
 * @param reference the image's name as Docker takes it
 * @param version the engine's version as far as the image's tag tells it, {@code 28.5.2}; otherwise the whole reference
 * @param legacy whether it is to use iptables-legacy
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record EngineImage(String reference, String version, boolean legacy) {

    private static final Pattern VERSION = Pattern.compile("(\\d+(?:\\.\\d+)+)(-legacy)?");
    private static final Pattern TAGGED = Pattern.compile(".*:v?(\\d+(?:\\.\\d+)*)(?:[-+].*)?");

    /**
     * Finds the image.
     *
     * @param engine an engine's version, {@code 28.5}, for the image that is set for it ({@code COUNTERCHECK_ENGINE285_IMAGE},
     *     or else {@code docker:28.5-dind}), {@code 28.5-legacy} for the same with iptables-legacy; or an image's name
     */
    public static EngineImage of(String engine) {
        Matcher version = VERSION.matcher(engine);
        boolean known = version.matches();
        boolean legacy = known && version.group(2) != null;
        String reference = known ? Image.engine(version.group(1)) : engine;
        Matcher tagged = TAGGED.matcher(reference);
        return new EngineImage(
                reference, (tagged.matches() ? tagged.group(1) : reference) + (legacy ? "-legacy" : ""), legacy);
    }

    Optional<Backend> backend() {
        return legacy ? Optional.of(Backend.IPTABLES_LEGACY) : Optional.empty();
    }

    /** Names it for a reader. */
    @Override
    public String toString() {
        return "Engine " + version;
    }
}
