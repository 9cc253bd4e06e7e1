// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.Arrays;
import java.util.List;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * One object of a JSON text. Values are {@code JsonObject}, {@code List}, {@code String}, {@code Long}, {@code Boolean} and
 * null; a number that is no {@code long} is its text. The objects of a listing are small, so that a search is no slower than
 * a hash.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class JsonObject {

    private String[] names = new String[4];
    private @Nullable Object[] values = new @Nullable Object[4];
    private int size;

    void add(String name, @Nullable Object value) {
        if (size == names.length) {
            names = Arrays.copyOf(names, 2 * size);
            values = Arrays.copyOf(values, 2 * size);
        }
        names[size] = name;
        values[size++] = value;
    }

    /** Returns how many values it has. */
    public int size() {
        return size;
    }

    /** Returns the name of the value at that place. */
    public String name(int index) {
        return names[index];
    }

    /** Returns the value at that place. */
    public @Nullable Object value(int index) {
        return values[index];
    }

    /** Tells whether there is a value of that name, null included. */
    public boolean has(String name) {
        return index(name) >= 0;
    }

    /** Returns the first value of that name, or null. */
    public @Nullable Object get(String name) {
        int index = index(name);
        return index < 0 ? null : values[index];
    }

    private int index(String name) {
        for (int i = 0; i < size; i++) {
            if (names[i].equals(name)) {
                return i;
            }
        }
        return -1;
    }

    /** Returns the value of that name if it is an object. */
    public @Nullable JsonObject object(String name) {
        return get(name) instanceof JsonObject object ? object : null;
    }

    /** Returns the text or number of that name as text, or null. */
    public @Nullable String text(String name) {
        Object value = get(name);
        return value instanceof String || value instanceof Long ? value.toString() : null;
    }

    /** Returns the number of that name, or that default where it is none. */
    public long number(String name, long otherwise) {
        return get(name) instanceof Long number ? number : otherwise;
    }

    /** Returns the values of that name: of an array all, of anything else that one, of null and nothing none. */
    public List<@Nullable Object> list(String name) {
        Object value = get(name);
        return value == null ? List.of() : JsonReader.asList(value);
    }

    /** Returns the texts among the values of that name. */
    public List<String> texts(String name) {
        List<@Nullable Object> all = list(name);
        return all.isEmpty()
                ? List.of()
                : all.stream()
                        .filter(String.class::isInstance)
                        .map(String.class::cast)
                        .toList();
    }
}
