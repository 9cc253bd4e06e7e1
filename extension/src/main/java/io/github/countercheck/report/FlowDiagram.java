// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.report;

import io.github.countercheck.report.TestReport.Station;
import io.github.countercheck.ruleset.Hook;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/**
 * Draws netfilter's packet flow: a box for each hook, in it the chains that are asked there, those lit by which the test's
 * packets came, and a stop where they ended.
 */
final class FlowDiagram {

    static final int WIDTH = 780;

    private static final int BOX = 148;
    private static final int TOP = 6;
    private static final int HEAD = 28;
    private static final int PILL = 22;
    private static final int GAP = 38;
    private static final int LABEL = 17;

    /** From the lowest to the topmost. All of a kind are one path: browsers open a page by the number of its elements. */
    private static final List<String> KINDS =
            List.of("edge", "edge lit", "box", "box lit", "pill", "pill unread", "pill lit", "pill ended");

    private final List<Station> stations;
    private final Map<String, StringBuilder> shapes = new LinkedHashMap<>();
    private final int upper;
    private final int lower;
    private final int middle;
    private final int under;

    FlowDiagram(List<Station> stations) {
        this.stations = stations;
        KINDS.forEach(kind -> shapes.put(kind, new StringBuilder()));
        int rows = Math.max(
                Math.max(at(Hook.PREROUTING).size(), at(Hook.FORWARD).size()),
                at(Hook.POSTROUTING).size());
        upper = HEAD + PILL * Math.max(1, rows) + 4;
        lower = HEAD
                + PILL
                        * Math.max(
                                1,
                                Math.max(at(Hook.INPUT).size(), at(Hook.OUTPUT).size()))
                + 4;
        middle = TOP + upper / 2;
        under = TOP + upper + GAP;
    }

    int height() {
        return under + lower + TOP;
    }

    /** Says the same for who cannot see it. */
    String inWords() {
        String crossed = stations.stream()
                .filter(Station::crossed)
                .map(s -> s.hook() + " " + s.chain() + (s.moved() > 0 ? " +" + s.moved() : "")
                        + (s.stop() == null ? "" : ", stopped by " + s.stop()))
                .collect(Collectors.joining("; "));
        return crossed.isEmpty() ? "Packet flow: no chain counted anything" : "Packet flow: " + crossed;
    }

    void draw(Markup out) {
        boolean pre = isLit(Hook.PREROUTING);
        boolean forward = isLit(Hook.FORWARD);
        boolean post = isLit(Hook.POSTROUTING);
        boolean in = isLit(Hook.INPUT);
        boolean sent = isLit(Hook.OUTPUT);
        int low = under + lower / 2;
        edge("M44 " + middle + "H64", 64, middle, pre || in || forward);
        edge("M214 " + middle + "H232", 232, middle, forward || in);
        edge("M260 " + middle + "H282", 282, middle, forward);
        edge("M432 " + middle + "H560", 560, middle, forward && post);
        edge("M710 " + middle + "H734", 734, middle, post && !isEnded(Hook.POSTROUTING));
        down(246, middle + 14, under - 2, in);
        edge("M320 " + low + "H346", 346, low, in);
        edge("M424 " + low + "H450", 450, low, sent);
        up(581, under, TOP + upper + 2, sent && post);
        end(0);
        end(736);
        add(in || sent ? "box lit" : "box", rectangle(348, low - 16, 76, 32, 16));
        box(66, TOP, upper, Hook.PREROUTING);
        box(284, TOP, upper, Hook.FORWARD);
        box(562, TOP, upper, Hook.POSTROUTING);
        box(172, under, lower, Hook.INPUT);
        box(452, under, lower, Hook.OUTPUT);

        shapes.forEach((kind, line) -> {
            if (!line.isEmpty()) {
                out.empty("path", "class", kind, "d", line.toString());
            }
        });
        String diamond = "M246 " + (middle - 14) + "l14 14-14 14-14-14z";
        out.open("path", "class", forward || in ? "box lit" : "box", "d", diamond)
                .element("title", "routing decision")
                .close();
        text(out, "in", "mid soft", 22, middle + 4);
        text(out, "out", "mid soft", 758, middle + 4);
        text(out, "process", "mid soft", 386, low + 4);
        label(out, 66, TOP, upper, Hook.PREROUTING);
        label(out, 284, TOP, upper, Hook.FORWARD);
        label(out, 562, TOP, upper, Hook.POSTROUTING);
        label(out, 172, under, lower, Hook.INPUT);
        label(out, 452, under, lower, Hook.OUTPUT);
    }

    private void add(String kind, String line) {
        Objects.requireNonNull(shapes.get(kind)).append(line);
    }

    private static String rectangle(int x, int y, int width, int height, int radius) {
        String corner = "q0-" + radius + " " + radius + "-" + radius;
        int across = width - 2 * radius;
        int along = height - 2 * radius;
        return "M" + x + " " + (y + radius) + corner + "h" + across + "q" + radius + " 0 " + radius + " " + radius + "v"
                + along + "q0 " + radius + "-" + radius + " " + radius + "h-" + across + "q-" + radius + " 0-" + radius
                + "-" + radius + "z";
    }

    private void box(int x, int y, int height, Hook hook) {
        add(isLit(hook) ? "box lit" : "box", rectangle(x, y, BOX, height, 6));
        int top = y + HEAD;
        for (Station station : at(hook)) {
            String state = station.stop() != null
                    ? "pill ended"
                    : station.crossed() ? "pill lit" : station.read() ? "pill" : "pill unread";
            add(state, rectangle(x + 8, top, BOX - 16, 18, 4));
            top += PILL;
        }
    }

    private void label(Markup out, int x, int y, int height, Hook hook) {
        text(out, hook.name(), isLit(hook) ? "mid hook" : "mid hook dim", x + BOX / 2, y + 19);
        int base = y + HEAD + 13;
        for (Station station : at(hook)) {
            String name = shortened(label(station));
            out.open(
                            "text",
                            "class",
                            station.crossed() ? "met" : "soft",
                            "x",
                            Integer.toString(x + 15),
                            "y",
                            Integer.toString(base))
                    .text(name);
            if (!name.equals(label(station))) {
                out.element("title", label(station));
            }
            out.close();
            if (station.moved() > 0) {
                text(out, "+" + station.moved(), "count", x + BOX - 14, base);
            }
            base += PILL;
        }
        if (isEnded(hook)) {
            stop(out, x + BOX, y + height / 2);
        }
    }

    private static String label(Station station) {
        boolean device = station.hook() == Hook.INGRESS || station.hook() == Hook.EGRESS;
        return device ? station.hook() + " " + station.chain() : station.chain();
    }

    private static String shortened(String label) {
        return label.length() <= LABEL ? label : label.substring(0, LABEL - 1) + "…";
    }

    private static void stop(Markup out, int x, int y) {
        out.empty("path", "class", "stop", "d", "M" + (x - 5) + " " + (y - 12) + "h10l7 7v10l-7 7h-10l-7-7v-10z");
        out.empty("path", "class", "cross", "d", "M" + (x - 4) + " " + (y - 4) + "l8 8m0-8l-8 8");
    }

    private void end(int x) {
        add("box", "M" + (x + 2) + " " + middle + "a20 20 0 1 0 40 0a20 20 0 1 0-40 0z");
    }

    private void edge(String line, int x, int y, boolean lit) {
        path(line + "M" + (x - 7) + " " + (y - 5) + "l7 5-7 5", lit);
    }

    private void down(int x, int from, int to, boolean lit) {
        path("M" + x + " " + from + "V" + to + "M" + (x - 5) + " " + (to - 7) + "l5 7 5-7", lit);
    }

    private void up(int x, int from, int to, boolean lit) {
        path("M" + x + " " + from + "V" + to + "M" + (x - 5) + " " + (to + 7) + "l5-7 5 7", lit);
    }

    private void path(String line, boolean lit) {
        add(lit ? "edge lit" : "edge", line);
    }

    /** What a device hands over comes before all else, and what it is handed after. */
    private List<Station> at(Hook hook) {
        return stations.stream()
                .filter(s -> s.hook() == hook
                        || (hook == Hook.PREROUTING && s.hook() == Hook.INGRESS)
                        || (hook == Hook.POSTROUTING && s.hook() == Hook.EGRESS))
                .toList();
    }

    private boolean isLit(Hook hook) {
        return at(hook).stream().anyMatch(Station::crossed);
    }

    private boolean isEnded(Hook hook) {
        return at(hook).stream().anyMatch(s -> s.stop() != null);
    }

    private static void text(Markup out, String text, String kind, int x, int y) {
        out.element("text", text, "class", kind, "x", Integer.toString(x), "y", Integer.toString(y));
    }
}
