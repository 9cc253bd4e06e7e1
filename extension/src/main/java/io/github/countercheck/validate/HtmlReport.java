// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import io.github.countercheck.daemon.PathId;
import io.github.countercheck.report.Matrix;
import io.github.countercheck.report.ReportFiles;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Transport;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** Writes reports as one page that needs nothing else: paths by daemons, and below that what each rests on. */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class HtmlReport {

    private record Path(PathId id, Family family, Transport protocol) {

        static Path of(ProbeReport probe) {
            return new Path(probe.id(), probe.family(), probe.protocol());
        }

        String inWords() {
            return id.id() + " " + family.inWords() + " " + protocol.name().toLowerCase(Locale.ROOT);
        }
    }

    private HtmlReport() {}

    /**
     * Returns the page.
     *
     * @param daemons the reports; with a baseline, of each engine that of the baseline first
     * @param changes what changes with a configuration against the baseline, by the name of the report
     */
    public static String of(List<DaemonReport> daemons, Map<String, List<String>> changes) {
        Set<Path> paths = new LinkedHashSet<>();
        daemons.forEach(daemon -> daemon.probes().forEach(probe -> paths.add(Path.of(probe))));
        List<Matrix.Row> rows = new ArrayList<>();
        for (Path path : paths) {
            rows.add(new Matrix.Row(
                    path.inWords(),
                    daemons.stream()
                            .map(daemon -> cell(
                                    probe(daemon, path),
                                    baseline(daemon, daemons, changes)
                                            .map(base -> change(base, daemon, path))
                                            .orElse("")))
                            .toList()));
        }
        List<String> changed = new ArrayList<>();
        changes.forEach((name, lines) -> lines.forEach(line -> changed.add(name + ": " + line)));
        return ReportFiles.page(new Matrix(
                "What daemon configurations do to container networking",
                daemons.size() + (daemons.size() == 1 ? " daemon, " : " daemons, ")
                        + daemons.stream()
                                .mapToInt(daemon -> daemon.probes().size())
                                .sum() + " paths: "
                        + inWords(daemons),
                daemons.stream().map(HtmlReport::column).toList(),
                rows,
                changed));
    }

    private static Matrix.Column column(DaemonReport daemon) {
        return new Matrix.Column(
                daemon.config(),
                daemon.engine() + (daemon.backend() == null ? "" : " " + daemon.backend()) + ", "
                        + Table.seconds(daemon.elapsed()) + " s",
                verdict(daemon.verdict()),
                inWords(List.of(daemon)));
    }

    /** Says how their paths came out: {@code 25 as promised, 1 otherwise}. */
    private static String inWords(List<DaemonReport> daemons) {
        List<String> words = new ArrayList<>(List.of(count(daemons, Verdict.PASS) + " as promised"));
        if (count(daemons, Verdict.FAIL) > 0) {
            words.add(count(daemons, Verdict.FAIL) + " otherwise");
        }
        if (count(daemons, Verdict.UNMEASURED) > 0) {
            words.add(count(daemons, Verdict.UNMEASURED) + " not measured");
        }
        return String.join(", ", words);
    }

    private static long count(List<DaemonReport> daemons, Verdict verdict) {
        return daemons.stream().mapToLong(daemon -> daemon.count(verdict)).sum();
    }

    private static String change(DaemonReport baseline, DaemonReport candidate, Path path) {
        ProbeReport before = probe(baseline, path);
        ProbeReport after = probe(candidate, path);
        return before == null || after == null ? "" : Changes.change(baseline, before, candidate, after);
    }

    /** Only what was compared has one: the first of the reports before it of which nothing is said to have changed. */
    private static Optional<DaemonReport> baseline(
            DaemonReport daemon, List<DaemonReport> daemons, Map<String, List<String>> changes) {
        if (!changes.containsKey(Table.name(daemon))) {
            return Optional.empty();
        }
        return daemons.subList(0, daemons.indexOf(daemon)).stream()
                .filter(other -> !changes.containsKey(Table.name(other)))
                .reduce((first, last) -> last);
    }

    private static @Nullable ProbeReport probe(DaemonReport daemon, Path path) {
        return daemon.probes().stream()
                .filter(probe -> Path.of(probe).equals(path))
                .findFirst()
                .orElse(null);
    }

    private static Matrix.Cell cell(@Nullable ProbeReport probe, String change) {
        Way way = probe == null ? null : probe.measured();
        return new Matrix.Cell(
                verdict(probe == null ? Verdict.UNMEASURED : probe.verdict()),
                way == null ? "not measured" : way.outcome().inWords(),
                way == null ? "" : way.mechanismInWords(),
                change,
                probe == null ? List.of() : evidence(probe));
    }

    private static io.github.countercheck.report.Verdict verdict(Verdict verdict) {
        return switch (verdict) {
            case PASS -> io.github.countercheck.report.Verdict.PASSED;
            case FAIL -> io.github.countercheck.report.Verdict.FAILED;
            case UNMEASURED -> io.github.countercheck.report.Verdict.NOT_MEASURED;
        };
    }

    private static List<String> evidence(ProbeReport probe) {
        List<String> lines = new ArrayList<>();
        Way expected = probe.expected();
        if (probe.verdict() == Verdict.FAIL && expected != null) {
            lines.add("expected " + expected);
        }
        if (probe.cause() != null) {
            lines.add("because " + probe.cause());
        }
        InetAddress source = probe.measured() == null ? null : probe.measured().sourceSeen();
        if (source != null) {
            lines.add("source seen " + Cidr.format(source));
        }
        probe.rules().forEach(rule -> lines.add("+" + rule.hits() + " " + rule.location() + "  " + rule.rule()));
        return lines;
    }
}
