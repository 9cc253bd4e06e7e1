// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the rules of one listing mean in the words of the model; each is named by its text. */
class NftStatementsTests {

    private static final NftListing LISTING = NftJsonParser.parse(Captures.text(NftText.statements()));

    private static final Map<String, Rule> RULES = LISTING.rulesets().stream()
            .flatMap(Ruleset::rules)
            .collect(Collectors.toMap(Rule::spec, Function.identity(), (first, second) -> first));

    private static Rule rule(String text) {
        return Objects.requireNonNull(RULES.get(text), text);
    }

    private static NamedSet set(String name) {
        return LISTING.tables().get(0).table().set(name).orElseThrow();
    }

    @Test
    void holdsEveryKindOfRule() {
        assertThat(RULES).hasSizeGreaterThan(380);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            accept                                            | ACCEPT
            drop                                              | DROP
            return                                            | RETURN
            jump c2                                           | c2
            reject                                            | REJECT --reject-with icmpx-port-unreachable
            reject with icmp host-unreachable                 | REJECT --reject-with icmp-host-unreachable
            reject with icmpv6 admin-prohibited               | REJECT --reject-with icmp6-adm-prohibited
            meta l4proto tcp reject with tcp reset            | REJECT --reject-with tcp-reset
            dnat to 10.0.0.1                                  | DNAT --to-destination 10.0.0.1
            tcp dport 80 dnat to 10.0.0.1:80                  | DNAT --to-destination 10.0.0.1:80
            tcp dport 80 dnat ip6 to [fe80::1]:8080           | DNAT --to-destination [fe80::1]:8080
            dnat to fd00::2                                   | DNAT --to-destination fd00::2
            tcp dport 80 dnat to :8080                        | DNAT --to-destination :8080
            tcp dport 80 dnat ip to 10.0.0.1-10.0.0.9:100-200 random,persistent | DNAT --to-destination 10.0.0.1-10.0.0.9:100-200 --random --persistent
            dnat ip to tcp dport map @p2a                     | DNAT --to-destination tcp dport map @p2a
            snat ip6 to fe80::1-fe80::9                       | SNAT --to-source fe80::1-fe80::9
            meta l4proto udp snat to :53                      | SNAT --to-source :53
            masquerade                                        | MASQUERADE
            meta l4proto tcp masquerade to :1024-2048 fully-random | MASQUERADE --to-ports 1024-2048 --random-fully
            tcp dport 80 redirect to :8080                    | REDIRECT --to-ports 8080
            """)
    void namesTargetsAsIptablesDoes(String text, String target) {
        Target actual = rule(text).target();

        assertThat(actual).isNotNull();
        assertThat(actual.name()
                        + actual.options().stream()
                                .map(o -> " " + o.name() + (o.values().isEmpty() ? "" : " " + o.value()))
                                .collect(Collectors.joining()))
                .isEqualTo(target);
        assertThat(actual.isGoto()).isFalse();
    }

    @Test
    void tellsGotoFromJump() {
        assertThat(rule("goto c2").target()).isEqualTo(new Target("c2", true, List.of()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"continue", "counter", "log", "notrack", "oifname vmap @vm"})
    void hasNoTargetWhereARuleDecidesNothing(String text) {
        assertThat(rule(text).target()).isNull();
    }

    @Test
    void keepsConditionsInOrder() {
        Expression ports = new Expression.AnonymousSet(List.of(element(value("22")), element(value("80"))));

        assertThat(rule("iifname \"eth0\" ip saddr 10.0.0.0/8 tcp dport { 22, 80 } ct state new jump c2")
                        .matches())
                .containsExactly(
                        new Match.Comparison(new Expression.Meta("iifname"), "==", value("eth0")),
                        new Match.Comparison(
                                new Expression.Payload("ip", "saddr"),
                                "==",
                                new Expression.Prefix(Cidr.parse("10.0.0.0/8"))),
                        new Match.Comparison(new Expression.Payload("tcp", "dport"), "==", ports),
                        new Match.Comparison(new Expression.Conntrack("state", null, null), "in", value("new")));
    }

    private static Expression.Value value(String text) {
        return new Expression.Value(text);
    }

    private static NamedSet.Element element(Expression key) {
        return new NamedSet.Element(key, null, null, null, null, null);
    }

    @Test
    void readsFlagsAndTheirOperator() {
        assertThat(rule("ct state established,related accept").matches())
                .containsExactly(new Match.Comparison(
                        new Expression.Conntrack("state", null, null),
                        "in",
                        new Expression.Flags(List.of(value("established"), value("related")))));
        assertThat(rule("ct state ! established,related drop").matches(Match.Comparison.class))
                .extracting(Match.Comparison::operator)
                .containsExactly("!");
    }

    @Test
    void readsWhatARouteLookupAsks() {
        assertThat(rule("fib saddr . mark . iif oif \"lo\" accept").matches())
                .containsExactly(new Match.Comparison(
                        new Expression.Fib(List.of("saddr", "mark", "iif"), "oif"), "==", value("lo")));
    }

    @Test
    void readsTheDirectionAndFamilyOfConntrack() {
        assertThat(rule("ct reply ip6 daddr fe80::1 accept").matches())
                .containsExactly(new Match.Comparison(
                        new Expression.Conntrack("daddr", "reply", "ip6"), "==", value("fe80::1")));
    }

    @Test
    void readsWhatAMarkIsSetTo() {
        Expression mark = new Expression.Meta("mark");

        assertThat(rule("meta mark set meta mark | 0x00002000").nft().statements())
                .containsExactly(new Statement.Mangle(mark, new Expression.Binary("|", mark, value("8192"))));
    }

    @Test
    void readsWhereAMapLeads() {
        assertThat(rule("oifname vmap @vm").nft().statements())
                .containsExactly(
                        new Statement.VerdictMap(new Expression.Meta("oifname"), new Expression.SetReference("vm")));
        assertThat(set("vm"))
                .isEqualTo(new NamedSet(
                        "vm",
                        "ifname",
                        "verdict",
                        List.of(),
                        List.of("counter"),
                        List.of(
                                leading("eth0", Counter.ZERO, new Target("c1", false, List.of())),
                                leading("eth1", new Counter(2, 3), new Target("DROP", false, List.of())),
                                leading("eth2", Counter.ZERO, new Target("c2", true, List.of())))));
    }

    private static NamedSet.Element leading(String key, Counter counter, Target verdict) {
        return new NamedSet.Element(value(key), verdict, null, counter, null, null);
    }

    @Test
    void readsElementsOfEveryForm() {
        assertThat(set("addrs").elements())
                .extracting(NamedSet.Element::key)
                .containsExactly(
                        new Expression.Prefix(Cidr.parse("10.0.0.0/8")),
                        value("192.168.1.5"),
                        new Expression.Range(value("192.168.2.1"), value("192.168.2.9")));
        assertThat(set("timedel").elements().get(0))
                .isEqualTo(new NamedSet.Element(value("1.2.3.4"), null, null, null, 3600L, "old"));
        assertThat(set("p2ap").elements().get(0).data())
                .isEqualTo(new Expression.Concatenation(List.of(value("10.0.0.1"), value("8080"))));
        assertThat(set("concint").type()).isEqualTo("ipv4_addr . inet_service");
    }

    @Test
    void readsWhatNamedCountersCounted() {
        Rule rule = rule("counter name \"web\" accept");

        assertThat(rule.counter()).isNull();
        assertThat(rule.nft().statements()).first().isEqualTo(new Statement.Count("web"));
        assertThat(LISTING.tables().get(0).table().namedCounter("web")).contains(new Counter(5, 300));
        assertThat(LISTING.tables().get(0).table().namedCounter("q")).isEmpty();
    }

    @Test
    void takesTheLastOfSeveralCounters() {
        assertThat(rule("log prefix \"x\" drop").counter()).isEqualTo(new Counter(1, 2));
    }

    @Test
    void readsWhereChainsAreEntered() {
        Table table = LISTING.tables().get(0).table();

        assertThat(table.chain("in").orElseThrow().base())
                .isEqualTo(new BaseChain(BaseChain.Type.FILTER, Hook.INPUT, -5));
        assertThat(table.chain("in").orElseThrow().policy()).isEqualTo(Policy.DROP);
        assertThat(table.chain("mang").orElseThrow().base())
                .isEqualTo(new BaseChain(BaseChain.Type.ROUTE, Hook.OUTPUT, -150));
        assertThat(table.chain("c1").orElseThrow().base()).isNull();
        assertThat(table.chain("c1").orElseThrow().policy()).isNull();
    }

    @Test
    void groupsTablesByFamily() {
        assertThat(LISTING.rulesets())
                .extracting(Ruleset::family)
                .containsExactly(Family.INET, Family.NETDEV, Family.BRIDGE, Family.ARP, Family.IPV4, Family.IPV6);
        assertThat(LISTING.rulesets()).extracting(Ruleset::backend).containsOnly(Backend.NFTABLES);
    }
}
