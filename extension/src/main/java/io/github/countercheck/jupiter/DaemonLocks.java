// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.jupiter;

import io.github.countercheck.ContainerNetworkTest;
import io.github.countercheck.DaemonMatrix;
import io.github.countercheck.DockerDaemon;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.junit.jupiter.api.parallel.ResourceLocksProvider;
import org.junit.platform.commons.support.AnnotationSupport;

/** Keeps the classes apart that measure the one ambient daemon. Those that have one of their own need not wait for these. */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class DaemonLocks implements ResourceLocksProvider {

    @Override
    public Set<Lock> provideForClass(Class<?> testClass) {
        return locks(Stream.of(testClass));
    }

    @Override
    public Set<Lock> provideForNestedClass(List<Class<?>> enclosing, Class<?> testClass) {
        return locks(Stream.concat(enclosing.stream(), Stream.of(testClass)));
    }

    private static Set<Lock> locks(Stream<Class<?>> classes) {
        return classes.anyMatch(DaemonLocks::hasDaemon) ? Set.of() : Set.of(new Lock(ContainerNetworkTest.LOCK));
    }

    private static boolean hasDaemon(Class<?> testClass) {
        return AnnotationSupport.isAnnotated(testClass, DockerDaemon.class)
                || AnnotationSupport.isAnnotated(testClass, DaemonMatrix.class);
    }
}
