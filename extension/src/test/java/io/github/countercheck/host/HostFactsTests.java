// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.host.HostFacts.Listener;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Transport;
import java.net.InetAddress;
import org.junit.jupiter.api.Test;

/** What a namespace of Linux 6.18 printed, with a bridge, a cable, a blackhole, a rule by mark, and two that listen. */
class HostFactsTests {

    private static final HostFacts FACTS = HostFacts.parse("""
            == sysctl
            ipv4/ip_forward:0
            ipv4/conf/all/rp_filter:0
            ipv4/conf/eth0.5/rp_filter:1
            netfilter/nf_conntrack_max:262144
            == link
            1: lo: <LOOPBACK,UP,LOWER_UP> mtu 65536 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000\\    link/loopback 00:00:00:00:00:00 brd 00:00:00:00:00:00
            2: br0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc noqueue state UNKNOWN mode DEFAULT group default qlen 1000\\    link/ether 06:b1:cf:06:f8:89 brd ff:ff:ff:ff:ff:ff
            4: ccp1@ccp2: <BROADCAST,MULTICAST> mtu 600 qdisc noqueue state UP mode DEFAULT group default qlen 1000\\    link/ether ce:2f:ec:c6:7f:cd brd ff:ff:ff:ff:ff:ff
            == address
            1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever
            2: br0    inet 172.17.0.1/16 scope global br0\\       valid_lft forever preferred_lft forever
            2: br0    inet6 fe80::4b1:cfff:fe06:f889/64 scope link \\       valid_lft forever preferred_lft forever
            4: ccp1    inet 198.18.200.1/30 scope global ccp1\\       valid_lft forever preferred_lft forever
            == route
            4 default via 198.18.200.2 dev ccp1\s
            4 172.17.0.0/16 dev br0 proto kernel scope link src 172.17.0.1\s
            4 blackhole 203.0.113.9\s
            4 192.0.2.0/24 dev ccp1 table 77 scope link\s
            4 local 172.17.0.1 dev br0 table local proto kernel scope host src 172.17.0.1\s
            6 default via fe80::2 dev ccp1 metric 1024 pref medium
            == rule
            0:	from all lookup local
            77:	from all fwmark 0x4d lookup 77
            32766:	from all lookup main
            32767:	from all lookup default
            == neighbour
            172.17.0.2 dev br0 lladdr 02:42:ac:11:00:02 PERMANENT\s
            172.17.0.9 dev br0  FAILED\s
            == socket
            tcp   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
            tcp    0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4447610 1 000000006f350946 100 0 0 10 0
            tcp    1: 0100007F:1F90 0100007F:C350 01 00000000:00000000 00:00000000 00000000     0        0 4447611 1 000000006f350946 100 0 0 10 0
            tcp6    0: 00000000000000000000000001000000:1F91 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4448320 1 0000000028ae52d8 100 0 0 10 0
            == queue
            qdisc noqueue 0: dev br0 root refcnt 2\s
             Sent 0 bytes 0 pkt (dropped 0, overlimits 0 requeues 0)\s
            qdisc bfifo 8001: dev ccp1 root refcnt 2 limit 1b
             Sent 0 bytes 0 pkt (dropped 3, overlimits 0 requeues 0)\s
            == flow
            """);

    private static InetAddress address(String text) {
        return Cidr.parseAddress(text);
    }

    @Test
    void settingsAreNamedAsSysctlDoes() {
        assertThat(FACTS.setting("net.ipv4.ip_forward")).hasValue(0);
        assertThat(FACTS.setting("net.ipv4.conf.eth0/5.rp_filter")).hasValue(1);
        assertThat(FACTS.setting("net.netfilter.nf_conntrack_count")).isEmpty();
    }

    @Test
    void devicesHaveTheirAddresses() {
        assertThat(FACTS.linkTo(address("198.18.200.2")).orElseThrow().name()).isEqualTo("ccp1");
        assertThat(FACTS.linkTo(address("192.0.2.1"))).isEmpty();
        assertThat(FACTS.link("ccp1").orElseThrow())
                .satisfies(link -> assertThat(link.mtu()).isEqualTo(600))
                .satisfies(link -> assertThat(link.up()).isFalse())
                .satisfies(link -> assertThat(link.mac()).isEqualTo("ce:2f:ec:c6:7f:cd"));
    }

    @Test
    void theNarrowestRouteLeads() {
        assertThat(FACTS.route(address("172.17.0.2")).orElseThrow().device()).isEqualTo("br0");
        assertThat(FACTS.route(address("172.17.0.1")).orElseThrow().type()).isEqualTo("local");
        assertThat(FACTS.route(address("203.0.113.9")).orElseThrow().leadsNowhere())
                .isTrue();
        assertThat(FACTS.route(address("192.0.2.1")).orElseThrow().device()).isEqualTo("ccp1");
        assertThat(FACTS.route(address("2001:db8::1")).orElseThrow().device()).isEqualTo("ccp1");
        assertThat(FACTS.policies()).containsExactly("77:\tfrom all fwmark 0x4d lookup 77");
    }

    @Test
    void neighboursSocketsAndQueuesAreThere() {
        assertThat(FACTS.neighbour(address("172.17.0.2")).orElseThrow().mac()).isEqualTo("02:42:ac:11:00:02");
        assertThat(FACTS.neighbour(address("172.17.0.9")).orElseThrow().state()).isEqualTo("FAILED");
        assertThat(FACTS.listeners())
                .containsExactly(
                        new Listener(Transport.TCP, address("0.0.0.0"), 8080),
                        new Listener(Transport.TCP, address("::1"), 8081));
        assertThat(FACTS.queues()).containsExactly("qdisc bfifo 8001: dev ccp1 root refcnt 2 limit 1b (dropped 3)");
    }

    @Test
    void whatCannotBeReadIsNotThere() {
        assertThat(HostFacts.parse("")).isEqualTo(HostFacts.UNKNOWN);
        assertThat(HostFacts.parse("== link\nnonsense\n== route\n4 x y z\n== neighbour\nq\n== socket\ntcp 0: zz:zz\n"))
                .isEqualTo(HostFacts.UNKNOWN);
    }
}
