// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.jupiter.DaemonMatrixProvider;
import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Inherited;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import org.apiguardian.api.API;
import org.junit.jupiter.api.ClassTemplate;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

/**
 * Run the class once with each of these engines and each of these configurations, as {@link DockerDaemon} does with one. A
 * run is named after both: {@code [28.5.2, userland-proxy-off.json]}.
 *
 * <p>Where JUnit runs in parallel ({@code junit.jupiter.execution.parallel.enabled}), daemons run side by side, as many as its
 * strategy allows: by default one for each processor. Static {@code @Container} fields, which would be one container for all
 * daemons, are refused.
 *
 * <p>Takes Jupiter 5.13 or newer.
 */
@Documented
@Inherited
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.ANNOTATION_TYPE})
@ClassTemplate
@ExtendWith(DaemonMatrixProvider.class)
@Execution(ExecutionMode.CONCURRENT)
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public @interface DaemonMatrix {

    /** The engines, each as in {@link DockerDaemon#image}. */
    String[] images();

    /** The configurations, each as in {@link DockerDaemon#config}; by default one that is empty. */
    String[] configs() default "";
}
