// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.watch;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.session.DaemonSession;
import io.github.countercheck.session.Settings;
import java.util.Optional;
import org.apiguardian.api.API;

/** The command {@code ci/watch}: the rules of a daemon that move, redrawn while one looks. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class Watch {

    private static final int UNUSABLE = 2;

    private Watch() {}

    /**
     * Watches until it is interrupted.
     *
     * @param words the terminal's columns and lines; none where it is no terminal
     */
    public static void main(String[] words) throws InterruptedException {
        boolean terminal = words.length == 2;
        Screen screen = terminal
                ? new Screen(System.out, true, Integer.parseInt(words[0]), Integer.parseInt(words[1]))
                : new Screen(System.out, false, 0, 0);
        Settings settings = Settings.from(key -> Optional.ofNullable(System.getenv(Settings.environmentName(key))));
        DaemonSession session;
        try {
            session = DaemonSession.open(settings);
        } catch (CountercheckException e) {
            System.err.println("watch: " + e.getMessage());
            System.exit(UNUSABLE);
            return;
        }
        Watcher watcher = Watcher.on(screen, session.counters(), session::facts);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            watcher.close();
            session.close();
        }));
        watcher.await();
        System.exit(UNUSABLE);
    }
}
