// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static io.github.countercheck.NetworkAssertions.assertForwardAccepted;
import static io.github.countercheck.NetworkAssertions.assertMasqueraded;
import static io.github.countercheck.NetworkAssertions.assertNoDnatHit;
import static io.github.countercheck.NetworkAssertions.assertNotMasqueraded;
import static io.github.countercheck.NetworkAssertions.assertOutboundAccepted;
import static io.github.countercheck.NetworkAssertions.assertReturnTrafficAccepted;
import static io.github.countercheck.NetworkAssertions.times;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.Firewall.Fault;
import io.github.countercheck.diagnosis.Cause;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.opentest4j.AssertionFailedError;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.junit.jupiter.Container;

/** The assertions on rules of nftables, as Engine 29 writes them, with the faults that they are there to notice. */
@ContainerNetworkTest(await = "200ms")
class NativeMutantsIT {

    private static final String TABLE = "ip " + NativeTables.NAME;
    private static final String EMPTIED = "table " + TABLE + "\ndelete table " + TABLE + "\n";
    private static final List<String> LINES = new ArrayList<>();

    @Container
    static final GenericContainer<?> web = TestWeb.container();

    @Container
    static final GenericContainer<?> other = TestWeb.container();

    private static NativeRules rules;
    private static Firewall firewall;

    @BeforeAll
    static void load() {
        rules = NativeRules.load(true);
        firewall = Firewall.open();
        // Written once in the order in which nft lists it, so that it stays in this order.
        edited(text -> text).apply(firewall);
    }

    @AfterAll
    static void write() throws IOException {
        if (rules != null) {
            rules.close();
            firewall.close();
        }
        Mutant.write(Path.of("target", "mutants-nftables.md"), LINES);
    }

    static Stream<Mutant> mutants() {
        return Stream.of(dnat(), noDnat(), forward(), returned(), outbound(), masqueraded())
                .flatMap(rows -> rows);
    }

    private static Stream<Mutant> dnat() {
        Mutant.Claim claim = new Mutant.Claim(
                "assertDnatHit(times)",
                t -> quick(t).times(2).toPublishedPort(web, 80),
                () -> assertDnatHit(web, 80, times(2)));
        String toWeb = "dnat to " + address(web) + ":80";
        return Stream.of(
                claim.fault("rule removed", without(toWeb), Cause.NO_RULE, "there is no such rule", "docker-proxy"),
                claim.fault(
                        "shadowed by return",
                        with(toWeb, "tcp dport " + web.getMappedPort(80) + " counter return"),
                        Cause.RULE_SHADOWED,
                        "stands before it"),
                claim.fault(
                        "shadowed by the translation to another container",
                        with(
                                toWeb,
                                "tcp dport " + web.getMappedPort(80) + " counter dnat to " + address(other) + ":80"),
                        Cause.RULE_SHADOWED,
                        "dnat to " + address(other) + ":80"),
                claim.fault("wrong port", replaced(toWeb, ":80", ":81"), Cause.NO_RULE, "there is no such rule"),
                claim.fault("wrong address", replaced(toWeb, address(web), "192.0.2.1"), Cause.NO_RULE),
                claim.check("wrong times", () -> assertDnatHit(web, 80, times(3)), Cause.RULE_NOT_HIT, "only 2 met it"),
                claim.mutant(
                        "dropped later, so that retries count again",
                        with(portAccept(), "ip daddr " + address(web) + " counter drop"),
                        false,
                        t -> limited(t, 1_300).times(2).toPublishedPort(web, 80),
                        claim.check(),
                        AssertionFailedError.class,
                        Cause.DROPPED_LATER,
                        "drop  dropped "),
                claim.proved(
                        "table written again midway",
                        edited(text -> text),
                        t -> t.times(2).toPublishedPort(web, 80)),
                claim.midway(
                        "table written again midway, and nothing sent there",
                        edited(text -> text),
                        t -> t.toPublishedPort(other, 80),
                        "snapshot invalid"));
    }

    private static Stream<Mutant> noDnat() {
        Mutant.Claim claim =
                new Mutant.Claim("assertNoDnatHit", t -> t.toPublishedPort(web, 80), () -> assertNoDnatHit(other, 80));
        return Stream.of(
                claim.traffic("it was hit", t -> t.toPublishedPort(other, 80), null, "no new flow", "+1"),
                claim.unmeasured(
                        "rule removed",
                        without("dnat to " + address(other) + ":80"),
                        t -> t.toPublishedPort(web, 80),
                        "this is missing"),
                claim.disproved(
                        "table written again midway, and it was hit",
                        edited(text -> text),
                        t -> t.toPublishedPort(other, 80),
                        "no new flow",
                        "conntrack tcp "));
    }

    private static Stream<Mutant> forward() {
        Mutant.Claim claim = new Mutant.Claim(
                "assertForwardAccepted",
                t -> quick(t).times(2).toPublishedPort(web, 80),
                () -> assertForwardAccepted(web, 80));
        return Stream.of(
                claim.fault("rule removed", without(portAccept()), Cause.NO_RULE),
                claim.fault(
                        "shadowed by accept",
                        with(portAccept(), "ip daddr " + address(web) + " counter accept"),
                        Cause.RULE_SHADOWED,
                        "stands before it"),
                claim.fault(
                        "dropped before",
                        with(portAccept(), "ip daddr " + address(web) + " counter drop"),
                        Cause.DROPPED_LATER,
                        "dropped 2 packets"),
                claim.fault("wrong port", replaced(portAccept(), "dport 80", "dport 81"), Cause.NO_RULE),
                claim.fault(
                        "forwarding switched off", Firewall::noForwarding, Cause.DROPPED_LATER, "net.ipv4.ip_forward"),
                claim.proved("table written again midway", edited(text -> text), t -> t.toPublishedPort(web, 80)),
                claim.midway(
                        "table written again midway, and nothing sent there",
                        edited(text -> text),
                        t -> t.toPublishedPort(other, 80),
                        "snapshot invalid"));
    }

    private static Stream<Mutant> returned() {
        Mutant.Claim claim = new Mutant.Claim(
                "assertReturnTrafficAccepted",
                t -> quick(t).from(web).toOutside(),
                () -> assertReturnTrafficAccepted(web));
        return Stream.of(claim.traffic("nothing sent", t -> {}, Cause.RULE_NOT_HIT, "nothing was sent by Traffic"));
    }

    private static Stream<Mutant> outbound() {
        Mutant.Claim claim = new Mutant.Claim(
                "assertOutboundAccepted", t -> quick(t).from(web).toOutside(), () -> assertOutboundAccepted(web));
        return Stream.of(
                claim.fault("rule removed", without("comment \"OUTGOING\""), Cause.NO_RULE),
                claim.fault(
                        "shadowed by accept",
                        with("comment \"OUTGOING\"", "ip saddr " + address(web) + " counter accept"),
                        Cause.RULE_SHADOWED,
                        "stands before it"),
                claim.fault(
                        "dropped before",
                        with("comment \"OUTGOING\"", "ip saddr " + address(web) + " counter drop"),
                        Cause.DROPPED_LATER,
                        "drop  dropped "),
                claim.proved(
                        "table written again midway",
                        edited(text -> text),
                        t -> t.from(web).toOutside()));
    }

    private static Stream<Mutant> masqueraded() {
        Mutant.Claim claim = new Mutant.Claim(
                "assertMasqueraded",
                t -> quick(t).udp().times(2).from(web).toOutside(),
                () -> assertMasqueraded(web, times(2)));
        Mutant.Claim none = new Mutant.Claim(
                "assertNotMasqueraded", t -> t.toPublishedPort(web, 80), () -> assertNotMasqueraded(web));
        String masquerade = "comment \"MASQUERADE\"";
        // The peer's answer to the container's own address is dropped as direct access. Over TCP it would be sent again
        // and
        // again, and count in the windows of others.
        return Stream.of(
                claim.fault("rule removed", without(masquerade), Cause.NO_RULE, "[UNREPLIED]", "DROP DIRECT ACCESS"),
                claim.fault(
                        "shadowed by accept",
                        with(masquerade, "ip saddr " + address(web) + " counter accept"),
                        Cause.DROPPED_LATER,
                        "DROP DIRECT ACCESS",
                        "dropped 2 packets"),
                claim.fault(
                        "wrong subnet",
                        edited(text -> text.replace("ip saddr " + subnet(text), "ip saddr 10.99.0.0/16")),
                        Cause.NO_RULE),
                claim.fault(
                        "dropped before",
                        with("comment \"OUTGOING\"", "ip saddr " + address(web) + " counter drop"),
                        Cause.DROPPED_LATER,
                        "drop  dropped "),
                claim.proved(
                        "table written again midway",
                        edited(text -> text),
                        t -> t.times(2).from(web).toOutside()),
                none.traffic("it was masqueraded", t -> t.from(web).toOutside(), null, "no new flow", "+1"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("mutants")
    void isNoticed(Mutant mutant, Traffic traffic) {
        LINES.add(mutant.mustBeNoticed(traffic, firewall, Map.of()));
    }

    /** Writes the table anew with a change; to undo it is to write it as it was. Either way the rules count from zero. */
    private static Function<Firewall, Fault> edited(UnaryOperator<String> edit) {
        return fw -> {
            String before = fw.run("nft", "-s", "list", "table", "ip", NativeTables.NAME);
            fw.nft(EMPTIED + edit.apply(before));
            return () -> fw.nft(EMPTIED + before);
        };
    }

    private static Function<Firewall, Fault> without(String words) {
        return line(words, line -> "");
    }

    private static Function<Firewall, Fault> with(String words, String ruleBefore) {
        return line(words, line -> ruleBefore + "\n" + line);
    }

    private static Function<Firewall, Fault> replaced(String words, String from, String to) {
        return line(words, line -> line.replace(from, to));
    }

    private static Function<Firewall, Fault> line(String words, UnaryOperator<String> edit) {
        return edited(text -> {
            List<String> found =
                    text.lines().filter(line -> line.contains(words)).toList();
            assertThat(found).as("rules with '%s' in %s", words, text).hasSize(1);
            return text.replace(found.get(0) + "\n", edit.apply(found.get(0)) + "\n");
        });
    }

    private static String portAccept() {
        return "ip daddr " + address(web) + " tcp dport 80 ";
    }

    private static String subnet(String table) {
        return table.replaceAll("(?s).*oifname != \"docker0\" ip saddr (\\S+) .*", "$1");
    }

    private static Traffic quick(Traffic traffic) {
        return limited(traffic, 300);
    }

    private static Traffic limited(Traffic traffic, int milliseconds) {
        return traffic.limits(Duration.ofMillis(milliseconds), Duration.ofMillis(500), Duration.ofSeconds(10));
    }

    private static String address(GenericContainer<?> container) {
        return container
                .getContainerInfo()
                .getNetworkSettings()
                .getNetworks()
                .get("bridge")
                .getIpAddress();
    }
}
