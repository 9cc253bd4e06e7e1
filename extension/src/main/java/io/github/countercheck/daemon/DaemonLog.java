// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What dockerd writes to its log. */
final class DaemonLog {

    /** logfmt: {@code time="…" level=info msg="…" error="…"}. */
    private static final Pattern ENTRY =
            Pattern.compile("time=\\S+ level=(\\w+) msg=(\"(?:[^\"\\\\]|\\\\.)*\"|\\S+).*");

    private DaemonLog() {}

    /**
     * Returns dockerd's last word: the sentence with which it gave up, which it writes plainly; or else the last entry of its
     * log that is an error; empty if there is neither.
     */
    static String lastSentence(String log) {
        List<String> lines =
                log.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
        String error = "";
        for (int i = lines.size() - 1; i >= 0; i--) {
            Matcher entry = ENTRY.matcher(lines.get(i));
            if (!entry.matches()) {
                return lines.get(i);
            }
            if (error.isEmpty()
                    && (entry.group(1).equals("fatal") || entry.group(1).equals("error"))) {
                error = entry.group(2).replaceAll("^\"|\"$", "").replace("\\\"", "\"");
            }
        }
        return error;
    }
}
