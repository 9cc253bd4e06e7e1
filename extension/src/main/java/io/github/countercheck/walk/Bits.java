// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

/**
 * Up to 32 bits, such as a mark or flags, of which some may not be known.
 *
 * @param value the known bits; unknown ones are 0
 * @param known which bits are known
 */
record Bits(long value, long known) {

    static final long ALL = 0xffff_ffffL;
    static final Bits UNKNOWN = new Bits(0, 0);

    Bits {
        value &= known;
    }

    static Bits of(long value) {
        return new Bits(value & ALL, ALL);
    }

    boolean isKnown() {
        return known == ALL;
    }

    Bits and(Bits other) {
        long zeros = (known & ~value) | (other.known & ~other.value);
        return new Bits(value & other.value, (known & other.known) | (zeros & ALL));
    }

    Bits or(Bits other) {
        long ones = value | other.value;
        return new Bits(ones, (known & other.known) | ones);
    }

    Bits xor(Bits other) {
        return new Bits(value ^ other.value, known & other.known);
    }

    Bits not() {
        return new Bits(~value, known);
    }

    /** Clears the bits of the mask and sets those of the value by exclusive or, as {@code --set-xmark value/mask} does. */
    Bits xmark(long bits, long mask) {
        return and(of(~mask)).xor(of(bits));
    }

    Bits shiftLeft(int by) {
        return new Bits(value << by & ALL, (known << by | (1L << by) - 1) & ALL);
    }

    Bits shiftRight(int by) {
        return new Bits(value >>> by, known >>> by | (ALL & ~(ALL >>> by)));
    }

    /** Tells whether the bits under the mask are exactly these. */
    Truth matches(long bits, long mask, String question, String reason) {
        long decisive = mask & known;
        if ((value & decisive) != (bits & decisive) || (bits & ~mask) != 0) {
            return Truth.NO;
        }
        return decisive == mask ? Truth.YES : Truth.open(question, reason);
    }

    /** Tells whether any of the bits is set. */
    Truth intersects(long bits, String question, String reason) {
        if ((value & bits) != 0) {
            return Truth.YES;
        }
        return (bits & ~known) == 0 ? Truth.NO : Truth.open(question, reason);
    }
}
