// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.IptablesSaveParser;
import io.github.countercheck.ruleset.NftJsonParser;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.walk.PacketWalk.Direction;
import io.github.countercheck.walk.PacketWalk.Endpoint;
import io.github.countercheck.walk.PacketWalk.Fate;
import io.github.countercheck.walk.PacketWalk.Step;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/** With what nft 1.0.6 printed of one TCP connection to a published port, and the rules of that moment. */
class TraceParserTests {

    private static final Endpoint SENDER = end("198.18.0.2", 25_001);
    private static final Endpoint PUBLISHED = end("198.18.0.1", 8080);

    private static Endpoint end(String address, int port) {
        return new Endpoint(Cidr.parseAddress(address), port);
    }

    private static String read(String name) {
        try (InputStream in = TraceParserTests.class.getResourceAsStream("/trace/inbound-tcp/" + name)) {
            return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static boolean isOwn(String table) {
        return table.equals("countercheck-1");
    }

    private static TracedRules rules() {
        CounterSnapshot snapshot = new CounterSnapshot(
                Instant.EPOCH,
                List.of(IptablesSaveParser.parse(Family.IPV4, Backend.IPTABLES_NFT, read("iptables-save.txt"))));
        return TracedRules.of(NftJsonParser.parse(read("nft.json")).tables(), snapshot, DockerFacts.NONE);
    }

    private static PacketWalk parse(String text, Endpoint sender) {
        return TraceParser.parse(text, rules(), TraceParserTests::isOwn, sender, PUBLISHED);
    }

    private static List<String> roles(List<Step> steps) {
        return steps.stream()
                .map(step ->
                        step.rule() == null ? step.text() : step.rule().role().name())
                .toList();
    }

    @Test
    void firstPacketMetTheseRules() {
        PacketWalk walk = parse(read("trace.txt"), SENDER);

        assertThat(roles(walk.firstPacket()))
                .containsExactly(
                        "NAT_JUMP_PRE",
                        "PORT_DNAT",
                        "USER_JUMP",
                        "CHAIN_RETURN",
                        "ISOLATION_JUMP",
                        "CHAIN_RETURN",
                        "PORT_JUMP",
                        "PORT_ACCEPT",
                        "policy ACCEPT");
        assertThat(walk.firstPacket().get(1))
                .returns(3, Step::position)
                .returns("ACCEPT", Step::verdict)
                .returns(Backend.IPTABLES_NFT, Step::backend)
                .returns(
                        "-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80",
                        Step::text);
        assertThat(walk.fate()).isEqualTo(Fate.ACCEPTED);
        assertThat(walk.destination()).isEqualTo(end("172.17.0.2", 80));
        assertThat(walk.source()).isEqualTo(SENDER);
    }

    /** Of ten packets several bear the id of an earlier one, and each answer has two. */
    @Test
    void packetsAreToldApartWhereTheirIdsDoNot() {
        PacketWalk walk = parse(read("trace.txt"), SENDER);

        assertThat(walk.steps().stream().map(Step::packet).distinct()).hasSize(10);
        assertThat(walk.steps().stream()
                        .filter(step -> step.direction() == Direction.REPLY)
                        .map(Step::packet)
                        .distinct())
                .hasSize(4);
        assertThat(walk.steps().stream()
                        .filter(step -> step.rule() != null && step.rule().role() == RuleRole.PORT_DNAT))
                .hasSize(1);
    }

    @Test
    void anotherFlowsPacketsAreNotItsOwn() {
        PacketWalk walk = parse(read("trace.txt"), end("198.18.0.2", 25_002));

        assertThat(walk.steps()).isEmpty();
        assertThat(walk.fate()).isEqualTo(Fate.UNDECIDED);
        assertThat(walk.reason()).contains("no packet from 198.18.0.2:25002");
    }

    @Test
    void aRuleThatNftDidNotKnowIsFoundByItsHandle() {
        String text = read("trace.txt").replaceAll("rule .* # (handle \\d+)", "unknown rule $1");

        assertThat(roles(parse(text, SENDER).steps()))
                .isEqualTo(roles(parse(read("trace.txt"), SENDER).steps()));
    }

    @Test
    void aRuleThatIsNotListedAnyMoreIsCitedAsItWasTraced() {
        String text = read("trace.txt").replace("# handle 11 ", "# handle 99 ");

        assertThat(parse(text, SENDER).firstPacket().get(1))
                .returns(0, Step::position)
                .returns(null, Step::rule)
                .satisfies(step -> assertThat(step.text()).endsWith("dnat to 172.17.0.2:80"));
    }

    @Test
    void aBaseChainThatIsNotListedLeavesTheWalkUnknown() {
        String text = read("trace.txt").replace("ip nat PREROUTING", "ip gone PREROUTING");

        assertThatThrownBy(() -> parse(text, SENDER))
                .isInstanceOf(CountercheckException.class)
                .hasMessageContaining("table ip gone");
    }

    @Test
    void packetsThatWentTheSameWayArePrintedOnce() {
        assertThat(parse(read("trace.txt"), SENDER).inLines().lines().filter(line -> line.contains("packet")))
                .hasSize(3);
    }
}
