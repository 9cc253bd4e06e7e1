// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.jupiter;

import io.github.countercheck.daemon.DaemonContainer;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestInstances;
import org.junit.platform.commons.support.HierarchyTraversalMode;
import org.junit.platform.commons.support.ModifierSupport;
import org.junit.platform.commons.support.ReflectionSupport;
import org.testcontainers.containers.ContainerState;
import org.testcontainers.containers.GenericContainer;

/**
 * Finds what a test class calls its containers, so that messages can call them so too: Docker's own names are made up
 * anew at each start.
 */
final class ContainerFields {

    private ContainerFields() {}

    /** Returns the containers of static fields that Testcontainers is to start, and that are to run in another daemon. */
    static List<GenericContainer<?>> ofClass(ExtensionContext context) {
        return ReflectionSupport.findFields(
                        context.getRequiredTestClass(),
                        field -> ModifierSupport.isStatic(field) && isToBeStarted(field),
                        HierarchyTraversalMode.TOP_DOWN)
                .stream()
                .flatMap(field -> adoptable(field, null))
                .toList();
    }

    /** Returns the same of instance fields. */
    static List<GenericContainer<?>> ofInstances(ExtensionContext context) {
        List<GenericContainer<?>> containers = new ArrayList<>();
        for (Object instance :
                context.getTestInstances().map(TestInstances::getAllInstances).orElse(List.of())) {
            ReflectionSupport.findFields(
                            instance.getClass(),
                            field -> !ModifierSupport.isStatic(field) && isToBeStarted(field),
                            HierarchyTraversalMode.TOP_DOWN)
                    .stream()
                    .flatMap(field -> adoptable(field, instance))
                    .forEach(containers::add);
        }
        return containers;
    }

    /** By name: where Testcontainers' own extension is not on the class path there is no such annotation. */
    private static boolean isToBeStarted(Field field) {
        return Arrays.stream(field.getAnnotations())
                .anyMatch(annotation ->
                        annotation.annotationType().getName().equals("org.testcontainers.junit.jupiter.Container"));
    }

    private static Stream<GenericContainer<?>> adoptable(Field field, @Nullable Object instance) {
        return ReflectionSupport.tryToReadFieldValue(field, instance).toOptional().stream()
                .filter(value -> value instanceof GenericContainer<?> && !(value instanceof DaemonContainer))
                .map(value -> (GenericContainer<?>) value);
    }

    /** Returns the names of the fields that hold a started container, by the container's id. */
    static Map<String, String> names(ExtensionContext context) {
        Map<String, String> names = new HashMap<>();
        List<Object> instances =
                context.getTestInstances().map(TestInstances::getAllInstances).orElse(List.of());
        for (Object instance : instances) {
            for (Field field : ReflectionSupport.findFields(
                    instance.getClass(),
                    f -> ContainerState.class.isAssignableFrom(f.getType()),
                    HierarchyTraversalMode.TOP_DOWN)) {
                ReflectionSupport.tryToReadFieldValue(field, instance)
                        .toOptional()
                        .map(value -> ((ContainerState) value).getContainerId())
                        .ifPresent(id -> names.put(id, field.getName()));
            }
        }
        return names;
    }
}
