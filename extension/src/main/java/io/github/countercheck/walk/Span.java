// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.ruleset.Cidr;
import java.math.BigInteger;
import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * A number, port or address as far as it is known: one of those from low to high.
 *
 * @param low the lowest that it can be
 * @param high the highest that it can be
 * @param width how many bits it has
 */
record Span(BigInteger low, BigInteger high, int width) {

    static Span of(long value, int width) {
        return of(value, value, width);
    }

    static Span of(long low, long high, int width) {
        return new Span(BigInteger.valueOf(low), BigInteger.valueOf(high), width);
    }

    static Span of(InetAddress address) {
        return of(address, address);
    }

    static Span of(InetAddress low, InetAddress high) {
        return new Span(new BigInteger(1, low.getAddress()), new BigInteger(1, high.getAddress()), bits(low));
    }

    static Span of(Cidr net) {
        BigInteger low = new BigInteger(1, net.network().address().getAddress());
        int width = bits(net.address());
        BigInteger size = BigInteger.ONE.shiftLeft(width - net.prefixLength());
        return new Span(low, low.add(size).subtract(BigInteger.ONE), width);
    }

    static Span anything(int width) {
        return new Span(BigInteger.ZERO, BigInteger.ONE.shiftLeft(width).subtract(BigInteger.ONE), width);
    }

    private static int bits(InetAddress address) {
        return address.getAddress().length * 8;
    }

    boolean isSingle() {
        return low.equals(high);
    }

    /** Tells whether it lies in the other one. Values of different widths never do. */
    Truth in(Span other, String question, String reason) {
        if (width != other.width || high.compareTo(other.low) < 0 || low.compareTo(other.high) > 0) {
            return Truth.NO;
        }
        return low.compareTo(other.low) >= 0 && high.compareTo(other.high) <= 0
                ? Truth.YES
                : Truth.open(question, reason);
    }

    boolean isIn(Cidr net) {
        return in(of(net), "", "").isYes();
    }

    /** Returns the one address that it is, or null. */
    @Nullable
    InetAddress address() {
        if (!isSingle() || width < 32) {
            return null;
        }
        byte[] all = low.toByteArray();
        byte[] bytes = new byte[width / 8];
        for (int i = 0; i < bytes.length && i < all.length; i++) {
            bytes[bytes.length - 1 - i] = all[all.length - 1 - i];
        }
        return Cidr.ofBytes(bytes);
    }

    /** Returns the one number that it is, or -1. */
    int number() {
        return isSingle() && width <= 16 ? low.intValue() : -1;
    }
}
