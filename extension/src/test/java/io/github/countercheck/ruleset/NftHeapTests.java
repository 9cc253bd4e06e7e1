// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A host with tens of thousands of published ports must not cost a test run its heap. */
class NftHeapTests {

    private static final int RULES = 30_000;

    /** Also where a quote in a comment makes it read the thorough way, after the quick one. */
    @ParameterizedTest
    @ValueSource(strings = {"DNAT", "\\\"DNAT\\\""})
    void readsALargeListingWithinASmallHeap(String lastComment, @TempDir Path directory)
            throws IOException, InterruptedException {
        Path listing = directory.resolve("listing.json");
        write(listing, lastComment);
        assertThat(listing).satisfies(f -> assertThat(Files.size(f)).isGreaterThan(12_000_000));
        Path output = directory.resolve("output.txt");

        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Reader.class.getName(),
                        listing.toString())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        try {
            assertThat(process.waitFor(120, TimeUnit.SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }

        assertThat(output).hasContent(RULES + " rules, the last one to 10.0.117.47:29999");
    }

    private static void write(Path listing, String lastComment) throws IOException {
        try (BufferedWriter out = Files.newBufferedWriter(listing)) {
            out.write(
                    "{\"nftables\": [{\"table\": {\"family\": \"ip\", \"name\": \"docker-bridges\", \"handle\": 1}}, "
                            + "{\"chain\": {\"family\": \"ip\", \"table\": \"docker-bridges\", \"name\": \"nat-prerouting\", \"handle\": 1}}");
            for (int i = 0; i < RULES; i++) {
                out.write(
                        (", {\"rule\": {\"family\": \"ip\", \"table\": \"docker-bridges\", \"chain\": \"nat-prerouting\", "
                                        + "\"handle\": %d, \"comment\": \"%s\", \"expr\": ["
                                        + "{\"match\": {\"op\": \"!=\", \"left\": {\"meta\": {\"key\": \"iifname\"}}, \"right\": \"docker0\"}}, "
                                        + "{\"match\": {\"op\": \"==\", \"left\": {\"payload\": {\"protocol\": \"tcp\", \"field\": \"dport\"}}, \"right\": %d}}, "
                                        + "{\"counter\": {\"packets\": %d, \"bytes\": %d}}, "
                                        + "{\"dnat\": {\"addr\": \"10.0.%d.%d\", \"port\": %d}}]}}")
                                .formatted(
                                        i + 2,
                                        i + 1 < RULES ? "DNAT" : lastComment,
                                        i + 1,
                                        i,
                                        60 * i,
                                        i / 256,
                                        i % 256,
                                        i));
            }
            out.write("]}\n");
        }
    }

    /** What the other JVM runs. */
    static final class Reader {

        private Reader() {}

        public static void main(String[] arguments) throws IOException {
            NftListing listing = NftJsonParser.parse(Files.readString(Path.of(arguments[0])));
            Rule last = listing.rulesets()
                    .get(0)
                    .rules()
                    .reduce((first, second) -> second)
                    .orElseThrow();
            System.out.println(listing.rulesets().get(0).rules().count() + " rules, the last one to "
                    + last.target().options().get(0).value());
        }
    }
}
