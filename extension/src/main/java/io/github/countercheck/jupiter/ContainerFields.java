// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.jupiter;

import java.lang.reflect.Field;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestInstances;
import org.junit.platform.commons.support.HierarchyTraversalMode;
import org.junit.platform.commons.support.ReflectionSupport;
import org.testcontainers.containers.ContainerState;

/**
 * Finds what a test class calls its containers, so that messages can call them so too: Docker's own names are made up
 * anew at each start.
 */
final class ContainerFields {

    private ContainerFields() {}

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
