// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.junit.jupiter.Container;
import org.testcontainers.junit.jupiter.Testcontainers;

/** Real packets meet the rules that stand in for Engine 29's. */
@Testcontainers
class NativeRulesIT {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int TIMEOUT = 5_000;

    /** Made before the rules are, as they say of which networks there are. */
    private static final Network elsewhere = Network.newNetwork();

    @Container
    static final GenericContainer<?> web = TestWeb.container();

    @Container
    static final GenericContainer<?> stranger = TestWeb.container().withNetwork(elsewhere);

    private static NativeRules rules;
    private static InetAddress outside;

    @BeforeAll
    static void load() {
        rules = NativeRules.load(true);
    }

    @BeforeEach
    void packetsComeBack() throws IOException {
        outside = callPublishedPort();
    }

    @AfterAll
    static void close() {
        if (rules != null) {
            rules.close();
        }
        elsewhere.close();
    }

    @Test
    void publishedPortIsTranslatedAndAccepted() throws IOException {
        long translated = packets(translation());
        long accepted = packets(rule("filter-forward-in__docker0", "\"dport\""));

        for (int i = 0; i < 3; i++) {
            callPublishedPort();
        }

        assertThat(packets(translation()) - translated).isEqualTo(3);
        assertThat(packets(rule("filter-forward-in__docker0", "\"dport\"")) - accepted)
                .isEqualTo(3);
    }

    @Test
    void outboundIsMasqueraded() throws IOException, InterruptedException {
        long masqueraded = packets(masquerade());

        try (ServerSocket server = new ServerSocket(0, 1, outside)) {
            server.setSoTimeout(TIMEOUT);
            CompletableFuture<InetAddress> caller = CompletableFuture.supplyAsync(() -> callerOf(server));
            ExecResult sent = web.execInContainer(
                    "timeout", "5", "nc", outside.getHostAddress(), Integer.toString(server.getLocalPort()));
            assertThat(sent.getExitCode()).as(sent::toString).isZero();
            assertThat(caller.join()).isEqualTo(InetAddress.getByName(web.getHost()));
        }

        assertThat(packets(masquerade()) - masqueraded).isEqualTo(1);
    }

    @Test
    void directAccessFromAnotherNetworkIsDropped() throws IOException, InterruptedException {
        String address = TestWeb.address(web);
        long dropped = packets(drop(address));

        ExecResult sent = stranger.execInContainer("timeout", "1", "wget", "-q", "-O", "-", "http://" + address + "/");

        assertThat(sent.getExitCode()).as(sent::toString).isNotZero();
        assertThat(packets(drop(address))).isGreaterThan(dropped);
    }

    @Test
    void aContainersStartMakesNewRulesThatCountFromZero() throws IOException {
        JsonNode before = translation();
        assertThat(packets(before)).isPositive();

        try (GenericContainer<?> another = TestWeb.container()) {
            another.start();
            rules.started(another);

            JsonNode after = translation();
            assertThat(packets(after)).isZero();
            assertThat(after.get("handle")).isNotEqualTo(before.get("handle"));
            assertThat(after.get("expr").get(1)).isEqualTo(before.get("expr").get(1));
            callPublishedPort();
            assertThat(packets(translation())).isEqualTo(1);
        }
        // What the engine does for a container that has stopped is the same with one container less.
        rules.started(web);
    }

    private static InetAddress callerOf(ServerSocket server) {
        try (Socket accepted = server.accept()) {
            return accepted.getInetAddress();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode translation() throws IOException {
        return rule("nat-prerouting-and-output", ":" + web.getMappedPort(80) + "}");
    }

    private static JsonNode masquerade() throws IOException {
        return rule("nat-postrouting-out__docker0", "\"MASQUERADE\"");
    }

    private static JsonNode drop(String address) throws IOException {
        return rule("raw-PREROUTING", "\"" + address + "\"");
    }

    /** Returns the one rule of the chain that holds that text. */
    private static JsonNode rule(String chain, String text) throws IOException {
        List<JsonNode> found = new ArrayList<>();
        for (JsonNode object : JSON.readTree(rules.json("ip")).get("nftables")) {
            JsonNode rule = object.path("rule");
            if (rule.path("chain").asText().equals(chain) && rule.toString().contains(text)) {
                found.add(rule);
            }
        }
        assertThat(found).as("rules of %s with %s", chain, text).hasSize(1);
        return found.get(0);
    }

    private static long packets(JsonNode rule) {
        for (JsonNode expression : rule.get("expr")) {
            if (expression.has("counter")) {
                return expression.get("counter").get("packets").asLong();
            }
        }
        throw new AssertionError("no counter: " + rule);
    }

    /** Returns the address that it was called from: the outside, as a container sees it. */
    private static InetAddress callPublishedPort() throws IOException {
        try (Socket socket = new Socket()) {
            socket.setSoTimeout(TIMEOUT);
            socket.connect(new InetSocketAddress(web.getHost(), web.getMappedPort(80)), TIMEOUT);
            socket.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                    .contains("hello");
            return socket.getLocalAddress();
        }
    }
}
