// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class FailureTextTests {

    private static FailureText text(int walk) {
        return new FailureText("DNAT not hit for container web, port 80/tcp")
                .line("expected", "at least 1 new flow on  nat/DOCKER  -A DOCKER …")
                .line("actual", "+0  (before 41, after 41)")
                .findings(List.of(
                        new Finding(
                                Cause.WRONG_ROUTE, "a \"mark\"\tis routed elsewhere", "ip rule", "the mark's counter"),
                        new Finding(Cause.TRAFFIC_CONTROL, "tc dropped 3", "tc -s qdisc", "that number")))
                .line(
                        "walk",
                        IntStream.rangeClosed(1, walk)
                                .mapToObj(i -> "rule " + i)
                                .collect(Collectors.joining("\n")));
    }

    @Test
    void causesThatTheEvidenceDoesNotTellApartAreBothNamedAndWhatWould() {
        assertThat(text(1).toString().lines())
                .containsSubsequence(
                        "  because   WRONG_ROUTE: a \"mark\"\tis routed elsewhere",
                        "  try       ip rule",
                        "  or        TRAFFIC_CONTROL: tc dropped 3",
                        "  try       tc -s qdisc",
                        "  not sure  WRONG_ROUTE is shown by the mark's counter; TRAFFIC_CONTROL is shown by that number",
                        "  walk      rule 1");
    }

    @Test
    void aLongWalkIsCutInItsMiddle() {
        List<String> lines = text(60).toString().lines().toList();

        assertThat(lines).hasSize(FailureText.MOST_LINES);
        assertThat(lines).contains("  walk      rule 1").anyMatch(line -> line.matches(" +… \\d+ lines more"));
        assertThat(lines.get(lines.size() - 1)).endsWith(" rule 60");
    }

    @Test
    void aProgramReadsTheSameWords() throws IOException {
        JsonNode json = new ObjectMapper().readTree(text(60).toJson());

        assertThat(json.path("headline").asText()).isEqualTo("DNAT not hit for container web, port 80/tcp");
        assertThat(json.path("lines").findValuesAsText("label"))
                .containsExactly("expected", "actual", "because", "try", "or", "try", "not sure", "walk");
        assertThat(json.path("lines").path(2).path("text").asText())
                .isEqualTo("WRONG_ROUTE: a \"mark\"\tis routed elsewhere");
        assertThat(json.path("lines").path(7).path("text").asText().lines()).hasSize(60);
    }

    @Test
    void aTextIsKnownAgain() {
        assertThat(FailureText.isIn(text(1).toString())).isTrue();
        assertThat(FailureText.isIn("expected: <1> but was: <2>\n because it was so"))
                .isFalse();
    }

    @Test
    void itsLinesAreFoundInIt() {
        String message = "ConnectException: refused\n" + text(3);

        assertThat(FailureText.linesIn(message))
                .contains(new FailureText.Line("or", "TRAFFIC_CONTROL: tc dropped 3"))
                .endsWith(new FailureText.Line("walk", "rule 1\nrule 2\nrule 3"))
                .extracting(FailureText.Line::label)
                .containsExactly("expected", "actual", "because", "try", "or", "try", "not sure", "walk");
        assertThat(FailureText.linesIn(message).stream().flatMap(line -> line.cause().stream()))
                .containsExactly(Cause.WRONG_ROUTE, Cause.TRAFFIC_CONTROL);
        assertThat(FailureText.linesIn("  expected  somebody else's")).isEmpty();
    }
}
