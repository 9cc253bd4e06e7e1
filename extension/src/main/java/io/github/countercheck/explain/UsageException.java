// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.explain;

/** Signals that the command line, or a file that it names, cannot be used; the message is for the person who typed it. */
final class UsageException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    UsageException(String message) {
        super(message);
    }

    UsageException(String message, Throwable cause) {
        super(message, cause);
    }
}
