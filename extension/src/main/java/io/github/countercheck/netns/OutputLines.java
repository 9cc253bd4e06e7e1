// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Cuts what a shell answers into lines while it comes. A {@link java.io.BufferedReader} would take a carriage return for
 * the end of a line, too.
 */
final class OutputLines {

    private static final int USUAL = 1 << 16;

    private final InputStream in;
    private byte[] buffer = new byte[USUAL];
    private int from;
    private int to;

    OutputLines(InputStream in) {
        this.in = in;
    }

    /**
     * Returns the next line without its end.
     *
     * @throws IOException if the output ends before the line does
     */
    String next() throws IOException {
        int length = 0;
        while (true) {
            for (int i = from + length; i < to; i++) {
                if (buffer[i] == '\n') {
                    String line = new String(buffer, from, i - from, StandardCharsets.UTF_8);
                    from = i + 1;
                    return line;
                }
            }
            length = to - from;
            fill();
        }
    }

    private void fill() throws IOException {
        int length = to - from;
        if (length == buffer.length) {
            buffer = Arrays.copyOf(buffer, 2 * length);
        } else if (length == 0 && buffer.length > USUAL) {
            // A listing of nft is one line of any length, which nobody wants to keep.
            buffer = new byte[USUAL];
        } else {
            System.arraycopy(buffer, from, buffer, 0, length);
        }
        from = 0;
        to = length;
        int count = in.read(buffer, to, buffer.length - to);
        if (count < 0) {
            throw new IOException("end of output");
        }
        to += count;
    }
}
