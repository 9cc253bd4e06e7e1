// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.netns;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Family;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** An iptables that would change a table by listing it is not asked to. */
class OldIptablesIT {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    private Process namespace;
    private LocalNetns netns;

    @TempDir
    Path directory;

    @BeforeEach
    void open() throws IOException {
        assumeTrue("root".equals(System.getProperty("user.name")), "a network namespace of one's own needs root");
        namespace = new ProcessBuilder("unshare", "-n", "sh", "-c", "echo; exec cat")
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        assertThat(namespace.getInputStream().read()).isPositive();
        netns = new LocalNetns(namespace.pid());
        assertThat(netns.run(Command.of("iptables-nft", "-t", "nat", "-N", "ASKED"), LIMIT)
                        .errors())
                .isEmpty();
    }

    @AfterEach
    void close() {
        if (namespace != null) {
            netns.close();
            namespace.destroy();
        }
    }

    @ParameterizedTest
    @CsvSource({"1.8.2, false", "1.8.5, false", "1.8.6, true", "1.8.11, true", "1.10.0, true", "nonsense, false"})
    void isNotAskedToList(String version, boolean lists) throws IOException {
        Path listed = directory.resolve("listed");
        Path program = Files.createFile(
                directory.resolve("iptables-nft"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        // The real one, but for its version, and for what it tells of being asked.
        Files.writeString(
                program,
                "#!/bin/sh\n"
                        + "if [ \"$1\" = --version ]; then echo 'iptables v" + version + " (nf_tables)'; exit; fi\n"
                        + "touch '" + listed + "'\nexec \"$(PATH=/usr/sbin:/sbin command -v iptables-nft)\" \"$@\"\n");
        NetfilterCounterSource source =
                new NetfilterCounterSource(new OnPath(netns, directory + ":/usr/sbin:/usr/bin:/sbin:/bin"));
        source.read();

        assertThat(source.read(Set.of(Family.IPV4), "nat").ruleset(Family.IPV4, Backend.IPTABLES_NFT))
                .hasValueSatisfying(nat -> assertThat(nat.chain("nat", "ASKED")).isPresent());
        assertThat(Files.exists(listed)).isEqualTo(lists);
    }
}
