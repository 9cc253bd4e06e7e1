// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import io.github.countercheck.CountercheckException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apiguardian.api.API;

/**
 * A network namespace of this host, entered with {@code nsenter} through one of the processes that live in it.
 *
 * <p>Needs root. Nothing is started in a container and nothing is changed.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class LocalNetns extends ShellNetns {

    private final long pid;

    /**
     * Makes the place; the shell starts with the first command.
     *
     * @param pid a process in the namespace; it must live as long as this is used
     */
    public LocalNetns(long pid) {
        super("the network namespace of process " + pid);
        this.pid = pid;
    }

    @Override
    public RunningCommand start(Command command) {
        List<String> words = new ArrayList<>(List.of("nsenter", "--net=/proc/" + pid + "/ns/net", "--"));
        words.addAll(command.words());
        ProcessBuilder builder = new ProcessBuilder(words).redirectError(ProcessBuilder.Redirect.DISCARD);
        Map<String, String> environment = builder.environment();
        environment.put("LC_ALL", "C");
        List<String> path = new ArrayList<>(List.of(environment.getOrDefault("PATH", "/usr/bin:/bin")));
        path.add("/usr/sbin:/sbin");
        environment.put("PATH", String.join(":", path));
        environment.putAll(command.environment());
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new CountercheckException(
                    "could not enter " + description(),
                    "install util-linux (nsenter), or set countercheck.reader=toolbox to read from a container",
                    e);
        }
        return new RunningCommand() {
            @Override
            public OutputStream input() {
                return process.getOutputStream();
            }

            @Override
            public InputStream output() {
                return process.getInputStream();
            }

            @Override
            public void close() {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            }
        };
    }
}
