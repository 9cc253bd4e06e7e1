// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.jupiter.CountercheckExtension;
import io.github.countercheck.jupiter.DaemonLocks;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.apiguardian.api.API;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.testcontainers.junit.jupiter.Testcontainers;

/**
 * Measure what the tests of this class do to the Docker daemon's rule counters.
 *
 * <p>Before the body of each test, when its containers are up, the counters are read; the assertions of
 * {@link NetworkAssertions} compare with that. A test, its {@code @AfterEach} methods too, may take a {@link Traffic},
 * a {@link io.github.countercheck.snapshot.CounterSnapshot} (the baseline) and a
 * {@link io.github.countercheck.snapshot.CounterDelta} (what changed since; read when it is first looked at).
 *
 * <p><b>Containers.</b> Where {@code testcontainers-junit-jupiter} is on the class path, {@code @Container} fields, static
 * or not, are started and stopped as with {@code @Testcontainers}, which need not be repeated.
 *
 * <p><b>Prerequisites.</b> A Docker daemon that keeps its rules in iptables, and either root on its host or the right to
 * start a container with {@code --network host} and NET_ADMIN there. Where these are missing the class is skipped with
 * the reason; with {@code countercheck.required=true} it fails instead.
 *
 * <p><b>Parallel tests.</b> Counters belong to the daemon, so tests of annotated classes wait for each other. Other
 * tests run beside them; if those use the same containers, their packets are counted too. Classes with a daemon of their own
 * ({@link DockerDaemon}) wait for none.
 *
 * <p><b>Settings</b> are JUnit configuration parameters (junit-platform.properties or system properties), or else
 * environment variables such as {@code COUNTERCHECK_AWAIT}: {@code countercheck.required} (false),
 * {@code countercheck.await} (2s), {@code countercheck.reader} (auto, local, toolbox), {@code countercheck.walk}
 * (failure, always). {@code countercheck.toolbox.image} is a system property or environment variable only.
 *
 * <pre>{@code
 * @ContainerNetworkTest
 * class WebIT {
 *     @Container
 *     static final GenericContainer<?> web = new GenericContainer<>("nginx:1.29").withExposedPorts(80);
 *
 *     @Test
 *     void publishedPortIsTranslated(Traffic traffic) {
 *         traffic.times(3).toPublishedPort(web, 80);
 *         assertDnatHit(web, 80, times(3));
 *     }
 * }
 * }</pre>
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.ANNOTATION_TYPE})
@ExtendWith(CountercheckExtension.class)
@Testcontainers
@ResourceLock(providers = DaemonLocks.class)
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public @interface ContainerNetworkTest {

    /** The name of the lock that keeps the tests of one daemon apart. */
    String LOCK = "io.github.countercheck.daemon";

    /**
     * How long an assertion waits for its hit, {@code "500ms"}, {@code "2s"}; empty for {@code countercheck.await}.
     */
    String await() default "";
}
