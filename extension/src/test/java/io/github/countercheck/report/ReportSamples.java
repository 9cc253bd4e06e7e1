// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.report;

import io.github.countercheck.docker.CapturedFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.report.Observed.SentFlow;
import io.github.countercheck.report.TestReports.Ended;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Captures;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.IptablesSaveParser;
import io.github.countercheck.ruleset.NftJsonParser;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.traffic.ConntrackAnswer;
import io.github.countercheck.traffic.ConntrackEntry;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.traffic.Tuple;
import io.github.countercheck.walk.Packet;
import io.github.countercheck.walk.PacketWalk;
import io.github.countercheck.walk.PacketWalk.Endpoint;
import io.github.countercheck.walk.RoutingFacts;
import io.github.countercheck.walk.RulesetWalker;
import io.github.countercheck.walk.TraceParser;
import io.github.countercheck.walk.TracedRules;
import io.github.countercheck.walk.Unmet;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reports of what real daemons counted while real packets went by. */
final class ReportSamples {

    static final Instant START = Instant.parse("2026-01-02T03:04:05Z");
    private static final Cidr HOST = Cidr.parse("203.0.113.10/24");
    private static final String PEER = "203.0.113.20";

    private ReportSamples() {}

    /** Three connections from outside to a published port. */
    static TestReport inbound() {
        return scene("docker-28.5-iptables-nft/default", "1-published", "2-inbound")
                .sending(PEER, "203.0.113.10:32768", 3)
                .report("WebIT", "publishedPortIsTranslated(Traffic)", Verdict.PASSED, "");
    }

    /** The same with rules of nftables' own. */
    static TestReport inboundNftables() {
        return scene("docker-29.7-nftables/default", "1-published", "2-inbound")
                .sending(PEER, "203.0.113.10:32768", 3)
                .report("WebIT", "publishedPortIsTranslated(Traffic)", Verdict.PASSED, "");
    }

    /** A container sends to the world outside. */
    static TestReport outbound() {
        return scene("docker-28.5-iptables-nft/default", "2-inbound", "3-outbound")
                .sending("172.17.0.2", PEER + ":80", 2)
                .report("WebIT", "outboundIsMasqueraded(Traffic)", Verdict.PASSED, "");
    }

    /** Packets that rules keep apart, the containers having come up meanwhile. */
    static TestReport stopped() {
        return scene("docker-28.5-iptables-nft/default", "0-idle", "4-crossing")
                .sending("172.17.0.2", "172.30.0.2:80", 1)
                .report("IsolationIT", "bridgesReachEachOther(Traffic)", Verdict.FAILED, """
                        DNAT not hit for container web1, port 80/tcp, published on 0.0.0.0:32768
                          expected  at least 1 new flow on  nat/DOCKER  -A DOCKER ! -i docker0 -p tcp -m tcp --dport 32768 -j DNAT --to-destination 172.17.0.2:80
                          actual    +0  (before 41, after 41)
                          sent      1 TCP connection 172.17.0.2:* -> 172.30.0.2:80: 1 timed out
                          because   RULE_NOT_HIT: nothing was sent to the published port
                          try       traffic.toPublishedPort(container, 80)""");
    }

    /** One connection as the kernel's trace tells it. */
    static TestReport traced() {
        CounterSnapshot snapshot = new CounterSnapshot(
                START,
                List.of(IptablesSaveParser.parse(
                        Family.IPV4, Backend.IPTABLES_NFT, resource("/trace/inbound-tcp/iptables-save.txt"))));
        TracedRules rules = TracedRules.of(
                NftJsonParser.parse(resource("/trace/inbound-tcp/nft.json")).tables(), snapshot, DockerFacts.NONE);
        PacketWalk walk = TraceParser.parse(
                resource("/trace/inbound-tcp/trace.txt"),
                rules,
                table -> table.equals("countercheck-1"),
                endpoint("198.18.0.2:25001"),
                endpoint("198.18.0.1:8080"));
        Probe probe = probe("198.18.0.2:25001", "198.18.0.1:8080", Outcome.ANSWERED, null);
        Observed observed = new Observed(
                Set.of(Family.IPV4),
                snapshot,
                snapshot,
                DockerFacts.NONE,
                List.of(new SentFlow(
                        "1 TCP connection 198.18.0.2:* -> 198.18.0.1:8080: 1 answered",
                        List.of(probe),
                        List.of(walk),
                        List.of())),
                Set.of());
        return TestReports.of(ended("TracedIT", "traced", Verdict.PASSED, "", "20.10.24"), observed);
    }

    /** What somebody could write into names and comments to make a page say something else. */
    static TestReport hostile() {
        String text = "*filter\n:FORWARD ACCEPT [0:0]\n[%d:60] -A FORWARD -m comment --comment"
                + " \"</script><script>alert(1)</script>\u202eevil & `code` | [link](x) ]]>\" -j ACCEPT\nCOMMIT\n";
        Observed observed = new Observed(
                Set.of(Family.IPV4),
                new CounterSnapshot(START, List.of(nft(String.format(text, 0)))),
                new CounterSnapshot(START, List.of(nft(String.format(text, 1)))),
                DockerFacts.NONE,
                List.of(),
                Set.of());
        return TestReports.of(
                ended(
                        "EvilIT",
                        "<img src=x onerror=alert(2)>\u202e | \u0000\u001b[31m\u200b",
                        Verdict.FAILED,
                        "</pre></details></script><script>alert(3)</script>\n````\n| `x` \ud800 @someone",
                        "<b>1</b>"),
                observed);
    }

    static RunReport run(TestReport... tests) {
        return new RunReport(START, Duration.ofMillis(12_345), true, List.of(tests));
    }

    private static Ruleset nft(String text) {
        return IptablesSaveParser.parse(Family.IPV4, Backend.IPTABLES_NFT, text);
    }

    private record Scene(
            String directory, DockerFacts facts, List<Ruleset> before, List<Ruleset> after, List<SentFlow> flows) {

        Scene sending(String from, String to, int times) {
            List<Probe> probes = IntStream.range(0, times)
                    .mapToObj(i -> entry(from, to, i))
                    .map(e -> e == null
                            ? probe(from + ":40000", to, Outcome.TIMED_OUT, null)
                            : probe(from + ":" + e.original().sourcePort(), to, Outcome.ANSWERED, e))
                    .toList();
            String text = times + " TCP connection" + (times == 1 ? " " : "s ") + from + ":* -> " + to + ": " + times
                    + " " + probes.get(0).outcome().inWords();
            List<SentFlow> all = new ArrayList<>(flows);
            all.add(new SentFlow(text, probes, List.of(), unmet(probes.get(0).tuple())));
            return new Scene(directory, facts, before, after, all);
        }

        private @Nullable ConntrackEntry entry(String from, String to, int which) {
            return Captures.text(Captures.dump(directory + "/conntrack.txt"))
                    .lines()
                    .filter(line -> line.contains(" tcp "))
                    .map(ConntrackEntry::parse)
                    .filter(e -> e.original()
                                    .source()
                                    .equals(endpoint(from + ":1").address())
                            && e.original().destination().equals(endpoint(to).address())
                            && e.original().destinationPort() == endpoint(to).port())
                    .skip(which)
                    .findFirst()
                    .orElse(null);
        }

        private List<Unmet> unmet(Tuple tuple) {
            RoutingFacts routing = RoutingFacts.of(facts, before).withDevice("eth0", HOST);
            String bridge = facts.networkOf(tuple.source())
                    .map(network -> Objects.requireNonNull(network.bridge()))
                    .orElse("eth0");
            return RulesetWalker.of(before, facts, routing)
                    .unmet(Packet.first(
                            tuple.transport(),
                            new Endpoint(tuple.source(), tuple.sourcePort()),
                            new Endpoint(tuple.destination(), tuple.destinationPort()),
                            bridge));
        }

        TestReport report(String testClass, String name, Verdict verdict, String message) {
            Observed observed = new Observed(
                    Set.of(Family.IPV4),
                    new CounterSnapshot(START, before),
                    new CounterSnapshot(START, after),
                    facts,
                    flows,
                    Set.of());
            return TestReports.of(
                    ended(testClass, name, verdict, message, directory.replaceAll("docker-([0-9.]+)-.*", "$1")),
                    observed);
        }
    }

    private static Scene scene(String directory, String before, String after) {
        DockerFacts facts = CapturedFacts.of(Captures.dump(directory + "/1-published.iptables-save.txt"));
        return new Scene(directory, facts, rules(directory, before), rules(directory, after), List.of());
    }

    private static List<Ruleset> rules(String directory, String stage) {
        if (directory.contains("-nftables/")) {
            return NftJsonParser.parse(Captures.text(Captures.dump(directory + "/" + stage + ".nft.json")))
                    .rulesets();
        }
        return Stream.of("iptables", "ip6tables")
                .map(tool -> Captures.parse(Captures.dump(directory + "/" + stage + "." + tool + "-save.txt")))
                .toList();
    }

    private static Ended ended(String testClass, String name, Verdict verdict, String message, String engine) {
        return new Ended(
                testClass,
                name,
                testClass + "/" + name.replaceAll("[^A-Za-z0-9]+", "-"),
                verdict,
                START,
                Duration.ofMillis(840),
                new DaemonInfo(
                        "unix:///var/run/docker.sock",
                        "Docker " + engine,
                        List.of(engine.startsWith("29") ? "nftables" : "iptables-nft"),
                        "",
                        "the network namespace of process 7"),
                message);
    }

    private static Probe probe(String from, String to, Outcome outcome, @Nullable ConntrackEntry entry) {
        Endpoint source = endpoint(from);
        Endpoint destination = endpoint(to);
        return new Probe(
                new Tuple(Transport.TCP, source.address(), source.port(), destination.address(), destination.port()),
                outcome,
                "",
                "",
                Duration.ofMillis(3),
                null,
                entry == null ? new ConntrackAnswer.Absent() : new ConntrackAnswer.Found(entry));
    }

    private static Endpoint endpoint(String text) {
        int colon = text.lastIndexOf(':');
        InetAddress address = Cidr.parseAddress(text.substring(0, colon));
        return new Endpoint(address, Integer.parseInt(text.substring(colon + 1)));
    }

    private static String resource(String name) {
        try (InputStream in = ReportSamples.class.getResourceAsStream(name)) {
            return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes pages to look at, for {@code ci/look}. */
    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]);
        ReportFiles files = new ReportFiles(directory);
        files.write(inbound());
        files.write(stopped());
        files.write(hostile());
        files.write("passing.html", run(inbound(), outbound(), inboundNftables(), traced()));
        files.write("failing.html", run(inbound(), stopped(), outbound(), hostile()));
    }
}
