// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import org.apiguardian.api.API;

/**
 * What a command left behind.
 *
 * @param command the command
 * @param status its exit status
 * @param output its standard output
 * @param errors its standard error output, without the last line's end
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public record CommandResult(Command command, int status, String output, String errors) {

    /** Tells whether the command ended with status 0. */
    public boolean ok() {
        return status == 0;
    }
}
