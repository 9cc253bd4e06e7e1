// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What came of a run.
 *
 * @param date on which day it was measured, {@code 2026-11-24}
 * @param machine what it was measured on
 * @param figures in the order in which they were measured
 * @param gaps what could not be measured, and why
 */
record Report(String date, Map<String, String> machine, List<Figure> figures, List<String> gaps) {

    Report {
        figures = List.copyOf(figures);
        gaps = List.copyOf(gaps);
    }

    /** Returns it for programs: those with a goal in {@code figures}, what is shown beside them in {@code peers}. */
    String json() {
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("date", date);
        report.put("machine", machine);
        report.put(
                "figures",
                figures.stream().filter(f -> f.goal() != null).map(Report::json).toList());
        report.put(
                "peers",
                figures.stream().filter(f -> f.goal() == null).map(Report::json).toList());
        report.put("gaps", gaps);
        try {
            return JsonMapper.builder().build().writerWithDefaultPrettyPrinter().writeValueAsString(report) + "\n";
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Map<String, Object> json(Figure figure) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", figure.name());
        json.put("unit", figure.unit());
        json.put("ratio", figure.value());
        json.put("low", figure.low());
        json.put("high", figure.high());
        Goal goal = figure.goal();
        if (goal != null) {
            json.put("goal", goal.limit());
            json.put("bound", goal.bound() == Goal.Bound.AT_MOST ? "at most" : "at least");
            json.put("met", figure.isMet());
        }
        json.put("a", json(figure.a()));
        Sample b = figure.b();
        if (b != null) {
            json.put("b", json(b));
        }
        if (!figure.remark().isEmpty()) {
            json.put("remark", figure.remark());
        }
        return json;
    }

    private static Map<String, Object> json(Sample sample) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("what", sample.what());
        json.put("unit", sample.unit());
        json.put("median", sample.median());
        json.put("min", sample.min());
        json.put("max", sample.max());
        json.put("rounds", sample.values().size());
        return json;
    }

    /** Returns it for readers. */
    String markdown() {
        List<String> lines = new ArrayList<>();
        lines.add("Measured on " + date + ": "
                + machine.entrySet().stream()
                        .map(entry -> entry.getKey() + " " + entry.getValue())
                        .collect(Collectors.joining(", "))
                + ". Both sides of a line took turns; the figure is the median of the ratios of each turn, in brackets their"
                + " quartiles. Of each side: the median, and from the lowest to the highest.");
        lines.add("");
        lines.add("| figure | | measured | compared with | goal | met |");
        lines.add("|---|---|---|---|---|---|");
        figures.stream().filter(f -> f.goal() != null).map(Report::row).forEach(lines::add);
        List<Figure> peers = figures.stream().filter(f -> f.goal() == null).toList();
        if (!peers.isEmpty()) {
            lines.addAll(List.of(
                    "",
                    "<details>",
                    "<summary>Measured beside them, without a goal of its own</summary>",
                    "",
                    "| figure | | measured | compared with |",
                    "|---|---|---|---|"));
            peers.stream().map(Report::row).forEach(lines::add);
            lines.addAll(List.of("", "</details>"));
        }
        if (!gaps.isEmpty()) {
            lines.add("");
            gaps.forEach(gap -> lines.add("* Not measured: " + gap));
        }
        return String.join("\n", lines) + "\n";
    }

    private static String row(Figure figure) {
        List<String> cells = new ArrayList<>();
        cells.add("`" + figure.name() + "`");
        cells.add("**" + amount(figure.value(), figure.unit()) + "** (" + number(figure.low()) + "–"
                + number(figure.high()) + ")");
        cells.add(cell(figure.a()) + (figure.remark().isEmpty() ? "" : "; " + figure.remark()));
        cells.add(cell(figure.b()));
        Goal goal = figure.goal();
        if (goal != null) {
            cells.add(goal.bound().sign() + " " + amount(goal.limit(), figure.unit()));
            cells.add(
                    figure.isMet()
                            ? "yes"
                            : String.format(Locale.ROOT, "no, by %.0f %%", 100 * goal.missedBy(figure.value())));
        }
        return "| " + cells.stream().map(cell -> cell.replace("|", "\\|")).collect(Collectors.joining(" | ")) + " |";
    }

    private static String cell(@Nullable Sample sample) {
        if (sample == null) {
            return "";
        }
        String spread =
                sample.values().size() == 1 ? "" : " (" + number(sample.min()) + "–" + number(sample.max()) + ")";
        return sample.what() + " " + amount(sample.median(), sample.unit()) + spread;
    }

    private static String amount(double value, String unit) {
        return number(value) + (unit.equals("ratio") ? "" : " " + unit);
    }

    /** Three digits that count. */
    static String number(double value) {
        double size = Math.abs(value);
        int decimals = size >= 100 || value == Math.rint(value) ? 0 : size >= 10 ? 1 : size >= 0.1 ? 2 : 3;
        return String.format(Locale.ROOT, "%." + decimals + "f", value);
    }

    /**
     * Puts the report into a text between two lines that mark its place.
     *
     * @throws IllegalArgumentException if the text has no such place
     */
    static String between(String text, String begin, String end, String report) {
        int from = text.indexOf(begin);
        int to = text.indexOf(end);
        if (from < 0 || to < from) {
            throw new IllegalArgumentException("there is no place between '" + begin + "' and '" + end + "'");
        }
        return text.substring(0, from + begin.length()) + "\n" + report + text.substring(to);
    }
}
