// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import java.io.IOException;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.junit.jupiter.Container;
import org.testcontainers.junit.jupiter.Testcontainers;

/** The start of a container, one request, its stop: a test as it is without Countercheck. */
@Testcontainers
class TestWithoutExtension {

    static final String ROUNDS = "countercheck.benchmarks.rounds";

    @Container
    private final GenericContainer<?> web = Web.container();

    static IntStream rounds() {
        return IntStream.range(0, Integer.getInteger(ROUNDS, 1));
    }

    @ParameterizedTest
    @MethodSource("rounds")
    void answers(int round) throws IOException {
        Web.request(web);
    }
}
