// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import io.github.countercheck.report.TestReport.RuleChange;
import io.github.countercheck.report.TestReport.Station;
import io.github.countercheck.report.TestReport.WalkedChain;
import io.github.countercheck.report.TestReport.WalkedRule;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

/**
 * Reports of captured counters. Where a golden file is to change, run with {@code -Dgolden.update=true} and look at the
 * difference.
 */
class ReportTests {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path GOLDEN = Path.of("src/test/resources/report");

    enum Sample {
        INBOUND(ReportSamples::inbound),
        INBOUND_NFTABLES(ReportSamples::inboundNftables),
        OUTBOUND(ReportSamples::outbound),
        STOPPED(ReportSamples::stopped),
        TRACED(ReportSamples::traced),
        HOSTILE(ReportSamples::hostile);

        private final Supplier<TestReport> report;

        Sample(Supplier<TestReport> report) {
            this.report = report;
        }
    }

    private interface Printing {
        void to(Writer out) throws IOException;
    }

    private static String text(Printing printing) {
        StringWriter out = new StringWriter();
        try {
            printing.to(out);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toString();
    }

    private static String html(TestReport test) {
        return text(out -> HtmlReport.write(test, out));
    }

    private static void assertGolden(String name, String text) throws IOException {
        Path file = GOLDEN.resolve(name);
        if (Boolean.getBoolean("golden.update")) {
            Files.createDirectories(GOLDEN);
            Files.writeString(file, text);
        }
        assertThat(text).isEqualTo(Files.readString(file));
    }

    private static Document parse(String markup) {
        try {
            return DocumentBuilderFactory.newDefaultNSInstance()
                    .newDocumentBuilder()
                    .parse(new InputSource(new StringReader(markup.replace("<!DOCTYPE html>\n", ""))));
        } catch (SAXException | ParserConfigurationException | IOException e) {
            throw new AssertionError(e.getMessage() + " in\n" + markup, e);
        }
    }

    @ParameterizedTest
    @EnumSource
    void picturesAreAsTheyWere(Sample sample) throws IOException {
        String svg = text(out -> SvgWalk.write(sample.report.get(), out));

        assertThat(parse(svg).getDocumentElement().getTagName()).isEqualTo("svg");
        assertGolden(sample.name() + ".svg", svg);
    }

    @ParameterizedTest
    @EnumSource
    void jsonIsAsItWasAndAsTheSchemaSays(Sample sample) throws IOException {
        String json = text(out -> JsonReport.write(sample.report.get(), out));

        assertThat(problems(JSON.readTree(json))).isEmpty();
        assertGolden(sample.name() + ".json", json);
    }

    @Test
    void theSchemaRefusesWhatIsMissingUnknownOrOfAnotherKind() throws IOException {
        ObjectNode json = (ObjectNode) JSON.readTree(text(out -> JsonReport.write(ReportSamples.inbound(), out)));
        json.remove("sent");
        json.put("more", 1);
        json.put("verdict", "GOOD");
        ((ArrayNode) json.get("notes")).add(1);
        ((ArrayNode) json.get("lines")).addObject().put("label", "because");

        assertThat(problems(json)).hasSize(5);
    }

    private static Set<ValidationMessage> problems(JsonNode json) throws IOException {
        try (var in = Objects.requireNonNull(JsonReport.class.getResourceAsStream("test-report.schema.json"))) {
            return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
                    .getSchema(in)
                    .validate(json);
        }
    }

    @Test
    void summariesAreAsTheyWere() throws IOException {
        assertGolden("passed.md", MarkdownSummary.of(ReportSamples.run(ReportSamples.inbound())));
        assertGolden(
                "failed.md",
                MarkdownSummary.of(
                        ReportSamples.run(ReportSamples.inbound(), ReportSamples.stopped(), ReportSamples.hostile())));
    }

    @ParameterizedTest
    @EnumSource
    void pagesNeedNothingButThemselves(Sample sample) {
        String page = html(sample.report.get());

        assertThat(page).doesNotContain("@import", "url(").contains("default-src 'none'");
        NodeList elements = parse(page).getElementsByTagName("*");
        for (int i = 0; i < elements.getLength(); i++) {
            Element element = (Element) elements.item(i);
            assertThat(element.getTagName()).isNotIn("script", "link", "img", "iframe", "object", "image", "use");
            assertThat(element.getAttribute("href")).matches("|#[a-z0-9]+");
            assertThat(element.getAttribute("src")).isEmpty();
        }
    }

    @Test
    void whateverSomebodyWroteIsTextAndSeen() throws IOException {
        TestReport hostile = ReportSamples.hostile();
        for (String page : Stream.of(
                        html(hostile),
                        text(out -> HtmlReport.write(ReportSamples.run(hostile), out)),
                        text(out -> SvgWalk.write(hostile, out)))
                .toList()) {
            Document document = parse(page);
            assertThat(document.getElementsByTagName("script").getLength()).isZero();
            assertThat(document.getElementsByTagName("img").getLength()).isZero();
            assertThat(page).doesNotContain("\u202e", "\u200b", "\u001b").contains("[U+202E]");
        }
        assertThat(html(hostile)).contains("&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;[U+202E]evil");
        assertThat(text(out -> JsonReport.write(hostile, out)))
                .doesNotContain("\u202e")
                .contains("\\u202E");
    }

    @Test
    void theFlowTellsWhereThePacketsWentAndWhatStoppedThem() {
        assertThat(ReportSamples.inbound().stations())
                .filteredOn(Station::crossed)
                .extracting(s -> s.hook() + " " + s.chain() + " +" + s.moved())
                .containsExactly("PREROUTING raw +78", "PREROUTING nat +5", "OUTPUT nat +1", "FORWARD filter +48");
        assertThat(ReportSamples.inbound().stations()).extracting(Station::stop).containsOnlyNulls();
        assertThat(ReportSamples.stopped().stations()).extracting(Station::stop).contains("DROP raw/PREROUTING #2 +3");
    }

    @Test
    void aRuleThatWasPassedByNamesTheMatchThatFailed() {
        WalkedChain docker = ReportSamples.inbound().lanes().get(0).chains().stream()
                .flatMap(chain -> chain.rules().stream())
                .flatMap(rule -> rule.calls().stream())
                .filter(chain -> chain.name().equals("nat/DOCKER"))
                .findFirst()
                .orElseThrow();

        assertThat(docker.rules().subList(0, 4))
                .extracting(WalkedRule::position, WalkedRule::met, WalkedRule::hits, WalkedRule::unmet)
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(1, false, 0L, "-i br-53b886391c7c"),
                        org.assertj.core.groups.Tuple.tuple(2, false, 0L, "-i br-9e36b26b1de9"),
                        org.assertj.core.groups.Tuple.tuple(3, false, 0L, "-i docker0"),
                        org.assertj.core.groups.Tuple.tuple(4, true, 3L, ""));
        assertThat(docker.rules().get(3).purpose()).isEqualTo("PORT_DNAT web1 80/tcp");
    }

    @Test
    void addressesAreThoseOfConntrack() {
        assertThat(ReportSamples.inbound().ribbons())
                .extracting(
                        r -> r.alike() + " " + r.from() + " " + r.to() + " " + r.translatedTo() + " " + r.seenFrom())
                .containsExactly("3 203.0.113.20:* 203.0.113.10:32768 172.17.0.2:80 203.0.113.20:*");
        assertThat(ReportSamples.outbound().ribbons())
                .extracting(r -> r.translatedTo() + " " + r.seenFrom())
                .containsExactly("203.0.113.20:80 203.0.113.10:*");
    }

    @Test
    void rulesThatCameAreListed() {
        assertThat(ReportSamples.stopped().changes())
                .extracting(RuleChange::rule)
                .contains("-A DOCKER ! -i docker0 -p tcp -m tcp --dport 32768 -j DNAT --to-destination 172.17.0.2:80");
        assertThat(ReportSamples.inbound().changes()).isEmpty();
    }

    /** What a browser takes its time for is the number of elements, and then that of characters. */
    @ParameterizedTest
    @CsvSource({"INBOUND, 2_000_000, 20_000", "STOPPED, 4_000_000, 40_000"})
    void aRunOfFiveHundredTestsStaysSmall(Sample sample, String bytes, String elements) {
        RunReport run =
                ReportSamples.run(Collections.nCopies(500, sample.report.get()).toArray(TestReport[]::new));
        String page = text(out -> HtmlReport.write(run, out));

        assertThat(page.getBytes(StandardCharsets.UTF_8).length).isLessThan(number(bytes));
        assertThat(parse(page).getElementsByTagName("*").getLength()).isLessThan(number(elements));
        assertThat(page.split("<tr><th", -1)).hasSize(502);
        assertThat(page.split("<details", -1)).hasSize(501);
    }

    @Test
    void aRunOfFiveHundredFailuresStaysSmallHoweverMuchThereIsToTell() {
        TestReport stopped = ReportSamples.stopped();
        TestReport much = new TestReport(
                stopped.testClass(),
                stopped.name(),
                stopped.path(),
                stopped.verdict(),
                stopped.startedAt(),
                stopped.elapsed(),
                stopped.daemon(),
                stopped.message(),
                stopped.sent(),
                stopped.stations(),
                stopped.lanes(),
                stopped.ribbons(),
                stopped.changes(),
                Collections.nCopies(1_000, "Assumed: a packet of somebody else's came by"));
        RunReport run = ReportSamples.run(Collections.nCopies(500, much).toArray(TestReport[]::new));
        String page = text(out -> HtmlReport.write(run, out));

        assertThat(page.getBytes(StandardCharsets.UTF_8).length).isLessThan(5_000_000);
        assertThat(page.split("because   RULE_NOT_HIT", -1)).hasSize(501);
        assertThat(page).contains("Where its packets went: <code>" + stopped.path() + ".html");
    }

    private static int number(String text) {
        return Integer.parseInt(text.replace("_", ""));
    }

    @Test
    void whatDidNotPassComesFirst() {
        String page =
                text(out -> HtmlReport.write(ReportSamples.run(ReportSamples.inbound(), ReportSamples.stopped()), out));

        assertThat(page.indexOf("<a href=\"#t0\">IsolationIT")).isPositive().isLessThan(page.indexOf(">WebIT"));
        assertThat(page.indexOf("<details class=\"failed\""))
                .isPositive()
                .isLessThan(page.indexOf("<details class=\"passed\""));
    }

    @Test
    void theMatchThatKeptAPacketFromARuleIsMarkedInTheRule() {
        assertThat(html(ReportSamples.inbound()))
                .contains("<li>#3 0 → 0     <u>-i docker0</u> -j RETURN</li>")
                .contains("<li class=\"met\">#4 0 → 3 <b>+3</b>  ! -i docker0 -p tcp");
    }

    @Test
    void whatFailedIsInThePageHoweverLongItIs() {
        TestReport[] tests = Stream.concat(
                        Collections.nCopies(2_000, ReportSamples.inbound()).stream(),
                        Stream.of(ReportSamples.stopped()))
                .toArray(TestReport[]::new);
        String page = text(out -> HtmlReport.write(ReportSamples.run(tests), out));

        assertThat(page).contains("left out for the size of this page").contains("Stopped by DROP raw/PREROUTING");
    }

    @Test
    void filesAreThereAsAWhole(@TempDir Path directory) throws IOException {
        ReportFiles files = new ReportFiles(directory.resolve("countercheck"));
        files.write(ReportSamples.inbound());
        Path page = files.write("index.html", ReportSamples.run(ReportSamples.inbound()));
        files.write("index.html", ReportSamples.run());
        Path summary = directory.resolve("summary.md");
        Files.writeString(summary, "before\n");
        ReportFiles.appendSummary(summary, ReportSamples.run());

        assertThat(Files.readString(page)).contains("0 tests").endsWith("</html>\n");
        assertThat(files.page("WebIT/publishedPortIsTranslated-Traffic-")).exists();
        assertThat(summary).content().startsWith("before\n### Countercheck: 0 tests");
        try (Stream<Path> all = Files.walk(directory)) {
            assertThat(all.filter(Files::isRegularFile))
                    .hasSize(5)
                    .noneMatch(f -> f.toString().endsWith(".part"));
        }
    }
}
