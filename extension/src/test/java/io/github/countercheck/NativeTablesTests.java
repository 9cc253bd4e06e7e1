// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.docker.CapturedFacts;
import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.ruleset.Captures;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The stand-in for Engine 29's rules against the rules of a real Engine 29. */
class NativeTablesTests {

    @ParameterizedTest
    @CsvSource({"default, true", "userland-proxy-off, false", "ip-masq-off, true", "ipv6, true"})
    void areWhatTheEngineWroteForTheSameContainers(String configuration, boolean userlandProxy) {
        Path dump = dump(configuration);
        String captured = Captures.text(dump);

        assertThat(blocks(new NativeTables(CapturedFacts.of(dump), userlandProxy).listing()))
                .isEqualTo(blocks(captured.substring(captured.indexOf("table ip " + NativeTables.NAME))));
    }

    @Test
    void containersOfOneNetworkAreKeptApartWithoutIcc() {
        DockerFacts facts = withNetworks(n -> new NetworkFacts(
                n.id(),
                n.name(),
                n.driver(),
                n.bridge(),
                n.subnets(),
                n.gateways(),
                n.internal(),
                Map.of(NativeTables.ICC, "false")));

        assertThat(new NativeTables(facts, true).listing())
                .contains("iifname \"docker0\" counter drop comment \"ICC\"")
                .doesNotContain("accept comment \"ICC\"");
    }

    @Test
    void aStartedContainersChainsAreEmptiedAndWrittenAgain() {
        NativeTables tables = new NativeTables(CapturedFacts.of(dump("default")), false);
        ContainerFacts web = tables.facts().containers().stream()
                .filter(c -> c.name().equals("web1"))
                .findFirst()
                .orElseThrow();

        String script = tables.started(web);

        assertThat(script.lines().filter(line -> line.startsWith("flush")))
                .containsExactly(
                        "flush chain ip docker-bridges raw-PREROUTING",
                        "flush chain ip docker-bridges nat-prerouting-and-output",
                        "flush chain ip docker-bridges filter-forward-in__docker0",
                        "flush chain ip docker-bridges nat-postrouting-in__docker0");
        Map<String, List<String>> whole = blocks(tables.listing());
        assertThat(blocks(script.substring(script.indexOf("table"))))
                .hasSize(4)
                .allSatisfy((chain, rules) -> assertThat(rules).isEqualTo(whole.get(chain)));
    }

    private static DockerFacts withNetworks(UnaryOperator<NetworkFacts> change) {
        DockerFacts facts = CapturedFacts.of(dump("default"));
        return new DockerFacts(facts.networks().stream().map(change).toList(), facts.containers());
    }

    private static Path dump(String configuration) {
        return Captures.dump("docker-29.7-nftables/" + configuration + "/1-published.nft.txt");
    }

    /**
     * Splits a listing into its chains and maps. Without handles and counts, and in alphabetical order: in which order
     * an engine comes by its ports has no meaning.
     */
    private static Map<String, List<String>> blocks(String listing) {
        Map<String, List<String>> blocks = new TreeMap<>();
        String table = "";
        List<String> block = List.of();
        for (String raw : listing.replaceAll(",\\s+", ", ").split("\n")) {
            String line = raw.strip()
                    .replaceAll(" # handle \\d+$", "")
                    .replaceAll(" packets \\d+ bytes \\d+", "")
                    .replace("hook output priority dstnat", "hook output priority -100");
            if (line.startsWith("table ")) {
                table = line;
            } else if (line.startsWith("chain ") || line.startsWith("map ")) {
                block = new ArrayList<>();
                blocks.put(table + " " + line, block);
            } else if (!line.isEmpty() && !line.equals("}")) {
                block.add(line);
            }
        }
        blocks.values().forEach(lines -> lines.sort(null));
        return blocks;
    }
}
