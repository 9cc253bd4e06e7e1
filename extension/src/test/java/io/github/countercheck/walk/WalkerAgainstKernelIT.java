// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Chain;
import io.github.countercheck.ruleset.Counter;
import io.github.countercheck.ruleset.RandomRulesets;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Table;
import io.github.countercheck.walk.PacketWalk.Fate;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Sends packets through the real kernel, by rules made up, and compares with the simulation which rules counted and where
 * each packet ended. {@code -Dcountercheck.seed=} repeats a case, {@code -Dcountercheck.cases=} runs more.
 */
class WalkerAgainstKernelIT {

    private static final int CASES = Integer.getInteger("countercheck.cases", 8);
    private static final int PACKETS = Integer.getInteger("countercheck.packets", 12);

    @BeforeAll
    static void needsTools() throws Exception {
        Process process = new ProcessBuilder(
                        "unshare",
                        "-n",
                        "sh",
                        "-c",
                        "for t in iptables-nft-restore iptables-legacy-restore nft ip nsenter socat; do command -v $t || exit 1; done")
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        assumeTrue(process.waitFor() == 0, "needs root, unshare, iptables, nft, iproute2 and socat");
    }

    static LongStream seeds() {
        return RandomRulesets.seeds(CASES);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void theKernelDoesTheSame(long seed) throws IOException {
        RandomFirewall firewall = new RandomFirewall(seed);
        try (KernelLab lab = new KernelLab()) {
            String commands = firewall.commands();
            assertThat(lab.run(commands)).as("seed %d: %s", seed, commands).isEmpty();
            RulesetWalker walker = RulesetWalker.of(lab.rulesets(), DockerFacts.NONE, KernelLab.ROUTING);
            List<Packet> packets = new ArrayList<>();
            Map<String, Long> counted = new TreeMap<>();
            Set<String> ended = new HashSet<>();
            StringBuilder walks = new StringBuilder();
            while (packets.size() < PACKETS) {
                Packet packet = firewall.packet();
                PacketWalk walk = walker.walk(packet);
                if (dependsOnChosenAddress(walk)) {
                    continue;
                }
                assertThat(walk.fate())
                        .as("seed %d: %s: %s\n%s", seed, packet, walk.reason(), commands)
                        .isNotEqualTo(Fate.UNDECIDED);
                assertThat(walk.assumptions()).as("seed %d: %s", seed, packet).isEmpty();
                packets.add(packet);
                walk.steps().stream()
                        .filter(WalkerAgainstKernelIT::counts)
                        .forEach(step -> counted.merge(key(step), 1L, Long::sum));
                if (walk.fate() == Fate.ACCEPTED) {
                    ended.add(end(packet, walk));
                }
                walks.append(describe(packet, walk));
            }

            lab.send(packets);

            String told = "seed " + seed + "\n" + commands + "\n" + walks;
            assertThat(differences(counted, counters(lab.rulesets()))).as(told).isEmpty();
            assertThat(lab.ended()).as(told).isEqualTo(ended);
        }
    }

    private static List<String> differences(Map<String, Long> simulated, Map<String, Long> counted) {
        Set<String> keys = new TreeSet<>(simulated.keySet());
        keys.addAll(counted.keySet());
        return keys.stream()
                .filter(k -> !Objects.equals(simulated.get(k), counted.get(k)))
                .map(k -> k + ": simulated " + simulated.get(k) + ", counted " + counted.get(k))
                .toList();
    }

    /** The policies of nf_tables do not count, nor do rules without a counter. */
    private static boolean counts(PacketWalk.Step step) {
        return step.rule() == null
                ? step.backend() == Backend.IPTABLES_LEGACY
                : step.rule().rule().counter() != null;
    }

    /** Which of its addresses the host takes when it masquerades what it sends to itself is not known. */
    private static boolean dependsOnChosenAddress(PacketWalk walk) {
        return walk.fate() == Fate.UNDECIDED
                ? walk.reason().contains("translat")
                : walk.source() == null || walk.destination() == null;
    }

    private static String describe(Packet packet, PacketWalk walk) {
        return packet.protocol() + " " + packet.source() + " -> " + packet.destination() + " iif "
                + packet.inputDevice()
                + " => " + walk.fate() + " " + walk.source() + " -> " + walk.destination() + "\n"
                + walk.steps().stream()
                        .map(s -> "    " + s.hook() + " " + key(s) + "  " + s.text() + "  " + s.verdict() + "\n")
                        .collect(Collectors.joining());
    }

    private static String key(PacketWalk.Step step) {
        return key(step.backend() + " " + step.family(), step.table(), step.chain(), step.position());
    }

    private static String key(String ruleset, String table, String chain, int position) {
        return ruleset + " " + table + "/" + chain + " #" + position;
    }

    private static String end(Packet packet, PacketWalk walk) {
        return packet.protocol() + " " + walk.source() + " " + walk.destination();
    }

    private static Map<String, Long> counters(List<Ruleset> rulesets) {
        Map<String, Long> counters = new TreeMap<>();
        for (Ruleset ruleset : rulesets) {
            String name = ruleset.backend() + " " + ruleset.family();
            for (Table table : ruleset.tables()) {
                for (Chain chain : table.chains()) {
                    int position = 0;
                    for (Rule rule : chain.rules()) {
                        position++;
                        put(counters, key(name, table.name(), chain.name(), position), rule.counter());
                    }
                    if (ruleset.backend() == Backend.IPTABLES_LEGACY && chain.base() != null) {
                        put(counters, key(name, table.name(), chain.name(), 0), chain.counter());
                    }
                }
            }
        }
        return counters;
    }

    private static void put(Map<String, Long> counters, String key, Counter counter) {
        if (counter != null && counter.packets() > 0) {
            counters.put(key, counter.packets());
        }
    }
}
