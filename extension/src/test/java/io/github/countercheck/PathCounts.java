// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static org.assertj.core.api.Assertions.assertThat;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.InspectContainerResponse;
import io.github.countercheck.docker.Classification;
import io.github.countercheck.docker.ClassifiedRule;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.DockerFactsReader;
import io.github.countercheck.docker.Layout;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.docker.RuleClassifier;
import io.github.countercheck.docker.RuleRole;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Policy;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.session.DaemonSession;
import io.github.countercheck.snapshot.ChainDelta;
import io.github.countercheck.snapshot.Change;
import io.github.countercheck.traffic.ConntrackAnswer;
import io.github.countercheck.traffic.Outcome;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.traffic.Tuple;
import io.github.countercheck.walk.MeasuredRule;
import io.github.countercheck.walk.Observation;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.Container.ExecResult;
import org.testcontainers.containers.ExecInContainerPattern;
import org.testcontainers.containers.GenericContainer;

/**
 * Sends one flow and finds all that Docker's rules counted of it, and how many packets it really had: by what the kernels
 * of both ends counted, not by the rules.
 *
 * @param containers what the test calls its containers, by id
 * @param networks what it calls its networks, by id or name
 */
record PathCounts(Map<String, String> containers, Map<String, String> networks) {

    private static final Set<String> OPEN = Set.of("SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT", "LAST_ACK");

    /** Rules that only lead to others: they are named where nothing at all may be forwarded. */
    private static final Set<RuleRole> PASSAGES = EnumSet.of(
            RuleRole.USER_JUMP,
            RuleRole.FORWARD_JUMP,
            RuleRole.CT_JUMP,
            RuleRole.ISOLATION_JUMP,
            RuleRole.ISOLATION_FROM,
            RuleRole.INTERNAL_JUMP,
            RuleRole.BRIDGE_JUMP,
            RuleRole.PORT_JUMP,
            RuleRole.CHAIN_RETURN);

    private static final Set<RuleRole> OF_FORWARD = EnumSet.of(
            RuleRole.RETURN_TRAFFIC,
            RuleRole.OUTBOUND_ACCEPT,
            RuleRole.OUTBOUND_ESTABLISHED,
            RuleRole.ICC_ACCEPT,
            RuleRole.PORT_ACCEPT,
            RuleRole.ISOLATION_DROP,
            RuleRole.INTERNAL_OUT_DROP,
            RuleRole.UNPUBLISHED_DROP);

    private static final Pattern SEEN = Pattern.compile("seen \\[?([0-9a-fA-F.:]+)]?");

    /**
     * What is expected to be counted.
     *
     * @param counts by role and by whom the rule serves
     * @param forwarded whether anything gets to the filter rules at all
     */
    record Cells(TreeMap<String, Long> counts, boolean forwarded) {

        static Cells none() {
            return new Cells(new TreeMap<>(), false);
        }

        Cells and(RuleRole role, long count) {
            return and(role, "", count);
        }

        Cells and(RuleRole role, String served, long count) {
            return and((role + " " + served).strip(), count, OF_FORWARD.contains(role));
        }

        Cells andPolicy(Policy policy, long count) {
            return and(policyName(policy), count, true);
        }

        Cells and(Cells others) {
            TreeMap<String, Long> all = new TreeMap<>(counts);
            others.counts.forEach((name, count) -> all.merge(name, count, Long::sum));
            return new Cells(all, forwarded || others.forwarded);
        }

        private Cells and(String name, long count, boolean forward) {
            return and(new Cells(new TreeMap<>(Map.of(name, count)), forward));
        }
    }

    private static String policyName(@Nullable Policy policy) {
        return "policy " + policy;
    }

    /**
     * The TCP segments that a network namespace counted.
     *
     * @param in those that came in
     * @param out those that went out for the first time
     * @param again those that went out once more
     */
    record Segments(long in, long out, long again) {

        static final Segments NONE = new Segments(0, 0, 0);

        static Segments of(String snmp) {
            List<String[]> lines = snmp.lines()
                    .filter(line -> line.startsWith("Tcp:"))
                    .map(line -> line.split(" "))
                    .toList();
            List<String> names = List.of(lines.get(0));
            String[] values = lines.get(1);
            return new Segments(
                    Long.parseLong(values[names.indexOf("InSegs")]),
                    Long.parseLong(values[names.indexOf("OutSegs")]),
                    Long.parseLong(values[names.indexOf("RetransSegs")]));
        }

        Segments since(Segments earlier) {
            return new Segments(in - earlier.in, out - earlier.out, again - earlier.again);
        }
    }

    /**
     * What was sent and what was seen of it.
     *
     * @param what it in words
     * @param outcome how it ended
     * @param reply what the far end said
     * @param tracked what conntrack said
     * @param sender the segments of the sending container
     * @param server the segments of the container that was called
     * @param observed the counters since just before
     * @param counts the names
     */
    record Sent(
            String what,
            Outcome outcome,
            String reply,
            ConntrackAnswer tracked,
            Segments sender,
            Segments server,
            Observation observed,
            PathCounts counts) {

        /** Returns the packets that the server got. */
        long in() {
            return server.in();
        }

        /** Returns the packets that the server sent. */
        long out() {
            return server.out() + server.again();
        }

        /** Returns how often an unanswered connection was tried. */
        long attempts() {
            return 1 + sender.again();
        }

        void isAnsweredTo(InetAddress source) {
            assertThat(outcome).as(this::toString).isEqualTo(Outcome.ANSWERED);
            Matcher seen = SEEN.matcher(reply);
            assertThat(reply).as(what).containsPattern(SEEN);
            assertThat(seen.find()).isTrue();
            assertThat(Cidr.parseAddress(seen.group(1)))
                    .as("the source that was seen of " + this)
                    .isEqualTo(source);
        }

        void isUnanswered() {
            assertThat(outcome).as(this::toString).isEqualTo(Outcome.TIMED_OUT);
        }

        /** A packet that is dropped on its way leaves no entry behind, so each attempt is a new flow to the kernel. */
        void isDropped() {
            isUnanswered();
            assertThat(attempts()).as("attempts of " + this).isGreaterThan(1);
            assertThat(tracked).as("conntrack of " + this).isInstanceOf(ConntrackAnswer.Absent.class);
        }

        /** The flow was found under the source address that the kernel chose. */
        void isTracked() {
            assertThat(tracked).as("conntrack of " + this).isInstanceOf(ConntrackAnswer.Found.class);
        }

        void neverLeft() {
            assertThat(outcome).as(this::toString).isEqualTo(Outcome.NOT_SENT);
        }

        void counted(Cells expected) {
            assertThat(observed.rules().stream()
                            .filter(rule -> rule.delta().change() != Change.SAME)
                            .map(MeasuredRule::cite))
                    .as("rules that were rewritten meanwhile")
                    .isEmpty();
            assertThat(counted(expected.forwarded())).as(this::toString).isEqualTo(expected.counts());
        }

        /**
         * As {@link #counted}, where a bridge shows netfilter how its containers search for each other over IPv6: that
         * counts on the rule for traffic within the bridge as well.
         */
        void countedAmongNeighbours(Cells expected, RuleRole icc, String network) {
            String name = icc + " " + network;
            long counted = counted(true).getOrDefault(name, 0L);
            long least = expected.counts().get(name);
            assertThat(counted).as(this::toString).isGreaterThanOrEqualTo(least);
            counted(expected.and(icc, network, counted - least));
        }

        private TreeMap<String, Long> counted(boolean forwarded) {
            TreeMap<String, Long> counted = new TreeMap<>();
            observed.moved()
                    .filter(rule -> rule.role() != RuleRole.FOREIGN)
                    .filter(rule -> !(forwarded && PASSAGES.contains(rule.role())))
                    .forEach(rule -> counted.merge(counts.name(rule.classified()), rule.hits(), Long::sum));
            observed.delta().chains().stream()
                    .filter(chain ->
                            chain.table().equals("filter") && chain.chain().equals("FORWARD"))
                    .filter(chain -> observed.dockersBackends().contains(chain.backend()))
                    .filter(chain -> chain.packets().orElse(0) > 0)
                    .forEach(chain -> counted.put(
                            policyName(policy(chain)), chain.packets().orElse(0)));
            return counted;
        }

        private static @Nullable Policy policy(ChainDelta chain) {
            Chain after = chain.after();
            return after == null ? null : after.policy();
        }

        @Override
        public String toString() {
            return what + ": " + outcome + ", " + reply.strip() + ", conntrack " + tracked + "; counted "
                    + counted(true) + "; segments in and out of the far end " + in() + " and " + out() + ", attempts "
                    + attempts();
        }
    }

    private String name(ClassifiedRule rule) {
        String served = "";
        if (rule.container() != null) {
            String port = rule.port() == null ? "" : " " + rule.port() + "/" + rule.transport();
            served = " "
                    + containers.getOrDefault(
                            rule.container().id(), rule.container().name()) + port;
        } else if (rule.network() != null) {
            served = " " + name(rule.network());
        }
        return rule.role() + served;
    }

    private String name(NetworkFacts network) {
        return networks.getOrDefault(network.id(), networks.getOrDefault(network.name(), network.name()));
    }

    /**
     * Sends one TCP connection.
     *
     * @param sender the id of the container whose attempts are to be counted
     * @param server the container whose segments are to be counted
     */
    Sent send(
            Family family,
            Traffic traffic,
            @Nullable String sender,
            @Nullable GenericContainer<?> server,
            Function<Traffic, Flow> by) {
        Traffic shaped = family == Family.IPV6 ? traffic.ipv6() : traffic;
        String serverId = server == null ? null : server.getContainerId();
        Segments sentBefore = segments(sender);
        Segments servedBefore = segments(serverId);
        traffic.mark();
        Flow flow = by.apply(shaped);
        Probe probe = flow.probes().get(0);
        if (probe.outcome() == Outcome.ANSWERED) {
            awaitEnd(probe);
        }
        return new Sent(
                flow.toString(),
                probe.outcome(),
                probe.reply().isEmpty() || flow.sourceSeen().isEmpty()
                        ? probe.reply()
                        : "seen " + Cidr.format(flow.sourceSeen().orElseThrow()),
                probe.conntrack(),
                segments(sender).since(sentBefore),
                segments(serverId).since(servedBefore),
                observe(family),
                this);
    }

    /** Sends three datagrams from one port of the peer, each after the answer to the one before. */
    Sent sendThreeDatagrams(Family family, Traffic traffic, GenericContainer<?> server, int port) {
        String peer = peer();
        int hostPort = facts().container(server.getContainerId()).orElseThrow().ports(Transport.UDP, port).stream()
                .filter(binding -> Family.of(binding.hostAddress()) == family)
                .findFirst()
                .orElseThrow()
                .hostPort();
        String to = "UDP" + (family == Family.IPV6 ? "6:" : "4:")
                + Tuple.endpoint(hostAddress(family), Integer.toString(hostPort));
        traffic.mark();
        String replies = exec(
                peer,
                "/bin/sh",
                "-c",
                "exec 4>&1; exec socat -T2 \"$1\" 'SYSTEM:for i in 1 2 3; do echo $i; read -r a; echo $a >&4; done'",
                "sh",
                to);
        assertThat(replies.lines().filter(line -> line.startsWith("seen ")))
                .as(replies)
                .hasSize(3);
        return new Sent(
                "3 datagrams to " + to,
                Outcome.ANSWERED,
                replies.replace('\n', ' '),
                new ConntrackAnswer.Unreadable("it was not asked"),
                Segments.NONE,
                Segments.NONE,
                observe(family),
                this);
    }

    private static void awaitEnd(Probe probe) {
        Awaitility.await()
                .pollInSameThread()
                .pollDelay(Duration.ZERO)
                .pollInterval(Duration.ofMillis(30))
                .atMost(Duration.ofSeconds(20))
                .until(() -> session()
                        .conntrack()
                        .find(probe.tuple())
                        .entry()
                        .filter(entry -> OPEN.contains(entry.state()))
                        .isEmpty());
    }

    private static Observation observe(Family family) {
        Window window = Measurement.current().window();
        return Observation.of(
                Set.of(family), window.baseline(), session().counters().read(), facts());
    }

    private static DaemonSession session() {
        return Measurement.current().session();
    }

    private static DockerFacts facts() {
        return DockerFactsReader.read(client());
    }

    private static DockerClient client() {
        return DockerClientFactory.instance().client();
    }

    /** Returns how the daemon's rules of that family are arranged. */
    Layout layout(Family family, Traffic traffic) {
        DockerFacts facts = facts();
        Set<Layout> layouts = traffic.snapshot().only(Set.of(family), table -> true).rulesets().stream()
                .map(ruleset -> RuleClassifier.classify(ruleset, facts))
                .map(Classification::layout)
                .filter(layout -> layout != Layout.NONE)
                .collect(Collectors.toSet());
        assertThat(layouts).as("layouts of the daemon's rules").hasSizeLessThan(2);
        return layouts.stream().findFirst().orElse(Layout.NONE);
    }

    /** Returns the policy of filter/FORWARD. */
    @Nullable
    Policy forwardPolicy(Family family, Traffic traffic) {
        return traffic.snapshot().only(Set.of(family), "filter"::equals).rulesets().stream()
                .flatMap(ruleset -> ruleset.chain("filter", "FORWARD").stream())
                .map(Chain::policy)
                .findFirst()
                .orElse(null);
    }

    /** Returns the major version of the engine. */
    int engine() {
        return Integer.parseInt(client().versionCmd().exec().getVersion().split("\\.")[0]);
    }

    /** Returns the id of the peer's container. */
    String peer() {
        session().peer();
        return client().listContainersCmd()
                .withLabelFilter(Map.of("countercheck.network", "none"))
                .exec()
                .get(0)
                .getId();
    }

    InetAddress peerAddress(Family family) {
        return session().peer().address(family);
    }

    InetAddress hostAddress(Family family) {
        return session().peer().hostAddress(family);
    }

    /** Returns the address of its bridge. Of the default bridge older engines tell it with the container alone. */
    static InetAddress gateway(GenericContainer<?> container, Family family) {
        return container.getCurrentContainerInfo().getNetworkSettings().getNetworks().values().stream()
                .map(network -> family == Family.IPV6 ? network.getIpV6Gateway() : network.getGateway())
                .map(Cidr::parseAddress)
                .findFirst()
                .orElseThrow();
    }

    InetAddress address(String container, Family family) {
        return facts().containers().stream()
                .filter(candidate -> container.equals(containers.get(candidate.id())))
                .flatMap(candidate -> candidate.addresses().stream())
                .filter(address -> Family.of(address) == family)
                .findFirst()
                .orElseThrow();
    }

    String text(String container, Family family) {
        return Cidr.format(address(container, family));
    }

    private static Segments segments(@Nullable String container) {
        return container == null ? Segments.NONE : Segments.of(exec(container, "cat", "/proc/net/snmp"));
    }

    private static String exec(String container, String... command) {
        InspectContainerResponse info = client().inspectContainerCmd(container).exec();
        try {
            ExecResult result = ExecInContainerPattern.execInContainer(client(), info, command);
            assertThat(result.getExitCode()).as(result::toString).isZero();
            return result.getStdout();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
