// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.apiguardian.api.API;

/**
 * A command that runs beside this JVM and is talked with through its standard streams.
 *
 * <p>However this JVM ends, the command then reads the end of its input. One that does not read has to be started by a
 * shell that does, and ends it.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public interface RunningCommand extends AutoCloseable {

    /** Returns what goes to its standard input. */
    OutputStream input() throws IOException;

    /** Returns what comes from its standard output. Its standard error output is lost. */
    InputStream output() throws IOException;

    /** Ends it. */
    @Override
    void close();
}
