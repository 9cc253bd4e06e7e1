// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class StatisticsTests {

    private static Sample sample(Double... values) {
        return new Sample("it", "ms", List.of(values));
    }

    @Test
    void quantilesLieBetweenValuesInProportion() {
        Sample sample = sample(40.0, 10.0, 30.0, 20.0);

        assertThat(sample.min()).isEqualTo(10);
        assertThat(sample.quantile(0.25)).isEqualTo(17.5);
        assertThat(sample.median()).isEqualTo(25);
        assertThat(sample.max()).isEqualTo(40);
        assertThat(sample(7.0).quantile(0.95)).isEqualTo(7);
    }

    @Test
    void aRatioIsThatOfEachRoundSoThatASlowMomentDoesNotCount() {
        Figure figure = Figure.ofRatio("x", Goal.atMost(2), sample(2.0, 4.0, 400.0), sample(1.0, 2.0, 200.0));

        assertThat(figure.value()).isEqualTo(2);
        assertThat(figure.low()).isEqualTo(2);
        assertThat(figure.high()).isEqualTo(2);
        assertThat(figure.isMet()).isTrue();
    }

    @Test
    void sidesThatDidNotTakeTurnsAreComparedByWhatDid() {
        // The machine was half as fast while the first was measured, in one round even slower.
        Figure figure = Figure.ofMedians(
                "x", Goal.atMost(2), sample(10.0, 12.0, 42.0), sample(2.0), sample(2.0, 2.0, 6.0), sample(1.0));

        assertThat(figure.value()).isEqualTo(3);
        assertThat(figure.low()).isEqualTo(2.75);
        assertThat(figure.high()).isEqualTo(3.25);
        assertThat(figure.isMet()).isFalse();
    }

    @Test
    void roundsThatOneSideLacksAreAnError() {
        assertThatIllegalArgumentException().isThrownBy(() -> sample(1.0).dividedBy(sample(1.0, 2.0)));
        assertThatIllegalArgumentException().isThrownBy(StatisticsTests::sample);
    }

    @Test
    void aGoalTellsByHowMuchItIsMissed() {
        assertThat(Goal.atMost(1.2).missedBy(1.5)).isEqualTo(0.25, within(1e-9));
        assertThat(Goal.atLeast(8).missedBy(6)).isEqualTo(0.25, within(1e-9));
        assertThat(Goal.atLeast(8).missedBy(9)).isZero();
    }

    @Test
    void aLineThroughPointsIsFound() {
        LinearFit exact = LinearFit.of(List.of(10.0, 20.0, 40.0), List.of(25.0, 45.0, 85.0));
        assertThat(exact.slope()).isEqualTo(2, within(1e-9));
        assertThat(exact.intercept()).isEqualTo(5, within(1e-9));
        assertThat(exact.determination()).isEqualTo(1, within(1e-9));

        assertThat(LinearFit.of(List.of(1.0, 2.0, 3.0), List.of(1.0, 9.0, 1.0)).determination())
                .isZero();
    }
}
