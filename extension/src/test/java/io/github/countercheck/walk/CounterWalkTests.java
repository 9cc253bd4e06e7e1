// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.countercheck.docker.CapturedFacts;
import io.github.countercheck.ruleset.Captures;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.snapshot.CounterSnapshot;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class CounterWalkTests {

    private static List<String> walk(String capture, String ending, Function<String, Ruleset> read) {
        Observation observation = Observation.of(
                Set.of(Family.IPV4),
                new CounterSnapshot(Instant.EPOCH, List.of(read.apply(capture + "/1-published" + ending))),
                new CounterSnapshot(Instant.EPOCH, List.of(read.apply(capture + "/2-inbound" + ending))),
                CapturedFacts.of(Captures.dump(capture + "/1-published" + ending)));
        return Arrays.stream(CounterWalk.of(observation).inLines().stripIndent().split("\n", -1))
                .map(line -> line.replaceAll(" +", " ").strip())
                .toList();
    }

    @Test
    void jumpsAreFollowedInTheOrderOfHooks() {
        List<String> walk = walk(
                "docker-28.5-iptables-nft/default", ".iptables-save.txt", name -> Captures.parse(Captures.dump(name)));

        assertThat(walk)
                .containsSubsequence(
                        "nat/PREROUTING #1 +5 15 -> 20 -m addrtype --dst-type LOCAL -j DOCKER # NAT_JUMP_PRE",
                        "nat/DOCKER #4 +3 0 -> 3 ! -i docker0 -p tcp -m tcp --dport 32768 -j DNAT --to-destination 172.17.0.2:80"
                                + " # PORT_DNAT web1 80/tcp",
                        "filter/DOCKER #4 +3 0 -> 3 -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT"
                                + " # PORT_ACCEPT web1 80/tcp");
    }

    /** The map that leads from one chain to the next counts nothing; what moved behind it shows that it was asked. */
    @Test
    void verdictMapsAreFollowed() {
        List<String> walk = walk(
                "docker-29.7-nftables/default",
                ".nft.json",
                name -> Captures.parseNft(Captures.dump(name), Family.IPV4));

        assertThat(walk)
                .containsSubsequence(
                        "ip docker-bridges/nat-PREROUTING #1 +5 16 -> 21 fib daddr type local jump nat-prerouting-and-output #"
                                + " NAT_JUMP_PRE",
                        "ip docker-bridges/nat-prerouting-and-output #1 +3 0 -> 3 iifname != \"docker0\" tcp dport 32768 dnat to"
                                + " 172.17.0.2:80 comment \"DNAT\" # PORT_DNAT web1 80/tcp",
                        "ip docker-bridges/filter-FORWARD #1 oifname vmap @filter-forward-in-jumps # BRIDGE_DISPATCH",
                        "ip docker-bridges/filter-forward-in__docker0 #3 +3 0 -> 3 ip daddr 172.17.0.2 tcp dport 80 accept #"
                                + " PORT_ACCEPT web1 80/tcp");
    }
}
