// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.IptablesSaveParser;
import io.github.countercheck.ruleset.NftJsonParser;
import io.github.countercheck.ruleset.RuleMemory;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.walk.Packet;
import io.github.countercheck.walk.PacketWalk.Endpoint;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What benchmarks work on. */
@State(Scope.Benchmark)
public class Listings {

    @Param({"30", "300", "3000", "30000"})
    int rules = 30;

    String save = "";
    String json = "";
    String jsonLater = "";
    RuleMemory memory = new RuleMemory();
    private boolean isLater;
    byte[] jsonBytes = {};
    DockerFacts facts = DockerFacts.NONE;
    DockerFacts allFacts = DockerFacts.NONE;
    List<Ruleset> ofIptables = List.of();
    List<Ruleset> ofNftables = List.of();
    CounterSnapshot before = new CounterSnapshot(Instant.EPOCH, List.of());
    CounterSnapshot after = before;

    /** Makes them, once for each number of rules. */
    @Setup
    public void make() {
        RulesetOfSize size = new RulesetOfSize(rules);
        save = size.iptablesSave();
        json = size.nftJson();
        jsonLater = size.nftJsonLater();
        memory = new RuleMemory();
        jsonBytes = json.getBytes(StandardCharsets.UTF_8);
        facts = size.factsForAnAssertion();
        allFacts = size.facts();
        ofIptables = List.of(parsed(save));
        ofNftables = NftJsonParser.parse(json).rulesets();
        before = new CounterSnapshot(Instant.EPOCH, ofIptables);
        after = new CounterSnapshot(Instant.EPOCH, List.of(parsed(size.iptablesSaveLater())));
    }

    /** Returns one listing and the one after it in turn. */
    String nextJson() {
        isLater = !isLater;
        return isLater ? jsonLater : json;
    }

    static Ruleset parsed(String save) {
        return IptablesSaveParser.parse(Family.IPV4, Backend.IPTABLES_NFT, save);
    }

    /** Returns the first packet of a flow to the port whose rules come last. */
    Packet packet() {
        return Packet.first(Transport.TCP, source(), destination(), "uplink");
    }

    Endpoint source() {
        return new Endpoint(Cidr.parseAddress("203.0.113.20"), 21_000);
    }

    Endpoint destination() {
        return new Endpoint(Cidr.parseAddress("203.0.113.10"), new RulesetOfSize(rules).lastPort());
    }
}
