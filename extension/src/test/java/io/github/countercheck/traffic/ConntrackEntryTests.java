// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.traffic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.countercheck.ruleset.Captures;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Transport;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Lines that real kernels and tools printed, and what was done to the flows they are about. */
class ConntrackEntryTests {

    static List<Path> captures() throws IOException {
        try (Stream<Path> files = Files.walk(Captures.dump(""))) {
            List<Path> found =
                    files.filter(f -> f.endsWith("conntrack.txt")).sorted().toList();
            assertThat(found).hasSizeGreaterThanOrEqualTo(20);
            return found;
        }
    }

    private static List<String> listing(String name) throws IOException {
        return Files.readAllLines(Captures.dump("").resolveSibling("conntrack").resolve(name + ".txt"));
    }

    @ParameterizedTest
    @MethodSource("captures")
    void readsWhatIsTrackedOnADockerHost(Path capture) throws IOException {
        List<ConntrackEntry> entries =
                Files.readAllLines(capture).stream().map(ConntrackEntry::parse).toList();

        assertThat(entries).hasSizeGreaterThan(40);
        // The peer called the published port 8080, whatever the daemon's configuration.
        assertThat(entries)
                .filteredOn(entry -> entry.original().source().equals(Cidr.parseAddress("203.0.113.20"))
                        && entry.original().destinationPort() == 8080)
                .isNotEmpty()
                .allSatisfy(entry -> {
                    assertThat(entry.isDnat()).isTrue();
                    assertThat(entry.isSnat()).isFalse();
                    assertThat(entry.translatedTo())
                            .isEqualTo(new InetSocketAddress(Cidr.parseAddress("172.30.0.2"), 80));
                    assertThat(entry.assured()).isTrue();
                });
        // What a container sent to the peer was masqueraded, or not where "ip-masq" is off.
        assertThat(entries)
                .filteredOn(entry -> entry.original().source().equals(Cidr.parseAddress("172.17.0.2"))
                        && entry.original().destination().equals(Cidr.parseAddress("203.0.113.20")))
                .isNotEmpty()
                .allSatisfy(entry -> {
                    boolean masqueraded = !capture.toString().contains("ip-masq-off");
                    assertThat(entry.isSnat()).isEqualTo(masqueraded);
                    assertThat(entry.sourceAs().getAddress())
                            .isEqualTo(Cidr.parseAddress(masqueraded ? "203.0.113.10" : "172.17.0.2"));
                    assertThat(entry.unreplied()).isEqualTo(!masqueraded);
                });
    }

    @ParameterizedTest
    @ValueSource(strings = {"list", "list-extended", "list-extended-id"})
    void eachListingOfTheSameFlowsReadsTheSame(String name) throws IOException {
        assertThat(listing(name).stream().map(ConntrackEntry::parse))
                .containsExactlyElementsOf(
                        listing("proc").stream().map(ConntrackEntry::parse).toList());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "sport=20099 | tcp TIME_WAIT src=192.0.2.1 dst=192.0.2.1 sport=20099 dport=99 src=192.0.2.1 dst=192.0.2.1"
                        + " sport=99 dport=20099 [ASSURED]",
                "sport=20187 | tcp TIME_WAIT src=2001:db8::1 dst=2001:db8::1 sport=20187 dport=187 src=2001:db8::1"
                        + " dst=2001:db8::1 sport=187 dport=20187 [ASSURED]",
                "sport=20089 | udp src=2001:db8::1 dst=2001:db8::1 sport=20089 dport=88 src=2001:db8::1 dst=2001:db8::1"
                        + " sport=88 dport=20089",
                "sport=20090 | sctp CLOSED src=192.0.2.1 dst=192.0.2.1 sport=20090 dport=89 [UNREPLIED] src=192.0.2.1"
                        + " dst=192.0.2.1 sport=89 dport=20090",
                "type=128 | icmpv6 src=2001:db8::1 dst=2001:db8::1 type=128 code=0 id=4242 src=2001:db8::1"
                        + " dst=2001:db8::1 type=129 code=0 id=4242",
                "srckey= | gre src=192.0.2.1 dst=192.0.2.1 srckey=0x0 dstkey=0x0 [UNREPLIED] src=192.0.2.1 dst=192.0.2.1"
                        + " srckey=0x0 dstkey=0x0",
                "dport=4 | tcp ESTABLISHED src=192.0.2.1 dst=192.0.2.9 sport=1 dport=4 src=192.0.2.7 dst=192.0.2.1 sport=4"
                        + " dport=1 [ASSURED] mark=42",
                "zone=9 | tcp SYN_SENT2 src=192.0.2.1 dst=192.0.2.2 sport=1 dport=2 src=192.0.2.2 dst=192.0.2.1 sport=2"
                        + " dport=1 zone=9",
                "zone-orig=8 | tcp SYN_SENT2 src=192.0.2.1 dst=192.0.2.2 sport=1 dport=2 src=192.0.2.2 dst=192.0.2.1"
                        + " sport=2 dport=1 zone=8",
                "zone-reply=8 | tcp SYN_SENT2 src=192.0.2.1 dst=192.0.2.2 sport=1 dport=3 src=192.0.2.2 dst=192.0.2.1"
                        + " sport=3 dport=1",
            })
    void printsWhatMatters(String word, String text) throws IOException {
        assertThat(listing("proc"))
                .filteredOn(line -> Arrays.asList(line.split(" ")).stream()
                        .anyMatch(found -> word.endsWith("=") ? found.startsWith(word) : found.equals(word)))
                .map(line -> ConntrackEntry.parse(line).toString())
                .containsExactly(text);
    }

    @Test
    void isOfTheFlowThatItsSenderMade() {
        ConntrackEntry entry =
                ConntrackEntry.parse("tcp      6 111 TIME_WAIT src=203.0.113.20 dst=203.0.113.10 sport=34076"
                        + " dport=32768 src=172.17.0.2 dst=203.0.113.20 sport=80 dport=34076 [ASSURED] mark=0 use=1");

        assertThat(entry.isOf(tuple(Transport.TCP, "203.0.113.20", 34_076, "203.0.113.10", 32_768)))
                .isTrue();
        assertThat(entry.isOf(tuple(Transport.UDP, "203.0.113.20", 34_076, "203.0.113.10", 32_768)))
                .isFalse();
        assertThat(entry.isOf(tuple(Transport.TCP, "203.0.113.20", 34_077, "203.0.113.10", 32_768)))
                .isFalse();
        assertThat(entry.isOf(tuple(Transport.TCP, "172.17.0.2", 80, "203.0.113.20", 34_076)))
                .as("the reply's direction")
                .isFalse();
    }

    private static Tuple tuple(Transport transport, String source, int from, String destination, int to) {
        return new Tuple(transport, Cidr.parseAddress(source), from, Cidr.parseAddress(destination), to);
    }

    @Test
    void aPortAloneIsATranslationToo() {
        ConntrackEntry remapped = ConntrackEntry.parse("udp      17 29 src=192.0.2.1 dst=192.0.2.9 sport=5353 dport=53"
                + " src=192.0.2.9 dst=192.0.2.1 sport=5300 dport=1024 mark=0 use=1");

        assertThat(remapped.isDnat()).isTrue();
        assertThat(remapped.isSnat()).isTrue();
        assertThat(remapped.translatedTo().getPort()).isEqualTo(5300);
        assertThat(remapped.sourceAs().getPort()).isEqualTo(1024);
    }

    /** nf_conntrack_standalone.c prints no time left and no state for a flow that a flowtable has taken. */
    @ParameterizedTest
    @ValueSource(strings = {"[OFFLOAD]", "[HW_OFFLOAD]"})
    void readsAnOffloadedFlow(String flag) {
        ConntrackEntry entry = ConntrackEntry.parse("ipv4     2 tcp      6 src=192.0.2.1 dst=192.0.2.9 sport=1 dport=2"
                + " src=192.0.2.9 dst=192.0.2.1 sport=2 dport=1 " + flag + " mark=0 zone=0 use=3");

        assertThat(entry.state()).isEmpty();
        assertThat(entry.unreplied()).isFalse();
    }

    /** Each real line, each of its addresses and ports left out once, and each cut off at every earlier word. */
    @ParameterizedTest
    @ValueSource(strings = {"proc", "list"})
    void refusesWhatIsNotWhole(String name) throws IOException {
        for (String line : listing(name)) {
            List<String> words = List.of(line.split(" +"));
            int last = last(words, line.contains("sport=") ? "dport=" : "dst=");
            for (int i = 0; i < words.size(); i++) {
                if (i <= last) {
                    assertRefused(String.join(" ", words.subList(0, i)));
                }
                if (words.get(i).matches("(src|dst|sport|dport)=.*")) {
                    List<String> damaged = new ArrayList<>(words);
                    damaged.remove(i);
                    assertRefused(String.join(" ", damaged));
                }
                List<String> unknown = new ArrayList<>(words);
                unknown.add(i, "colour=blue");
                assertRefused(String.join(" ", unknown));
            }
        }
    }

    private static int last(List<String> words, String prefix) {
        int found = -1;
        for (int i = 0; i < words.size(); i++) {
            if (words.get(i).startsWith(prefix)) {
                found = i;
            }
        }
        return found;
    }

    private static void assertRefused(String line) {
        assertThatIllegalArgumentException()
                .as(line)
                .isThrownBy(() -> ConntrackEntry.parse(line))
                .withMessageContaining(line);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "src=192.0.2.1 | src=host.example | 'host.example' is not an address",
                "src=192.0.2.1 | src=2001:db8::1 | the addresses are of two families",
                "sport=1 | sport=65536 | '65536' is not a number from 0 to 65535",
                "sport=1 | sport=-1 | '-1' is not a number from 0 to 65535",
                "mark=0 | mark=4294967296 | '4294967296' is not a number from 0 to 4294967295",
                "mark=0 | mark=0 mark=1 | 'mark=1' is not expected here",
                "ipv4 2 | ipv4 10 | '10' is not the number of ipv4",
                "ipv4 2 | ipv6 10 | the addresses are of two families",
                "tcp 6 | tcp 256 | '256' is not a number from 0 to 255",
                "tcp 6 | 6 tcp | '6' is not a protocol's name",
            })
    void saysWhatIsWrong(String right, String wrong, String problem) {
        String line =
                "ipv4 2 tcp 6 50 ESTABLISHED src=192.0.2.1 dst=192.0.2.9 sport=1 dport=4 src=192.0.2.9 dst=192.0.2.1"
                        + " sport=4 dport=1 [ASSURED] mark=0 use=1";
        assertThat(ConntrackEntry.parse(line).protocolNumber()).isEqualTo(6);
        String damaged = line.replaceFirst(right, wrong);

        assertThatIllegalArgumentException()
                .isThrownBy(() -> ConntrackEntry.parse(damaged))
                .withMessage("not a line about a tracked flow: " + problem + "\n  " + damaged);
    }

    @Test
    void theCapturesHoldFlowsOfEachKind() throws IOException {
        List<ConntrackEntry> all = new ArrayList<>();
        for (Path capture : captures()) {
            Files.readAllLines(capture).stream().map(ConntrackEntry::parse).forEach(all::add);
        }

        assertThat(all.stream().map(ConntrackEntry::protocol).collect(Collectors.toSet()))
                .containsExactlyInAnyOrder("tcp", "unknown");
        assertThat(all).anyMatch(entry -> entry.isDnat() && !entry.isSnat());
        assertThat(all).anyMatch(entry -> !entry.isDnat() && entry.isSnat());
        assertThat(all).as("hairpin").anyMatch(entry -> entry.isDnat() && entry.isSnat());
        assertThat(all).anyMatch(entry -> !entry.isDnat() && !entry.isSnat());
    }
}
