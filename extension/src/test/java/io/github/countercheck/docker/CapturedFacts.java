// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.model.Network;
import io.github.countercheck.ruleset.Captures;
import io.github.countercheck.ruleset.Family;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** What the daemons of the captures said. */
public final class CapturedFacts {

    private static final ObjectMapper JSON =
            new ObjectMapper().configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);

    private CapturedFacts() {}

    /** Reads the facts that belong to the dump. */
    public static DockerFacts of(Path dump) {
        return DockerFactsJson.facts(
                DockerFactsJson.networks(Captures.text(dump.resolveSibling("networks.json"))),
                DockerFactsJson.containers(Captures.text(dump.resolveSibling("containers.json"))));
    }

    /** Reads the same by the conversion that a living daemon's answers take. */
    static DockerFacts byClient(Path dump) {
        return DockerFacts.inOrder(
                networks(dump).stream().map(DockerFactsReader::network).toList(),
                containers(dump).stream().map(DockerFactsReader::container).toList());
    }

    private static List<Network> networks(Path dump) {
        return List.of(read(json(dump, "networks"), Network[].class));
    }

    private static List<InspectContainerResponse> containers(Path dump) {
        return List.of(read(json(dump, "containers"), InspectContainerResponse[].class));
    }

    private static <T> T read(JsonNode json, Class<T> type) {
        return JSON.convertValue(json, type);
    }

    static <T> T read(String json, Class<T> type) {
        try {
            return JSON.readValue(json, type);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the daemon's own words, for expectations that owe nothing to the conversion. */
    public static JsonNode json(Path dump, String what) {
        try {
            return JSON.readTree(dump.resolveSibling(what + ".json").toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns the first container or network of that name, in the daemon's own words. */
    static JsonNode named(JsonNode array, String name) {
        return stream(array)
                .filter(n -> n.get("Name").asText().equals(name))
                .findFirst()
                .orElseThrow();
    }

    public static Stream<JsonNode> stream(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false);
    }

    static Classification classifyNft(Path dump, Family family) {
        return RuleClassifier.classify(Captures.parseNft(dump, family), of(dump));
    }

    static Classification classify(Path dump) {
        return RuleClassifier.classify(Captures.parse(dump), of(dump));
    }
}
