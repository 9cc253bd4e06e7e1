// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.daemon.DaemonConfig;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apiguardian.api.API;

/** Names what is wrong with configurations before any daemon is started with one. */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class ConfigCheck {

    private static final int UNUSABLE = 2;

    private ConfigCheck() {}

    /**
     * Reads the files that are named, and prints what no engine will take.
     *
     * <p>Exits with 2 if one of them cannot be read, is no JSON object, or cannot be tried; not for keys that it does not know, on which the
     * daemon has the last word.
     */
    public static void main(String[] files) {
        int status = check(List.of(files), System.err);
        if (status != 0) {
            System.exit(status);
        }
    }

    static int check(List<String> files, PrintStream out) {
        int status = 0;
        for (String file : files) {
            try {
                DaemonConfig config = DaemonConfig.parse(file, Files.readString(Path.of(file)));
                config.remarks().forEach(remark -> out.println("validate: " + file + ": " + remark));
                Optional<String> obstacle = config.obstacle();
                if (obstacle.isPresent()) {
                    out.println("validate: " + file + ": " + obstacle.get());
                    status = UNUSABLE;
                }
            } catch (CountercheckException e) {
                out.println("validate: " + e.problem());
                status = UNUSABLE;
            } catch (IOException e) {
                out.println("validate: " + file + " cannot be read as UTF-8: " + e.getMessage());
                status = UNUSABLE;
            }
        }
        return status;
    }
}
