// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.report;

import io.github.countercheck.report.TestReport.Station;
import io.github.countercheck.ruleset.Hook;
import java.util.List;
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

    private final List<Station> stations;
    private final int upper;
    private final int lower;
    private final int middle;
    private final int under;

    FlowDiagram(List<Station> stations) {
        this.stations = stations;
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
        edge(out, "M44 " + middle + "H64", 64, middle, pre || in || forward);
        edge(out, "M214 " + middle + "H232", 232, middle, forward || in);
        edge(out, "M260 " + middle + "H282", 282, middle, forward);
        edge(out, "M432 " + middle + "H560", 560, middle, forward && post);
        edge(out, "M710 " + middle + "H734", 734, middle, post && !isEnded(Hook.POSTROUTING));
        down(out, 246, middle + 14, under - 2, in);
        edge(out, "M320 " + low + "H346", 346, low, in);
        edge(out, "M424 " + low + "H450", 450, low, sent);
        up(out, 581, under, TOP + upper + 2, sent && post);

        end(out, 0, "in");
        end(out, 736, "out");
        String diamond = "M246 " + (middle - 14) + "l14 14-14 14-14-14z";
        out.open("path", "class", forward || in ? "box lit" : "box", "d", diamond)
                .element("title", "routing decision")
                .close();
        out.empty(
                "rect",
                "class",
                in || sent ? "box lit" : "box",
                "x",
                "348",
                "y",
                text(low - 16),
                "width",
                "76",
                "height",
                "32",
                "rx",
                "16");
        out.element("text", "process", "class", "mid soft", "x", "386", "y", text(low + 4));
        box(out, 66, TOP, upper, Hook.PREROUTING);
        box(out, 284, TOP, upper, Hook.FORWARD);
        box(out, 562, TOP, upper, Hook.POSTROUTING);
        box(out, 172, under, lower, Hook.INPUT);
        box(out, 452, under, lower, Hook.OUTPUT);
    }

    private void box(Markup out, int x, int y, int height, Hook hook) {
        boolean lit = isLit(hook);
        out.empty(
                "rect",
                "class",
                lit ? "box lit" : "box",
                "x",
                text(x),
                "y",
                text(y),
                "width",
                text(BOX),
                "height",
                text(height),
                "rx",
                "6");
        out.element(
                "text",
                hook.name(),
                "class",
                lit ? "mid hook" : "mid hook dim",
                "x",
                text(x + BOX / 2),
                "y",
                text(y + 19));
        int top = y + HEAD;
        for (Station station : at(hook)) {
            pill(out, x + 8, top, station);
            top += PILL;
        }
        if (isEnded(hook)) {
            stop(out, x + BOX, y + height / 2);
        }
    }

    private static void pill(Markup out, int x, int y, Station station) {
        String state = station.stop() != null
                ? "pill ended"
                : station.crossed() ? "pill lit" : station.read() ? "pill" : "pill unread";
        out.empty(
                "rect", "class", state, "x", text(x), "y", text(y), "width", text(BOX - 16), "height", "18", "rx", "4");
        out.open("text", "class", station.crossed() ? "met" : "soft", "x", text(x + 7), "y", text(y + 13));
        String name = shortened(label(station));
        out.text(name);
        if (!name.equals(label(station))) {
            out.element("title", label(station));
        }
        out.close();
        if (station.moved() > 0) {
            out.element("text", "+" + station.moved(), "class", "count", "x", text(x + BOX - 22), "y", text(y + 13));
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

    private void end(Markup out, int x, String word) {
        out.empty("circle", "class", "box", "cx", text(x + 22), "cy", text(middle), "r", "20");
        out.element("text", word, "class", "mid soft", "x", text(x + 22), "y", text(middle + 4));
    }

    private static void edge(Markup out, String line, int x, int y, boolean lit) {
        path(out, line + "M" + (x - 7) + " " + (y - 5) + "l7 5-7 5", lit);
    }

    private static void down(Markup out, int x, int from, int to, boolean lit) {
        path(out, "M" + x + " " + from + "V" + to + "M" + (x - 5) + " " + (to - 7) + "l5 7 5-7", lit);
    }

    private static void up(Markup out, int x, int from, int to, boolean lit) {
        path(out, "M" + x + " " + from + "V" + to + "M" + (x - 5) + " " + (to + 7) + "l5-7 5 7", lit);
    }

    private static void path(Markup out, String line, boolean lit) {
        out.empty("path", "class", lit ? "edge lit" : "edge", "d", line);
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

    private static String text(int number) {
        return Integer.toString(number);
    }
}
