// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

/**
 * Gives equal values as one and the same, as far as it remembers: a large listing says the same few things again and again.
 * It forgets a value for another one with the same hash, so that no input can make it slow.
 */
final class Shared {

    private final Object[] slots = new Object[1 << 14];

    /** Returns an equal value that was given before, or this one. */
    @SuppressWarnings("unchecked")
    <T> T one(T value) {
        // A record of one part has the hash of that part, which would take its slot in turns.
        int hash = 31 * value.hashCode() + value.getClass().getName().hashCode();
        int slot = (hash ^ (hash >>> 14)) & (slots.length - 1);
        Object known = slots[slot];
        if (known != null && known.getClass() == value.getClass() && known.equals(value)) {
            return (T) known;
        }
        slots[slot] = value;
        return value;
    }
}
