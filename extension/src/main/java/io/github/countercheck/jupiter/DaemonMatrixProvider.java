// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.jupiter;

import io.github.countercheck.DaemonMatrix;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;
import org.apiguardian.api.API;
import org.junit.jupiter.api.extension.ClassTemplateInvocationContext;
import org.junit.jupiter.api.extension.ClassTemplateInvocationContextProvider;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.platform.commons.support.AnnotationSupport;

/** Runs a class with each daemon of its matrix. Registered by {@link DaemonMatrix}. */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class DaemonMatrixProvider implements ClassTemplateInvocationContextProvider {

    @Override
    public boolean supportsClassTemplate(ExtensionContext context) {
        return annotation(context).isPresent();
    }

    @Override
    public Stream<ClassTemplateInvocationContext> provideClassTemplateInvocationContexts(ExtensionContext context) {
        Class<?> testClass = context.getRequiredTestClass();
        return annotation(context).stream()
                .flatMap(matrix -> Arrays.stream(matrix.images())
                        .flatMap(image -> Arrays.stream(matrix.configs())
                                .map(config -> DaemonChoice.of(testClass, image, config))))
                .map(Invocation::new);
    }

    private static Optional<DaemonMatrix> annotation(ExtensionContext context) {
        return AnnotationSupport.findAnnotation(context.getRequiredTestClass(), DaemonMatrix.class);
    }

    private record Invocation(DaemonChoice choice) implements ClassTemplateInvocationContext {

        @Override
        public String getDisplayName(int index) {
            return "[" + choice + "]";
        }

        @Override
        public void prepareInvocation(ExtensionContext context) {
            CountercheckExtension.choose(context, choice);
        }
    }
}
