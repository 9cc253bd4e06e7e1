// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReportTests {

    private static final Report REPORT = new Report(
            "2026-11-24",
            Map.of("cores", "2"),
            List.of(
                    Figure.ofRatio(
                            "slow",
                            Goal.atMost(1.2),
                            new Sample("`a | b`", "ms", List.of(3.0, 2.0)),
                            new Sample("c", "ms", List.of(2.0, 1.0))),
                    Figure.of("fast", Goal.atMost(0.15), Sample.of("d", "ms", 0.0431)),
                    Figure.of("beside", null, Sample.of("e", "MB", 123.4))),
            List.of("what is not there"));

    @Test
    void readersSeeWhatIsNotMetAndByHowMuch() {
        assertThat(REPORT.markdown().lines())
                .contains(
                        "| `slow` | **1.75** (1.63–1.88) | `a \\| b` 2.50 ms (2–3) | c 1.50 ms (1–2) | ≤ 1.20 | no, by 46 % |",
                        "| `fast` | **0.043 ms** (0.043–0.043) | d 0.043 ms |  | ≤ 0.15 ms | yes |",
                        "| `beside` | **123 MB** (123–123) | e 123 MB |  |",
                        "* Not measured: what is not there");
    }

    @Test
    void programsSeeEachFigureThatHasAGoal() throws Exception {
        JsonNode report = new JsonMapper().readTree(REPORT.json());

        assertThat(report.get("figures")).hasSize(2);
        JsonNode slow = report.get("figures").get(0);
        assertThat(slow.get("name").asText()).isEqualTo("slow");
        assertThat(slow.get("ratio").asDouble()).isEqualTo(1.75);
        assertThat(slow.get("low").asDouble()).isEqualTo(1.625);
        assertThat(slow.get("high").asDouble()).isEqualTo(1.875);
        assertThat(slow.get("goal").asDouble()).isEqualTo(1.2);
        assertThat(slow.get("met").asBoolean()).isFalse();
        assertThat(slow.get("a").get("median").asDouble()).isEqualTo(2.5);
        assertThat(report.get("figures").get(1).get("met").asBoolean()).isTrue();
        assertThat(report.get("peers").get(0).get("name").asText()).isEqualTo("beside");
    }

    @Test
    void itGoesBetweenItsMarks() {
        assertThat(Report.between("before\n<a>\nold\n<b>\nafter\n", "<a>", "<b>", "new\n"))
                .isEqualTo("before\n<a>\nnew\n<b>\nafter\n");
        assertThatIllegalArgumentException().isThrownBy(() -> Report.between("<b> <a>", "<a>", "<b>", ""));
    }
}
