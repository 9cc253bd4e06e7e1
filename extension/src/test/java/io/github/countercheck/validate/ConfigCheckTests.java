// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConfigCheckTests {

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    @TempDir
    private Path directory;

    private int check(String... files) {
        return ConfigCheck.check(List.of(files), new PrintStream(out, true, StandardCharsets.UTF_8));
    }

    private String file(String text) throws IOException {
        return Files.writeString(directory.resolve("candidate.json"), text).toString();
    }

    private String printed() {
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void isSilentAboutWhatIsRight() throws IOException {
        assertThat(check(file("{\"icc\": false}"))).isZero();
        assertThat(printed()).isEmpty();
    }

    @Test
    void namesAMisspeltKeyAndLeavesTheLastWordToTheDaemon() throws IOException {
        assertThat(check(file("{\"userland-prox\": false}"))).isZero();
        assertThat(printed())
                .isEqualTo("validate: " + directory
                        + "/candidate.json: unknown key \"userland-prox\"; the nearest is \"userland-proxy\"\n");
    }

    @Test
    void saysWhereAFileIsDamaged() throws IOException {
        assertThat(check(file("{\n  \"icc\" false\n}"))).isEqualTo(2);
        assertThat(printed()).startsWith("validate: " + directory + "/candidate.json, line 2, column ");
    }

    @Test
    void refusesADaemonThatCouldNotBeAsked() throws IOException {
        assertThat(check(file("{\"hosts\": [\"tcp://0.0.0.0:2376\"]}"))).isEqualTo(2);
        assertThat(printed()).contains("candidate.json: \"hosts\" leaves out unix:///var/run/docker.sock");
        assertThat(check(file("{\"hosts\": [\"tcp://0.0.0.0:2376\", \"unix:///var/run/docker.sock\"]}")))
                .isZero();
        assertThat(check(file("{\"hosts\": [\"fd://\"]}")))
                .as("of which the daemon has a word of its own")
                .isZero();
    }

    @Test
    void saysWhatCannotBeRead() {
        assertThat(check(directory.resolve("nowhere.json").toString())).isEqualTo(2);
        assertThat(printed()).contains("nowhere.json cannot be read");
    }
}
