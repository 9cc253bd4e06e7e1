// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.IptablesSaveParser;
import io.github.countercheck.ruleset.NftJsonParser;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.walk.PacketWalk.Fate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The kernel's rules of order and matching, on rulesets of a few lines; {@code WalkerAgainstKernelIT} asks the kernel. */
class RulesetWalkerTests {

    private static final RoutingFacts HOST = RoutingFacts.NONE
            .withDevice("eth0", Cidr.parse("203.0.113.10/24"))
            .withDevice("docker0", Cidr.parse("172.17.0.1/16"))
            .withDevice("eth0", Cidr.parse("2001:db8::10/64"))
            .withDevice("docker0", Cidr.parse("fd00::1/64"));

    private static final String IN = "tcp 203.0.113.20:40000 -> 203.0.113.10:8080 iif eth0";
    private static final String THROUGH = "tcp 203.0.113.20:40000 -> 172.17.0.2:80 iif eth0";

    /** Puts rules, {@code table: -A CHAIN …} or {@code table: :CHAIN POLICY} each, into a listing. */
    private static Ruleset iptables(Family family, Backend backend, String rules) {
        StringBuilder listing = new StringBuilder();
        List<String> lines = Arrays.stream(rules.split("\\s*;\\s*"))
                .filter(l -> !l.isBlank())
                .toList();
        for (String table : List.of("raw", "mangle", "nat", "filter")) {
            List<String> own = new ArrayList<>();
            List<String> chains = new ArrayList<>(List.of(
                    ":PREROUTING ACCEPT", ":INPUT ACCEPT", ":FORWARD ACCEPT", ":OUTPUT ACCEPT", ":POSTROUTING ACCEPT"));
            for (String line : lines) {
                if (line.startsWith(table + ": ")) {
                    String rest = line.substring(table.length() + 2);
                    if (rest.startsWith(":")) {
                        String name = rest.substring(0, rest.indexOf(' '));
                        chains.removeIf(c -> c.startsWith(name + " "));
                        chains.add(rest);
                    } else {
                        own.add(rest);
                    }
                }
            }
            listing.append('*').append(table).append('\n');
            chains.forEach(c -> listing.append(c).append('\n'));
            own.forEach(r -> listing.append(r).append('\n'));
            listing.append("COMMIT\n");
        }
        return IptablesSaveParser.parse(family, backend, listing.toString());
    }

    private static Ruleset iptables(String rules) {
        return iptables(Family.IPV4, Backend.IPTABLES_NFT, rules);
    }

    private static PacketWalk walk(String packet, Ruleset... rulesets) {
        return RulesetWalker.of(List.of(rulesets), DockerFacts.NONE, HOST).walk(Packet.parse(packet));
    }

    private static List<String> rulesMet(PacketWalk walk) {
        return walk.steps().stream()
                .filter(s -> s.position() > 0)
                .map(s -> s.table() + " " + s.text() + " => " + s.verdict())
                .toList();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                // Whether the one condition holds; the rule drops.
                "-s 203.0.113.0/24 | YES",
                "! -s 203.0.113.0/24 | NO",
                "-s 203.0.113.21 | NO",
                "-s 203.0.112.0/255.0.255.0 | NO",
                "-s 203.0.0.20/255.0.0.255 | YES",
                "-d 172.17.0.2 | YES",
                "! -d 172.17.0.2 | NO",
                "-i eth0 | YES",
                "! -i eth0 | NO",
                "-i eth+ | YES",
                "! -i e+ | NO",
                "-i docker0 | NO",
                "-o docker0 | YES",
                "! -o docker0 | NO",
                "-o br-+ | NO",
                "-p tcp | YES",
                "! -p tcp | NO",
                "-p udp | NO",
                "-p 6 | YES",
                "-f | NO",
                "! -f | YES",
                "-p tcp -m tcp --dport 80 | YES",
                "-p tcp -m tcp ! --dport 80 | NO",
                "-p tcp -m tcp --dport 81:90 | NO",
                "-p tcp -m tcp --dport 70:80 | YES",
                "-p tcp -m tcp --sport 40000 --dport 80 | YES",
                "-p tcp -m tcp --sport 1:100 --dport 80 | NO",
                "-p udp -m udp --dport 80 | NO",
                "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN | YES",
                "-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN | NO",
                "-p tcp -m tcp --tcp-flags SYN,ACK SYN,ACK | NO",
                "-p tcp -m multiport --dports 22,80 | YES",
                "-p tcp -m multiport ! --dports 22,80 | NO",
                "-p tcp -m multiport --dports 22,70:90 | YES",
                "-p tcp -m multiport --ports 40000 | YES",
                "-p tcp -m multiport --sports 80 | NO",
                "-m conntrack --ctstate NEW | YES",
                "-m conntrack --ctstate RELATED,ESTABLISHED | NO",
                "-m conntrack ! --ctstate RELATED,ESTABLISHED | YES",
                "-m conntrack --ctstate DNAT | NO",
                "-m conntrack --ctproto 6 | YES",
                "-m conntrack --ctorigsrc 203.0.113.20 | YES",
                "-m conntrack --ctorigdst 172.17.0.0/24 | YES",
                "-m conntrack --ctorigdstport 80 | YES",
                "-m conntrack --ctorigdstport 8080 | NO",
                "-m conntrack --ctdir ORIGINAL | YES",
                "-m conntrack --ctdir REPLY | NO",
                "-m conntrack --ctstatus ASSURED | NO",
                "-m conntrack --ctstatus NONE | NO",
                "-m conntrack ! --ctstatus CONFIRMED | YES",
                "-m state --state NEW | YES",
                "-m addrtype --dst-type UNICAST | YES",
                "-m addrtype --dst-type LOCAL | NO",
                "-m addrtype ! --dst-type LOCAL | YES",
                "-m addrtype --src-type LOCAL | NO",
                "-m addrtype --dst-type LOCAL,UNICAST | YES",
                "-m mark --mark 0x0 | YES",
                "-m mark --mark 0x1 | NO",
                "-m mark ! --mark 0x1/0x1 | YES",
                "-m connmark --mark 0x0/0xff | YES",
                "-m comment --comment \"to do\" | YES",
                "-m iprange --src-range 203.0.113.1-203.0.113.30 | YES",
                "-m iprange ! --src-range 203.0.113.1-203.0.113.30 | NO",
                "-m iprange --dst-range 172.17.0.3-172.17.0.9 | NO",
                "-m pkttype --pkt-type unicast | YES",
                "-m pkttype --pkt-type broadcast | NO",
                "-m physdev --physdev-is-bridged | NO",
                "-m owner --uid-owner 0 | NO",
                "-m owner ! --uid-owner 0 | YES",
                "-p tcp -m comment --comment x -m tcp --dport 81 | NO",
                // Another match that does not hold settles it.
                "-m limit --limit 5/min -m mark --mark 0x1 | NO",
                "-m limit --limit 5/min | UNDECIDED",
                "-m hashlimit --hashlimit-name x --hashlimit-upto 5/min | UNDECIDED",
                "-m recent --name x --rcheck | UNDECIDED",
                "-m set --match-set allowed src | UNDECIDED",
                "-m string --string x --algo bm | UNDECIDED",
                "-m mac --mac-source 00:00:5e:00:53:01 | UNDECIDED",
                "-m statistic --mode random --probability 0.5 | UNDECIDED",
                "-m u32 --u32 0 | UNDECIDED",
                "-m somethingnew --x y | UNDECIDED",
                "-p tcp -m tcp --tcp-option 5 | UNDECIDED",
            })
    void matches(String condition, String expected) {
        PacketWalk walk = walk(THROUGH, iptables("filter: -A FORWARD " + condition + " -j DROP"));

        Fate fate = switch (expected) {
            case "YES" -> Fate.DROPPED;
            case "NO" -> Fate.ACCEPTED;
            default -> Fate.UNDECIDED;
        };
        assertThat(walk.fate()).as(walk.reason()).isEqualTo(fate);
        assertThat(walk.reason().replace("\"", "").contains(condition.replace("\"", "")))
                .isEqualTo(fate != Fate.ACCEPTED);
    }

    @Test
    void publishedPortIsTranslatedAndForwarded() {
        PacketWalk walk = walk(IN, iptables("""
                        nat: :DOCKER -; nat: -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER;
                        nat: -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80;
                        nat: -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE;
                        filter: :FORWARD DROP; filter: :DOCKER -; filter: -A FORWARD -o docker0 -j DOCKER;
                        filter: -A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
                        """));

        assertThat(walk.fate()).isEqualTo(Fate.ACCEPTED);
        assertThat(walk.destination()).hasToString("172.17.0.2:80");
        assertThat(walk.source()).hasToString("203.0.113.20:40000");
        assertThat(rulesMet(walk))
                .containsExactly(
                        "nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER => JUMP DOCKER",
                        "nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80 => ACCEPT",
                        "filter -A FORWARD -o docker0 -j DOCKER => JUMP DOCKER",
                        "filter -A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT => ACCEPT");
        assertThat(walk.assumptions()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                // Nothing stops it; what the packet becomes.
                "nat: -A PREROUTING -j DNAT --to-destination 172.17.0.2 | 203.0.113.20:40000 | 172.17.0.2:8080",
                "nat: -A PREROUTING -j DNAT --to-destination 172.17.0.2-172.17.0.2:80-80 | 203.0.113.20:40000 | 172.17.0.2:80",
                "nat: -A PREROUTING -p udp -j DNAT --to-destination 172.17.0.2 | 203.0.113.20:40000 | 203.0.113.10:8080",
                "nat: -A PREROUTING -j REDIRECT --to-ports 3128 | 203.0.113.20:40000 | 203.0.113.10:3128",
                "nat: -A PREROUTING -j DNAT --to-destination 172.17.0.2:80; nat: -A POSTROUTING -j MASQUERADE | 172.17.0.1:40000 | 172.17.0.2:80",
                "nat: -A PREROUTING -j DNAT --to-destination 172.17.0.2:80; nat: -A POSTROUTING -j SNAT --to-source 10.0.0.1:5 | 10.0.0.1:5 | 172.17.0.2:80",
                "nat: -A PREROUTING -j NETMAP --to 172.17.1.0/24 | 203.0.113.20:40000 | 172.17.1.10:8080",
                "nat: -A INPUT -j SNAT --to-source 192.0.2.1 | 192.0.2.1:40000 | 203.0.113.10:8080",
                // The translation of the first rule stays.
                "nat: -A PREROUTING -j DNAT --to-destination 172.17.0.2:80; nat: -A PREROUTING -j DNAT --to-destination 172.17.0.3:80 | 203.0.113.20:40000 | 172.17.0.2:80",
                "raw: -A PREROUTING -j CT --notrack; nat: -A PREROUTING -j DNAT --to-destination 172.17.0.2:80 | 203.0.113.20:40000 | 203.0.113.10:8080",
                "raw: -A PREROUTING -j NOTRACK; nat: -A PREROUTING -j DNAT --to-destination 172.17.0.2:80 | 203.0.113.20:40000 | 203.0.113.10:8080",
                // One of several: not known.
                "nat: -A PREROUTING -j DNAT --to-destination 172.17.0.2-172.17.0.3:80 | 203.0.113.20:40000 | -",
                "nat: -A PREROUTING -j DNAT --to-destination 172.17.0.2:80-90 | 203.0.113.20:40000 | -",
            })
    void translations(String rules, String source, String destination) {
        PacketWalk walk = walk(IN, iptables(rules));

        assertThat(walk.fate()).as(walk.reason()).isEqualTo(Fate.ACCEPTED);
        assertThat(walk.source()).hasToString(source);
        assertThat(walk.destination() == null ? "-" : walk.destination().toString())
                .isEqualTo(destination);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "filter: :FORWARD DROP | DROPPED",
                "filter: :FORWARD DROP; filter: -A FORWARD -j ACCEPT | ACCEPTED",
                "filter: -A FORWARD -j REJECT --reject-with icmp-port-unreachable | REJECTED",
                "filter: -A FORWARD -j NFQUEUE --queue-num 0 | QUEUED",
                "filter: -A FORWARD -j LOG; filter: -A FORWARD -j DROP | DROPPED",
                "filter: -A FORWARD; filter: -A FORWARD -j DROP | DROPPED",
                "filter: -A FORWARD -j TPROXY --on-port 1 | UNDECIDED",
                // An accept ends its own base chain only.
                "mangle: -A FORWARD -j ACCEPT; filter: -A FORWARD -j DROP | DROPPED",
                "filter: :C -; filter: -A FORWARD -j C; filter: -A C -j RETURN; filter: -A C -j DROP | ACCEPTED",
                "filter: :C -; filter: -A FORWARD -j C; filter: -A FORWARD -j DROP | DROPPED",
                "filter: :C -; filter: -A FORWARD -g C; filter: -A FORWARD -j DROP | ACCEPTED",
                "filter: :C -; filter: :D -; filter: -A FORWARD -j C; filter: -A FORWARD -j DROP; filter: -A C -g D; filter: -A C -j ACCEPT | DROPPED",
                "filter: :FORWARD DROP; filter: -A FORWARD -j RETURN; filter: -A FORWARD -j ACCEPT | DROPPED",
                "filter: :C -; filter: -A FORWARD -j C; filter: -A C -j C | UNDECIDED",
                // Before conntrack looked, every packet counts as invalid.
                "raw: -A PREROUTING -m conntrack --ctstate NEW -j DROP | ACCEPTED",
                "raw: -A PREROUTING -m conntrack --ctstate INVALID -j DROP | DROPPED",
                "raw: -A PREROUTING -m connmark --mark 0x0 -j DROP | ACCEPTED",
                "raw: -A PREROUTING -j CT --notrack; filter: -A FORWARD -m conntrack --ctstate UNTRACKED -j DROP | DROPPED",
                "mangle: -A PREROUTING -j MARK --set-xmark 0x5/0xffffffff; filter: -A FORWARD -m mark --mark 0x1/0x1 -j DROP | DROPPED",
                "mangle: -A PREROUTING -j MARK --set-xmark 0x4/0x4; filter: -A FORWARD -m mark --mark 0x1/0x1 -j DROP | ACCEPTED",
                "mangle: -A PREROUTING -j MARK --set-xmark 0x5/0xffffffff; mangle: -A PREROUTING -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff; filter: -A FORWARD -m connmark --mark 0x5 -j DROP | DROPPED",
                "mangle: -A PREROUTING -j CONNMARK --set-xmark 0x6/0xff; mangle: -A PREROUTING -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0x2; filter: -A FORWARD -m mark --mark 0x2 -j DROP | DROPPED",
                // Undecided, but the end is the same either way.
                "filter: -A FORWARD -m limit --limit 5/min -j LOG; filter: -A FORWARD -j DROP | DROPPED",
                "filter: -A FORWARD -m limit --limit 5/min -j DROP; filter: -A FORWARD -j DROP | DROPPED",
                "filter: -A FORWARD -m limit --limit 5/min -j ACCEPT; filter: -A FORWARD -j DROP | UNDECIDED",
            })
    void verdicts(String rules, Fate fate) {
        PacketWalk walk = walk(THROUGH, iptables(rules));

        assertThat(walk.fate()).as(walk.reason()).isEqualTo(fate);
    }

    @Test
    void bothBackendsDecide() {
        Ruleset nft =
                iptables("filter: -A FORWARD -j ACCEPT; nat: -A PREROUTING -j DNAT --to-destination 172.17.0.2:80");
        Ruleset legacy = iptables(Family.IPV4, Backend.IPTABLES_LEGACY, "filter: :FORWARD DROP");

        PacketWalk walk = walk(IN, nft, legacy);

        assertThat(walk.fate()).isEqualTo(Fate.DROPPED);
        assertThat(walk.reason()).isEqualTo("policy DROP of iptables-legacy filter/FORWARD");
        assertThat(walk.assumptions())
                .singleElement()
                .asString()
                .startsWith("does not matter")
                .contains("priority 0");
    }

    @Test
    void whichOfTwoTranslationsComesFirstIsUndecided() {
        Ruleset nft = iptables("nat: -A PREROUTING -j DNAT --to-destination 172.17.0.2:80");
        Ruleset legacy = iptables(
                Family.IPV4, Backend.IPTABLES_LEGACY, "nat: -A PREROUTING -j DNAT --to-destination 172.17.0.3:80");

        PacketWalk walk = walk(IN, nft, legacy);

        assertThat(walk.fate()).isEqualTo(Fate.UNDECIDED);
        assertThat(walk.reason())
                .contains("iptables-nft nat/PREROUTING", "iptables-legacy nat/PREROUTING", "priority -100");
    }

    @Test
    void saysWhatItTookForGranted() {
        PacketWalk walk = RulesetWalker.of(
                        List.of(iptables(
                                "nat: -A PREROUTING -m addrtype --dst-type LOCAL -j DNAT --to-destination 172.17.0.2;"
                                        + "filter: :FORWARD DROP")),
                        DockerFacts.NONE,
                        RoutingFacts.NONE)
                .walk(Packet.parse("tcp 192.0.2.1:5 -> 198.51.100.7:80 iif eth0"));

        assertThat(walk.assumptions())
                .singleElement()
                .asString()
                .contains("198.51.100.7", "this host", "dst-type UNICAST");
        assertThat(walk.fate()).isEqualTo(Fate.UNDECIDED);
        assertThat(walk.reason()).contains("what 172.17.0.2 is to this host is not known");
    }

    @Test
    void repliesAndLaterPacketsMeetNoNatRule() {
        Ruleset rules = iptables("""
                nat: -A PREROUTING -j DNAT --to-destination 172.17.0.9; nat: -A POSTROUTING -j MASQUERADE;
                filter: :FORWARD DROP;
                filter: -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT;
                filter: -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
                """);

        PacketWalk later = walk(IN + " state ESTABLISHED dir original dnat-to 172.17.0.2:80", rules);
        PacketWalk reply = walk(
                "tcp 172.17.0.2:80 -> 203.0.113.20:40000 iif docker0 state ESTABLISHED dir reply snat-to 203.0.113.10:8080",
                rules);

        assertThat(later.fate()).as(later.reason()).isEqualTo(Fate.ACCEPTED);
        assertThat(later.destination()).hasToString("172.17.0.2:80");
        assertThat(reply.fate()).as(reply.reason()).isEqualTo(Fate.ACCEPTED);
        assertThat(reply.source()).hasToString("203.0.113.10:8080");
        assertThat(rulesMet(reply)).containsExactly("filter -A FORWARD -i docker0 ! -o docker0 -j ACCEPT => ACCEPT");
    }

    @Test
    void whatTheHostSendsToItselfGoesOutAndIn() {
        PacketWalk walk = walk("tcp 203.0.113.10:5000 -> 127.0.0.1:80", iptables("""
                        filter: -A OUTPUT -o lo; mangle: -A POSTROUTING -o lo; raw: -A PREROUTING -i lo; filter: -A INPUT -i lo;
                        nat: -A PREROUTING -j REDIRECT --to-ports 1; nat: -A INPUT -j SNAT --to-source 192.0.2.1
                        """));

        assertThat(walk.fate()).isEqualTo(Fate.ACCEPTED);
        assertThat(rulesMet(walk))
                .containsExactly(
                        "filter -A OUTPUT -o lo => CONTINUE",
                        "mangle -A POSTROUTING -o lo => CONTINUE",
                        "raw -A PREROUTING -i lo => CONTINUE",
                        "filter -A INPUT -i lo => CONTINUE");
    }

    @Test
    void hostSentPacketsAreRoutedAnewBehindTheHookOfTheirTranslation() {
        PacketWalk walk = walk("tcp 203.0.113.10:5000 -> 203.0.113.10:8080", iptables("""
                        nat: -A OUTPUT -o lo -j DNAT --to-destination 172.17.0.2:80; filter: -A OUTPUT -o lo;
                        nat: -A POSTROUTING -o docker0 -m addrtype --src-type LOCAL -j MASQUERADE
                        """));

        assertThat(walk.fate()).isEqualTo(Fate.ACCEPTED);
        assertThat(walk.destination()).hasToString("172.17.0.2:80");
        assertThat(walk.source()).hasToString("172.17.0.1:5000");
        assertThat(rulesMet(walk)).hasSize(3);
    }

    @Test
    void setsAreDecidedWhereTheirMembersAreGiven() {
        RulesetWalker walker = RulesetWalker.of(
                List.of(iptables("filter: -A FORWARD -m set --match-set blocked src -j DROP")),
                DockerFacts.NONE,
                HOST,
                Map.of("blocked", List.of(Cidr.parse("203.0.113.16/28"))));

        assertThat(walker.walk(Packet.parse(THROUGH)).fate()).isEqualTo(Fate.DROPPED);
        assertThat(walker.walk(Packet.parse(THROUGH.replace(".20:", ".40:"))).fate())
                .isEqualTo(Fate.ACCEPTED);
    }

    @Test
    void ipv6() {
        Ruleset rules = iptables(Family.IPV6, Backend.IPTABLES_NFT, """
                nat: -A PREROUTING ! -s fe80::/10 -p tcp -m tcp --dport 8080 -j DNAT --to-destination [fd00::2]:80;
                filter: -A FORWARD -d fd00::2/128 -o docker0 -j DROP
                """);

        PacketWalk walk = walk("tcp [2001:db8::20]:4000 -> [2001:db8::10]:8080 iif eth0", rules);

        assertThat(walk.fate()).isEqualTo(Fate.DROPPED);
        assertThat(walk.destination()).hasToString("[fd00::2]:80");
        assertThat(walk("icmp 203.0.113.20 -> 203.0.113.10 iif eth0", rules).steps())
                .isEmpty();
    }

    @Test
    void icmpTypes() {
        Ruleset rules = iptables(
                "filter: -A FORWARD -p icmp -m icmp --icmp-type 3/4 -j ACCEPT; filter: -A FORWARD -p icmp -j DROP");

        assertThat(walk("icmp 203.0.113.20 -> 172.17.0.2 iif eth0", rules).fate())
                .isEqualTo(Fate.DROPPED);
        assertThat(walk("icmp 203.0.113.20 -> 172.17.0.2 iif eth0 icmp-type 3/4", rules)
                        .fate())
                .isEqualTo(Fate.ACCEPTED);
        assertThat(walk("icmp 203.0.113.20 -> 172.17.0.2 iif eth0 state INVALID", rules)
                        .fate())
                .as("of a packet whose type is not known")
                .isEqualTo(Fate.UNDECIDED);
    }

    @Test
    void givesUpOnTooManyForks() {
        String rules = "filter: -A FORWARD -m limit --limit 5/min -j LOG; ".repeat(2)
                + "filter: -A FORWARD -m recent --name a --rcheck -j LOG; filter: -A FORWARD -m mac --mac-source 00:00:5e:00:53:01;"
                + "filter: -A FORWARD -m ttl --ttl-eq 5; filter: -A FORWARD -m length --length 1";

        PacketWalk walk = walk(THROUGH, iptables(rules));

        assertThat(walk.fate()).isEqualTo(Fate.UNDECIDED);
        assertThat(walk.reason()).contains("more than 16 ways", "-m limit");
    }

    /** As {@code nft -j} lists it. */
    private static final String MAPS = """
            {"nftables": [
              {"table": {"family": "ip", "name": "nat", "handle": 1}},
              {"map": {"family": "ip", "name": "web", "table": "nat", "type": "inet_service", "handle": 2,
                "map": "ipv4_addr . inet_service",
                "elem": [[8080, {"concat": ["172.17.0.2", 80]}], [8443, {"concat": ["172.17.0.3", 443]}]]}},
              {"chain": {"family": "ip", "table": "nat", "name": "PREROUTING", "handle": 1, "type": "nat",
                "hook": "prerouting", "prio": -100, "policy": "accept"}},
              {"rule": {"family": "ip", "table": "nat", "chain": "PREROUTING", "handle": 3, "expr": [
                {"dnat": {"family": "ip", "addr": {"map": {
                  "key": {"payload": {"protocol": "tcp", "field": "dport"}}, "data": "@web"}}}}]}},
              {"rule": {"family": "ip", "table": "nat", "chain": "PREROUTING", "handle": 5, "expr": [
                {"dnat": {"addr": {"map": {
                  "key": {"payload": {"protocol": "tcp", "field": "dport"}},
                  "data": {"set": [[9000, "172.17.0.4"]]}}}}}]}}
            ]}
            """;

    @ParameterizedTest
    @CsvSource({
        "8080, 172.17.0.2:80",
        "8443, 172.17.0.3:443",
        // Of an address alone the port stays; where no element fits, the rule ends.
        "9000, 172.17.0.4:9000",
        "9001, 203.0.113.10:9001"
    })
    void translatesToWhatAMapSays(String port, String destination) {
        Ruleset nft = NftJsonParser.parse(MAPS).rulesets().get(0);

        PacketWalk walk = walk("tcp 203.0.113.20:40000 -> 203.0.113.10:" + port + " iif eth0", nft);

        assertThat(walk.destination()).hasToString(destination);
        assertThat(walk.fate()).isEqualTo(Fate.ACCEPTED);
    }
}
