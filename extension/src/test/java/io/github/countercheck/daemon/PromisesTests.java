// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.countercheck.docker.CapturedFacts;
import io.github.countercheck.docker.Classification;
import io.github.countercheck.docker.RuleClassifier;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Captures;
import io.github.countercheck.ruleset.Counter;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.traffic.Outcome;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class PromisesTests {

    private static final HostSetting HOST =
            new HostSetting(Set.of(Family.IPV4, Family.IPV6), Set.of(Family.IPV4, Family.IPV6), true);

    /** The captures' world outside had a route to the network "front" alone. */
    private static final HostSetting CAPTURED =
            new HostSetting(Set.of(Family.IPV4, Family.IPV6), Set.of(Family.IPV4, Family.IPV6), false);

    /**
     * An action of a capture.
     *
     * @param words how it begins, or what it holds
     * @param path the path that it took
     * @param client whether the default bridge (true) or a network that was made called
     * @param server the same of what was called
     * @param stage the dump after it
     */
    private record Action(String words, PathId path, boolean client, boolean server, String stage) {}

    private static final List<Action> ACTIONS = List.of(
            new Action("(web1:80)", PathId.EXTERNAL_TO_PUBLISHED, true, true, "2-inbound"),
            new Action("tcp peer -> 203.0.113.10:8080", PathId.EXTERNAL_TO_PUBLISHED, false, false, "2-inbound"),
            new Action("127.0.0.1:8081 (web3:80)", PathId.LOOPBACK_TO_PUBLISHED, false, false, "2-inbound"),
            new Action(
                    "docker1 itself -> 203.0.113.10:8080", PathId.HOST_ADDRESS_TO_PUBLISHED, false, false, "2-inbound"),
            new Action("tcp web1 -> peer", PathId.CONTAINER_TO_OUTSIDE, true, true, "3-outbound"),
            new Action("tcp web2 -> peer", PathId.CONTAINER_TO_OUTSIDE, false, false, "3-outbound"),
            new Action("(internal) -> peer", PathId.INTERNAL_TO_OUTSIDE, false, false, "3-outbound"),
            new Action(", across bridges", PathId.ACROSS_BRIDGES, false, false, "4-crossing"),
            new Action("hairpin: ", PathId.HAIRPIN, false, false, "4-crossing"),
            new Action("other bridge's published port", PathId.ACROSS_BRIDGES_TO_PUBLISHED, true, false, "4-crossing"),
            new Action("direct routing: ", PathId.DIRECT_TO_PUBLISHED, false, false, "4-crossing"));

    @TestFactory
    Stream<DynamicTest> everyActionOfEveryCapture() {
        List<DynamicTest> tests = new ArrayList<>();
        for (Path scene : scenes()) {
            JsonNode captured = CapturedFacts.json(scene.resolve("x"), "actions");
            EngineVersion engine = EngineVersion.parse(captured.get("engine").asText());
            DaemonConfig config = DaemonConfig.parse("daemon.json", Captures.text(scene.resolve("daemon.json")));
            for (JsonNode action : captured.get("actions")) {
                String words = action.get("action").asText();
                // The tool that was to send it misread an option: nothing was sent.
                if (!words.startsWith("udp peer")) {
                    tests.add(DynamicTest.dynamicTest(
                            Captures.name(scene) + ": " + words, () -> check(scene, engine, config, action)));
                }
            }
        }
        assertThat(tests).hasSize(24 * 14);
        return tests.stream();
    }

    private static List<Path> scenes() {
        return Captures.dumps().isEmpty()
                ? List.of()
                : Stream.concat(Captures.dumps().stream(), Captures.nftDumps().stream())
                        .map(Path::getParent)
                        .distinct()
                        .sorted()
                        .toList();
    }

    private static void check(Path scene, EngineVersion engine, DaemonConfig config, JsonNode captured) {
        String words = captured.get("action").asText();
        List<Action> actions = ACTIONS.stream()
                .filter(action -> words.contains(action.words()))
                .toList();
        assertThat(actions).as(words).hasSize(1);
        Action action = actions.get(0);
        Promises promises = Promises.of(config, engine, CAPTURED);

        Promise promise = promises.of(
                action.path(),
                Family.IPV4,
                Transport.TCP,
                action.client() ? promises.defaultBridge() : promises.userNetwork(),
                action.server() ? promises.defaultBridge() : promises.userNetwork());

        assertThat(promise.isAnswered())
                .as(words + ": " + captured + ", promised " + promise)
                .isEqualTo(captured.get("exit").asInt() == 0);
        if (captured.get("err").asText().contains("Network is unreachable")) {
            assertThat(promise.mechanism()).isEqualTo(Mechanism.NO_ROUTE);
        }
        promise.blocker()
                .ifPresent(role -> assertThat(counted(scene, action.stage(), role))
                        .as(role + " counted in " + action.stage())
                        .isPositive());
    }

    private static long counted(Path scene, String stage, RuleRole role) {
        return classifications(scene, stage).stream()
                .flatMap(classification -> classification.rules().stream())
                .filter(rule -> rule.role() == role)
                .mapToLong(rule -> {
                    Counter counter = Objects.requireNonNull(rule.rule().counter());
                    return counter.packets();
                })
                .sum();
    }

    private static List<Classification> classifications(Path scene, String stage) {
        Path dump = scene.resolve(stage + ".iptables-save.txt");
        Path nft = scene.resolve(stage + ".nft.json");
        return List.of(
                Files.exists(dump)
                        ? RuleClassifier.classify(Captures.parse(dump), CapturedFacts.of(dump))
                        : RuleClassifier.classify(Captures.parseNft(nft, Family.IPV4), CapturedFacts.of(nft)));
    }

    /** The rows of paths that every engine was measured on, as their packets were counted there. */
    @ParameterizedTest(name = "row {0}: {2} on {1} with {3}")
    @CsvSource(delimiter = '|', textBlock = """
            1   | 20.10.24 | external-to-published       |                       | answered DNAT SENDER
            1   | 28.5.2   | external-to-published       |                       | answered DNAT SENDER
            1   | 29.7.2   | external-to-published       |                       | answered DNAT SENDER
            2   | 20.10.24 | host-address-to-published   |                       | answered DNAT HOST
            2   | 29.7.2   | host-address-to-published   |                       | answered DNAT HOST
            2b  | 20.10.24 | host-address-to-published   | userland-proxy: false | answered DNAT GATEWAY
            2b  | 28.5.2   | host-address-to-published   | userland-proxy: false | answered DNAT GATEWAY
            3   | 26.1.5   | loopback-to-published       |                       | answered DOCKER_PROXY GATEWAY
            3b  | 26.1.5   | loopback-to-published       | userland-proxy: false | answered DNAT GATEWAY
            4   | 28.5.2   | container-to-outside        |                       | answered MASQUERADE HOST
            5   | 20.10.24 | hairpin                     |                       | answered DOCKER_PROXY GATEWAY
            5   | 29.7.2   | hairpin                     |                       | answered DOCKER_PROXY GATEWAY
            5b  | 28.5.2   | hairpin                     | userland-proxy: false | answered DNAT GATEWAY
            6   | 28.5.2   | same-bridge-to-published    |                       | answered DOCKER_PROXY GATEWAY
            6b  | 28.5.2   | same-bridge-to-published    | userland-proxy: false | answered DNAT SENDER
            7   | 20.10.24 | same-bridge                 |                       | answered DIRECT SENDER
            8   | 20.10.24 | across-bridges              |                       | blocked by ISOLATION_DROP
            8   | 27.5.1   | across-bridges              |                       | blocked by ISOLATION_DROP
            8b  | 28.5.2   | across-bridges              |                       | blocked by DIRECT_ACCESS_DROP
            8b  | 29.7.2   | across-bridges              |                       | blocked by DIRECT_ACCESS_DROP
            9   | 28.5.2   | across-bridges-to-published |                       | answered DOCKER_PROXY GATEWAY
            9b  | 20.10.24 | across-bridges-to-published | userland-proxy: false | blocked by ISOLATION_DROP
            9b  | 28.5.2   | across-bridges-to-published | userland-proxy: false | blocked by ISOLATION_DROP
            9c  | 29.7.2   | across-bridges-to-published |                       | answered DNAT GATEWAY
            9c  | 29.7.2   | across-bridges-to-published | userland-proxy: false | answered DNAT GATEWAY
            10  | 27.5.1   | direct-to-published         |                       | answered DIRECT SENDER
            10  | 28.0.4   | direct-to-published         |                       | blocked by DIRECT_ACCESS_DROP
            10  | 28.5.2   | direct-to-published         |                       | blocked by DIRECT_ACCESS_DROP
            11  | 20.10.24 | direct-to-unpublished       |                       | answered DIRECT SENDER
            11  | 28.0.4   | direct-to-unpublished       |                       | blocked by UNPUBLISHED_DROP
            11  | 28.5.2   | direct-to-unpublished       |                       | blocked by DIRECT_ACCESS_DROP
            13  | 28.5.2   | host-to-container           |                       | answered DIRECT GATEWAY
            1a  | 20.10.24 | internal-to-outside         |                       | blocked by INTERNAL_OUT_DROP
            1a  | 26.1.5   | internal-to-outside         |                       | not sent NO_ROUTE
            """)
    void rowsOfTheTableOfPaths(String row, String engine, String path, String option, String promised) {
        assertThat(promise(engine, option, path, Family.IPV4, Transport.TCP, HOST))
                .as(row)
                .isEqualTo(promised);
    }

    @ParameterizedTest(name = "{1} on {0} with {2}")
    @CsvSource(delimiter = '|', textBlock = """
            20.10.24 | container-to-outside        | ip-masq: false                                  | answered DIRECT SENDER
            28.5.2   | container-to-outside        | ip-masq: false                                  | blocked by DIRECT_ACCESS_DROP
            28.5.2   | container-to-outside        | ip-masq: false, allow-direct-routing: true      | answered DIRECT SENDER
            28.0.4   | container-to-outside        | ip-masq: false                                  | answered DIRECT SENDER
            28.5.2   | across-bridges-to-published | ip-masq: false                                  | blocked by ISOLATION_DROP
            29.7.2   | across-bridges-to-published | ip-masq: false                                  | blocked by DIRECT_ACCESS_DROP
            29.7.2   | across-bridges-to-published | ip-masq: false, allow-direct-routing: true      | answered DNAT SENDER
            20.10.24 | same-bridge                 | icc: false                                      | blocked by ICC_DROP
            28.5.2   | same-bridge-to-published    | icc: false                                      | answered DOCKER_PROXY GATEWAY
            28.5.2   | same-bridge-to-published    | icc: false, userland-proxy: false               | blocked by ICC_DROP
            28.5.2   | hairpin                     | icc: false, userland-proxy: false               | blocked by ICC_DROP
            28.5.2   | external-to-published       | iptables: false                                 | answered DOCKER_PROXY GATEWAY
            28.5.2   | container-to-outside        | iptables: false                                 | answered DIRECT SENDER
            28.5.2   | across-bridges              | iptables: false                                 | answered DIRECT SENDER
            28.5.2   | direct-to-unpublished       | iptables: false                                 | answered DIRECT SENDER
            20.10.24 | internal-to-outside         | iptables: false                                 | answered DIRECT SENDER
            28.5.2   | loopback-to-published       | ip: '198.51.100.7'                              | refused NOT_PUBLISHED
            28.5.2   | external-to-published       | ip: '198.51.100.7'                              | answered DNAT SENDER
            28.5.2   | external-to-published       | ip: '127.0.0.1'                                 | refused NOT_PUBLISHED
            28.5.2   | loopback-to-published       | ip: '127.0.0.1'                                 | answered DOCKER_PROXY GATEWAY
            28.5.2   | across-bridges-to-published | ip: '127.0.0.1'                                 | answered DOCKER_PROXY GATEWAY
            28.5.2   | direct-to-published         | allow-direct-routing: true                      | answered DIRECT SENDER
            28.5.2   | direct-to-unpublished       | allow-direct-routing: true                      | blocked by UNPUBLISHED_DROP
            28.5.2   | across-bridges              | allow-direct-routing: true                      | blocked by ISOLATION_DROP
            29.7.2   | across-bridges              | allow-direct-routing: true                      | answered MASQUERADE GATEWAY
            28.5.2   | container-to-outside        | bip: '10.9.0.1/24', mtu: 1400, live-restore: true | answered MASQUERADE HOST
            """)
    void whatAnOptionChanges(String engine, String path, String options, String promised) {
        assertThat(promise(engine, options, path, Family.IPV4, Transport.TCP, HOST))
                .isEqualTo(promised);
    }

    @ParameterizedTest(name = "{0} on {1} with {2}")
    @CsvSource(delimiter = '|', textBlock = """
            external-to-published | 28.5.2   | routed          | not sent NOT_PUBLISHED
            hairpin               | 28.5.2   | routed          | not sent NOT_PUBLISHED
            direct-to-published   | 28.5.2   | routed          | answered DIRECT SENDER
            direct-to-unpublished | 28.5.2   | routed          | blocked by UNPUBLISHED_DROP
            container-to-outside  | 28.5.2   | routed          | answered DIRECT SENDER
            across-bridges        | 28.5.2   | routed          | answered DIRECT SENDER
            across-bridges        | 27.5.1   | routed          | blocked by ISOLATION_DROP
            external-to-published | 26.1.5   | routed          | answered DNAT SENDER
            external-to-published | 28.5.2   | nat-unprotected | answered DNAT SENDER
            direct-to-unpublished | 28.5.2   | nat-unprotected | answered DIRECT SENDER
            across-bridges        | 28.5.2   | nat-unprotected | blocked by ISOLATION_DROP
            across-bridges        | 29.7.2   | nat-unprotected | answered MASQUERADE GATEWAY
            direct-to-published   | 27.5.1   | nat-unprotected | answered DIRECT SENDER
            external-to-published | 28.5.2   | nat             | answered DNAT SENDER
            """)
    void gatewayModesOfNetworksThatAUserMakes(String path, String engine, String mode, String promised) {
        Promises promises = Promises.of(
                DaemonConfig.parse(
                        "daemon.json",
                        "{\"default-network-opts\": {\"bridge\": {\"com.docker.network.bridge.gateway_mode_ipv4\": \""
                                + mode + "\"}}}"),
                EngineVersion.parse(engine),
                HOST);

        assertThat(words(promises.of(
                        path(path), Family.IPV4, Transport.TCP, promises.userNetwork(), promises.userNetwork())))
                .isEqualTo(promised);
    }

    @ParameterizedTest(name = "{0} on {1} with {2}")
    @CsvSource(delimiter = '|', textBlock = """
            external-to-published | 20.10.24 |                                       | answered DOCKER_PROXY GATEWAY
            external-to-published | 20.10.24 | ip6tables: true                       | answered DNAT SENDER
            external-to-published | 28.5.2   |                                       | answered DNAT SENDER
            external-to-published | 28.5.2   | ip6tables: false                      | answered DOCKER_PROXY GATEWAY
            external-to-published | 28.5.2   | iptables: false                       | answered DNAT SENDER
            external-to-published | 28.5.2   | ip: '198.51.100.7'                    | not sent NOT_PUBLISHED
            loopback-to-published | 28.5.2   |                                       | answered DOCKER_PROXY GATEWAY
            loopback-to-published | 28.5.2   | userland-proxy: false                 | timed out LOST
            direct-to-unpublished | 20.10.24 | ip6tables: true                       | blocked by policy
            direct-to-unpublished | 20.10.24 |                                       | answered DIRECT SENDER
            container-to-outside  | 26.1.5   |                                       | answered DIRECT SENDER
            """)
    void overIpv6(String path, String engine, String options, String promised) {
        assertThat(promise(engine, options, path, Family.IPV6, Transport.TCP, HOST))
                .isEqualTo(promised);
    }

    /** Up to Engine 27 docker-proxy answers a datagram with the address of the bridge, which the container has not called. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            hairpin                     | 26.1.5 |                       | timed out DOCKER_PROXY
            same-bridge-to-published    | 26.1.5 |                       | timed out DOCKER_PROXY
            across-bridges-to-published | 26.1.5 |                       | timed out DOCKER_PROXY
            hairpin                     | 26.1.5 | ip: '198.51.100.7'    | answered DOCKER_PROXY GATEWAY
            hairpin                     | 26.1.5 | userland-proxy: false | answered DNAT GATEWAY
            hairpin                     | 28.5.2 |                       | answered DOCKER_PROXY GATEWAY
            loopback-to-published       | 26.1.5 |                       | answered DOCKER_PROXY GATEWAY
            external-to-published       | 26.1.5 | iptables: false       | answered DOCKER_PROXY GATEWAY
            """)
    void datagramsByDockerProxy(String path, String engine, String options, String promised) {
        assertThat(promise(engine, options, path, Family.IPV4, Transport.UDP, HOST))
                .isEqualTo(promised);
    }

    /** A daemon that has to switch forwarding on itself closes FORWARD for what no rule accepts. */
    @Test
    void aHostThatDidNotForward() {
        HostSetting bare = new HostSetting(Set.of(), HOST.bridgesAskRules(), true);

        assertThat(promise("26.1.5", null, "direct-to-unpublished", Family.IPV4, Transport.TCP, bare))
                .isEqualTo("blocked by policy");
        assertThat(promise("26.1.5", "ip-forward: false", "external-to-published", Family.IPV4, Transport.TCP, bare))
                .isEqualTo("timed out NOT_FORWARDED");
        assertThat(promise("26.1.5", "ip-forward: false", "loopback-to-published", Family.IPV4, Transport.TCP, bare))
                .isEqualTo("answered DOCKER_PROXY GATEWAY");
        assertThat(promise("28.5.2", "ip-forward: false", "direct-to-published", Family.IPV4, Transport.TCP, bare))
                .isEqualTo("blocked by DIRECT_ACCESS_DROP");
        assertThat(promise("28.5.2", "ip-forward: false", "direct-to-published", Family.IPV4, Transport.TCP, HOST))
                .isEqualTo("blocked by DIRECT_ACCESS_DROP");
    }

    @Test
    void bridgesThatDoNotAskTheRules() {
        HostSetting quiet = new HostSetting(HOST.forwarded(), Set.of(), true);

        assertThat(promise("28.5.2", "icc: false", "same-bridge", Family.IPV4, Transport.TCP, quiet))
                .isEqualTo("answered DIRECT SENDER");
        assertThat(promise(
                        "28.5.2",
                        "userland-proxy: false",
                        "same-bridge-to-published",
                        Family.IPV4,
                        Transport.TCP,
                        quiet))
                .isEqualTo("timed out LOST");
    }

    /** Whatever is configured, what is not answered is seen by nobody, and what is answered by somebody. */
    @ParameterizedTest
    @EnumSource
    void promisesAreConsistent(PathId path) {
        for (String engine : List.of("20.10.24", "26.1.5", "27.5.1", "28.0.4", "28.5.2", "29.7.2")) {
            for (String options : List.of(
                    "icc: true",
                    "icc: false",
                    "iptables: false",
                    "ip-masq: false",
                    "userland-proxy: false",
                    "iptables: false, userland-proxy: false",
                    "ip: '127.0.0.1'",
                    "ipv6: true, ip6tables: false")) {
                for (Family family : List.of(Family.IPV4, Family.IPV6)) {
                    for (Transport transport : List.of(Transport.TCP, Transport.UDP)) {
                        Promise promise = Promises.of(config(options), EngineVersion.parse(engine), HOST)
                                .of(path, family, transport);
                        assertThat(promise.isAnswered())
                                .as(engine + " " + options + ": " + promise)
                                .isEqualTo(promise.source() != Source.NOBODY);
                        if (promise.blocker().isPresent()) {
                            assertThat(promise.mechanism()).isEqualTo(Mechanism.BLOCKED_BY);
                        }
                    }
                }
            }
        }
    }

    private static String promise(
            String engine, String options, String path, Family family, Transport transport, HostSetting host) {
        return words(
                Promises.of(config(options), EngineVersion.parse(engine), host).of(path(path), family, transport));
    }

    private static DaemonConfig config(String options) {
        String json = options == null ? "" : options.replace('\'', '"').replaceAll("([a-z][a-z0-9-]+): ", "\"$1\": ");
        return DaemonConfig.parse("daemon.json", "{" + json + "}");
    }

    private static PathId path(String id) {
        return Stream.of(PathId.values())
                .filter(path -> path.id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    private static String words(Promise promise) {
        if (promise.mechanism() == Mechanism.BLOCKED_BY) {
            assertThat(promise.outcome()).isEqualTo(Outcome.TIMED_OUT);
            return "blocked by " + promise.blocker().map(RuleRole::name).orElse("policy");
        }
        return promise.outcome().inWords() + " " + promise.mechanism()
                + (promise.isAnswered() ? " " + promise.source() : "");
    }
}
