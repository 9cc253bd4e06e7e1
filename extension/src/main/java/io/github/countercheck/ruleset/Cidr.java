// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.regex.Pattern;
import org.apiguardian.api.API;

/**
 * A block of addresses, {@code 172.17.0.0/16}. Never looks up a name.
 *
 * @param address its first address
 * @param prefixLength how many leading bits it fixes
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Cidr(InetAddress address, int prefixLength) {

    private static final Pattern V4 = Pattern.compile("\\d{1,3}(\\.\\d{1,3}){3}");
    private static final Pattern V6 = Pattern.compile("[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*");

    /** Checks the length of the prefix. */
    public Cidr {
        if (prefixLength < 0 || prefixLength > address.getAddress().length * 8) {
            throw new IllegalArgumentException("prefix length " + prefixLength + " does not fit " + address.getHostAddress());
        }
    }

    /**
     * Reads {@code 10.0.0.1}, {@code 10.0.0.0/8}, {@code 10.0.0.0/255.0.0.0}, {@code fd00::/8}.
     *
     * @throws IllegalArgumentException if the text is not a numeric address with an optional contiguous mask
     */
    public static Cidr parse(String text) {
        int slash = text.indexOf('/');
        InetAddress address = parseAddress(slash < 0 ? text : text.substring(0, slash));
        int bits = address.getAddress().length * 8;
        return new Cidr(address, slash < 0 ? bits : parsePrefix(text.substring(slash + 1), bits));
    }

    /**
     * Reads a numeric address; a name is refused, not looked up.
     *
     * @throws IllegalArgumentException if the text is not a numeric address
     */
    public static InetAddress parseAddress(String text) {
        if (!V4.matcher(text).matches() && !V6.matcher(text).matches()) {
            throw new IllegalArgumentException("not a numeric address: '" + text + "'");
        }
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("not a numeric address: '" + text + "'", e);
        }
    }

    private static int parsePrefix(String text, int bits) {
        if (text.matches("\\d{1,3}")) {
            return Integer.parseInt(text);
        }
        byte[] mask = parseAddress(text).getAddress();
        int ones = 0;
        while (ones < mask.length * 8 && bit(mask, ones)) {
            ones++;
        }
        for (int i = ones; i < mask.length * 8; i++) {
            if (bit(mask, i)) {
                throw new IllegalArgumentException("mask with holes: '" + text + "'");
            }
        }
        if (mask.length * 8 != bits) {
            throw new IllegalArgumentException("mask of another family: '" + text + "'");
        }
        return ones;
    }

    private static boolean bit(byte[] bytes, int index) {
        return (bytes[index / 8] >> (7 - index % 8) & 1) == 1;
    }

    /** Tells whether the address lies in this block. */
    public boolean contains(InetAddress other) {
        byte[] mine = address.getAddress();
        byte[] theirs = other.getAddress();
        if (mine.length != theirs.length) {
            return false;
        }
        int whole = prefixLength / 8;
        if (!Arrays.equals(mine, 0, whole, theirs, 0, whole)) {
            return false;
        }
        int mask = 0xff00 >> prefixLength % 8 & 0xff;
        return mask == 0 || (mine[whole] & mask) == (theirs[whole] & mask);
    }

    /** Tells whether the block is one address only. */
    public boolean isSingleAddress() {
        return prefixLength == address.getAddress().length * 8;
    }

    /** Tells whether the block is of IPv6. */
    public boolean isIpv6() {
        return address.getAddress().length == 16;
    }

    /** Prints it as {@code iptables-save} does: {@code 172.17.0.2/32}, {@code fd00::/8}. */
    @Override
    public String toString() {
        return format(address) + "/" + prefixLength;
    }

    /** Prints an address without a name, the longest run of zero groups of an IPv6 address as {@code ::}. */
    public static String format(InetAddress address) {
        return address.getAddress().length == 4 ? address.getHostAddress() : formatV6(address.getAddress());
    }

    private static String formatV6(byte[] bytes) {
        int[] groups = new int[8];
        for (int i = 0; i < 8; i++) {
            groups[i] = (bytes[2 * i] & 0xff) << 8 | bytes[2 * i + 1] & 0xff;
        }
        int bestStart = -1;
        int bestLength = 1;
        for (int start = 0; start < 8; start++) {
            int end = start;
            while (end < 8 && groups[end] == 0) {
                end++;
            }
            if (end - start > bestLength) {
                bestStart = start;
                bestLength = end - start;
            }
        }
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            if (i == bestStart) {
                text.append("::");
                i += bestLength - 1;
            } else {
                if (!text.isEmpty() && text.charAt(text.length() - 1) != ':') {
                    text.append(':');
                }
                text.append(Integer.toHexString(groups[i]));
            }
        }
        return text.toString();
    }
}
