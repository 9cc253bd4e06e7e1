// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.Endpoint;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.docker.PublishedPort;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Transport;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A listing with that many rules, as a host with many published ports has it: a real daemon's rules for its default bridge, and those
 * for one of its networks repeated, each time with another bridge, eight containers in it, and ports of their own.
 *
 * @param rules how many; at least 30
 */
record RulesetOfSize(int rules) {

    private static final int FEWEST = 30;
    private static final String IPTABLES = "captures/docker-28.5-iptables-nft/default/2-inbound.iptables-save.txt";
    private static final String NFTABLES = "captures/docker-29.7-nftables/default/2-inbound.nft.json";
    private static final Pattern HANDLE = Pattern.compile("\"handle\":\\d+");
    private static final Pattern COUNTER = Pattern.compile("\\{\"packets\":\\d+,\"bytes\":\\d+\\}|^\\[\\d+:\\d+\\]");
    private static final JsonMapper JSON = new JsonMapper();
    private static final Comparator<Clone> IN_ORDER = Comparator.comparingInt(Clone::hostPort);
    private static final int PORT_OF_WEB = 32768;

    RulesetOfSize {
        if (rules < FEWEST) {
            throw new IllegalArgumentException("a daemon with one published port has " + FEWEST + " rules: " + rules);
        }
    }

    /** A container of a network that is repeated, both counted from 0. */
    private record Clone(int network, int container) {

        private static final int IN_A_NETWORK = 8;
        private static final int FIRST_PORT = 20_000;
        private static final long FIRST_ID = 0x9e36b26b1de9L;
        private static final long STEP = 0x1f3d5b79L;

        boolean isFirst() {
            return container == 0;
        }

        Clone next() {
            return container + 1 < IN_A_NETWORK ? new Clone(network, container + 1) : new Clone(network + 1, 0);
        }

        String networkId() {
            return String.format(Locale.ROOT, "%012x", FIRST_ID + STEP * network);
        }

        String bridge() {
            return "br-" + networkId();
        }

        String prefix() {
            return "10." + network / 256 + "." + network % 256 + ".";
        }

        String address() {
            return prefix() + (container + 2);
        }

        int hostPort() {
            return FIRST_PORT + network * IN_A_NETWORK + container;
        }
    }

    /**
     * What there is to repeat.
     *
     * @param bridge the bridge of the network that is repeated
     * @param leftOut by what the other networks are known, which are not
     */
    private record Original(String bridge, List<String> leftOut) {

        private static final Original OF_IPTABLES = new Original(
                "br-9e36b26b1de9", List.of("br-53b886391c7c", "br-3a72c16faf56", "172.31.0.", "172.29.0.", "8081"));
        private static final Original OF_NFTABLES =
                new Original("br-6d212b59e134", List.of("br-6fa3f0734fef", "br-4db2ae770eb1", "172.31.0.", "8081"));

        private static final Pattern ADDRESS = Pattern.compile("172\\.30\\.0\\.2\\b");
        private static final Pattern PORT = Pattern.compile("\\b(8080|9053)\\b");

        boolean leavesOut(String text) {
            return leftOut.stream().anyMatch(text::contains);
        }

        boolean repeats(String text) {
            return text.contains(bridge);
        }

        /** A rule for a container is there once for each, any other once for its network. */
        boolean isFor(Clone clone, String text) {
            return clone.isFirst() || isOfContainer(text);
        }

        static boolean isOfContainer(String text) {
            return ADDRESS.matcher(text).find();
        }

        String renamed(String text, Clone clone) {
            String named = text.replace(bridge, clone.bridge());
            named = ADDRESS.matcher(named).replaceAll(clone.address());
            named = PORT.matcher(named).replaceAll(Integer.toString(clone.hostPort()));
            return named.replace("172.30.0.0", clone.prefix() + "0");
        }
    }

    /** Returns for whom each of these texts is to be repeated, one container after the other, until there are enough rules. */
    private List<List<Clone>> clones(List<String> texts, Original original, Predicate<String> isRule) {
        List<List<Clone>> clones = new ArrayList<>();
        texts.forEach(text -> clones.add(new ArrayList<>()));
        long count = texts.stream()
                .filter(t -> isRule.test(t) && !original.repeats(t))
                .count();
        for (Clone clone = new Clone(0, 0); count < rules; clone = clone.next()) {
            for (int i = 0; i < texts.size(); i++) {
                String text = texts.get(i);
                if (original.repeats(text) && original.isFor(clone, text) && (count < rules || !isRule.test(text))) {
                    clones.get(i).add(clone);
                    count += isRule.test(text) ? 1 : 0;
                }
            }
        }
        return clones;
    }

    /** Returns it as {@code iptables-save -c} prints it, each rule with what it has counted. */
    String iptablesSave() {
        return iptablesSave(0);
    }

    /** Returns it after one in ten of its rules has counted some more. */
    String iptablesSaveLater() {
        return iptablesSave(3);
    }

    private String iptablesSave(int more) {
        Original original = Original.OF_IPTABLES;
        List<String> lines = iptablesLines();
        List<List<Clone>> clones = clones(lines, original, RulesetOfSize::isRuleOfIptables);
        StringBuilder out = new StringBuilder();
        int number = 0;
        for (int i = 0; i < lines.size(); i++) {
            String line = lines.get(i);
            if (!original.repeats(line)) {
                out.append(line).append('\n');
            }
            for (Clone clone : clones.get(i)) {
                int packets = packets(number++, more);
                out.append(COUNTER.matcher(original.renamed(line, clone))
                                .replaceFirst("[" + packets + ":" + packets * 60 + "]"))
                        .append('\n');
            }
        }
        return out.toString();
    }

    private static boolean isRuleOfIptables(String line) {
        return line.startsWith("[");
    }

    private static boolean isRuleOfNftables(String object) {
        return object.startsWith("{\"rule\"");
    }

    private static List<String> iptablesLines() {
        return read(IPTABLES)
                .lines()
                .filter(line -> !Original.OF_IPTABLES.leavesOut(line))
                .toList();
    }

    private static int packets(int number, int more) {
        return 1 + number % 97 + (number % 10 == 0 ? more : 0);
    }

    /** Returns one of Engine 29's that writes with nftables, as {@code nft -j list ruleset} prints it. */
    String nftJson() {
        return nftJson(0);
    }

    /** Returns it after one in ten of its rules has counted some more. */
    String nftJsonLater() {
        return nftJson(3);
    }

    private String nftJson(int more) {
        Original original = Original.OF_NFTABLES;
        List<String> objects = new ArrayList<>();
        for (JsonNode object : tree(read(NFTABLES)).get("nftables")) {
            withoutOthers(object, original);
            if (!original.leavesOut(object.toString())) {
                objects.add(object.toString());
            }
        }
        List<List<Clone>> clones = clones(objects, original, RulesetOfSize::isRuleOfNftables);
        List<String> out = new ArrayList<>();
        int number = 0;
        for (int i = 0; i < objects.size(); i++) {
            String object = objects.get(i);
            if (object.startsWith("{\"map\"")) {
                out.add(object.contains("elem") ? withElements(object, original, clones.get(i)) : object);
                continue;
            }
            if (!original.repeats(object)) {
                out.add(object);
            }
            for (Clone clone : clones.get(i)) {
                int packets = packets(number++, more);
                String renamed = COUNTER.matcher(original.renamed(object, clone))
                        .replaceFirst("{\"packets\":" + packets + ",\"bytes\":" + packets * 60 + "}");
                out.add(HANDLE.matcher(renamed).replaceFirst("\"handle\":" + (1000 + number)));
            }
        }
        // With blanks where nft has them.
        return ("{\"nftables\":[" + String.join(",", out) + "]}")
                        .replaceAll("\":(?!:)", "\": ")
                        .replace(",", ", ")
                + "\n";
    }

    /** A map that names all bridges is to go on without the ones that are left out. */
    private static void withoutOthers(JsonNode object, Original original) {
        if (object.path("map").path("elem") instanceof ArrayNode elements) {
            for (int i = elements.size() - 1; i >= 0; i--) {
                if (original.leavesOut(elements.get(i).toString())) {
                    elements.remove(i);
                }
            }
        }
    }

    private static String withElements(String map, Original original, List<Clone> clones) {
        JsonNode tree = tree(map);
        if (tree.path("map").path("elem") instanceof ArrayNode elements) {
            List<JsonNode> originals = new ArrayList<>();
            elements.forEach(originals::add);
            elements.removeAll();
            for (JsonNode element : originals) {
                String text = element.toString();
                if (!original.repeats(text)) {
                    elements.add(element);
                }
                clones.stream()
                        .filter(clone -> original.repeats(text))
                        .map(clone -> tree(original.renamed(text, clone)))
                        .forEach(elements::add);
            }
        }
        return tree.toString();
    }

    /** Returns what the daemon would say of the networks and containers that {@link #iptablesSave} is about. */
    DockerFacts facts() {
        List<NetworkFacts> networks = new ArrayList<>();
        List<ContainerFacts> containers = new ArrayList<>();
        networks.add(network("bridge", "0123456789ab", "docker0", "172.17.0.0/16", "172.17.0.1"));
        containers.add(container("web", networks.get(0), "172.17.0.2", PORT_OF_WEB));
        Clone end = lastOfEach(clonesOfContainersRules())
                .max(IN_ORDER)
                .orElseThrow()
                .next();
        for (Clone clone = new Clone(0, 0); !clone.equals(end); clone = clone.next()) {
            if (clone.isFirst()) {
                networks.add(network(
                        "net" + clone.network(),
                        clone.networkId(),
                        clone.bridge(),
                        clone.prefix() + "0/24",
                        clone.prefix() + "1"));
            }
            containers.add(container(
                    "web" + clone.network() + "-" + clone.container(),
                    networks.get(networks.size() - 1),
                    clone.address(),
                    clone.hostPort()));
        }
        return new DockerFacts(networks, containers);
    }

    /** Returns what it says to an assertion about one container: all its networks, and that container. */
    DockerFacts factsForAnAssertion() {
        DockerFacts all = facts();
        return new DockerFacts(all.networks(), all.containers().subList(0, 1));
    }

    /** Returns the host's port of the last container that has all its rules. */
    int lastPort() {
        List<List<Clone>> ofContainers = clonesOfContainersRules();
        return ofContainers.stream().anyMatch(List::isEmpty)
                ? PORT_OF_WEB
                : lastOfEach(ofContainers).min(IN_ORDER).orElseThrow().hostPort();
    }

    private List<List<Clone>> clonesOfContainersRules() {
        List<String> lines = iptablesLines();
        List<List<Clone>> clones = clones(lines, Original.OF_IPTABLES, RulesetOfSize::isRuleOfIptables);
        return IntStream.range(0, lines.size())
                .filter(i -> Original.OF_IPTABLES.repeats(lines.get(i)) && Original.isOfContainer(lines.get(i)))
                .mapToObj(clones::get)
                .toList();
    }

    private static Stream<Clone> lastOfEach(List<List<Clone>> clones) {
        return clones.stream().filter(list -> !list.isEmpty()).map(list -> list.get(list.size() - 1));
    }

    private static NetworkFacts network(String name, String id, String bridge, String subnet, String gateway) {
        return new NetworkFacts(
                id,
                name,
                "bridge",
                bridge,
                List.of(Cidr.parse(subnet)),
                List.of(Cidr.parseAddress(gateway)),
                false,
                Map.of());
    }

    private static ContainerFacts container(String name, NetworkFacts network, String address, int port) {
        InetAddress any = Cidr.parseAddress("0.0.0.0");
        return new ContainerFacts(
                "id-of-" + name,
                name,
                network.name(),
                1,
                List.of(new Endpoint(
                        network.id(),
                        network.name(),
                        Cidr.parseAddress(address),
                        null,
                        network.gateways().get(0))),
                List.of(
                        new PublishedPort(Transport.TCP, 80, any, port),
                        new PublishedPort(Transport.UDP, 53, any, port)));
    }

    private static JsonNode tree(String json) {
        try {
            return JSON.readTree(json);
        } catch (JsonProcessingException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(String resource) {
        try (InputStream in =
                Objects.requireNonNull(RulesetOfSize.class.getClassLoader().getResourceAsStream(resource), resource)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
