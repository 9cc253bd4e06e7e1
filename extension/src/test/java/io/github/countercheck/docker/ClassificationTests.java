// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.ruleset.Captures;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Counter;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Transport;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The questions that assertions ask, each answered by the one rule or by none. */
class ClassificationTests {

    private final Classification proxyOff = capture("docker-28.5-iptables-nft/userland-proxy-off");
    private final ContainerFacts web1 = proxyOff.facts().container("web1").orElseThrow();
    private final ContainerFacts web2 = proxyOff.facts().container("web2").orElseThrow();
    private final ContainerFacts db1 = proxyOff.facts().container("db1").orElseThrow();
    private final NetworkFacts bridge = proxyOff.facts().network("bridge").orElseThrow();
    private final NetworkFacts back = proxyOff.facts().network("back").orElseThrow();
    private final NetworkFacts vault = proxyOff.facts().network("vault").orElseThrow();

    private static Classification capture(String daemon) {
        return CapturedFacts.classify(Captures.dump(daemon + "/1-published.iptables-save.txt"));
    }

    private static List<String> specs(List<ClassifiedRule> rules) {
        return rules.stream().map(r -> r.rule().table() + " " + r.rule().spec()).toList();
    }

    @Test
    void rulesOfAPort() {
        assertThat(specs(proxyOff.dnat(web1, Transport.TCP, 80)))
                .containsExactly("nat -A DOCKER -p tcp -m tcp --dport 32768 -j DNAT --to-destination 172.17.0.2:80");
        assertThat(specs(proxyOff.dnat(web2, Transport.UDP, 53)))
                .containsExactly("nat -A DOCKER -p udp -m udp --dport 9053 -j DNAT --to-destination 172.30.0.2:53");
        assertThat(specs(proxyOff.portAccept(web1, Transport.TCP, 80)))
                .containsExactly(
                        "filter -A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT");
        assertThat(specs(proxyOff.hairpinSelf(web1, Transport.TCP, 80)))
                .containsExactly("nat -A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80"
                        + " -j MASQUERADE");
    }

    @Test
    void noRulesOfAPortThatIsNotPublished() {
        assertThat(proxyOff.dnat(web1, Transport.UDP, 80)).isEmpty();
        assertThat(proxyOff.dnat(web1, Transport.TCP, 81)).isEmpty();
        assertThat(proxyOff.dnat(web1, Transport.TCP, 32768)).isEmpty();
        assertThat(proxyOff.portAccept(db1, Transport.TCP, 80)).isEmpty();
    }

    @Test
    void rulesOfAContainersNetwork() {
        assertThat(specs(proxyOff.returnTraffic(web1)))
                .containsExactly("filter -A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT");
        assertThat(specs(proxyOff.outboundAccept(web1)))
                .containsExactly("filter -A DOCKER-FORWARD -i docker0 -j ACCEPT");
        assertThat(specs(proxyOff.hairpinHost(web1)))
                .containsExactly("nat -A POSTROUTING -o docker0 -m addrtype --src-type LOCAL -j MASQUERADE");
        assertThat(proxyOff.returnTraffic(db1)).isEmpty();
        assertThat(proxyOff.outboundAccept(db1)).isEmpty();
    }

    @Test
    void masqueradeBySubnetNetworkAndContainer() {
        List<ClassifiedRule> expected = proxyOff.masquerade(Cidr.parse("172.17.0.0/16"));

        assertThat(specs(expected)).containsExactly("nat -A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE");
        assertThat(proxyOff.masquerade(bridge)).isEqualTo(expected);
        assertThat(proxyOff.masquerade(web1)).isEqualTo(expected);
        assertThat(proxyOff.masquerade(Cidr.parse("172.17.0.0/24"))).isEmpty();
        assertThat(capture("docker-28.5-iptables-nft/ip-masq-off").masquerade(Cidr.parse("172.17.0.0/16")))
                .isEmpty();
    }

    @Test
    void isolation() {
        assertThat(proxyOff.isolation(bridge, back))
                .extracting(ClassifiedRule::role)
                .containsExactlyInAnyOrder(
                        RuleRole.DIRECT_ACCESS_DROP, RuleRole.UNPUBLISHED_DROP, RuleRole.ISOLATION_DROP);
        assertThat(proxyOff.isolation(vault, bridge))
                .extracting(ClassifiedRule::role)
                .contains(RuleRole.INTERNAL_OUT_DROP);
        assertThat(proxyOff.isolation(bridge, vault))
                .extracting(ClassifiedRule::role)
                .containsExactly(RuleRole.INTERNAL_IN_DROP);
    }

    @Test
    void theSameQuestionsOfNftables() {
        Classification nft = CapturedFacts.classifyNft(
                Captures.dump("docker-29.7-nftables/userland-proxy-off/1-published.nft.json"), Family.IPV4);
        ContainerFacts web = nft.facts().container("web1").orElseThrow();
        ContainerFacts db = nft.facts().container("db1").orElseThrow();
        NetworkFacts front = nft.facts().network("front").orElseThrow();
        NetworkFacts vaultOfNft = nft.facts().network("vault").orElseThrow();

        assertThat(specs(nft.dnat(web, Transport.TCP, 80)))
                .containsExactly("docker-bridges tcp dport 32768 dnat to 172.17.0.2:80 comment \"DNAT\"");
        assertThat(specs(nft.portAccept(web, Transport.TCP, 80)))
                .containsExactly("docker-bridges ip daddr 172.17.0.2 tcp dport 80 accept");
        assertThat(specs(nft.returnTraffic(web))).containsExactly("docker-bridges ct state established,related accept");
        assertThat(specs(nft.outboundAccept(web))).containsExactly("docker-bridges accept comment \"OUTGOING\"");
        assertThat(nft.outboundAccept(db)).isEmpty();
        assertThat(specs(nft.hairpinHost(web)))
                .containsExactly("docker-bridges fib saddr type local masquerade comment \"MASQUERADE FROM HOST\"");
        assertThat(nft.hairpinSelf(web, Transport.TCP, 80)).hasSize(1);
        assertThat(nft.masquerade(web))
                .isEqualTo(nft.masquerade(Cidr.parse("172.17.0.0/16")))
                .isEqualTo(nft.masquerade(nft.facts().network("bridge").orElseThrow()))
                .hasSize(1);
        assertThat(nft.isolation(nft.facts().network("bridge").orElseThrow(), front))
                .extracting(ClassifiedRule::role)
                .containsExactlyInAnyOrder(RuleRole.DIRECT_ACCESS_DROP, RuleRole.UNPUBLISHED_DROP);
        assertThat(nft.isolation(vaultOfNft, front))
                .extracting(ClassifiedRule::role)
                .contains(RuleRole.INTERNAL_OUT_DROP);
        assertThat(nft.isolation(front, vaultOfNft))
                .extracting(ClassifiedRule::role)
                .containsExactly(RuleRole.INTERNAL_IN_DROP);
    }

    @Test
    void aContainerIsTheSameAfterItChanged() {
        ContainerFacts moved = new ContainerFacts(web1.id(), "renamed", "bridge", 1, List.of(), List.of());

        assertThat(proxyOff.dnat(moved, Transport.TCP, 80)).hasSize(1);
    }

    @Test
    void aRuleIsFoundWhateverItCounted() {
        Rule rule = proxyOff.dnat(web1, Transport.TCP, 80).get(0).rule();

        assertThat(proxyOff.of(rule.withCounter(new Counter(99, 9900))))
                .map(ClassifiedRule::role)
                .contains(RuleRole.PORT_DNAT);
        assertThat(proxyOff.of(new Rule("nat", "OTHER", null, rule.matches(), rule.target())))
                .isEmpty();
    }

    @Test
    void oneRuleForAllBridgesServesEveryContainer() {
        Classification engine28 = classify(
                "filter -A FORWARD -m set --match-set docker-ext-bridges-v4 dst -m conntrack"
                        + " --ctstate RELATED,ESTABLISHED -j ACCEPT",
                "filter -A FORWARD -j DOCKER-ISOLATION-STAGE-1",
                "filter -A FORWARD -m set --match-set docker-ext-bridges-v4 dst -j DOCKER",
                "filter -A FORWARD -i docker0 -j ACCEPT");

        assertThat(engine28.returnTraffic(SampleFacts.WEB)).hasSize(1);
        assertThat(engine28.returnTraffic(SampleFacts.PHONE)).hasSize(1);
        assertThat(engine28.outboundAccept(SampleFacts.WEB)).hasSize(1);
        assertThat(engine28.outboundAccept(SampleFacts.PHONE)).isEmpty();
        assertThat(engine28.layout()).isEqualTo(Layout.G2);
    }

    @Test
    void anUnprotectedNetworkLetsEveryPortIn() {
        Classification unprotected = classify(
                "filter -A DOCKER-BRIDGE -o docker0 -j DOCKER", "filter -A DOCKER ! -i docker0 -o docker0 -j ACCEPT");

        assertThat(unprotected.portAccept(SampleFacts.WEB, Transport.TCP, 80))
                .extracting(ClassifiedRule::role)
                .containsExactly(RuleRole.UNPROTECTED_ACCEPT);
        assertThat(unprotected.portAccept(SampleFacts.PHONE, Transport.TCP, 80)).isEmpty();
        assertThat(unprotected.layout()).isEqualTo(Layout.NONE);
    }

    private static Classification classify(String... lines) {
        return RuleClassifier.classify(Listing.of(Family.IPV4, List.of(lines)), SampleFacts.ALL);
    }
}
