// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** Prints reports for a reader, in lines of at most 100 columns. */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class Table {

    private static final int WIDTH = 100;
    private static final String ROW = "  %-27s %-4s %-3s %-16s %-31s %s";

    private Table() {}

    /** Prints each engine with each configuration, one path a line, and why it is what it is. */
    public static String of(List<DaemonReport> daemons) {
        StringBuilder text = new StringBuilder();
        daemons.forEach(daemon -> text.append(of(daemon)).append('\n'));
        text.append(summary(daemons)).append('\n').append(times(daemons));
        return text.toString();
    }

    private static String of(DaemonReport daemon) {
        List<String> lines = new ArrayList<>();
        lines.addAll(folded("", name(daemon) + ": " + counts(daemon)));
        Set<String> causes = daemon.probes().stream()
                .map(probe -> String.valueOf(probe.cause()))
                .collect(Collectors.toSet());
        if (causes.size() == 1
                && daemon.count(Verdict.UNMEASURED) == daemon.probes().size()) {
            lines.addAll(folded("  because   ", causes.iterator().next()));
            return String.join("\n", lines) + "\n";
        }
        lines.add(String.format(Locale.ROOT, ROW, "path", "", "", "source seen", "mechanism", "verdict")
                .stripTrailing());
        for (ProbeReport probe : daemon.probes()) {
            Way way = probe.measured();
            lines.add(fitted(String.format(
                    Locale.ROOT,
                    ROW,
                    probe.id().id(),
                    probe.family().inWords(),
                    probe.protocol().name().toLowerCase(Locale.ROOT),
                    way == null ? "-" : source(way.sourceSeen()),
                    way == null ? "-" : inWords(way),
                    probe.verdict())));
            Way expected = probe.expected();
            if (probe.verdict() == Verdict.FAIL && expected != null) {
                lines.addAll(folded("      expected  ", expected.toString()));
            }
            if (probe.cause() != null) {
                lines.addAll(folded("      because   ", probe.cause()));
            }
        }
        return String.join("\n", lines) + "\n";
    }

    /** Names an engine with a configuration: {@code [28.5.2 iptables-nft, userland-proxy-off.json]}. */
    static String name(DaemonReport daemon) {
        return "[" + daemon.engine() + (daemon.backend() == null ? "" : " " + daemon.backend()) + ", " + daemon.config()
                + "]";
    }

    private static String counts(DaemonReport daemon) {
        return daemon.count(Verdict.PASS) + " passed, " + daemon.count(Verdict.FAIL) + " failed, "
                + daemon.count(Verdict.UNMEASURED) + " not measured";
    }

    /** Says how each engine with each configuration ended, a line each. */
    static String summary(List<DaemonReport> daemons) {
        StringBuilder text = new StringBuilder();
        for (DaemonReport daemon : daemons) {
            text.append(fitted(String.format(
                            Locale.ROOT,
                            "%-10s %2d passed, %d failed, %d not measured  %5s s  %s",
                            daemon.verdict(),
                            daemon.count(Verdict.PASS),
                            daemon.count(Verdict.FAIL),
                            daemon.count(Verdict.UNMEASURED),
                            seconds(daemon.elapsed()),
                            name(daemon))))
                    .append('\n');
        }
        return text.toString();
    }

    /** Says what the time of each went to, in seconds. */
    static String times(List<DaemonReport> daemons) {
        StringBuilder text = new StringBuilder();
        for (Phase phase : Phase.values()) {
            text.append(String.format(Locale.ROOT, "%11s", phase.inWords()));
        }
        text.append("    seconds\n");
        for (DaemonReport daemon : daemons) {
            StringBuilder line = new StringBuilder();
            for (Phase phase : Phase.values()) {
                line.append(String.format(
                        Locale.ROOT, "%11s", seconds(daemon.spent().get(phase))));
            }
            line.append(String.format(
                    Locale.ROOT, "%11s  %s %s", seconds(daemon.elapsed()), daemon.engine(), daemon.config()));
            text.append(fitted(line.toString())).append('\n');
        }
        return text.toString();
    }

    static String seconds(@Nullable Duration duration) {
        return duration == null ? "-" : String.format(Locale.ROOT, "%.1f", duration.toMillis() / 1000.0);
    }

    private static String inWords(Way way) {
        String mechanism = way.mechanismInWords();
        return switch (way.outcome()) {
            case ANSWERED -> mechanism;
            case TIMED_OUT -> mechanism.startsWith("BLOCKED_BY") ? mechanism : mechanism + ", timed out";
            default -> mechanism + ", " + way.outcome().inWords();
        };
    }

    private static String source(@Nullable InetAddress address) {
        if (address == null) {
            return "-";
        }
        String text = Cidr.format(address);
        // The end of a long address tells more than its beginning.
        return Family.of(address) == Family.IPV6 && text.length() > 16
                ? "…" + text.substring(text.length() - 15)
                : text;
    }

    private static String fitted(String line) {
        return line.length() <= WIDTH ? line : line.substring(0, WIDTH - 1) + "…";
    }

    /** Breaks a text at blanks; what has none is cut. */
    static List<String> folded(String label, String text) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder(label);
        boolean begun = false;
        for (String word : text.strip().split("\\s+", -1)) {
            if (begun && line.length() + 1 + word.length() > WIDTH) {
                lines.add(fitted(line.toString()));
                line = new StringBuilder(" ".repeat(label.length()));
                begun = false;
            }
            line.append(begun ? " " : "").append(word);
            begun = true;
        }
        lines.add(fitted(line.toString()));
        return lines;
    }
}
