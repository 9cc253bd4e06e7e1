// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.apiguardian.api.API;

/**
 * Measure a throw-away Docker daemon instead of the one that Testcontainers finds: of that engine, started with that
 * configuration before the class's own {@code @BeforeAll} methods, and gone after the class.
 *
 * <p>{@link Traffic} and {@link NetworkAssertions} are about that daemon then. Containers in {@code @Container} fields are
 * started in it, with images copied from the Docker host; there is no way from this JVM to their ports, so wait for what they
 * log, or just for their ports. Any method may take the {@link io.github.countercheck.daemon.DaemonContainer}, for containers
 * and networks of its own. A daemon that does not start fails the class, with dockerd's own sentence.
 *
 * <p>It stands beside {@link ContainerNetworkTest}. Classes with daemons of their own do not wait for each other; tests of one
 * daemon do.
 *
 * <pre>{@code
 * @ContainerNetworkTest
 * @DockerDaemon(image = "28.5", config = "candidate-daemon.json")
 * class CandidateIT { … }
 * }</pre>
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.ANNOTATION_TYPE})
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public @interface DockerDaemon {

    /**
     * The engine: a version, {@code 28.5}, for the image that is set for it ({@code COUNTERCHECK_ENGINE285_IMAGE}, or else
     * {@code docker:28.5-dind}); {@code 28.5-legacy} for the same with iptables-legacy; or an image with dockerd in it.
     */
    String image();

    /**
     * The daemon.json: a resource beside the test class, or else a file; or the JSON itself. Empty for none.
     */
    String config() default "";
}
