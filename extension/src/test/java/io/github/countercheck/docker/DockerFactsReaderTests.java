// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.InspectContainerCmd;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.command.ListContainersCmd;
import com.github.dockerjava.api.command.ListNetworksCmd;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.Network;
import io.github.countercheck.ruleset.Captures;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Transport;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DockerFactsReaderTests {

    static List<Path> daemons() {
        return Captures.dumps().stream()
                .filter(d -> Captures.name(d).endsWith("/1-published.iptables-save.txt"))
                .toList();
    }

    @Test
    void thereAreDaemonsOfEveryEngineAndConfig() {
        assertThat(daemons()).hasSizeGreaterThanOrEqualTo(5 * 4);
    }

    @ParameterizedTest
    @MethodSource("daemons")
    void capturedNetworks(Path dump) {
        DockerFacts facts = CapturedFacts.byClient(dump);

        assertThat(facts.networks()).extracting(NetworkFacts::name).containsExactly("back", "bridge", "front", "vault");
        for (JsonNode said : CapturedFacts.json(dump, "networks")) {
            NetworkFacts network = facts.network(said.get("Name").asText()).orElseThrow();
            String id = said.get("Id").asText();
            boolean isDefault = network.name().equals("bridge");

            assertThat(network.id()).isEqualTo(id);
            assertThat(network.driver()).isEqualTo("bridge");
            assertThat(network.bridge()).isEqualTo(isDefault ? "docker0" : "br-" + id.substring(0, 12));
            assertThat(network.internal()).isEqualTo(network.name().equals("vault"));
            assertThat(network.subnets())
                    .extracting(Cidr::toString)
                    .containsExactlyInAnyOrderElementsOf(said.at("/IPAM/Config").findValuesAsText("Subnet"));
            assertThat(network.options()).hasSize(said.get("Options").size());
            assertThat(facts.networkOfBridge(network.bridge())).contains(network);
            assertThat(facts.network(id)).contains(network);
            assertThat(network.subnets())
                    .allSatisfy(s -> assertThat(facts.networkOfSubnet(s)).contains(network));
        }
    }

    @ParameterizedTest
    @MethodSource("daemons")
    void capturedContainers(Path dump) {
        DockerFacts facts = CapturedFacts.byClient(dump);

        assertThat(facts.containers()).extracting(ContainerFacts::name).containsExactly("db1", "web1", "web2", "web3");
        ContainerFacts web2 = facts.container("web2").orElseThrow();
        JsonNode said = CapturedFacts.named(CapturedFacts.json(dump, "containers"), "/web2");
        assertThat(web2.id()).isEqualTo(said.get("Id").asText());
        assertThat(web2.networkMode()).isEqualTo("front");
        assertThat(web2.ports(Transport.TCP, 80))
                .contains(new PublishedPort(Transport.TCP, 80, SampleFacts.address("0.0.0.0"), 8080))
                .allMatch(PublishedPort::isOnAnyAddress);
        assertThat(web2.ports(Transport.UDP, 53))
                .extracting(PublishedPort::hostPort)
                .containsOnly(9053);
        assertThat(web2.ports(Transport.UDP, 80)).isEmpty();
        assertThat(web2.owns(SampleFacts.address("172.30.0.2"))).isTrue();
        assertThat(facts.containerAt(SampleFacts.address("172.30.0.2"))).contains(web2);
        assertThat(facts.networksOf(web2)).extracting(NetworkFacts::name).containsExactly("front");

        ContainerFacts db1 = facts.container("db1").orElseThrow();
        assertThat(db1.ports()).isEmpty();
        assertThat(db1.endpoints()).hasSize(1).allSatisfy(e -> {
            assertThat(e.ipv4()).isEqualTo(SampleFacts.address("172.29.0.2"));
            assertThat(e.ipv6()).isNull();
        });
    }

    @Test
    void bothFamiliesOfAnEndpointAndOfAPort() {
        DockerFacts facts =
                CapturedFacts.byClient(Captures.dump("docker-29.7-iptables-nft/ipv6/1-published.ip6tables-save.txt"));
        ContainerFacts web1 = facts.container("web1").orElseThrow();

        assertThat(web1.endpoints().get(0).ipv6()).isEqualTo(SampleFacts.address("fd00:dead:beef::2"));
        assertThat(web1.endpoints().get(0).gateway()).isEqualTo(SampleFacts.address("172.17.0.1"));
        assertThat(web1.owns(SampleFacts.address("fd00:dead:beef::2"))).isTrue();
        assertThat(web1.ports(Transport.TCP, 80))
                .extracting(p -> Cidr.format(p.hostAddress()))
                .containsExactly("0.0.0.0", "::");
    }

    @Test
    void oneContainerPortOnSeveralHostAddresses() {
        ContainerFacts facts = container("""
                {"Id": "c1", "Name": "/web", "State": {"Pid": 4711}, "HostConfig": {"NetworkMode": "default"},
                 "NetworkSettings": {"Ports": {
                   "80/tcp": [{"HostIp": "203.0.113.10", "HostPort": "8080"},
                              {"HostIp": "2001:db8::1", "HostPort": "8080"},
                              {"HostIp": "", "HostPort": "80"}],
                   "9000/sctp": [{"HostIp": "0.0.0.0", "HostPort": "9000"}],
                   "443/tcp": null},
                  "Networks": {}}}
                """);

        assertThat(facts.pid()).isEqualTo(4711);
        assertThat(facts.ports())
                .containsExactlyInAnyOrder(
                        new PublishedPort(Transport.TCP, 80, SampleFacts.address("203.0.113.10"), 8080),
                        new PublishedPort(Transport.TCP, 80, SampleFacts.address("2001:db8::1"), 8080),
                        new PublishedPort(Transport.TCP, 80, SampleFacts.address("0.0.0.0"), 80),
                        new PublishedPort(Transport.SCTP, 9000, SampleFacts.address("0.0.0.0"), 9000));
    }

    @Test
    void aRoutedPortHasNoHostPort() {
        ContainerFacts facts = container("""
                {"Id": "c1", "Name": "/web",
                 "NetworkSettings": {"Ports": {"80/tcp": [{"HostIp": "", "HostPort": ""}]}}}
                """);

        assertThat(facts.ports()).extracting(PublishedPort::hostPort).containsExactly(0);
    }

    @Test
    void aStoppedContainerHasNoAddresses() {
        ContainerFacts facts = container("""
                {"Id": "c1", "Name": "/web", "State": {"Pid": 0}, "HostConfig": {"NetworkMode": "bridge"},
                 "NetworkSettings": {"Ports": {}, "Networks": {"bridge": {
                   "NetworkID": "n1", "IPAddress": "", "Gateway": "", "GlobalIPv6Address": "", "IPv6Gateway": ""}}}}
                """);

        assertThat(facts.pid()).isZero();
        assertThat(facts.endpoints()).containsExactly(new Endpoint("n1", "bridge", null, null, null));
    }

    @Test
    void aContainerInAnothersNamespaceHasNoEndpoints() {
        ContainerFacts facts = container("""
                {"Id": "c1", "Name": "/helper", "HostConfig": {"NetworkMode": "container:c2"},
                 "NetworkSettings": {"Ports": {}, "Networks": {}}}
                """);

        assertThat(facts.networkMode()).isEqualTo("container:c2");
        assertThat(facts.endpoints()).isEmpty();
    }

    @Test
    void networksOfOtherDriversHaveNoBridge() {
        assertThat(network("{\"Id\": \"h\", \"Name\": \"host\", \"Driver\": \"host\", \"IPAM\": {\"Config\": null}}"))
                .isEqualTo(new NetworkFacts("h", "host", "host", null, List.of(), List.of(), false, Map.of()));
    }

    @Test
    void aBridgeMayHaveAGivenName() {
        NetworkFacts named = network("""
                {"Id": "0123456789abcdef", "Name": "lab", "Driver": "bridge", "Internal": true,
                 "Options": {"com.docker.network.bridge.name": "lab0"},
                 "IPAM": {"Config": [{"Subnet": "fd00:1::/64", "Gateway": "fd00:1::1/64"}, {"Subnet": "10.77.0.0/24"}]}}
                """);

        assertThat(named.bridge()).isEqualTo("lab0");
        assertThat(named.internal()).isTrue();
        assertThat(named.subnets()).extracting(Cidr::toString).containsExactly("fd00:1::/64", "10.77.0.0/24");
        assertThat(named.gateways()).containsExactly(SampleFacts.address("fd00:1::1"));
        assertThat(network("{\"Id\": \"0123456789abcdef\", \"Name\": \"x\", \"Driver\": \"bridge\"}")
                        .bridge())
                .isEqualTo("br-0123456789ab");
    }

    @Test
    void aContainerThatGoesAwayWhileListingIsLeftOut() {
        DockerFacts facts = DockerFactsReader.read(client("stays", "gone"));

        assertThat(facts.containers()).extracting(ContainerFacts::name).containsExactly("stays");
        assertThat(facts.networks()).extracting(NetworkFacts::name).containsExactly("net");
    }

    @Test
    void aContainerThatWasAskedForMustBeThere() {
        assertThat(DockerFactsReader.read(client(), List.of("stays")).containers())
                .extracting(ContainerFacts::name)
                .containsExactly("stays");
        assertThatThrownBy(() -> DockerFactsReader.read(client("stays"), List.of("stays", "gone")))
                .isInstanceOf(NotFoundException.class);
    }

    /** A daemon that lists these containers, and has forgotten {@code gone} when it is asked for it. */
    private static DockerClient client(String... listed) {
        List<Container> containers = Arrays.stream(listed)
                .map(id -> CapturedFacts.read("{\"Id\": \"" + id + "\"}", Container.class))
                .toList();
        List<Network> networks =
                List.of(CapturedFacts.read("{\"Id\": \"n\", \"Name\": \"net\", \"Driver\": \"null\"}", Network.class));
        return proxy(DockerClient.class, (method, arguments) -> switch (method) {
            case "listContainersCmd" -> answer(ListContainersCmd.class, containers);
            case "listNetworksCmd" -> answer(ListNetworksCmd.class, networks);
            case "inspectContainerCmd" ->
                proxy(InspectContainerCmd.class, (exec, none) -> {
                    if (arguments[0].equals("gone")) {
                        throw new NotFoundException("no such container");
                    }
                    return CapturedFacts.read(
                            "{\"Id\": \"" + arguments[0] + "\", \"Name\": \"/" + arguments[0] + "\"}",
                            InspectContainerResponse.class);
                });
            default -> throw new UnsupportedOperationException(method);
        });
    }

    private static <C> C answer(Class<C> command, Object result) {
        return proxy(command, (exec, none) -> result);
    }

    private interface Answer {
        Object to(String method, Object[] arguments);
    }

    private static <C> C proxy(Class<C> type, Answer answer) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(),
                new Class<?>[] {type},
                (self, method, arguments) -> answer.to(method.getName(), arguments)));
    }

    private static ContainerFacts container(String json) {
        return DockerFactsReader.container(CapturedFacts.read(json, InspectContainerResponse.class));
    }

    private static NetworkFacts network(String json) {
        return DockerFactsReader.network(CapturedFacts.read(json, Network.class));
    }
}
