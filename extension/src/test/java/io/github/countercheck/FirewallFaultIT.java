// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import static io.github.countercheck.NetworkAssertions.UDP;
import static io.github.countercheck.NetworkAssertions.assertDnatHit;
import static io.github.countercheck.NetworkAssertions.assertDropped;
import static io.github.countercheck.NetworkAssertions.assertForwardAccepted;
import static io.github.countercheck.NetworkAssertions.assertMasqueraded;
import static io.github.countercheck.NetworkAssertions.times;
import static io.github.countercheck.TestWeb.address;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.PortBinding;
import com.github.dockerjava.api.model.Ports;
import io.github.countercheck.BackendFaults.Backend;
import io.github.countercheck.Firewall.Fault;
import io.github.countercheck.diagnosis.Cause;
import io.github.countercheck.diagnosis.FailureText;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.session.Image;
import io.github.countercheck.traffic.Peer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.junit.jupiter.Container;

/**
 * Really causes one fault after the other in a daemon's network, sends packets, and reads what the failure says of it. What
 * was caused and what was named is written to target, as a confusion matrix.
 */
@ContainerNetworkTest(await = "100ms")
class FirewallFaultIT {

    private static final Pattern NAMED = Pattern.compile("(?m)^  (because|or) +([A-Z_0-9]+): ");
    private static final List<String> ROWS = new ArrayList<>();
    private static final Network SIX = Network.builder()
            .enableIpv6(true)
            .createNetworkCmdModifier(create -> create.withIpam(new com.github.dockerjava.api.model.Network.Ipam()
                    .withConfig(
                            new com.github.dockerjava.api.model.Network.Ipam.Config().withSubnet("2001:db8:77::/64"))))
            .build();

    private static int right;
    private static int within;

    /** Publishes 80, and 81 on which nobody listens. */
    @Container
    static final GenericContainer<?> web = TestWeb.container()
            .withExposedPorts(80, 81)
            .waitingFor(Wait.forSuccessfulCommand("wget -q -O - http://127.0.0.1/index.html"))
            .withCreateContainerCmdModifier(create -> create.getHostConfig().withCapAdd(Capability.NET_ADMIN));

    @Container
    static final GenericContainer<?> other = TestWeb.container();

    @Container
    static final GenericContainer<?> elsewhere = TestWeb.container().withNetwork(SIX);

    @Container
    static final GenericContainer<?> echo = new GenericContainer<>(Image.TOOLBOX.reference())
            .withCommand("/bin/sh", "-c", "exec socat UDP4-RECVFROM:9053,fork EXEC:cat")
            .withCreateContainerCmdModifier(create -> create.withExposedPorts(ExposedPort.udp(9053))
                    .getHostConfig()
                    .withPortBindings(new PortBinding(Ports.Binding.empty(), ExposedPort.udp(9053))))
            .waitingFor(Wait.forSuccessfulCommand("grep -qi :235D /proc/net/udp"));

    /** To be killed and started again. */
    @Container
    static final GenericContainer<?> spare = TestWeb.container();

    private static Firewall firewall;
    private static NativeRules rules;
    private static BackendFaults faults;

    @BeforeAll
    static void open() throws IOException, InterruptedException {
        firewall = Firewall.open();
        boolean legacy = "iptables-legacy".equals(System.getenv("COUNTERCHECK_BACKEND"));
        boolean engineWrites =
                (firewall.run("iptables-nft-save") + firewall.run("iptables-legacy-save")).contains("DOCKER");
        if (!engineWrites) {
            rules = NativeRules.load(true);
        }
        faults = new BackendFaults(
                firewall, !engineWrites ? Backend.NFTABLES : legacy ? Backend.IPTABLES_LEGACY : Backend.IPTABLES_NFT);
        if (faults.isNative()) {
            // Written once in the order in which nft lists it, so that it stays in this order.
            faults.edited(text -> text);
        }
        web.execInContainer("sh", "-c", "head -c 20000 /dev/zero | tr '\\0' x >/www/large");
    }

    @AfterAll
    static void write() throws IOException {
        if (rules != null) {
            rules.close();
        }
        if (firewall != null) {
            firewall.close();
            Files.createDirectories(Path.of("target"));
            Files.writeString(
                    Path.of("target", "faults-" + faults.backend().name().toLowerCase(Locale.ROOT) + ".md"),
                    "| fault | caused | named | |\n|---|---|---|---|\n" + String.join("\n", ROWS) + "\n\n" + right
                            + " of " + ROWS.size() + " named first, " + within + " within the first two\n");
        }
        SIX.close();
    }

    /** Something that goes wrong, and a test that notices. */
    private record Case(
            String name,
            Cause cause,
            BooleanSupplier possible,
            boolean midway,
            Supplier<Fault> put,
            Consumer<Traffic> traffic,
            Runnable claim) {

        Case(String name, Cause cause, Supplier<Fault> put, Consumer<Traffic> traffic, Runnable claim) {
            this(name, cause, () -> true, false, put, traffic, claim);
        }

        Case onlyIf(BooleanSupplier condition) {
            return new Case(name, cause, condition, midway, put, traffic, claim);
        }

        Case afterTheBaseline() {
            return new Case(name, cause, possible, true, put, traffic, claim);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static Flow sent;

    private static final Consumer<Traffic> INBOUND = t -> sent = quick(t).toPublishedPort(web, 80);
    private static final Consumer<Traffic> OUTBOUND =
            t -> sent = quick(t).from(other).toOutside();

    /** Any test's own way to say that something should have been answered. */
    private static final Runnable ANSWERED = () -> assertThat(sent.answered()).isTrue();

    private static final Supplier<Fault> NONE = () -> () -> {};

    static Stream<Case> faults() {
        return Stream.of(missing(), taken(), dropped(), kernel(), answers(), counts(), notOnAnyList(), last())
                .flatMap(cases -> cases)
                .filter(c -> c.possible().getAsBoolean());
    }

    private static Stream<Case> missing() {
        return Stream.of(
                new Case(
                                "rules flushed",
                                Cause.RULES_FLUSHED,
                                () -> faults.flushed(),
                                INBOUND,
                                () -> assertDnatHit(web, 80))
                        .afterTheBaseline(),
                new Case(
                        "DNAT rule deleted",
                        Cause.NO_RULE,
                        () -> faults.isNative()
                                ? faults.without("dnat to " + address(web) + ":80")
                                : firewall.delete("nat", "DOCKER", dnatTo(web)),
                        INBOUND,
                        () -> assertDnatHit(web, 80)),
                new Case(
                        "masquerade rule deleted",
                        Cause.MASQUERADE_MISSING,
                        () -> faults.isNative()
                                ? faults.edited(text ->
                                        text.replaceAll("(?m)^.*oifname != \"docker0\".*comment \"MASQUERADE\"\\n", ""))
                                : firewall.delete("nat", "POSTROUTING", "! -o docker0 -j MASQUERADE"),
                        t -> sent = quick(t).udp().from(other).toOutside(),
                        () -> assertMasqueraded(other)),
                new Case("port that is not published", Cause.NO_RULE, NONE, INBOUND, () -> assertDnatHit(web, 8080)));
    }

    private static Stream<Case> taken() {
        return Stream.of(
                new Case(
                        "RETURN before the DNAT rule",
                        Cause.RULE_SHADOWED,
                        () -> beforeDnat("-j RETURN", "counter return"),
                        INBOUND,
                        () -> assertDnatHit(web, 80)),
                new Case(
                        "accept before masquerading",
                        Cause.RULE_SHADOWED,
                        () -> faults.isNative()
                                ? faults.before(
                                        "oifname != \"docker0\" ip saddr",
                                        "ip saddr " + address(other) + " counter accept")
                                : firewall.insert("nat", "POSTROUTING", "-s " + address(other) + " -j ACCEPT"),
                        t -> sent = quick(t).udp().from(other).toOutside(),
                        () -> assertMasqueraded(other)),
                new Case(
                        "DNAT of a container that is gone",
                        Cause.STALE_DNAT,
                        () -> beforeDnat(
                                "-j DNAT --to-destination " + nobody() + ":80", "counter dnat to " + nobody() + ":80"),
                        INBOUND,
                        () -> assertDnatHit(web, 80)),
                new Case(
                        "older UDP flow still tracked",
                        Cause.STALE_CONNTRACK,
                        () -> faults.command(
                                "conntrack -I -p udp -s " + gateway() + " -d " + gateway() + " --sport 5353 --dport "
                                        + udpPort() + " -r " + gateway() + " -q " + gateway() + " --reply-port-src "
                                        + udpPort() + " --reply-port-dst 5353 -t 60 -u SEEN_REPLY,ASSURED",
                                "conntrack -D -p udp --orig-port-src 5353 --orig-port-dst " + udpPort()),
                        t -> firewall.run(
                                "/bin/sh",
                                "-c",
                                "echo x | socat -t 0.2 - UDP4:" + gateway() + ":" + udpPort() + ",sourceport=5353"),
                        () -> assertDnatHit(echo, 9053, UDP)),
                new Case(
                        "sent to loopback",
                        Cause.PROXY_PATH,
                        NONE,
                        t -> sent = t.from(Vantage.LOOPBACK).toPublishedPort(web, 80),
                        () -> assertDnatHit(web, 80)),
                new Case(
                        "sent to another container's port",
                        Cause.RULE_NOT_HIT,
                        NONE,
                        t -> sent = t.toPublishedPort(other, 80),
                        () -> assertDnatHit(web, 80)));
    }

    private static Stream<Case> dropped() {
        return Stream.of(
                new Case(
                        "stranger's table with policy drop",
                        Cause.FORWARD_POLICY_DROP,
                        () -> faults.stranger(
                                "inet",
                                "filter",
                                "chain forward { type filter hook forward priority 10; policy drop; }"),
                        INBOUND,
                        ANSWERED),
                new Case(
                                "policy of iptables beside an engine's nftables",
                                Cause.FORWARD_POLICY_DROP,
                                () -> firewall.forwardPolicy("DROP"),
                                INBOUND,
                                () -> assertForwardAccepted(web, 80, times(2)))
                        .onlyIf(() -> faults.isNative()),
                new Case(
                        "REJECT in FORWARD",
                        Cause.FOREIGN_DROP,
                        () -> firewall.insert("filter", "FORWARD", "-d " + address(web) + " -p tcp -j REJECT"),
                        INBOUND,
                        ANSWERED),
                new Case(
                        "stranger's rule drops",
                        Cause.FOREIGN_DROP,
                        () -> faults.stranger(
                                "ip",
                                "stranger",
                                "chain forward { type filter hook forward priority -10;\n tcp dport 80 counter drop\n }"),
                        INBOUND,
                        ANSWERED),
                new Case(
                        "stranger's rule without a counter drops",
                        Cause.FOREIGN_DROP,
                        () -> faults.stranger(
                                "ip",
                                "stranger",
                                "chain forward { type filter hook forward priority -10;\n tcp dport 80 drop\n }"),
                        INBOUND,
                        ANSWERED),
                new Case(
                        "firewalld rejects",
                        Cause.FIREWALLD_REJECTS,
                        () -> faults.stranger(
                                "inet",
                                "firewalld",
                                "chain filter_FORWARD { type filter hook forward priority 10;\n"
                                        + " oifname docker0 counter reject with icmpx admin-prohibited\n }"),
                        INBOUND,
                        ANSWERED),
                new Case(
                                "DROP in DOCKER-USER",
                                Cause.USER_RULE_DROPS,
                                () -> firewall.insert("filter", "DOCKER-USER", "-d " + address(web) + " -j DROP"),
                                INBOUND,
                                () -> assertForwardAccepted(web, 80))
                        .onlyIf(() -> !faults.isNative()),
                new Case(
                                "answers dropped in DOCKER-USER",
                                Cause.USER_RULE_DROPS,
                                () -> firewall.insert(
                                        "filter",
                                        "DOCKER-USER",
                                        "-s " + address(web) + " -p tcp -m tcp --sport 80 -j DROP"),
                                INBOUND,
                                ANSWERED)
                        .onlyIf(() -> !faults.isNative()),
                new Case(
                                "DOCKER-USER asks for the host's port",
                                Cause.USER_RULE_BYPASSED,
                                () -> firewall.insert(
                                        "filter",
                                        "DOCKER-USER",
                                        "-p tcp -m tcp --dport " + web.getMappedPort(80) + " -j DROP"),
                                INBOUND,
                                () -> assertDropped(sent))
                        .onlyIf(() -> !faults.isNative()),
                new Case(
                        "INPUT is to protect a published port",
                        Cause.INPUT_RULE_BYPASSED,
                        () -> firewall.insert(
                                "filter", "INPUT", "-p tcp -m tcp --dport " + web.getMappedPort(80) + " -j DROP"),
                        INBOUND,
                        () -> assertDropped(sent)),
                new Case(
                        "INPUT drops what is for docker-proxy",
                        Cause.INPUT_DROPS_PROXY,
                        () -> firewall.insert(
                                "filter",
                                "INPUT",
                                "-i docker0 -p tcp -m tcp --dport " + web.getMappedPort(80) + " -j DROP"),
                        t -> sent = quick(t).from(other).toPublishedPort(web, 80),
                        ANSWERED),
                new Case(
                        "from another network",
                        Cause.NETWORKS_ISOLATED,
                        NONE,
                        t -> sent = quick(t).from(elsewhere).toContainer(web, 80),
                        ANSWERED),
                new Case(
                                "straight to the container's address",
                                Cause.DIRECT_ROUTING_DROPPED,
                                NONE,
                                t -> sent = quick(t).toContainer(web, 80),
                                () -> assertForwardAccepted(web, 80))
                        .onlyIf(() -> faults.isNative() || dropsDirectAccess()),
                new Case(
                                "straight to a port that is not published",
                                Cause.FORWARD_POLICY_DROP,
                                () -> firewall.forwardPolicy("DROP"),
                                t -> sent = quick(t).toContainer(web, 8080),
                                ANSWERED)
                        .onlyIf(() -> !faults.isNative() && !dropsDirectAccess()),
                new Case(
                        "no communication between containers",
                        Cause.ICC_OFF,
                        () -> Firewall.both(
                                faults.sysctl("bridge/bridge-nf-call-iptables", "1"),
                                faults.isNative()
                                        ? faults.changed(
                                                "iifname \"docker0\" counter accept comment \"ICC\"",
                                                "accept comment",
                                                "drop comment")
                                        : firewall.insert(
                                                "filter",
                                                faults.hasRule("-j DOCKER-FORWARD") ? "DOCKER-FORWARD" : "FORWARD",
                                                "-i docker0 -o docker0 -j DROP")),
                        t -> sent = quick(t).from(other).toContainer(web, 80),
                        ANSWERED),
                new Case(
                                "IPv6 FORWARD policy",
                                Cause.IPV6_FORWARD_POLICY,
                                () -> Firewall.both(
                                        faults.sysctl("ipv6/conf/all/forwarding", "1"),
                                        firewall.ipv6().forwardPolicy("DROP")),
                                t -> sent = quick(t).ipv6().from(elsewhere).toOutside(),
                                ANSWERED)
                        .onlyIf(() -> faults.isNative() || !hasIpv6Rules()));
    }

    private static Stream<Case> kernel() {
        return Stream.of(
                new Case(
                        "forwarding off, inbound",
                        Cause.FORWARDING_OFF,
                        () -> firewall.noForwarding(),
                        INBOUND,
                        () -> assertForwardAccepted(web, 80)),
                new Case(
                        "forwarding off, outbound",
                        Cause.FORWARDING_OFF,
                        () -> firewall.noForwarding(),
                        OUTBOUND,
                        () -> assertMasqueraded(other)),
                new Case(
                        "strict rp_filter and a route that leads away",
                        Cause.RP_FILTER,
                        () -> Firewall.both(faults.sysctl("ipv4/conf/all/rp_filter", "1"), wrongReturn()),
                        INBOUND,
                        () -> assertForwardAccepted(web, 80)),
                new Case(
                        "answers leave by another device of the host",
                        Cause.RETURN_ROUTE,
                        () -> Firewall.both(
                                Firewall.both(
                                        faults.sysctl("ipv4/conf/all/rp_filter", "0"),
                                        faults.sysctl("ipv4/conf/" + device() + "/rp_filter", "0")),
                                wrongReturn()),
                        INBOUND,
                        ANSWERED),
                new Case(
                        "a route has part of the bridge's subnet",
                        Cause.SUBNET_OVERLAP,
                        () -> faults.command(
                                "ip route add " + address(web) + "/32 dev " + device(),
                                "ip route del " + address(web) + "/32 dev " + device()),
                        INBOUND,
                        ANSWERED),
                new Case(
                        "an address of a LAN lies in the bridge's subnet",
                        Cause.SUBNET_OVERLAP,
                        () -> faults.command(
                                "ip route add " + lan() + " dev " + device() + " table 77",
                                "ip route del " + lan() + " dev " + device() + " table 77"),
                        t -> sent = t.limits(Duration.ofSeconds(4), Duration.ofSeconds(1), Duration.ofSeconds(10))
                                .from(other)
                                .to(nobody(), 80),
                        ANSWERED),
                new Case(
                        "wrong hardware address",
                        Cause.NEIGHBOUR_FAILED,
                        () -> faults.command(
                                "ip neigh replace " + address(web)
                                        + " lladdr 02:00:00:00:00:01 dev docker0 nud permanent",
                                "ip neigh del " + address(web) + " dev docker0"),
                        INBOUND,
                        ANSWERED),
                new Case(
                        "answer bridged past the rules",
                        Cause.BRIDGED_REPLY,
                        () -> Firewall.both(
                                faults.sysctl("bridge/bridge-nf-call-iptables", "0"),
                                faults.isNative()
                                        ? faults.changed(
                                                "dnat to " + address(web) + ":80", "iifname != \"docker0\" ", "")
                                        : firewall.insert(
                                                "nat",
                                                "DOCKER",
                                                "-p tcp -m tcp --dport " + web.getMappedPort(80)
                                                        + " -j DNAT --to-destination " + address(web) + ":80")),
                        t -> sent = quick(t).from(other).toPublishedPort(web, 80),
                        ANSWERED));
    }

    private static Stream<Case> answers() {
        return Stream.of(
                new Case(
                        "nobody listens",
                        Cause.NOT_LISTENING,
                        NONE,
                        t -> sent = quick(t).toPublishedPort(web, 81),
                        ANSWERED),
                new Case(
                        "container without a default route",
                        Cause.RETURN_ROUTE,
                        () -> inside(web, "ip route del default", "ip route add default via " + gateway()),
                        INBOUND,
                        ANSWERED),
                new Case(
                        "container with a wrong gateway",
                        Cause.RETURN_ROUTE,
                        () -> inside(
                                web,
                                "ip route del default; ip route add default via " + nobody(),
                                "ip route del default; ip route add default via " + gateway()),
                        INBOUND,
                        ANSWERED),
                new Case(
                        "MTU black hole",
                        Cause.MTU,
                        () -> Firewall.both(
                                faults.stranger(
                                        "ip",
                                        "stranger",
                                        "chain output { type filter hook output priority 0;\n"
                                                + " icmp type destination-unreachable drop\n }"),
                                faults.command(
                                        "ip link set " + device() + " mtu 600",
                                        "ip link set " + device() + " mtu 1500")),
                        t -> sent = quick(t).http("/large").toPublishedPort(web, 80),
                        () -> assertThat(sent.reply()).contains("xxx")));
    }

    private static Stream<Case> counts() {
        return Stream.of(
                new Case(
                                "counter set to zero",
                                Cause.COUNTERS_RESET,
                                () -> faults.isNative() ? faults.edited(text -> text) : firewall.zero("nat"),
                                t -> sent = t.toPublishedPort(other, 80),
                                () -> assertDnatHit(web, 80))
                        .afterTheBaseline(),
                new Case(
                        "strangers call",
                        Cause.HIT_BY_STRANGER,
                        NONE,
                        t -> {
                            strangers();
                            strangers();
                        },
                        () -> assertDnatHit(web, 80, times(1))),
                new Case("nothing sent", Cause.TRAFFIC_NOT_SENT, NONE, t -> {}, () -> assertDnatHit(web, 80)),
                new Case(
                        "sender without a route",
                        Cause.TRAFFIC_NOT_SENT,
                        () -> inside(web, "ip route del default", "ip route add default via " + gateway()),
                        t -> sent = quick(t).from(web).toOutside(),
                        () -> assertMasqueraded(web)),
                new Case(
                                "rule without a counter",
                                Cause.NOT_COUNTED,
                                () -> faults.changed("dnat to " + address(web) + ":80", "counter ", ""),
                                t -> sent = t.toPublishedPort(other, 80),
                                () -> assertDnatHit(web, 80))
                        .onlyIf(() -> faults.isNative()));
    }

    /** Faults that no list of causes holds. What is said must be right, or say that it is not sure. */
    private static Stream<Case> notOnAnyList() {
        return Stream.of(
                new Case(
                        "DROP in the raw table",
                        Cause.FOREIGN_DROP,
                        () -> firewall.insert(
                                "raw", "PREROUTING", "-p tcp -m tcp --dport " + web.getMappedPort(80) + " -j DROP"),
                        INBOUND,
                        ANSWERED),
                new Case(
                        "DROP in mangle/POSTROUTING",
                        Cause.FOREIGN_DROP,
                        () -> firewall.insert("mangle", "POSTROUTING", "-d " + address(web) + " -j DROP"),
                        INBOUND,
                        ANSWERED),
                new Case(
                        "a bridge's own table drops, uncounted",
                        Cause.FOREIGN_DROP,
                        () -> faults.stranger(
                                "bridge",
                                "stranger",
                                "chain output { type filter hook output priority 0;\n ip daddr " + address(web)
                                        + " drop\n }"),
                        INBOUND,
                        ANSWERED),
                new Case(
                        "a device's own table drops, uncounted",
                        Cause.FOREIGN_DROP,
                        () -> faults.stranger(
                                "netdev",
                                "stranger",
                                "chain in { type filter hook ingress device \"" + device()
                                        + "\" priority 0;\n tcp dport " + web.getMappedPort(80) + " drop\n }"),
                        INBOUND,
                        ANSWERED),
                new Case(
                        "stranger's translation comes first",
                        Cause.RULE_SHADOWED,
                        () -> faults.stranger(
                                "ip",
                                "stranger",
                                "chain pre { type nat hook prerouting priority -150;\n tcp dport "
                                        + web.getMappedPort(80) + " dnat to " + address(other) + ":80\n }"),
                        INBOUND,
                        () -> assertDnatHit(web, 80)),
                new Case(
                        "kept from conntrack",
                        Cause.RULE_SHADOWED,
                        () -> firewall.insert(
                                "raw",
                                "PREROUTING",
                                "-p tcp -m tcp --dport " + web.getMappedPort(80) + " -j CT --notrack"),
                        INBOUND,
                        () -> assertDnatHit(web, 80)),
                new Case(
                        "blackhole for the client",
                        Cause.WRONG_ROUTE,
                        () -> faults.command(
                                "ip route add blackhole " + client(), "ip route del blackhole " + client()),
                        INBOUND,
                        ANSWERED),
                new Case(
                        "policy routing by source",
                        Cause.WRONG_ROUTE,
                        () -> faults.command(
                                "ip route add blackhole default table 77; ip rule add from " + client()
                                        + " lookup 77 prio 77",
                                "ip rule del prio 77; ip route flush table 77"),
                        INBOUND,
                        ANSWERED),
                new Case(
                        "policy routing by mark",
                        Cause.WRONG_ROUTE,
                        () -> Firewall.both(
                                firewall.insert(
                                        "mangle",
                                        "PREROUTING",
                                        "-p tcp -m tcp --dport " + web.getMappedPort(80) + " -j MARK --set-mark 77"),
                                faults.command(
                                        "ip route add blackhole default table 77; ip rule add fwmark 77 lookup 77 prio 77",
                                        "ip rule del prio 77; ip route flush table 77")),
                        INBOUND,
                        ANSWERED),
                new Case(
                        "traffic control drops",
                        Cause.TRAFFIC_CONTROL,
                        () -> faults.command(
                                "tc qdisc add dev docker0 root bfifo limit 1", "tc qdisc del dev docker0 root"),
                        INBOUND,
                        ANSWERED),
                new Case(
                        "the container's own firewall drops",
                        Cause.NOT_ANSWERED,
                        () -> insideWithTools(
                                "table ip own {\nchain input {\ntype filter hook input priority 0\ntcp dport 80 drop\n}\n}",
                                "delete table ip own"),
                        INBOUND,
                        ANSWERED));
    }

    /** What cannot be quite undone. */
    private static Stream<Case> last() {
        return Stream.of(
                new Case(
                                "container killed",
                                Cause.CONTAINER_STOPPED,
                                () -> {
                                    DockerClientFactory.lazyClient()
                                            .killContainerCmd(spare.getContainerId())
                                            .exec();
                                    return () -> {};
                                },
                                t -> {},
                                () -> assertDnatHit(spare, 80))
                        .afterTheBaseline(),
                new Case(
                                "container started again",
                                Cause.CONTAINER_RESTARTED,
                                () -> {
                                    DockerClientFactory.lazyClient()
                                            .restartContainerCmd(other.getContainerId())
                                            .withTimeout(0)
                                            .exec();
                                    return () -> {};
                                },
                                t -> sent = quick(t).to(hostAddress(), other.getMappedPort(80)),
                                ANSWERED)
                        .afterTheBaseline()
                        .onlyIf(() -> !faults.isNative()),
                new Case(
                                "the other iptables drops",
                                Cause.WRONG_BACKEND,
                                () -> {
                                    String tool = faults.backend() == Backend.IPTABLES_LEGACY
                                            ? "iptables-nft"
                                            : "iptables-legacy";
                                    return faults.command(tool + " -P FORWARD DROP", tool + " -P FORWARD ACCEPT");
                                },
                                INBOUND,
                                ANSWERED)
                        .onlyIf(() -> !faults.isNative()));
    }

    @Test
    void noCauseIsNamedWhereNothingIsWrong(Traffic traffic) {
        traffic.toPublishedPort(web, 80);
        traffic.udp().payload("x").toPublishedPort(echo, 9053);
        traffic.from(web).toOutside();
        traffic.from(web).toContainer(other, 80);
        traffic.from(Vantage.LOOPBACK).toPublishedPort(web, 80);
        AssertionError own = new AssertionError("the title is wrong");

        Measurement.current().explain(own);

        assertThat(own.getSuppressed()).hasSize(1);
        assertThat(NAMED.matcher(own.getSuppressed()[0].getMessage()).find())
                .as(own.getSuppressed()[0].getMessage())
                .isFalse();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("faults")
    void itsCauseIsNamedFirst(Case fault, Traffic traffic) {
        Throwable seen;
        if (fault.midway()) {
            traffic.mark();
        }
        try (Fault done = fault.put().get()) {
            assertThat(done).isNotNull();
            if (!fault.midway()) {
                traffic.mark();
            }
            fault.traffic().accept(traffic);
            seen = catchThrowable(() -> fault.claim().run());
            assertThat(seen).as("what the fault brought").isNotNull();
            Measurement.current().explain(seen);
        }
        String said = said(seen);
        List<String> named =
                NAMED.matcher(said).results().map(found -> found.group(2)).toList();
        boolean first = !named.isEmpty() && named.get(0).equals(fault.cause().name());
        boolean second = named.stream().limit(2).anyMatch(fault.cause().name()::equals);
        right += first ? 1 : 0;
        within += second ? 1 : 0;
        ROWS.add("| " + fault.name() + " | " + fault.cause() + " | " + String.join(", ", named) + " | "
                + (first ? "right" : second ? "second" : "wrong") + " |");
        assertThat(first).as(said).isTrue();
        assertThat(said.lines().count()).as(said).isLessThanOrEqualTo(FailureText.MOST_LINES);
        if (faults.isNative()) {
            assertThat(said).doesNotContain("DOCKER-USER");
        }
    }

    private static String said(Throwable failure) {
        return Stream.concat(
                        Stream.ofNullable(failure.getMessage()).filter(FailureText::isIn),
                        Arrays.stream(failure.getSuppressed())
                                .filter(PacketReport.class::isInstance)
                                .map(Throwable::getMessage))
                .findFirst()
                .orElseThrow();
    }

    private static Fault beforeDnat(String iptables, String nft) {
        String port = "-p tcp -m tcp --dport " + web.getMappedPort(80) + " ";
        return faults.isNative()
                ? faults.before("dnat to " + address(web) + ":80", "tcp dport " + web.getMappedPort(80) + " " + nft)
                : firewall.insert("nat", "DOCKER", port + iptables);
    }

    private static Fault wrongReturn() {
        return faults.command("ip route add " + client() + " dev docker0", "ip route del " + client() + " dev docker0");
    }

    private static Fault inside(GenericContainer<?> container, String run, String undo) {
        in(container, run);
        return () -> in(container, undo);
    }

    private static void in(GenericContainer<?> container, String script) {
        try {
            assertThat(container.execInContainer("sh", "-c", script).getExitCode())
                    .isZero();
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The image of the container holds no such tool, this machine does. */
    private static Fault insideWithTools(String script, String undo) {
        long pid = DockerClientFactory.lazyClient()
                .inspectContainerCmd(web.getContainerId())
                .exec()
                .getState()
                .getPidLong();
        String enter = "nsenter --net=/proc/" + pid + "/ns/net nft -f - <<'EOF'\n%s\nEOF\n";
        return faults.command(enter.formatted(script), enter.formatted(undo));
    }

    private static Traffic quick(Traffic traffic) {
        return traffic.limits(Duration.ofMillis(300), Duration.ofMillis(500), Duration.ofSeconds(10));
    }

    private static void strangers() {
        firewall.run("socat", "-u", "OPEN:/dev/null", "TCP4:" + gateway() + ":" + web.getMappedPort(80));
    }

    private static boolean dropsDirectAccess() {
        return (firewall.run("iptables-nft-save") + firewall.run("iptables-legacy-save"))
                .lines()
                .dropWhile(line -> !line.equals("*raw"))
                .takeWhile(line -> !line.equals("COMMIT"))
                .anyMatch(line -> line.endsWith("-j DROP"));
    }

    private static boolean hasIpv6Rules() {
        return firewall.run("/bin/sh", "-c", "ip6tables-nft-save; ip6tables-legacy-save")
                .contains("DOCKER");
    }

    private static Peer peer() {
        return Measurement.current().session().peer();
    }

    private static String device() {
        return peer().hostDevice();
    }

    private static String client() {
        return Cidr.format(peer().address(Family.IPV4));
    }

    private static String hostAddress() {
        return Cidr.format(peer().hostAddress(Family.IPV4));
    }

    private static String gateway() {
        return web.getContainerInfo()
                .getNetworkSettings()
                .getNetworks()
                .get("bridge")
                .getGateway();
    }

    /** An address of the bridge's subnet that nobody has. */
    private static String nobody() {
        return gateway().replaceFirst("\\.\\d+$", ".250");
    }

    private static String lan() {
        return gateway().replaceFirst("\\.\\d+$", ".248/29");
    }

    private static String dnatTo(GenericContainer<?> container) {
        return "--dport " + container.getMappedPort(80) + " -j DNAT --to-destination " + address(container) + ":80";
    }

    private static String udpPort() {
        return echo.getContainerInfo()
                .getNetworkSettings()
                .getPorts()
                .getBindings()
                .get(ExposedPort.udp(9053))[0]
                .getHostPortSpec();
    }
}
