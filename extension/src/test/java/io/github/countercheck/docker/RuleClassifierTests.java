// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Hook;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Single rules in the surroundings in which an engine, or somebody else, writes them. */
class RuleClassifierTests {

    /** What stands around the rule under test. */
    private enum Frame {
        BARE(),
        NAT(
                "nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
                "nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER"),
        G1(
                "filter -A FORWARD -j DOCKER-USER",
                "filter -A FORWARD -j DOCKER-ISOLATION-STAGE-1",
                "filter -A FORWARD -o docker0 -j DOCKER",
                "filter -A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2"),
        G2(
                "filter -A FORWARD -j DOCKER-USER",
                "filter -A FORWARD -m set --match-set docker-ext-bridges-v4 dst -m conntrack"
                        + " --ctstate RELATED,ESTABLISHED -j ACCEPT",
                "filter -A FORWARD -j DOCKER-ISOLATION-STAGE-1",
                "filter -A FORWARD -m set --match-set docker-ext-bridges-v4 dst -j DOCKER"),
        G3(
                "filter -A FORWARD -j DOCKER-USER",
                "filter -A FORWARD -j DOCKER-FORWARD",
                "filter -A DOCKER-FORWARD -j DOCKER-CT",
                "filter -A DOCKER-FORWARD -j DOCKER-ISOLATION-STAGE-1",
                "filter -A DOCKER-FORWARD -j DOCKER-BRIDGE",
                "filter -A DOCKER-BRIDGE -o docker0 -j DOCKER",
                "filter -A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2"),
        G4(
                "filter -A FORWARD -j DOCKER-USER",
                "filter -A FORWARD -j DOCKER-FORWARD",
                "filter -A DOCKER-FORWARD -j DOCKER-CT",
                "filter -A DOCKER-FORWARD -j DOCKER-INTERNAL",
                "filter -A DOCKER-FORWARD -j DOCKER-BRIDGE",
                "filter -A DOCKER-BRIDGE -o docker0 -j DOCKER"),
        SWARM(
                "nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER-INGRESS",
                "nat -A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER-INGRESS",
                "filter -A FORWARD -j DOCKER-FORWARD",
                "filter -A DOCKER-FORWARD -j DOCKER-INGRESS");

        private final List<String> lines;

        Frame(String... lines) {
            this.lines = List.of(lines);
        }
    }

    private static ClassifiedRule classify(Frame frame, Family family, String line) {
        List<String> lines = new ArrayList<>(frame.lines);
        lines.add(line);
        Ruleset ruleset = Listing.of(family, lines);
        Classification classification = RuleClassifier.classify(ruleset, SampleFacts.ALL);
        Rule rule = classification.rules().stream()
                .map(ClassifiedRule::rule)
                .filter(r -> (r.table() + " " + r.spec()).equals(line))
                .findFirst()
                .orElseThrow(() -> new AssertionError("the line is printed otherwise than written: " + line));
        return classification.of(rule).orElseThrow();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            NAT  | nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER | NAT_JUMP_PRE
            NAT  | nat -A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER | NAT_JUMP_OUT
            NAT  | nat -A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER | NAT_JUMP_OUT
            NAT  | nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80 | PORT_DNAT container=web network=bridge port=80/tcp host=*:8080/tcp
            NAT  | nat -A DOCKER -d 203.0.113.10/32 ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80 | PORT_DNAT container=web network=bridge port=80/tcp host=203.0.113.10:8080/tcp
            NAT  | nat -A DOCKER -d 127.0.0.1/32 -p tcp -m tcp --dport 8081 -j DNAT --to-destination 172.17.0.2:80 | PORT_DNAT container=web network=bridge port=80/tcp host=127.0.0.1:8081/tcp
            NAT  | nat -A DOCKER -p sctp -m sctp --dport 3868 -j DNAT --to-destination 172.30.0.2:3868 | PORT_DNAT container=phone network=front port=3868/sctp host=*:3868/sctp
            # The container is gone, then its network too.
            NAT  | nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8085 -j DNAT --to-destination 172.17.0.9:80 | PORT_DNAT network=bridge port=80/tcp host=*:8085/tcp
            NAT  | nat -A DOCKER ! -i br-dead00000001 -p tcp -m tcp --dport 8085 -j DNAT --to-destination 172.99.0.9:80 | PORT_DNAT port=80/tcp host=*:8085/tcp
            NAT  | nat -A DOCKER -i docker0 -j RETURN | SKIP_DNAT network=bridge
            NAT  | nat -A DOCKER -i lab0 -j RETURN | SKIP_DNAT network=lab
            NAT  | nat -A DOCKER -d 127.0.0.0/8 -i loopback0 -j RETURN | WSL2_LOOPBACK
            NAT  | nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE | MASQUERADE network=bridge subnet=172.17.0.0/16
            NAT  | nat -A POSTROUTING -s 172.30.0.0/24 ! -o br-f00000000001 -j SNAT --to-source 203.0.113.10 | SNAT network=front subnet=172.30.0.0/24
            # The subnet that the bridge had before.
            NAT  | nat -A POSTROUTING -s 192.168.9.0/24 ! -o docker0 -j MASQUERADE | MASQUERADE subnet=192.168.9.0/24
            NAT  | nat -A POSTROUTING -o docker0 -m addrtype --src-type LOCAL -j MASQUERADE | HAIRPIN_HOST network=bridge
            NAT  | nat -A POSTROUTING -o docker0 -m addrtype --src-type LOCAL -j SNAT --to-source 203.0.113.10 | HAIRPIN_HOST network=bridge
            NAT  | nat -A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE | HAIRPIN_SELF container=web network=bridge port=80/tcp
            BARE | nat -A OUTPUT -d 127.0.0.11/32 -j DOCKER_OUTPUT | EMBEDDED_DNS
            BARE | nat -A DOCKER_OUTPUT -d 127.0.0.11/32 -p udp -m udp --dport 53 -j DNAT --to-destination 127.0.0.11:33357 | EMBEDDED_DNS
            BARE | nat -A DOCKER_POSTROUTING -s 127.0.0.11/32 -p tcp -m tcp --sport 33357 -j SNAT --to-source :53 | EMBEDDED_DNS
            """)
    void natRules(Frame frame, String line, String expected) {
        assertThat(Described.of(classify(frame, Family.IPV4, line))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            G1 | filter -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT | RETURN_TRAFFIC network=bridge
            G1 | filter -A FORWARD -i docker0 ! -o docker0 -j ACCEPT | OUTBOUND_ACCEPT network=bridge
            G1 | filter -A FORWARD -i docker0 -o docker0 -j ACCEPT | ICC_ACCEPT network=bridge
            G1 | filter -A FORWARD -i docker0 -o docker0 -j DROP | ICC_DROP network=bridge
            G1 | filter -A FORWARD -i lab0 -o lab0 -j ACCEPT | ICC_ACCEPT network=lab
            G1 | filter -A DOCKER -s 172.17.0.3/32 -d 172.17.0.2/32 -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT | LINK_ACCEPT container=web network=bridge port=80/tcp
            G1 | filter -A DOCKER -s 172.17.0.2/32 -d 172.17.0.3/32 -i docker0 -o docker0 -p tcp -m tcp --sport 80 -j ACCEPT | LINK_ACCEPT container=web network=bridge port=80/tcp
            G1 | filter -A DOCKER-ISOLATION-STAGE-1 -j RETURN | CHAIN_RETURN
            G1 | filter -A DOCKER-ISOLATION-STAGE-1 ! -s 172.29.0.0/24 -o br-f00000000002 -j DROP | INTERNAL_IN_DROP network=vault subnet=172.29.0.0/24
            G1 | filter -A DOCKER-USER -j RETURN | CHAIN_RETURN
            G1 | filter -A DOCKER -d 172.17.0.9/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT | PORT_ACCEPT network=bridge port=80/tcp
            G2 | filter -A FORWARD -m set --match-set docker-ext-bridges-v4 dst -j DOCKER | PORT_JUMP
            G2 | filter -A FORWARD -m set --match-set docker-ext-bridges-v4 dst -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT | RETURN_TRAFFIC
            G2 | filter -A FORWARD -j DOCKER-ISOLATION-STAGE-1 | ISOLATION_JUMP
            G2 | filter -A FORWARD -i docker0 -j ACCEPT | OUTBOUND_ACCEPT network=bridge
            G2 | filter -A FORWARD -i docker0 -o docker0 -j DROP | ICC_DROP network=bridge
            G2 | filter -A FORWARD -i docker0 ! -o docker0 -j ACCEPT | OUTBOUND_ACCEPT network=bridge
            G2 | filter -A DOCKER ! -i docker0 -o docker0 -j DROP | UNPUBLISHED_DROP network=bridge
            G3 | filter -A DOCKER-FORWARD -i docker0 -j ACCEPT | OUTBOUND_ACCEPT network=bridge
            G3 | filter -A DOCKER-FORWARD -i docker0 ! -o docker0 -j ACCEPT | OUTBOUND_ACCEPT network=bridge
            G3 | filter -A DOCKER-FORWARD -i docker0 -o docker0 -j DROP | ICC_DROP network=bridge
            G3 | filter -A DOCKER-FORWARD -i br-f00000000002 -o br-f00000000002 -j ACCEPT | ICC_ACCEPT network=vault
            G3 | filter -A DOCKER -o docker0 -p icmp -j ACCEPT | ROUTED_ICMP network=bridge
            G3 | filter -A DOCKER ! -i docker0 -o docker0 -j ACCEPT | UNPROTECTED_ACCEPT network=bridge
            G3 | filter -A DOCKER-ISOLATION-STAGE-1 -i docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT | ISOLATION_EXCEPTION network=bridge
            G3 | filter -A DOCKER-ISOLATION-STAGE-1 -o docker0 -j RETURN | ISOLATION_EXCEPTION network=bridge
            G3 | filter -A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP | ISOLATION_DROP network=bridge
            G3 | filter -A DOCKER-USER -j RETURN | CHAIN_RETURN
            G4 | filter -A DOCKER-FORWARD -m mark --mark 0x1/0x3 -j ACCEPT | FWMARK_ACCEPT
            G4 | filter -A DOCKER-INTERNAL ! -d 172.29.0.0/24 -i br-f00000000002 -j DROP | INTERNAL_OUT_DROP network=vault subnet=172.29.0.0/24
            G4 | filter -A DOCKER-FORWARD -j DOCKER-INGRESS | INGRESS_FORWARD_JUMP
            # The network is gone; only the jump for it says that it was Docker's.
            G4 | filter -A DOCKER-BRIDGE -o mylab -j DOCKER | PORT_JUMP
            """)
    void filterRules(Frame frame, String line, String expected) {
        assertThat(Described.of(classify(frame, Family.IPV4, line))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            NAT | nat -A OUTPUT ! -d ::1/128 -m addrtype --dst-type LOCAL -j DOCKER | NAT_JUMP_OUT
            NAT | nat -A DOCKER ! -s fe80::/10 ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination [fd00:17::2]:80 | PORT_DNAT container=web network=bridge port=80/tcp host=*:8080/tcp
            NAT | nat -A DOCKER ! -s fe80::/10 -d 2001:db8::1/128 ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination [fd00:17::2]:80 | PORT_DNAT container=web network=bridge port=80/tcp host=2001:db8::1:8080/tcp
            NAT | nat -A POSTROUTING -s fd00:17::/64 ! -o docker0 -j MASQUERADE | MASQUERADE network=bridge subnet=fd00:17::/64
            G1  | filter -A DOCKER-ISOLATION-STAGE-1 ! -s fd00:29::/64 ! -i br-f00000000002 -o br-f00000000002 -j DROP | INTERNAL_IN_DROP network=vault subnet=fd00:29::/64
            G4  | filter -A DOCKER-INTERNAL ! -d fd00:29::/64 -i br-f00000000002 ! -o br-f00000000002 -j DROP | INTERNAL_OUT_DROP network=vault subnet=fd00:29::/64
            G4  | filter -A DOCKER -o docker0 -p ipv6-icmp -j ACCEPT | ROUTED_ICMP network=bridge
            G4  | filter -A DOCKER -d fd00:17::2/128 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT | PORT_ACCEPT container=web network=bridge port=80/tcp
            BARE | raw -A PREROUTING -d fd00:17::2/128 ! -i docker0 -j DROP | DIRECT_ACCESS_DROP container=web network=bridge
            """)
    void ipv6Rules(Frame frame, String line, String expected) {
        List<String> withoutIpv4 =
                frame.lines.stream().filter(l -> !l.contains("127.0.0.0/8")).toList();
        List<String> lines =
                Stream.concat(withoutIpv4.stream(), Stream.of(line)).toList();
        List<ClassifiedRule> rules = RuleClassifier.classify(Listing.of(Family.IPV6, lines), SampleFacts.ALL)
                .rules();

        assertThat(rules)
                .filteredOn(r -> (r.rule().table() + " " + r.rule().spec()).equals(line))
                .hasSize(1);
        assertThat(rules).extracting(Described::of).contains(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            raw -A PREROUTING -d 172.17.0.2/32 ! -i docker0 -p tcp -m tcp --dport 80 -j DROP | DIRECT_ACCESS_DROP container=web network=bridge port=80/tcp
            raw -A PREROUTING -d 172.17.0.2/32 ! -i docker0 -j DROP | DIRECT_ACCESS_DROP container=web network=bridge
            raw -A PREROUTING -d 10.77.0.2/32 -i eth3 -j ACCEPT | TRUSTED_IF_ACCEPT container=rig network=lab
            raw -A PREROUTING -d 127.0.0.1/32 ! -i lo -p tcp -m tcp --dport 8081 -j DROP | LOOPBACK_PORT_DROP container=web network=bridge port=80/tcp host=127.0.0.1:8081/tcp
            raw -A PREROUTING -d 127.0.0.1/32 ! -i lo -p tcp -m tcp --dport 8089 -j DROP | LOOPBACK_PORT_DROP host=127.0.0.1:8089/tcp
            raw -A PREROUTING -d 127.0.0.1/32 -i loopback0 -p tcp -m tcp --dport 8081 -j ACCEPT | WSL2_LOOPBACK_ACCEPT container=web network=bridge port=80/tcp host=127.0.0.1:8081/tcp
            mangle -A POSTROUTING -p sctp -m sctp --sport 3868 -j CHECKSUM --checksum-fill | SCTP_CHECKSUM container=phone network=front port=3868/sctp
            mangle -A OUTPUT -p udp -m udp --dport 4789 -m u32 --u32 "0x0>>0x16&0x3c@0xc&0xffffff00=0x100000" -j MARK --set-xmark 0xd0c4e3/0xffffffff | OVERLAY_ENCRYPT_MARK
            filter -A INPUT -p udp -m policy --dir in --pol ipsec -m udp --dport 4789 -m u32 --u32 "0x0>>0x16&0x3c@0xc&0xffffff00=0x100000" -j ACCEPT | OVERLAY_IPSEC_ACCEPT
            filter -A INPUT -p udp -m udp --dport 4789 -m u32 --u32 "0x0>>0x16&0x3c@0xc&0xffffff00=0x100000" -j DROP | OVERLAY_PLAIN_DROP
            filter -A INPUT -p udp -m policy --dir in --pol none -m udp --dport 4789 -m u32 --u32 "0x0>>0x16&0x3c@0xc&0xffffff00=0x100000" -j DROP | OVERLAY_PLAIN_DROP
            """)
    void rawAndMangleAndOverlayRules(String line, String expected) {
        assertThat(Described.of(classify(Frame.BARE, Family.IPV4, line))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER-INGRESS | INGRESS_JUMP_PRE
            nat -A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER-INGRESS | INGRESS_JUMP_OUT
            nat -A DOCKER-INGRESS -p tcp -m tcp --dport 30000 -j DNAT --to-destination 172.18.0.2:30000 | INGRESS_DNAT network=docker_gwbridge host=*:30000/tcp
            nat -A DOCKER-INGRESS -j RETURN | CHAIN_RETURN
            nat -A POSTROUTING -o docker_gwbridge -m addrtype --src-type LOCAL -j MASQUERADE | HAIRPIN_HOST network=docker_gwbridge
            filter -A DOCKER-FORWARD -j DOCKER-INGRESS | INGRESS_FORWARD_JUMP
            filter -A FORWARD -j DOCKER-INGRESS | INGRESS_FORWARD_JUMP
            filter -A DOCKER-INGRESS -p tcp -m tcp --dport 30000 -j ACCEPT | INGRESS_ACCEPT host=*:30000/tcp
            filter -A DOCKER-INGRESS -p tcp -m tcp --sport 30000 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT | INGRESS_RETURN_TRAFFIC host=*:30000/tcp
            filter -A DOCKER-INGRESS -p tcp -m state --state RELATED,ESTABLISHED -m tcp --sport 30000 -j ACCEPT | INGRESS_RETURN_TRAFFIC host=*:30000/tcp
            filter -A DOCKER-INGRESS -j RETURN | CHAIN_RETURN
            """)
    void swarmRules(String line, String expected) {
        assertThat(Described.of(classify(Frame.SWARM, Family.IPV4, line))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            # The user's chain, whatever it holds.
            G3  | filter -A DOCKER-USER -i docker0 -o docker0 -j ACCEPT
            G3  | filter -A DOCKER-USER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
            G3  | filter -A DOCKER-USER -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
            G3  | filter -A DOCKER-USER -s 198.51.100.0/24 -j DROP
            G3  | filter -A DOCKER-USER -i eth0 -j RETURN
            # The user's rules in Docker's chains.
            G1  | filter -A DOCKER -o docker0 -j DROP
            G1  | filter -A DOCKER ! -s 10.0.0.0/8 -o docker0 -j DROP
            G1  | filter -A DOCKER ! -s 10.0.0.0/8 -i eth0 -j DROP
            G1  | filter -A DOCKER -i docker0 -j ACCEPT
            G3  | filter -A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80:90 -j ACCEPT
            G3  | filter -A DOCKER -s 198.51.100.7/32 -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
            G3  | filter -A DOCKER-ISOLATION-STAGE-1 ! -s 10.0.0.0/8 -o docker0 -j DROP
            G3  | filter -A DOCKER-CT -m conntrack --ctstate INVALID -j DROP
            G3  | filter -A DOCKER-FORWARD -i docker0 -m comment --comment mine -j ACCEPT
            G3  | filter -A DOCKER-FORWARD -i docker0 -o lab0 -j ACCEPT
            G3  | filter -A DOCKER-FORWARD -g DOCKER-CT
            G3  | filter -A DOCKER ! -i docker0 -o docker0 -j REJECT --reject-with icmp-port-unreachable
            NAT | nat -A DOCKER -i eth0 -j RETURN
            NAT | nat -A DOCKER -d 203.0.113.0/24 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
            NAT | nat -A DOCKER -p tcp -m tcp --dport 8080 -m comment --comment mine -j DNAT --to-destination 172.17.0.2:80
            NAT | nat -A DOCKER -s 198.51.100.0/24 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
            NAT | nat -A DOCKER -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2-172.17.0.9
            NAT | nat -A DOCKER -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80 --random
            # The user's rules in built-in chains.
            NAT | nat -A PREROUTING -p tcp -m tcp --dport 8443 -j DNAT --to-destination 172.17.0.2:443
            NAT | nat -A PREROUTING -d 203.0.113.10/32 ! -i docker0 -p tcp -m tcp --dport 8443 -j DNAT --to-destination 172.17.0.2:443
            NAT | nat -A PREROUTING -j DOCKER
            NAT | nat -A OUTPUT ! -d 10.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
            NAT | nat -A POSTROUTING -s 172.17.0.0/16 -o eth0 -j MASQUERADE
            NAT | nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE --random
            NAT | nat -A POSTROUTING -s 192.168.122.0/24 ! -o virbr0 -j MASQUERADE
            NAT | nat -A POSTROUTING -o eth0 -j MASQUERADE
            G1  | filter -A INPUT -j DOCKER-USER
            G1  | filter -A FORWARD -o docker0 -j DROP
            G1  | filter -A FORWARD -o docker0 -j ACCEPT
            G1  | filter -A FORWARD -i docker0 -j ACCEPT
            G1  | filter -A FORWARD -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
            G1  | filter -A FORWARD ! -s 172.29.0.0/24 -o br-f00000000002 -j DROP
            G1  | filter -A FORWARD -i virbr0 -o virbr0 -j ACCEPT
            G1  | filter -A FORWARD -o virbr0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
            G1  | filter -A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
            G4  | filter -A FORWARD -i docker0 ! -o docker0 -j ACCEPT
            G4  | filter -A FORWARD -i docker0 -o docker0 -j ACCEPT
            G4  | filter -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
            G4  | filter -A FORWARD -m mark --mark 0x1 -j ACCEPT
            BARE | raw -A PREROUTING -d 172.17.0.2/32 -i eth3 -j ACCEPT
            BARE | raw -A PREROUTING -d 127.0.0.0/8 ! -i lo -j DROP
            BARE | raw -A PREROUTING -d 172.17.0.2/32 ! -i eth0 -j DROP
            BARE | raw -A OUTPUT -d 172.17.0.2/32 ! -i docker0 -j DROP
            BARE | mangle -A POSTROUTING -p udp -m udp --sport 68 -j CHECKSUM --checksum-fill
            # Other programs.
            BARE | nat -A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
            BARE | nat -A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
            BARE | nat -A KUBE-SEP-ABCDEFGHIJKLMNOP -p tcp -m tcp -j DNAT --to-destination 10.244.0.5:8080
            BARE | filter -A KUBE-FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT
            BARE | filter -A KUBE-FIREWALL ! -s 127.0.0.0/8 -d 127.0.0.0/8 -j DROP
            BARE | filter -A FORWARD -j ufw-before-forward
            BARE | filter -A ufw-user-forward -i docker0 -o docker0 -j ACCEPT
            BARE | filter -A ufw-user-forward -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
            BARE | filter -A FWDI_docker -i docker0 -j ACCEPT
            BARE | filter -A LIBVIRT_FWX -i virbr0 -o virbr0 -j ACCEPT
            BARE | security -A FORWARD -i docker0 -o docker0 -j ACCEPT
            """)
    void lookAlikesStayForeign(Frame frame, String line) {
        assertThat(Described.of(classify(frame, Family.IPV4, line))).isEqualTo("FOREIGN");
    }

    @Test
    void namesWithoutFactsAreEnoughForRolesButNotForSubjects() {
        List<String> lines = new ArrayList<>(Frame.G3.lines);
        lines.add("filter -A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT");
        Classification classification = RuleClassifier.classify(Listing.of(Family.IPV4, lines), DockerFacts.NONE);

        assertThat(classification.foreign()).isEmpty();
        assertThat(classification.rules()).allMatch(r -> r.container() == null && r.network() == null);
        assertThat(classification.withRole(RuleRole.PORT_ACCEPT))
                .extracting(Described::of)
                .containsExactly("PORT_ACCEPT port=80/tcp");
    }

    @Test
    void trustOfAnUnknownNetworkTakesTheDropThatItExemptsFrom() {
        String accept = "raw -A PREROUTING -d 172.99.0.2/32 -i eth3 -j ACCEPT";
        String drop = "raw -A PREROUTING -d 172.99.0.2/32 ! -i br-dead00000001 -j DROP";

        assertThat(roles(accept)).containsExactly(RuleRole.FOREIGN);
        assertThat(roles(accept, drop)).containsExactly(RuleRole.TRUSTED_IF_ACCEPT, RuleRole.DIRECT_ACCESS_DROP);
    }

    @Test
    void anUpgradeLeavesBlocksThatAreToldByTheirJump() {
        List<String> lines = new ArrayList<>(Frame.G4.lines);
        lines.addAll(List.of(
                "filter -A FORWARD -j DOCKER-ISOLATION-STAGE-1",
                "filter -A FORWARD -o lab0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
                "filter -A FORWARD -o lab0 -j DOCKER",
                "filter -A FORWARD -i lab0 ! -o lab0 -j ACCEPT",
                "filter -A FORWARD -i lab0 -o lab0 -j ACCEPT",
                "filter -A FORWARD -i br-f00000000002 -o br-f00000000002 -j ACCEPT",
                "filter -A DOCKER-INTERNAL ! -s 172.29.0.0/24 -o br-f00000000002 -j DROP",
                "filter -A FORWARD -i docker0 ! -o docker0 -j ACCEPT"));
        Classification classification = RuleClassifier.classify(Listing.of(Family.IPV4, lines), SampleFacts.ALL);

        assertThat(classification.foreign())
                .extracting(r -> r.rule().spec())
                .containsExactly("-A FORWARD -i docker0 ! -o docker0 -j ACCEPT");
        assertThat(classification.rules().stream()
                        .filter(r -> SampleFacts.LAB.equals(r.network()))
                        .map(ClassifiedRule::role))
                .containsExactly(
                        RuleRole.RETURN_TRAFFIC, RuleRole.PORT_JUMP, RuleRole.OUTBOUND_ACCEPT, RuleRole.ICC_ACCEPT);
        assertThat(classification.withRole(RuleRole.ICC_ACCEPT))
                .extracting(Described::of)
                .contains("ICC_ACCEPT network=vault");
        assertThat(classification.layout()).isEqualTo(Layout.MIXED);
    }

    @Test
    void orderDoesNotMatter() {
        List<String> lines = new ArrayList<>(Frame.G1.lines);
        lines.addAll(Frame.NAT.lines);
        lines.add("filter -A FORWARD -i docker0 -o docker0 -j ACCEPT");
        lines.add("nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80");
        List<String> backwards = new ArrayList<>(lines);
        Collections.reverse(backwards);

        assertThat(roles(backwards.toArray(String[]::new)))
                .containsExactlyInAnyOrder(roles(lines.toArray(String[]::new)).toArray(RuleRole[]::new));
        assertThat(roles(lines.toArray(String[]::new))).doesNotContain(RuleRole.FOREIGN);
    }

    @Test
    void rulesThatNoJumpLeadsToKeepTheirRoleAndSaySo() {
        ClassifiedRule lost = classify(
                Frame.BARE,
                Family.IPV4,
                "nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80");
        ClassifiedRule drop =
                classify(Frame.BARE, Family.IPV4, "filter -A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP");

        assertThat(lost.role()).isEqualTo(RuleRole.PORT_DNAT);
        assertThat(lost.isReachable()).isFalse();
        assertThat(drop.role()).isEqualTo(RuleRole.ISOLATION_DROP);
        assertThat(drop.isReachable()).isFalse();
    }

    @Test
    void aChainOfDockersNameUnderAnotherHookIsNotDockers() {
        assertThat(roles("filter -A INPUT -j DOCKER-CT", "filter -A DOCKER-CT -o docker0 -j DROP"))
                .containsExactly(RuleRole.FOREIGN, RuleRole.FOREIGN);
    }

    @Test
    void hooksFollowTheJumps() {
        ClassifiedRule dnat = classify(
                Frame.NAT,
                Family.IPV4,
                "nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80");
        ClassifiedRule isolation =
                classify(Frame.G3, Family.IPV4, "filter -A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP");

        assertThat(dnat.hooks()).containsExactlyInAnyOrder(Hook.PREROUTING, Hook.OUTPUT);
        assertThat(isolation.hooks()).containsExactly(Hook.FORWARD);
    }

    @Test
    void jumpsInACircleEnd() {
        assertThat(roles("filter -A FORWARD -j A1", "filter -A A1 -j A2", "filter -A A2 -j A1"))
                .containsOnly(RuleRole.FOREIGN);
    }

    private static List<RuleRole> roles(String... lines) {
        return RuleClassifier.classify(Listing.of(Family.IPV4, List.of(lines)), SampleFacts.ALL).rules().stream()
                .map(ClassifiedRule::role)
                .toList();
    }
}
