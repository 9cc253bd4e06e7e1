// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * A block of addresses, {@code 172.17.0.0/16}. Never looks up a name.
 *
 * @param address its first address, or any other of it as {@code iptables} lets people write
 * @param prefixLength how many leading bits it fixes
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Cidr(InetAddress address, int prefixLength) {

    /** Checks the length of the prefix. */
    public Cidr {
        if (prefixLength < 0 || prefixLength > address.getAddress().length * 8) {
            throw new IllegalArgumentException("prefix length " + prefixLength + " does not fit " + format(address));
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
        int bits = address instanceof Inet6Address ? 128 : 32;
        return new Cidr(address, slash < 0 ? bits : parsePrefix(text.substring(slash + 1), bits));
    }

    /**
     * Reads a numeric address; a name is refused, not looked up. An address written as IPv6 stays one, also
     * {@code ::ffff:10.0.0.1}; scope ids ({@code fe80::1%eth0}) and octal-looking numbers ({@code 010.0.0.1}) are refused.
     *
     * @throws IllegalArgumentException if the text is not a numeric address
     */
    public static InetAddress parseAddress(String text) {
        byte[] bytes = text.indexOf(':') < 0 ? bytesOfV4(text, 0, text.length()) : bytesOfV6(text);
        if (bytes == null) {
            throw new IllegalArgumentException("not a numeric address: '" + shortened(text) + "'");
        }
        return ofBytes(bytes);
    }

    /**
     * Makes an address of 4 or 16 bytes. One of 16 bytes stays an IPv6 address, also where it is IPv4-mapped.
     *
     * @throws IllegalArgumentException if there are more or fewer bytes
     */
    public static InetAddress ofBytes(byte[] bytes) {
        try {
            // InetAddress.getByAddress would turn an IPv4-mapped address into an IPv4 one.
            return bytes.length == 4 ? InetAddress.getByAddress(bytes) : Inet6Address.getByAddress(null, bytes, -1);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("not an address of 4 or 16 bytes", e);
        }
    }

    /** Tells whether the text is an address of that family with a dotted or colon mask that is no prefix. */
    static boolean hasIrregularMask(String text, Family family) {
        int slash = text.indexOf('/');
        if (slash < 0) {
            return false;
        }
        byte[] address = bytesOf(text.substring(0, slash), family);
        byte[] mask = bytesOf(text.substring(slash + 1), family);
        return address != null && mask != null && prefixOf(mask) < 0;
    }

    /** Clears the bits of an address that its irregular mask leaves open, as the kernel keeps it. */
    static String masked(String text) {
        int slash = text.indexOf('/');
        Family family = text.indexOf(':') < 0 ? Family.IPV4 : Family.IPV6;
        byte[] address = bytesOf(text.substring(0, Math.max(slash, 0)), family);
        byte[] mask = bytesOf(text.substring(slash + 1), family);
        if (address == null || mask == null) {
            return text;
        }
        for (int i = 0; i < address.length; i++) {
            address[i] &= mask[i];
        }
        return format(ofBytes(address)) + "/" + format(ofBytes(mask));
    }

    private static byte @Nullable [] bytesOf(String text, Family family) {
        return family == Family.IPV4 ? bytesOfV4(text, 0, text.length()) : bytesOfV6(text);
    }

    private static int parsePrefix(String text, int bits) {
        if (text.length() <= 3 && Words.isDigits(text)) {
            return Integer.parseInt(text);
        }
        byte[] mask = bits == 32 ? bytesOfV4(text, 0, text.length()) : bytesOfV6(text);
        if (mask == null) {
            throw new IllegalArgumentException("neither a prefix length nor a mask: '" + shortened(text) + "'");
        }
        int prefix = prefixOf(mask);
        if (prefix < 0) {
            throw new IllegalArgumentException("mask with holes: '" + shortened(text) + "'");
        }
        return prefix;
    }

    /** Counts the leading ones; -1 if there are others. */
    private static int prefixOf(byte[] mask) {
        int ones = 0;
        while (ones < mask.length * 8 && bit(mask, ones)) {
            ones++;
        }
        for (int i = ones; i < mask.length * 8; i++) {
            if (bit(mask, i)) {
                return -1;
            }
        }
        return ones;
    }

    private static boolean bit(byte[] bytes, int index) {
        return (bytes[index / 8] >> (7 - index % 8) & 1) == 1;
    }

    private static byte @Nullable [] bytesOfV4(String text, int from, int to) {
        byte[] bytes = new byte[4];
        int count = 0;
        int i = from;
        while (count < 4) {
            int start = i;
            int value = 0;
            while (i < to && i - start < 3 && text.charAt(i) >= '0' && text.charAt(i) <= '9') {
                value = value * 10 + text.charAt(i) - '0';
                i++;
            }
            if (i == start || value > 255 || (i - start > 1 && text.charAt(start) == '0')) {
                return null;
            }
            bytes[count++] = (byte) value;
            if (count < 4) {
                if (i >= to || text.charAt(i) != '.') {
                    return null;
                }
                i++;
            }
        }
        return i == to ? bytes : null;
    }

    private static byte @Nullable [] bytesOfV6(String text) {
        byte[] bytes = new byte[16];
        int count = 0;
        int gap = -1;
        int i = 0;
        int end = text.length();
        if (text.startsWith("::")) {
            gap = 0;
            i = 2;
        }
        while (i < end) {
            int groupEnd = i;
            while (groupEnd < end && hex(text.charAt(groupEnd)) >= 0) {
                groupEnd++;
            }
            if (groupEnd < end && text.charAt(groupEnd) == '.') {
                byte[] tail = count <= 12 ? bytesOfV4(text, i, end) : null;
                if (tail == null) {
                    return null;
                }
                System.arraycopy(tail, 0, bytes, count, 4);
                count += 4;
                i = end;
                break;
            }
            if (groupEnd == i || groupEnd - i > 4 || count > 14) {
                return null;
            }
            int value = Integer.parseInt(text, i, groupEnd, 16);
            bytes[count++] = (byte) (value >> 8);
            bytes[count++] = (byte) value;
            i = groupEnd;
            if (i < end) {
                if (text.charAt(i) != ':' || i + 1 == end) {
                    return null;
                }
                i++;
                if (text.charAt(i) == ':') {
                    if (gap >= 0) {
                        return null;
                    }
                    gap = count;
                    i++;
                }
            }
        }
        if (gap < 0) {
            return count == 16 ? bytes : null;
        }
        if (count == 16) {
            return null;
        }
        int tail = count - gap;
        System.arraycopy(bytes, gap, bytes, 16 - tail, tail);
        Arrays.fill(bytes, gap, 16 - tail, (byte) 0);
        return bytes;
    }

    /** Reads one hexadecimal digit of ASCII, unlike {@link Character#digit} that takes those of all scripts. */
    private static int hex(char c) {
        if (c >= '0' && c <= '9') {
            return c - '0';
        }
        char lower = (char) (c | 0x20);
        return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
    }

    private static String shortened(String text) {
        return ParseException.printable(text.length() <= 80 ? text : text.substring(0, 80) + "…");
    }

    /** Returns the same block with all bits behind the prefix at zero, as the kernel keeps it. */
    public Cidr network() {
        byte[] bytes = address.getAddress();
        boolean changed = false;
        for (int i = prefixLength / 8; i < bytes.length; i++) {
            int kept = i == prefixLength / 8 ? 0xff00 >> prefixLength % 8 : 0;
            byte masked = (byte) (bytes[i] & kept);
            changed |= masked != bytes[i];
            bytes[i] = masked;
        }
        return changed ? new Cidr(ofBytes(bytes), prefixLength) : this;
    }

    /** Tells whether the address lies in this block. An address of the other family never does. */
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
        return prefixLength == (isIpv6() ? 128 : 32);
    }

    /** Tells whether the block is of IPv6. */
    public boolean isIpv6() {
        return address instanceof Inet6Address;
    }

    /** Prints it as {@code iptables-save} does: {@code 172.17.0.2/32}, {@code fd00::/8}. */
    @Override
    public String toString() {
        return format(address) + "/" + prefixLength;
    }

    /**
     * Prints an address without a name or scope, as {@code iptables-save} does: the longest run of zero groups of an
     * IPv6 address as {@code ::}, an IPv4-mapped or IPv4-compatible one with dots ({@code ::ffff:10.0.0.1}).
     */
    public static String format(InetAddress address) {
        return address instanceof Inet6Address ? formatV6(address.getAddress()) : address.getHostAddress();
    }

    private static String formatV6(byte[] bytes) {
        int[] groups = new int[8];
        for (int i = 0; i < 8; i++) {
            groups[i] = (bytes[2 * i] & 0xff) << 8 | (bytes[2 * i + 1] & 0xff);
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
        boolean dotted = bestStart == 0 && (bestLength == 6 || (bestLength == 5 && groups[5] == 0xffff));
        StringBuilder text = new StringBuilder(39);
        for (int i = 0; i < (dotted ? 6 : 8); i++) {
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
        if (dotted) {
            if (text.charAt(text.length() - 1) != ':') {
                text.append(':');
            }
            for (int i = 12; i < 16; i++) {
                text.append(bytes[i] & 0xff).append(i < 15 ? "." : "");
            }
        }
        return text.toString();
    }
}
