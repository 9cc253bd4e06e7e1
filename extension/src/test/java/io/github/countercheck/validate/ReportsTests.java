// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import io.github.countercheck.daemon.Mechanism;
import io.github.countercheck.daemon.PathId;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.traffic.Outcome;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ReportsTests {

    private static final ObjectMapper JSON = new ObjectMapper();

    private static final Way DNAT = answered(Mechanism.DNAT, "198.18.200.2");
    private static final Way BY_PROXY = answered(Mechanism.DOCKER_PROXY, "172.31.0.1");
    private static final Way DROPPED =
            new Way(Outcome.TIMED_OUT, Mechanism.BLOCKED_BY, RuleRole.DIRECT_ACCESS_DROP, null);
    private static final RuleHit DROP = new RuleHit(
            "raw/PREROUTING", "-A PREROUTING -d 172.17.0.2/32 ! -i docker0 -j DROP", RuleRole.DIRECT_ACCESS_DROP, 1);

    private static Way answered(Mechanism mechanism, String source) {
        return new Way(Outcome.ANSWERED, mechanism, null, Cidr.parseAddress(source));
    }

    private static ProbeReport probe(PathId path, Transport transport, Way measured, Way expected, String cause) {
        return new ProbeReport(
                path,
                Family.IPV4,
                transport,
                measured,
                measured == DROPPED ? List.of(DROP) : List.of(),
                expected,
                cause);
    }

    private static final Map<Phase, Duration> SPENT =
            Map.of(Phase.DOCKERD, Duration.ofMillis(3_250), Phase.SILENCE, Duration.ofSeconds(5));

    private static DaemonReport daemon(String config, ProbeReport... probes) {
        return new DaemonReport("28.5.2", "iptables-nft", config, List.of(probes), Map.of(), SPENT);
    }

    private static final DaemonReport MIXED = daemon(
            "candidate.json",
            probe(PathId.EXTERNAL_TO_PUBLISHED, Transport.TCP, DNAT, DNAT, null),
            probe(PathId.DIRECT_TO_PUBLISHED, Transport.UDP, DROPPED, DROPPED, null),
            probe(
                    PathId.LOOPBACK_TO_PUBLISHED,
                    Transport.TCP,
                    BY_PROXY,
                    answered(Mechanism.DNAT, "172.31.0.1"),
                    "NO_RULE: no rule translates it; " + "and so on ".repeat(20) + "x".repeat(120)),
            probe(PathId.HAIRPIN, Transport.TCP, null, DNAT, "the probe did not leave"));

    @Test
    void aProbeIsWorthWhatItKeeps() {
        assertThat(MIXED.probes())
                .extracting(ProbeReport::verdict)
                .containsExactly(Verdict.PASS, Verdict.PASS, Verdict.FAIL, Verdict.UNMEASURED);
        assertThat(MIXED.verdict()).isEqualTo(Verdict.FAIL);
        assertThat(daemon("x", MIXED.probes().get(0), MIXED.probes().get(3)).verdict())
                .isEqualTo(Verdict.UNMEASURED);
        assertThat(daemon("x").verdict()).isEqualTo(Verdict.UNMEASURED);
        assertThat(daemon("x", MIXED.probes().get(0)).verdict()).isEqualTo(Verdict.PASS);
        assertThat(daemon("x", MIXED.probes().get(0), MIXED.probes().get(2)).verdict())
                .isEqualTo(Verdict.FAIL);
    }

    @Test
    void anotherSourceAddressIsAnotherWay() {
        assertThat(DNAT.keeps(answered(Mechanism.DNAT, "198.18.200.3"))).isFalse();
        assertThat(DNAT.keeps(new Way(Outcome.ANSWERED, Mechanism.DNAT, null, null)))
                .isTrue();
        assertThat(DROPPED.keeps(new Way(Outcome.TIMED_OUT, Mechanism.BLOCKED_BY, RuleRole.ICC_DROP, null)))
                .isFalse();
        assertThat(DROPPED.keeps(new Way(Outcome.TIMED_OUT, Mechanism.BLOCKED_BY, null, null)))
                .isFalse();
    }

    @Test
    void jsonKeepsToItsSchema() throws IOException {
        String json = JsonReport.of(List.of(MIXED, daemon("none.json")));

        assertThat(problems(json)).isEmpty();
        JsonNode first = JSON.readTree(json).get(0);
        assertThat(names(first)).containsExactly("engine", "backend", "config", "probes", "seconds");
        assertThat(first.get("seconds"))
                .hasToString(
                        "{\"dockerd\":3.25,\"containers\":null,\"answers\":null,\"silence\":5.0,\"removal\":null}");
        assertThat(names(first.get("probes").get(0)))
                .containsExactly(
                        "id",
                        "family",
                        "protocol",
                        "outcome",
                        "mechanism",
                        "sourceSeen",
                        "rules",
                        "expected",
                        "verdict",
                        "cause");
        assertThat(first.get("probes").get(1).get("mechanism").asText()).isEqualTo("BLOCKED_BY DIRECT_ACCESS_DROP");
        assertThat(first.get("probes").get(1).get("rules").get(0).get("rule").asText())
                .isEqualTo(DROP.rule());
        assertThat(first.get("probes").get(3).get("outcome").isNull()).isTrue();
    }

    private static List<String> names(JsonNode object) {
        return object.properties().stream().map(Map.Entry::getKey).toList();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource
    void theSchemaRefusesWhatIsNoReport(String what, Consumer<ArrayNode> damage) throws IOException {
        ArrayNode report = (ArrayNode) JSON.readTree(JsonReport.of(List.of(MIXED)));
        damage.accept(report);

        assertThat(problems(report.toString())).as(what).isNotEmpty();
    }

    static Stream<Arguments> theSchemaRefusesWhatIsNoReport() {
        return Stream.of(
                damage("another path", report -> probe(report, 0).put("id", "elsewhere")),
                damage("a pass with a cause", report -> probe(report, 0).put("cause", "none")),
                damage("a failure without a cause", report -> probe(report, 2).putNull("cause")),
                damage(
                        "an outcome that was not measured",
                        report -> probe(report, 3).put("outcome", "ANSWERED")),
                damage("a pass without an outcome", report -> probe(report, 0).putNull("outcome")),
                damage(
                        "a rule that stops and has no role",
                        report -> probe(report, 1).put("mechanism", "BLOCKED_BY")),
                damage("a field too many", report -> probe(report, 0).put("note", "")),
                damage("a field too few", report -> probe(report, 0).remove("rules")),
                damage("no time", report -> ((ObjectNode) report.get(0)).remove("seconds")),
                damage(
                        "time for something else",
                        report -> ((ObjectNode) report.get(0).get("seconds")).put("rest", 1)),
                damage("no engine", report -> ((ObjectNode) report.get(0)).remove("engine")));
    }

    private static Arguments damage(String what, Consumer<ArrayNode> damage) {
        return Arguments.of(what, damage);
    }

    private static ObjectNode probe(ArrayNode report, int index) {
        return (ObjectNode) report.get(0).get("probes").get(index);
    }

    private static Set<ValidationMessage> problems(String json) throws IOException {
        JsonSchema schema =
                JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(schema());
        return schema.validate(tree(json));
    }

    private static JsonNode schema() throws IOException {
        try (InputStream schema =
                Objects.requireNonNull(JsonReport.class.getResourceAsStream("validation-report.schema.json"))) {
            return JSON.readTree(schema);
        }
    }

    private static JsonNode tree(String json) {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void theSchemaKnowsEveryPathAndMechanism() throws IOException {
        JsonNode schema = schema();

        assertThat(schema.at("/$defs/probe/properties/id/enum"))
                .extracting(JsonNode::asText)
                .containsExactlyElementsOf(
                        Arrays.stream(PathId.values()).map(PathId::id).toList());
        String mechanisms = schema.at("/$defs/mechanism/pattern").asText();
        for (Mechanism mechanism : Mechanism.values()) {
            assertThat(new Way(Outcome.TIMED_OUT, mechanism, null, null).mechanismInWords())
                    .matches(mechanisms);
        }
        assertThat(schema.at("/$defs/outcome/enum"))
                .extracting(JsonNode::asText)
                .containsExactlyInAnyOrderElementsOf(
                        Arrays.stream(Outcome.values()).map(Enum::name).toList());
    }

    @Test
    void theTableFitsItsColumns() {
        String table = Table.of(List.of(MIXED, daemon("a-very-long-name".repeat(10) + ".json")));

        assertThat(table.lines()).allSatisfy(line -> assertThat(line).hasSizeLessThanOrEqualTo(100));
        assertThat(table)
                .contains("[28.5.2 iptables-nft, candidate.json]: 2 passed, 1 failed, 1 not measured")
                .contains("  direct-to-published         IPv4 udp -                BLOCKED_BY DIRECT_ACCESS_DROP  "
                        + " PASS\n")
                .contains("      expected  ANSWERED DNAT from 172.31.0.1\n")
                .contains("      because   the probe did not leave\n")
                .contains(
                        "        3.3          -          -        5.0          -        8.3  28.5.2 candidate.json\n");
    }

    @Test
    void whatIsSoForEveryPathIsSaidOnce() {
        ProbeReport unmeasured = probe(PathId.HAIRPIN, Transport.TCP, null, null, "it did not start: no word");

        assertThat(Table.of(List.of(daemon("x.json", unmeasured, unmeasured))))
                .startsWith("[28.5.2 iptables-nft, x.json]: 0 passed, 0 failed, 2 not measured\n"
                        + "  because   it did not start: no word\n\n");
    }

    @Test
    void saysWhatChangesForUsers() {
        DaemonReport before = daemon(
                "current.json",
                probe(PathId.LOOPBACK_TO_PUBLISHED, Transport.TCP, BY_PROXY, BY_PROXY, null),
                probe(PathId.LOOPBACK_TO_PUBLISHED, Transport.UDP, BY_PROXY, BY_PROXY, null),
                probe(
                        PathId.DIRECT_TO_PUBLISHED,
                        Transport.TCP,
                        answered(Mechanism.DIRECT, "198.18.200.2"),
                        DROPPED,
                        "x"),
                probe(PathId.EXTERNAL_TO_PUBLISHED, Transport.TCP, DNAT, DNAT, null),
                probe(PathId.HAIRPIN, Transport.TCP, DNAT, DNAT, null));
        Way translated = answered(Mechanism.DNAT, "172.30.0.1");
        DaemonReport after = daemon(
                "candidate.json",
                probe(PathId.LOOPBACK_TO_PUBLISHED, Transport.TCP, translated, translated, null),
                probe(PathId.LOOPBACK_TO_PUBLISHED, Transport.UDP, translated, translated, null),
                probe(PathId.DIRECT_TO_PUBLISHED, Transport.TCP, DROPPED, DROPPED, null),
                probe(PathId.EXTERNAL_TO_PUBLISHED, Transport.TCP, DNAT, DNAT, null),
                probe(PathId.HAIRPIN, Transport.TCP, null, DNAT, "x"));

        assertThat(Changes.between(before, after))
                .containsExactly(
                        "127.0.0.1:8081 (IPv4 tcp, IPv4 udp): docker-proxy → DNAT; source seen 172.31.0.1 → 172.30.0.1",
                        "direct routing (IPv4 tcp): answered → dropped by raw/PREROUTING",
                        "a container's own published port (IPv4 tcp): not measured after");
        assertThat(Changes.between(before, before)).isEmpty();
    }

    @Test
    void anAddressThatIsAnotherInEachRunIsNoChange() {
        ProbeReport before = probe(PathId.EXTERNAL_TO_PUBLISHED, Transport.TCP, DNAT, DNAT, null);
        Way elsewhere = answered(Mechanism.DNAT, "198.18.200.6");
        ProbeReport after = probe(PathId.EXTERNAL_TO_PUBLISHED, Transport.TCP, elsewhere, elsewhere, null);

        assertThat(Changes.between(daemon("a", before), daemon("b", after)))
                .containsExactly("published port, from outside (IPv4 tcp): source seen 198.18.200.2 → 198.18.200.6");
        assertThat(Changes.between(onCable("a", "198.18.200.2", before), onCable("b", "198.18.200.6", after)))
                .isEmpty();
    }

    private static DaemonReport onCable(String config, String peer, ProbeReport probe) {
        return new DaemonReport(
                "28.5.2", null, config, List.of(probe), Map.of(Cidr.parseAddress(peer), "the one outside"), Map.of());
    }

    @Test
    void aCellOfThePageSaysWhatChanges() {
        Way proxied = answered(Mechanism.DOCKER_PROXY, "172.31.0.1");
        Way translated = answered(Mechanism.DNAT, "172.31.0.1");
        DaemonReport before =
                daemon("current.json", probe(PathId.LOOPBACK_TO_PUBLISHED, Transport.TCP, proxied, proxied, null));
        DaemonReport after = daemon(
                "candidate.json", probe(PathId.LOOPBACK_TO_PUBLISHED, Transport.TCP, translated, translated, null));

        assertThat(HtmlReport.of(List.of(before, after), Map.of(Table.name(after), Changes.between(before, after))))
                .contains("2 daemons, 2 paths: 2 as promised<", ">≠ docker-proxy → DNAT<")
                .containsOnlyOnce("class=\"passed differs\"");
    }

    @Test
    void everyValueOfThePageIsEscaped() {
        DaemonReport report = new DaemonReport(
                "<b>28</b>",
                null,
                "\"'&<script>.json",
                List.of(probe(PathId.HAIRPIN, Transport.TCP, null, DNAT, "<img src=x onerror=alert(1)>")),
                Map.of(),
                Map.of());

        String page = HtmlReport.of(List.of(report), Map.of(Table.name(report), List.of("<i>changed</i>")));

        assertThat(page)
                .doesNotContain("<script", "<img", "<b>", "<i>", "class=\"tag\"")
                .contains("&lt;b&gt;28&lt;/b&gt;", "&amp;&lt;script&gt;.json", "&lt;i&gt;changed&lt;/i&gt;");
    }
}
