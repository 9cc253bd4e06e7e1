// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.jupiter;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.DockerDaemon;
import io.github.countercheck.daemon.DaemonConfig;
import io.github.countercheck.daemon.DaemonContainer;
import io.github.countercheck.daemon.EngineImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Which daemon a class is run with.
 *
 * @param engine as it was written
 * @param configName the configuration in few words
 * @param config the daemon.json
 */
record DaemonChoice(String engine, String configName, String config) {

    static DaemonChoice of(Class<?> testClass, DockerDaemon annotation) {
        return of(testClass, annotation.image(), annotation.config());
    }

    static DaemonChoice of(Class<?> testClass, String engine, String config) {
        String given = config.strip();
        if (given.isEmpty()) {
            return new DaemonChoice(engine, "default", "{}");
        }
        return given.startsWith("{")
                ? new DaemonChoice(engine, given.replaceAll("\\s+", " "), given)
                : new DaemonChoice(engine, given.substring(given.lastIndexOf('/') + 1), read(testClass, given));
    }

    private static String read(Class<?> testClass, String name) {
        try (InputStream resource = testClass.getResourceAsStream(name)) {
            return resource == null
                    ? Files.readString(Path.of(name))
                    : new String(resource.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new CountercheckException(
                    "the configuration '" + name + "' of " + testClass.getSimpleName() + " cannot be read",
                    "put the file beside the class among the test resources, or name its path from "
                            + Path.of("").toAbsolutePath(),
                    e);
        }
    }

    DaemonContainer daemon() {
        DaemonContainer daemon = new DaemonContainer(engine);
        DaemonConfig parsed;
        try {
            parsed = DaemonConfig.parse(configName, config);
        } catch (CountercheckException e) {
            // What is wrong with it is for dockerd to say.
            return daemon.withConfig(config);
        }
        return daemon.withConfig(parsed);
    }

    /** Names it: {@code 28.5.2, userland-proxy-off.json}. */
    @Override
    public String toString() {
        return EngineImage.of(engine).version() + ", " + configName;
    }
}
