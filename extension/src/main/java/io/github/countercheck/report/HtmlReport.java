// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.report;

import io.github.countercheck.report.TestReport.Lane;
import io.github.countercheck.report.TestReport.Ribbon;
import io.github.countercheck.report.TestReport.RuleChange;
import io.github.countercheck.report.TestReport.Station;
import io.github.countercheck.report.TestReport.WalkedChain;
import io.github.countercheck.report.TestReport.WalkedRule;
import io.github.countercheck.snapshot.Change;
import java.io.FilterWriter;
import java.io.IOException;
import java.io.Writer;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Writes pages that need nothing but themselves: no script, no other file, no network. */
final class HtmlReport {

    /** So many rules in a row that nothing met are shown; of more, their number is told. */
    private static final int MOST_UNMET = 8;

    private static final int MOST_CHANGES = 60;

    private static final int MOST_CHANGES_IN_WORDS = 20;

    /** Once the page is so long, tests that passed are told in words, so that it opens at once. */
    private static final long MANY_CHARACTERS = 300_000;

    /** Once it is so long, those that did not pass are too. */
    private static final long TOO_MANY_CHARACTERS = 1_000_000;

    /** Once it is so long, tests that passed are only named, and of the others there is only what they failed with. */
    private static final long MOST_CHARACTERS = 4_000_000;

    /** What did not pass comes first: it is what a reader came for, and what must not be left out. */
    private static final Comparator<TestReport> BY_INTEREST = Comparator.comparingInt(test -> switch (test.verdict()) {
        case FAILED -> 0;
        case NOT_MEASURED -> 1;
        case ABORTED -> 2;
        case PASSED -> 3;
    });

    /** How the lines of a failure begin that say why, and what to do. */
    private static final Pattern WHY = Pattern.compile("  (because|or|try) ");

    private static final String LEGEND =
            "Lit: what packets came by, with the most that one rule or policy there counted"
                    + " (flows in nat, else packets). Dashed: not read again.";

    private final Markup out;

    /** The chains of a test whose rules were shown already. */
    private final Set<String> shown = new HashSet<>();

    private HtmlReport(Markup out) {
        this.out = out;
    }

    /** Writes the page of a run: its tests at a glance, and below that each of them. */
    static void write(RunReport run, Writer writer) {
        Counted counted = new Counted(writer);
        HtmlReport page = new HtmlReport(new Markup(counted));
        page.begin("Countercheck: " + run.inWords(), "Countercheck report");
        List<TestReport> tests = run.tests().stream().sorted(BY_INTEREST).toList();
        page.summary(run, tests);
        for (int i = 0; i < tests.size(); i++) {
            TestReport test = tests.get(i);
            Detail detail = Detail.of(test, counted.count);
            if (detail == Detail.MESSAGE && test.message().isEmpty()) {
                page.leftOut(test, "t" + i);
            } else {
                page.folded(test, "t" + i, detail);
            }
        }
        page.finish();
    }

    /** How much of a test is told on the page of its run. */
    private enum Detail {
        PICTURES,
        WORDS,
        MESSAGE;

        static Detail of(TestReport test, long characters) {
            if (characters > MOST_CHARACTERS) {
                return MESSAGE;
            }
            return characters > (test.verdict() == Verdict.PASSED ? MANY_CHARACTERS : TOO_MANY_CHARACTERS)
                    ? WORDS
                    : PICTURES;
        }
    }

    /** Counts what goes through. */
    private static final class Counted extends FilterWriter {

        private long count;

        Counted(Writer out) {
            super(out);
        }

        @Override
        public void write(int c) throws IOException {
            count++;
            super.write(c);
        }

        @Override
        public void write(char[] text, int offset, int length) throws IOException {
            count += length;
            super.write(text, offset, length);
        }

        @Override
        public void write(String text, int offset, int length) throws IOException {
            count += length;
            super.write(text, offset, length);
        }
    }

    /** Writes the page of one test. */
    static void write(TestReport test, Writer writer) {
        HtmlReport page = new HtmlReport(new Markup(writer));
        page.begin(test.testClass() + " › " + test.name(), test.testClass() + " › " + test.name());
        page.out.open("p", "class", "lead");
        page.verdict(test.verdict());
        page.out.text(" in " + inWords(test.elapsed())).close();
        page.daemons(List.of(test.daemon()));
        page.contents(test, "h2");
        page.finish();
    }

    /** Writes a page with one matrix. */
    static void write(Matrix matrix, Writer writer) {
        HtmlReport page = new HtmlReport(new Markup(writer));
        page.begin(matrix.title(), matrix.title());
        page.matrix(matrix);
        page.finish();
    }

    private void begin(String title, String heading) {
        out.doctype().open("html", "lang", "en").line().open("head").line();
        out.empty("meta", "charset", "utf-8").line();
        out.empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1")
                .line();
        out.empty(
                        "meta",
                        "http-equiv",
                        "Content-Security-Policy",
                        "content",
                        "default-src 'none'; style-src 'unsafe-inline'")
                .line();
        out.element("title", title).line();
        out.style("colors.css").style("diagram.css").style("report.css").line();
        out.close().line().open("body").line();
        out.element("a", "To the contents", "class", "skip", "href", "#main").line();
        out.open("header").element("h1", heading).close().line();
        out.open("main", "id", "main").line();
    }

    private void finish() {
        out.line().close().line().close().line().close().line().end();
    }

    private void summary(RunReport run, List<TestReport> tests) {
        out.open("p", "class", "lead")
                .text(run.inWords() + ", in " + inWords(run.elapsed()) + ", from " + inWords(run.startedAt()))
                .close()
                .line();
        if (!run.complete()) {
            out.element("p", "The run has not come to its end: tests may be missing here.", "class", "warn")
                    .line();
        }
        out.open("div", "class", "bar", "role", "img", "aria-label", run.inWords());
        for (Verdict verdict : Verdict.values()) {
            long count = run.count(verdict);
            if (count > 0) {
                out.element("span", "", "class", className(verdict), "style", "flex-grow: " + count);
            }
        }
        out.close().line();
        daemons(run.daemons());
        // One daemon is told above; only several differ from test to test.
        boolean several = run.daemons().size() > 1;
        out.open("table", "class", several ? "tests several" : "tests")
                .element("caption", "Tests")
                .line();
        out.open("thead").open("tr");
        for (String column : several
                ? List.of("Test", "Verdict", "Engine", "Backend", "Configuration", "Time")
                : List.of("Test", "Verdict", "Time")) {
            out.element("th", column, "scope", "col");
        }
        out.close().close().line().open("tbody");
        for (int i = 0; i < tests.size(); i++) {
            row(tests.get(i), "t" + i, several);
        }
        out.close().close().line();
        out.element("h2", "Each test").line();
        out.element("p", "Packet flow. " + LEGEND, "class", "soft").line();
    }

    private void row(TestReport test, String id, boolean several) {
        out.line().open("tr").open("th", "scope", "row");
        out.element("a", test.testClass() + " › " + test.name(), "href", "#" + id);
        if (!test.headline().isEmpty()) {
            out.element("span", test.headline(), "class", "why");
        }
        out.close().open("td");
        verdict(test.verdict());
        out.close();
        if (several) {
            out.element("td", test.daemon().engine());
            out.element("td", String.join(", ", test.daemon().backends()));
            out.element("td", config(test.daemon()));
        }
        out.element("td", inWords(test.elapsed()), "class", "num").close();
    }

    private void verdict(Verdict verdict) {
        signed(verdict, verdict.inWords());
    }

    private void signed(Verdict verdict, String words) {
        out.element("span", verdict.sign() + " " + words, "class", "v " + className(verdict));
    }

    private static String className(Verdict verdict) {
        return verdict.name().toLowerCase(Locale.ROOT);
    }

    private static String config(DaemonInfo daemon) {
        return daemon.config().isEmpty() ? "as found" : daemon.config();
    }

    private void daemons(List<DaemonInfo> daemons) {
        for (DaemonInfo daemon : daemons) {
            out.element(
                            "p",
                            daemon.engine() + " at " + daemon.endpoint() + ", rules in "
                                    + (daemon.backends().isEmpty()
                                            ? "no backend"
                                            : String.join(", ", daemon.backends()))
                                    + ", configuration " + config(daemon) + ", read in " + daemon.reader(),
                            "class",
                            "soft")
                    .line();
        }
    }

    private void folded(TestReport test, String id, Detail detail) {
        String shape = className(test.verdict());
        boolean open = test.verdict() == Verdict.FAILED || test.verdict() == Verdict.NOT_MEASURED;
        if (open) {
            out.open("details", "class", shape, "open", "");
        } else {
            out.open("details", "class", shape);
        }
        out.open("summary").open("h2");
        verdict(test.verdict());
        out.text(" " + test.testClass() + " › " + test.name()).close().close();
        // A link to what is inside unfolds it.
        out.open("div", "class", "in", "id", id);
        switch (detail) {
            case PICTURES -> contents(test, "h3");
            case WORDS -> words(test);
            case MESSAGE -> {
                lines(test.message());
                elsewhere("Where its packets went: ", test);
            }
        }
        out.close().close().line();
    }

    /** Few elements, however much there is to tell: their number is what a browser takes its time for. */
    private void words(TestReport test) {
        lines(test.message());
        list(test.sent());
        out.element("p", new FlowDiagram(test.stations()).inWords());
        StringBuilder walk = new StringBuilder();
        shown.clear();
        test.lanes().forEach(lane -> lane.chains().forEach(chain -> met(chain, 0, walk)));
        lines(walk.toString());
        if (!test.ribbons().isEmpty()) {
            out.element("h3", "Addresses");
            lines(test.ribbons().stream().map(HtmlReport::words).collect(Collectors.joining("\n")));
        }
        if (!test.changes().isEmpty()) {
            out.element("h3", "Rules that did not stay");
            lines(inWords(test.changes()));
        }
        notes(test, "h3");
        elsewhere("In pictures, and with the rules that nothing met: ", test);
    }

    private void lines(String text) {
        if (!text.isEmpty()) {
            out.element("pre", text, "tabindex", "0");
        }
    }

    private void elsewhere(String what, TestReport test) {
        out.open("p", "class", "soft")
                .text(what)
                .element("code", test.path() + ".html")
                .close();
    }

    private void met(WalkedChain chain, int depth, StringBuilder walk) {
        boolean again = !shown.add(chain.name());
        for (WalkedRule rule : chain.rules()) {
            if (rule.met()) {
                walk.append("  ".repeat(depth)).append(chain.name());
                if (again) {
                    walk.append(" as above\n");
                    return;
                }
                walk.append(" #")
                        .append(rule.position())
                        .append("  ")
                        .append(counters(rule))
                        .append(' ')
                        .append(hits(rule))
                        .append("  ")
                        .append(rule.text());
                if (!rule.purpose().isEmpty()) {
                    walk.append("  # ").append(rule.purpose());
                }
                walk.append('\n');
                rule.calls().forEach(called -> met(called, depth + 1, walk));
            }
        }
    }

    private static String words(Ribbon ribbon) {
        String translated = ribbon.translatedTo();
        String seen = ribbon.seenFrom();
        return said(ribbon) + "  " + ribbon.from() + " → " + ribbon.to()
                + (translated == null
                        ? ""
                        : translated.equals(ribbon.to()) ? " → " + translated : " → DNAT → " + translated)
                + (seen == null ? "" : ", answers go to " + seen)
                + "\n  " + ribbon.conntrack();
    }

    private static String said(Ribbon ribbon) {
        return (ribbon.alike() == 1 ? "" : ribbon.alike() + " × ") + ribbon.transport() + " " + ribbon.outcome();
    }

    private static String inWords(List<RuleChange> changes) {
        String first = changes.stream()
                .limit(MOST_CHANGES_IN_WORDS)
                .map(change -> words(change) + " " + change.chain() + "  " + change.rule()
                        + (change.was() == null ? "" : "  was " + change.was()))
                .collect(Collectors.joining("\n"));
        int more = changes.size() - MOST_CHANGES_IN_WORDS;
        return more <= 0 ? first : first + "\n… and " + more + " more";
    }

    private void leftOut(TestReport test, String id) {
        out.open("p", "id", id);
        verdict(test.verdict());
        out.text(" " + test.testClass() + " › " + test.name() + ": left out for the size of this page; see ")
                .element("code", test.path() + ".html")
                .close()
                .line();
    }

    private void contents(TestReport test, String heading) {
        if (!test.message().isEmpty()) {
            out.element(heading, "What went wrong");
            failure(test.message());
        }
        out.element(heading, "Sent");
        if (test.sent().isEmpty()) {
            out.element("p", "Nothing by Traffic.", "class", "soft");
        }
        list(test.sent());
        out.element(heading, "Packet flow");
        if (heading.equals("h2")) {
            out.element("p", LEGEND, "class", "soft");
        }
        flow(test);
        out.element(heading, "Chains");
        if (test.lanes().isEmpty()) {
            out.element("p", "No rule counted anything.", "class", "soft");
        }
        if (namesAny(test.lanes())) {
            out.element(
                    "p", "✗ marks the match that kept the test's packet from a rule, as simulated.", "class", "soft");
        }
        shown.clear();
        for (Lane lane : test.lanes()) {
            out.element(heading.equals("h2") ? "h3" : "h4", lane.hook().name());
            lane.chains().forEach(chain -> chain(chain, null));
        }
        if (!test.ribbons().isEmpty()) {
            out.element(heading, "Addresses");
            test.ribbons().forEach(this::ribbon);
        }
        if (!test.changes().isEmpty()) {
            out.element(heading, "Rules that did not stay");
            changes(test.changes());
        }
        notes(test, heading);
    }

    private void notes(TestReport test, String heading) {
        if (!test.notes().isEmpty()) {
            out.element(heading, "Notes");
            list(test.notes());
        }
    }

    /**
     * Each line is an element, so that what does not fit goes on under its beginning; those that who does not know iptables
     * understands stand out.
     */
    private void failure(String message) {
        out.open("pre", "class", "failure", "tabindex", "0");
        message.lines().forEach(line -> out.element(WHY.matcher(line).lookingAt() ? "b" : "span", line));
        out.close();
    }

    private static boolean namesAny(List<Lane> lanes) {
        return lanes.stream().flatMap(lane -> lane.chains().stream()).anyMatch(HtmlReport::namesUnmet);
    }

    private static boolean namesUnmet(WalkedChain chain) {
        return chain.rules().stream()
                .anyMatch(
                        rule -> !rule.unmet().isEmpty() || rule.calls().stream().anyMatch(HtmlReport::namesUnmet));
    }

    private void list(List<String> lines) {
        if (!lines.isEmpty()) {
            out.open("ul", "class", "plain");
            lines.forEach(line -> out.element("li", line));
            out.close();
        }
    }

    private void flow(TestReport test) {
        FlowDiagram diagram = new FlowDiagram(test.stations());
        out.open("figure")
                .open("div", "class", "scroll", "tabindex", "0", "role", "group", "aria-label", "Packet flow");
        out.open(
                "svg",
                "class",
                "walk",
                "viewBox",
                "0 0 " + FlowDiagram.WIDTH + " " + diagram.height(),
                "role",
                "img",
                "aria-label",
                diagram.inWords());
        diagram.draw(out);
        out.close().close();
        String stops = test.stations().stream()
                .map(Station::stop)
                .filter(stop -> stop != null)
                .distinct()
                .collect(Collectors.joining("; "));
        if (!stops.isEmpty()) {
            out.open("figcaption")
                    .element("span", "Stopped by " + stops, "class", "ended")
                    .close();
        }
        out.close();
    }

    private void chain(WalkedChain chain, @Nullable String caller) {
        out.open("div", "class", "chain").open("p", "class", "head");
        out.text((caller == null ? "" : "↳ ") + chain.name());
        if (chain.policy() != null) {
            out.element(
                    "span",
                    " policy " + chain.policy()
                            + (chain.policyHits() == null || chain.policyHits() == 0 ? "" : " +" + chain.policyHits()),
                    "class",
                    "soft");
        }
        out.close();
        if (!shown.add(chain.name())) {
            out.element("p", "Its rules are above; they count for all that jump here together.", "class", "soft");
            out.close();
            return;
        }
        Columns columns = Columns.of(chain.rules());
        out.open("ol", "style", "--n:" + columns.width());
        int unmet = 0;
        for (WalkedRule rule : chain.rules()) {
            unmet = rule.met() ? 0 : unmet + 1;
            if (unmet <= MOST_UNMET) {
                rule(rule, columns, chain.name());
            } else if (endsRun(chain.rules(), rule)) {
                out.element("li", "… and " + (unmet - MOST_UNMET) + " more that nothing met");
            }
        }
        out.close();
        if (caller != null && chain.returned() > 0) {
            out.element("p", "↲ back to " + caller + " +" + chain.returned(), "class", "back");
        }
        out.close();
    }

    private static boolean endsRun(List<WalkedRule> rules, WalkedRule rule) {
        int next = rule.position();
        return next == rules.size() || rules.get(next).met();
    }

    /** How wide the columns before the rules of a chain are, in characters: with one of text, not of elements, each. */
    private record Columns(int position, int counters, int hits) {

        static Columns of(List<WalkedRule> rules) {
            int counters = 0;
            int hits = 0;
            for (WalkedRule rule : rules) {
                counters = Math.max(counters, HtmlReport.counters(rule).length());
                hits = Math.max(hits, HtmlReport.hits(rule).length());
            }
            return new Columns(1 + Integer.toString(rules.size()).length(), counters, hits);
        }

        int width() {
            return position + counters + hits + 4;
        }

        static String right(String text, int width) {
            return " ".repeat(width - text.length()) + text;
        }
    }

    private void rule(WalkedRule rule, Columns columns, String chain) {
        if (rule.met()) {
            out.open("li", "class", "met");
        } else {
            out.open("li");
        }
        String hits = hits(rule);
        String before = Columns.right("#" + rule.position(), columns.position()) + " "
                + Columns.right(counters(rule), columns.counters()) + " " + " ".repeat(columns.hits() - hits.length());
        if (hits.isEmpty()) {
            out.text(before + "  ");
        } else {
            out.text(before).element("b", hits).text("  ");
        }
        int at = rule.unmet().isEmpty() ? -1 : rule.text().indexOf(rule.unmet());
        if (at < 0) {
            out.text(rule.text());
        } else {
            if (at > 0) {
                out.text(rule.text().substring(0, at));
            }
            out.element("u", rule.unmet())
                    .text(rule.text().substring(at + rule.unmet().length()));
        }
        if (!rule.purpose().isEmpty() && rule.met()) {
            out.element("small", rule.purpose());
        }
        if (!rule.unmet().isEmpty() && at < 0) {
            out.element("small", "✗ " + rule.unmet());
        }
        rule.calls().forEach(called -> chain(called, chain));
        out.close();
    }

    private static String hits(WalkedRule rule) {
        return rule.hits() == null || rule.hits() == 0 ? "" : "+" + rule.hits();
    }

    private static String counters(WalkedRule rule) {
        if (rule.before() == null && rule.after() == null) {
            return rule.hits() == null ? "not counted" : "";
        }
        return (rule.before() == null ? "–" : rule.before()) + " → " + (rule.after() == null ? "?" : rule.after());
    }

    private void ribbon(Ribbon ribbon) {
        String translated = ribbon.translatedTo();
        String seen = ribbon.seenFrom();
        out.open("div", "class", "ribbon");
        out.element("span", said(ribbon));
        end("from", ribbon.from(), false);
        out.element("span", "→");
        end("sent to", ribbon.to(), false);
        if (translated != null) {
            boolean dnat = !translated.equals(ribbon.to());
            out.element("span", dnat ? "→ DNAT →" : "→");
            end(dnat ? "translated to" : "went to", translated, dnat);
        }
        if (seen != null) {
            boolean snat = !seen.equals(ribbon.from());
            out.element("span", snat ? "seen, source translated, as" : "seen as");
            end("answers go to", seen, snat);
        }
        out.close();
        out.element("p", ribbon.conntrack(), "class", "soft code");
    }

    private void end(String label, String address, boolean isNew) {
        out.open("span", "class", isNew ? "end new" : "end")
                .element("small", label)
                .element("code", address)
                .close();
    }

    private void changes(List<RuleChange> changes) {
        out.open("ul", "class", "plain");
        for (RuleChange change : changes.subList(0, Math.min(changes.size(), MOST_CHANGES))) {
            out.open("li");
            out.element("b", words(change)).text(" " + change.chain() + " ").element("code", change.rule());
            if (change.was() != null) {
                out.text(" was ").element("code", change.was());
            }
            out.close();
        }
        if (changes.size() > MOST_CHANGES) {
            out.element("li", "… and " + (changes.size() - MOST_CHANGES) + " more", "class", "soft");
        }
        out.close();
    }

    static String words(RuleChange change) {
        return change.was() != null ? "changed" : words(change.change());
    }

    private static String words(Change change) {
        return switch (change) {
            case ADDED -> "added";
            case REMOVED -> "removed";
            case RESET -> "began anew";
            case SAME -> "stayed";
        };
    }

    private void matrix(Matrix matrix) {
        out.element("p", matrix.summary(), "class", "lead").line();
        out.open("p", "class", "soft")
                .text(
                        "What became of the packets of each path, and what did it: ✓ as the configuration promises on that"
                                + " engine, ✗ otherwise, ? not measured. ")
                .text(matrix.changes().isEmpty() ? "" : "≠ marks what changes against the baseline.")
                .close()
                .line();
        out.open("div", "class", "scroll", "tabindex", "0", "role", "group", "aria-label", matrix.title());
        out.open("table", "class", "matrix").line().open("thead").open("tr");
        out.element("th", "Path", "scope", "col");
        for (Matrix.Column column : matrix.columns()) {
            out.open("th", "scope", "col").text(column.name());
            out.element("span", column.detail(), "class", "why");
            signed(column.verdict(), column.result());
            out.close();
        }
        out.close().close().line().open("tbody");
        for (Matrix.Row row : matrix.rows()) {
            out.line().open("tr").element("th", row.path(), "scope", "row");
            row.cells().forEach(this::cell);
            out.close();
        }
        out.close().close().close().line();
        if (!matrix.changes().isEmpty()) {
            out.element("h2", "What changes against the baseline");
            list(matrix.changes());
        }
        out.element("h2", "What each rests on").line();
        for (int i = 0; i < matrix.columns().size(); i++) {
            evidence(matrix, i);
        }
    }

    private void cell(Matrix.Cell cell) {
        boolean differs = !cell.change().isEmpty();
        out.open("td", "class", differs ? className(cell.verdict()) + " differs" : className(cell.verdict()));
        signed(cell.verdict(), cell.outcome());
        if (!cell.mechanism().isEmpty()) {
            out.element("span", cell.mechanism(), "class", "why");
        }
        if (differs) {
            out.element("span", "≠ " + cell.change(), "class", "tag");
        }
        out.close();
    }

    private void evidence(Matrix matrix, int column) {
        Matrix.Column daemon = matrix.columns().get(column);
        // On paper it is where the reader has unfolded it.
        out.open("details", "class", "evidence").open("summary").element("h3", daemon.name() + ", " + daemon.detail());
        out.close().open("div", "class", "in");
        for (Matrix.Row row : matrix.rows()) {
            Matrix.Cell cell = row.cells().get(column);
            if (!cell.evidence().isEmpty()) {
                out.open("p").text(row.path() + " ");
                verdict(cell.verdict());
                out.close().open("ul", "class", "plain");
                cell.evidence()
                        .forEach(line -> out.open("li").element("code", line).close());
                out.close();
            }
        }
        out.close().close().line();
    }

    static String inWords(Instant at) {
        return at.truncatedTo(ChronoUnit.SECONDS).toString().replace('T', ' ').replace("Z", " UTC");
    }

    static String inWords(Duration elapsed) {
        long millis = elapsed.toMillis();
        if (millis < 1000) {
            return millis + " ms";
        }
        return millis < 60_000
                ? String.format(Locale.ROOT, "%.1f s", millis / 1000.0)
                : String.format(Locale.ROOT, "%d min %d s", millis / 60_000, millis / 1000 % 60);
    }
}
