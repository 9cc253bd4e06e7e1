// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.explain;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.countercheck.ruleset.Captures;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExplainTests {

    private static final String CAPTURE = "docker-28.5-iptables-nft/default/";
    private static final List<String> FACTS =
            List.of("--containers", file("containers.json"), "--networks", file("networks.json"));

    @TempDir
    Path directory;

    private record Said(int status, String out, String err) {

        JsonNode json() {
            assertThat(status).as(err).isZero();
            try {
                return new ObjectMapper().readTree(out);
            } catch (JsonProcessingException e) {
                throw new AssertionError(out, e);
            }
        }
    }

    private static Said explain(String input, String... words) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int status = Explain.run(
                List.of(words),
                new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)),
                out,
                new PrintStream(err, true, StandardCharsets.UTF_8));
        return new Said(status, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    private static Said explainWithFacts(String... words) {
        return explain("", Stream.concat(Stream.of(words), FACTS.stream()).toArray(String[]::new));
    }

    private static String file(String name) {
        return Captures.dump(CAPTURE + name).toString();
    }

    private Path written(String name, String text) {
        try {
            return Files.writeString(directory.resolve(name), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Stream<JsonNode> rules(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false);
    }

    @Test
    void everyRuleIsAnObjectInTheOrderOfTheDump() {
        String dump = file("2-inbound.iptables-save.txt");

        JsonNode rules = explainWithFacts(dump, "--json").json();

        assertThat(rules(rules)
                        .map(rule -> "[" + rule.get("packets") + ":" + rule.get("bytes") + "] "
                                + rule.get("rule").asText()))
                .containsExactlyElementsOf(Captures.text(Captures.dump(CAPTURE + "2-inbound.iptables-save.txt"))
                        .lines()
                        .filter(line -> line.startsWith("["))
                        .toList());
        assertThat(rules(rules))
                .allSatisfy(rule -> assertThat(rule.fieldNames())
                        .toIterable()
                        .containsExactly(
                                "family",
                                "table",
                                "chain",
                                "rule",
                                "role",
                                "container",
                                "network",
                                "port",
                                "protocol",
                                "packets",
                                "bytes"));
        assertThat(rules(rules).filter(rule -> rule.get("role").asText().equals("PORT_DNAT")))
                .extracting(rule -> rule.get("family").asText() + " "
                        + rule.get("table").asText() + "/" + rule.get("chain").asText() + " "
                        + rule.get("container").asText() + " "
                        + rule.get("network").asText() + " " + rule.get("port").asInt() + "/"
                        + rule.get("protocol").asText() + " "
                        + rule.get("packets").asLong())
                .containsExactly(
                        "ip nat/DOCKER web1 bridge 80/tcp 3",
                        "ip nat/DOCKER web2 front 53/udp 0",
                        "ip nat/DOCKER web2 front 80/tcp 2",
                        "ip nat/DOCKER web3 back 80/tcp 0");
    }

    @Test
    void laterDumpTellsWhatEachRuleCounted() {
        JsonNode rules = explainWithFacts(
                        file("1-published.iptables-save.txt"), "--json", "--after", file("2-inbound.iptables-save.txt"))
                .json();

        assertThat(rules(rules).filter(rule -> rule.get("role").asText().equals("PORT_DNAT")))
                .extracting(rule -> rule.get("deltaPackets").asLong() + " "
                        + rule.get("deltaBytes").asLong() + " "
                        + rule.get("change").asText())
                .containsExactly("3 180 SAME", "0 0 SAME", "2 120 SAME", "0 0 SAME");
    }

    @Test
    void rulesThatCameWentOrBeganAnewAreCalledSo() {
        Path before = written(
                "before",
                "*filter\n:INPUT ACCEPT [0:0]\n[5:50] -A INPUT -s 192.0.2.1/32 -j DROP\n[7:70] -A INPUT -p tcp -j DROP\n"
                        + "[9:90] -A INPUT -j ACCEPT\nCOMMIT\n");
        Path after = written(
                "after",
                "*filter\n:INPUT ACCEPT [0:0]\n[1:10] -A INPUT -p udp -j DROP\n[2:20] -A INPUT -p tcp -j DROP\n"
                        + "[9:90] -A INPUT -j ACCEPT\nCOMMIT\n");

        JsonNode rules = explain("", before.toString(), "--after", after.toString(), "--json")
                .json();

        assertThat(rules(rules)
                        .map(rule -> rule.get("change").asText() + " " + rule.get("deltaPackets") + " "
                                + rule.get("rule").asText()))
                .containsExactly(
                        "ADDED 1 -A INPUT -p udp -j DROP",
                        "RESET null -A INPUT -p tcp -j DROP",
                        "SAME 0 -A INPUT -j ACCEPT",
                        "REMOVED null -A INPUT -s 192.0.2.1/32 -j DROP");
    }

    @Test
    void countersThatTheDumpHasNotAreNull() {
        JsonNode rules = explain("*filter\n:INPUT ACCEPT\n-A INPUT -j ACCEPT\nCOMMIT\n", "-", "--json")
                .json();

        assertThat(rules.get(0).get("packets").isNull()).isTrue();
        assertThat(rules.get(0).get("bytes").isNull()).isTrue();
        assertThat(rules.get(0).get("role").asText()).isEqualTo("FOREIGN");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "# Generated by ip6tables-save v1.8.13 on Mon; -A INPUT -j DROP; ip6",
                "# Generated by iptables-save v1.8.13 (nf_tables) on Mon; -A INPUT -j DROP; ip",
                "# nothing; -A INPUT -s 2001:db8::/32 -j DROP; ip6",
                "# nothing; -A INPUT -s 192.0.2.0/24 -j DROP; ip",
                "# nothing; -A INPUT -p tcp -j SNAT --to-source :53; ip"
            })
    void familyIsToldByContent(String header, String rule, String family) {
        JsonNode rules = explain(header + "\n*filter\n:INPUT ACCEPT [0:0]\n[0:0] " + rule + "\nCOMMIT\n", "-", "--json")
                .json();

        assertThat(rules.get(0).get("family").asText()).isEqualTo(family);
    }

    @Test
    void emptyDumpIsARealAnswer() {
        Path empty = written("empty", "");

        assertThat(explain("", empty.toString(), "--json").json()).isEmpty();
        assertThat(explain("", empty.toString()).out()).isEqualTo("no rules\n");
        assertThat(explain("", empty.toString(), "--after", file("1-published.ip6tables-save.txt"), "--json")
                        .json())
                .isNotEmpty()
                .allSatisfy(rule -> assertThat(rule.get("change").asText()).isEqualTo("ADDED"));
    }

    @Test
    void packetIsWalkedToTheRuleThatDecides() {
        JsonNode walk = explainWithFacts(
                        file("1-published.iptables-save.txt"),
                        "--json",
                        "--walk",
                        "tcp 203.0.113.20:40000 -> 203.0.113.10:8080 iif eth0")
                .json();

        assertThat(walk.get("verdict").asText()).isEqualTo("ACCEPTED");
        assertThat(walk.get("destination").asText()).isEqualTo("172.30.0.2:80");
        assertThat(walk.get("source").asText()).isEqualTo("203.0.113.20:40000");
        assertThat(rules(walk.get("steps")).map(step -> step.get("role").asText()))
                .containsSubsequence("NAT_JUMP_PRE", "PORT_DNAT", "USER_JUMP", "FORWARD_JUMP", "PORT_ACCEPT");
    }

    @Test
    void packetIsWalkedToTheRuleThatDropsIt() {
        Said said = explainWithFacts(
                file("1-published.iptables-save.txt"), "--walk", "tcp 203.0.113.20:40000 -> 172.30.0.2:80 iif eth0");

        assertThat(said.status()).isZero();
        assertThat(said.out()).contains("DIRECT_ACCESS_DROP web2").contains("\nDROPPED");
    }

    @Test
    void peopleReadChainsCountersAndPurposes() {
        Said said = explainWithFacts(file("2-inbound.iptables-save.txt"));

        assertThat(said.out())
                .contains("ip  nat/DOCKER  (iptables-nft)\n")
                .containsPattern("#4 +\\[3:180]  ! -i docker0 -p tcp -m tcp --dport 32768 -j DNAT --to-destination"
                        + " 172\\.17\\.0\\.2:80   # PORT_DNAT web1 80/tcp\n");
    }

    @Test
    void damagedDumpIsNamedWithLineAndColumn() {
        Path damaged = written("damaged", "*filter\n:INPUT ACCEPT [0:0]\n[0:x] -A INPUT -j ACCEPT\nCOMMIT\n");

        Said said = explain("", damaged.toString());

        assertThat(said.status()).isEqualTo(2);
        assertThat(said.out()).isEmpty();
        assertThat(said.err()).startsWith("explain: " + damaged + ":3:4: ");
    }

    @Test
    void damagedJsonIsNamedWithLineAndColumn() {
        Path damaged = written("damaged.json", "{\"nftables\": [\n{\"table\": }\n]}");

        Said said = explain("", damaged.toString());

        assertThat(said.status()).isEqualTo(2);
        assertThat(said.err()).startsWith("explain: " + damaged + ":2:");
    }

    @Test
    void listingForPeopleIsRefusedWithTheCommandThatHelps() {
        Said said = explain("table ip nat {\n}\n", "-");

        assertThat(said.status()).isEqualTo(2);
        assertThat(said.err()).startsWith("explain: standard input:1:1: ").contains("nft -j list ruleset");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "--frob; unknown option --frob",
                "--json; no dump was named",
                "- -; standard input can be read once only",
                "- --walk; --walk needs a value",
                "- --after; --after needs a dump",
                "/nonexistent/dump; /nonexistent/dump: there is no such file"
            })
    void unusableCommandLineIsRefused(String words, String message) {
        Said said = explain("", words.split(" ", -1));

        assertThat(said.status()).isEqualTo(2);
        assertThat(said.err()).startsWith("explain: ").contains(message);
    }

    @Test
    void packetThatIsNoneIsRefused() {
        Said said = explain("", file("1-published.iptables-save.txt"), "--walk", "tcp over there");

        assertThat(said.status()).isEqualTo(2);
        assertThat(said.err()).startsWith("explain: --walk: ");
    }

    @Test
    void momentsThatCannotBeComparedAreRefused() {
        Said said = explain("", file("1-published.iptables-save.txt"), "--after", file("2-inbound.ip6tables-save.txt"));

        assertThat(said.status()).isEqualTo(2);
        assertThat(said.err()).contains("--after has no iptables-save dump");
    }
}
