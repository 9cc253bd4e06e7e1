// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apiguardian.api.API;

/**
 * Lays out a failure: a headline that makes sense alone, then labelled lines, facts before advice; at most
 * {@value #MOST_LINES} lines, for which the longest part is cut in its middle.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class FailureText {

    /** How many lines it has at most. */
    public static final int MOST_LINES = 25;

    private static final String BECAUSE = "because";
    private static final String OR = "or";

    /** What each failure of ours has, and hardly another text. */
    private static final Pattern MARK = Pattern.compile("(?m)^  (because|walk) {2,}\\S");

    /** A labelled line, as {@link #toString()} lays it out; without a label, one that continues the line before it. */
    private static final Pattern LABELLED = Pattern.compile("  ([a-z][a-z ]{8}| {9}) (.*)");

    /**
     * What a label stands before.
     *
     * @param label {@code expected}, {@code because}…
     * @param text what it says, of one line or several
     */
    @API(status = API.Status.INTERNAL, since = "0.1")
    public record Line(String label, String text) {

        /** Returns the cause that it names, if it names one. */
        public Optional<Cause> cause() {
            return label.equals(BECAUSE) || label.equals(OR)
                    ? Arrays.stream(Cause.values())
                            .filter(cause -> text.startsWith(cause + ":"))
                            .findFirst()
                    : Optional.empty();
        }
    }

    /** The same, line by line. */
    private record Part(String label, List<String> lines) {

        Part and(String line) {
            return new Part(
                    label, Stream.concat(lines.stream(), Stream.of(line)).toList());
        }

        Line inOne() {
            return new Line(label, String.join("\n", lines));
        }
    }

    private final String headline;
    private final List<Part> parts = new ArrayList<>();

    /** Begins with the headline. */
    public FailureText(String headline) {
        this.headline = headline;
    }

    /** Tells whether a text holds one of these. */
    public static boolean isIn(String text) {
        return MARK.matcher(text).find();
    }

    /** Finds the labelled lines of a text that holds one or more of these, in their order. */
    public static List<Line> linesIn(String text) {
        if (!isIn(text)) {
            return List.of();
        }
        List<Part> parts = new ArrayList<>();
        for (String line : text.split("\n", -1)) {
            Matcher labelled = LABELLED.matcher(line);
            if (labelled.matches()) {
                String label = labelled.group(1).strip();
                if (!label.isEmpty()) {
                    parts.add(new Part(label, List.of(labelled.group(2))));
                } else if (!parts.isEmpty()) {
                    parts.add(parts.remove(parts.size() - 1).and(labelled.group(2)));
                }
            }
        }
        return parts.stream().map(Part::inOne).toList();
    }

    /** Adds a labelled line; of a text of several lines, the further ones are set in under the first. */
    public FailureText line(String label, String text) {
        parts.add(new Part(label, List.of(text.split("\n", -1))));
        return this;
    }

    /**
     * Adds what was found, if anything was. Of causes that the same evidence fits, all are named, and what would tell them
     * apart.
     */
    public FailureText findings(List<Finding> findings) {
        for (int i = 0; i < findings.size(); i++) {
            Finding finding = findings.get(i);
            line(i == 0 ? BECAUSE : OR, finding.cause() + ": " + finding.evidence());
            line("try", finding.remedy());
        }
        String tests = findings.stream()
                .filter(finding -> !finding.isProven())
                .map(finding -> finding.cause() + " is shown by " + finding.test())
                .collect(Collectors.joining("; "));
        return tests.isEmpty() ? this : line("not sure", tests);
    }

    /** Returns the whole text. */
    @Override
    public String toString() {
        List<String> lines = new ArrayList<>(List.of(headline));
        for (Part part : fitting()) {
            String name = part.label();
            for (String line : part.lines()) {
                lines.add(String.format("  %-9s %s", name, line));
                name = "";
            }
        }
        return String.join("\n", lines);
    }

    /** Prints the same words for programs: the headline, and the labelled lines in their order. */
    public String toJson() {
        return "{\"headline\":" + quoted(headline) + ",\"lines\":["
                + parts.stream()
                        .map(Part::inOne)
                        .map(line -> "{\"label\":" + quoted(line.label()) + ",\"text\":" + quoted(line.text()) + "}")
                        .collect(Collectors.joining(","))
                + "]}";
    }

    private static String quoted(String text) {
        return '"' + String.valueOf(JsonStringEncoder.getInstance().quoteAsString(text)) + '"';
    }

    private List<Part> fitting() {
        List<Part> fitting = new ArrayList<>(parts);
        int over = 1 + fitting.stream().mapToInt(part -> part.lines().size()).sum() - MOST_LINES;
        while (over > 0) {
            Part longest = fitting.stream()
                    .max(Comparator.comparingInt(part -> part.lines().size()))
                    .orElseThrow();
            Part cut = cut(longest, over);
            over -= longest.lines().size() - cut.lines().size();
            if (cut.lines().size() == longest.lines().size()) {
                break;
            }
            fitting.set(fitting.indexOf(longest), cut);
        }
        return fitting;
    }

    /** Keeps at least the first line, the last one, and one that says how many are left out between them. */
    private static Part cut(Part part, int lines) {
        List<String> all = part.lines();
        int kept = Math.max(2, all.size() - lines - 1);
        if (all.size() <= kept + 1) {
            return part;
        }
        int head = (kept + 1) / 2;
        List<String> shorter = new ArrayList<>(all.subList(0, head));
        shorter.add("… " + (all.size() - kept) + " lines more");
        shorter.addAll(all.subList(all.size() - (kept - head), all.size()));
        return new Part(part.label(), shorter);
    }
}
