// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.countercheck.ruleset.Captures;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.ParseException;
import io.github.countercheck.ruleset.Transport;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class DockerFactsJsonTests {

    static List<Path> daemons() {
        return Stream.concat(Captures.dumps().stream(), Captures.nftDumps().stream())
                .filter(d -> Captures.name(d).matches(".*/1-published\\.(iptables-save\\.txt|nft\\.json)"))
                .toList();
    }

    @Test
    void thereAreDaemonsOfEveryEngineAndConfig() {
        assertThat(daemons()).hasSizeGreaterThanOrEqualTo(6 * 4);
    }

    @ParameterizedTest
    @MethodSource("daemons")
    void theSameIsReadFromAFileAsFromALivingDaemon(Path dump) {
        assertThat(CapturedFacts.of(dump)).isEqualTo(CapturedFacts.byClient(dump));
    }

    @Test
    void oneObjectAsTheApiAnswersIt() {
        assertThat(DockerFactsJson.networks("{\"Id\": \"h\", \"Name\": \"host\", \"Driver\": \"host\"}"))
                .containsExactly(new NetworkFacts("h", "host", "host", null, List.of(), List.of(), false, Map.of()));
    }

    @Test
    void whatCommandsPrintBesides() {
        List<ContainerFacts> containers = DockerFactsJson.containers("""
                [{"Id": "c1", "Created": "2026-01-01T00:00:00Z", "Path": "httpd", "Args": ["-f", "-v"], "Name": "/web",
                  "State": {"Status": "running", "Pid": 4711, "ExitCode": 0, "Health": null},
                  "HostConfig": {"NetworkMode": "lab", "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]},
                    "Memory": 9223372036854775807, "Ulimits": [{"Name": "nofile", "Hard": 1024}]},
                  "Mounts": [{"Type": "bind", "Source": "/srv"}],
                  "NetworkSettings": {"SandboxID": "s", "IPAddress": "10.77.0.2",
                    "Ports": {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}],
                      "443/tcp": null, "90/udp": [{"HostIp": "", "HostPort": ""}]},
                    "Networks": {"lab": {"NetworkID": "n1", "IPAddress": "10.77.0.2", "IPPrefixLen": 24,
                      "Gateway": "", "IPv6Gateway": "fd00::1", "GlobalIPv6Address": "fd00::2", "DNSNames": ["web"]}}}}]
                """);

        assertThat(containers)
                .containsExactly(new ContainerFacts(
                        "c1",
                        "web",
                        "lab",
                        4711,
                        List.of(new Endpoint(
                                "n1",
                                "lab",
                                SampleFacts.address("10.77.0.2"),
                                SampleFacts.address("fd00::2"),
                                SampleFacts.address("fd00::1"))),
                        List.of(
                                new PublishedPort(Transport.TCP, 80, SampleFacts.address("0.0.0.0"), 8080),
                                new PublishedPort(Transport.TCP, 80, SampleFacts.address("::"), 8080),
                                new PublishedPort(Transport.UDP, 90, SampleFacts.address("0.0.0.0"), 0))));
    }

    @Test
    void whatPodmanPrints() {
        List<NetworkFacts> networks = DockerFactsJson.networks("""
                [{"name": "apps", "id": "3f2a9c0d", "driver": "bridge", "network_interface": "podman1",
                  "subnets": [{"subnet": "10.89.0.0/24", "gateway": "10.89.0.1"}], "ipv6_enabled": false,
                  "internal": true, "dns_enabled": true, "options": {"isolate": "true"}, "containers": {}}]
                """);
        List<ContainerFacts> containers = DockerFactsJson.containers("""
                [{"Id": "c0ffee", "Name": "shop", "State": {"Pid": 7}, "HostConfig": {"NetworkMode": "bridge"},
                  "NetworkSettings": {"Ports": {}, "Networks": {"apps": {"NetworkID": "apps", "IPAddress": "10.89.0.2",
                    "Gateway": "10.89.0.1", "GlobalIPv6Address": "", "Links": null}}}}]
                """);
        DockerFacts facts = DockerFactsJson.facts(networks, containers);

        assertThat(facts.networkOfBridge("podman1")).isPresent().get().satisfies(n -> {
            assertThat(n.internal()).isTrue();
            assertThat(n.subnets()).containsExactly(Cidr.parse("10.89.0.0/24"));
            assertThat(n.options()).containsEntry("isolate", "true");
            assertThat(facts.containerAt(SampleFacts.address("10.89.0.2"), n)).isPresent();
        });
    }

    @Test
    void aContainerIsFoundByItsAddressWhereNetworksAreNotKnown() {
        DockerFacts facts = DockerFactsJson.facts(List.of(), SampleFacts.ALL.containers());
        Classification classification = RuleClassifier.classify(
                Listing.of(
                        Family.IPV4,
                        List.of(
                                "nat -A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER",
                                "nat -A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination"
                                        + " 172.17.0.2:80")),
                facts);

        assertThat(classification.dnat(SampleFacts.WEB, Transport.TCP, 80)).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', textBlock = """
            [{"Id": "a", "Name": "/a"},                                    | 1 | 28 | no JSON
            [{"Name": "/a"}]                                               | 1 |  2 | no container: "Id" is missing
            [{"Id": "a", "Name": ""}]                                      | 1 |  2 | no container: "Name" is missing
            {"Id": "a", "Name": "/a"} x                                    | 1 | 27 | no JSON
            {"Id": "a", "Name": "/a"} {}                                   | 1 | 27 | text behind the objects
            7                                                              | 1 |  1 | expected {
            [{"Id":"a","Name":"a","NetworkSettings":{"Ports":{"x/tcp":[{}]}}}] | 1 | 2 | no port: 'x'
            [{"Id":"a","Name":"a","NetworkSettings":{"Ports":{"1/ip":[{}]}}}]  | 1 | 2 | no protocol with ports: 'ip'
            [{"Id":"a","Name":"a","NetworkSettings":{"Networks":{"n":{"IPAddress":"web"}}}}] | 1 | 2 | not a numeric address: 'web'
            """)
    void whatIsNoContainerIsSaidWithItsPlace(String text, int line, int column, String problem) {
        assertThatThrownBy(() -> DockerFactsJson.containers(text)).isInstanceOfSatisfying(ParseException.class, e -> {
            assertThat(e).hasMessageContaining(problem);
            assertThat(List.of(e.line(), e.column())).containsExactly(line, column);
        });
    }

    @Test
    void theWrongNetworkOfSeveralIsNamed() {
        assertThatThrownBy(() -> DockerFactsJson.networks("""
                        [
                          {"Id": "a", "Name": "a", "Driver": "bridge"},
                          {"Id": "b", "Name": "b", "IPAM": {"Config": [{"Subnet": "10.0.0.0/33"}]}}
                        ]
                        """))
                .isInstanceOfSatisfying(
                        ParseException.class,
                        e -> assertThat(List.of(e.line(), e.column())).containsExactly(3, 3));
        assertThatThrownBy(() -> DockerFactsJson.networks("")).isInstanceOf(ParseException.class);
        assertThat(DockerFactsJson.networks("[]")).isEmpty();
    }
}
