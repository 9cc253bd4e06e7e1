// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.report;

import io.github.countercheck.report.TestReport.Lane;
import io.github.countercheck.report.TestReport.WalkedChain;
import io.github.countercheck.report.TestReport.WalkedRule;
import java.io.Writer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Draws the walk of one test as a picture that stands alone: the packet flow, and below it the chains. */
final class SvgWalk {

    private static final int LINE = 18;
    private static final int INDENT = 22;
    private static final int MOST = 104;

    /** A line of text, and where the arrow that leads to it begins: at a line above, or nowhere. */
    private record Row(int depth, String text, String kind, int from) {}

    private final TestReport test;
    private final List<Row> rows = new ArrayList<>();
    private final Set<String> shown = new HashSet<>();

    private SvgWalk(TestReport test) {
        this.test = test;
    }

    static void write(TestReport test, Writer writer) {
        new SvgWalk(test).draw(new Markup(writer));
    }

    private void draw(Markup out) {
        FlowDiagram flow = new FlowDiagram(test.stations());
        for (Lane lane : test.lanes()) {
            rows.add(new Row(0, lane.hook().name(), "hook", -1));
            lane.chains().forEach(chain -> add(chain, 0, -1));
        }
        int top = 28 + flow.height();
        int height = top + LINE * rows.size() + 12;
        out.open(
                "svg",
                "xmlns",
                "http://www.w3.org/2000/svg",
                "class",
                "walk",
                "viewBox",
                "0 0 " + FlowDiagram.WIDTH + " " + height,
                "width",
                Integer.toString(FlowDiagram.WIDTH),
                "role",
                "img");
        out.line().element("title", test.testClass() + ", " + test.name() + ": " + flow.inWords());
        out.line().style("colors.css").style("diagram.css");
        out.line().empty("rect", "class", "bg", "width", "100%", "height", "100%");
        out.line()
                .element(
                        "text",
                        test.verdict().sign() + " " + test.testClass() + " › " + test.name(),
                        "class",
                        "hook",
                        "x",
                        "6",
                        "y",
                        "18");
        out.line().open("g", "transform", "translate(0 26)");
        flow.draw(out);
        out.close();
        for (int i = 0; i < rows.size(); i++) {
            row(out.line(), rows.get(i), top + LINE * i + 14, top);
        }
        out.line().close().line().end();
    }

    private void add(WalkedChain chain, int depth, int from) {
        String policy = chain.policy() == null
                ? ""
                : "  policy " + chain.policy()
                        + (chain.policyHits() == null || chain.policyHits() == 0 ? "" : " +" + chain.policyHits());
        rows.add(new Row(depth, chain.name() + policy, "soft", from));
        if (!shown.add(chain.name())) {
            rows.add(new Row(depth + 1, "as above", "soft", -1));
            return;
        }
        for (WalkedRule rule : chain.rules()) {
            if (rule.met()) {
                int at = rows.size();
                rows.add(new Row(depth + 1, line(rule), "code met", -1));
                for (WalkedChain called : rule.calls()) {
                    add(called, depth + 2, at);
                    if (called.returned() > 0) {
                        rows.add(
                                new Row(depth + 2, "↲ back to " + chain.name() + " +" + called.returned(), "soft", -1));
                    }
                }
            } else if (!rule.unmet().isEmpty()) {
                rows.add(new Row(depth + 1, "#" + rule.position() + " no match: " + rule.unmet(), "code soft", -1));
            }
        }
    }

    private static String line(WalkedRule rule) {
        return "#" + rule.position() + " " + (rule.hits() == null || rule.hits() == 0 ? "" : "+" + rule.hits() + " ")
                + rule.text();
    }

    private void row(Markup out, Row row, int y, int top) {
        int x = 8 + INDENT * row.depth();
        if (row.from() >= 0) {
            int above = top + LINE * row.from() + 18;
            out.empty("path", "class", "arrow", "d", "M" + (x - 14) + " " + above + "V" + (y - 4) + "h8m-4-4l4 4-4 4");
        }
        int most = MOST - 3 * row.depth();
        String shown = row.text().length() <= most ? row.text() : row.text().substring(0, most - 1) + "…";
        out.open("text", "class", row.kind(), "x", Integer.toString(x), "y", Integer.toString(y))
                .text(Visible.line(shown));
        if (!shown.equals(row.text())) {
            out.element("title", row.text());
        }
        out.close();
    }
}
