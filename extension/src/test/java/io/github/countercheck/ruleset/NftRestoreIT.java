// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Loads what was printed into the kernel: its listing must be the one that was read. */
class NftRestoreIT {

    private static final ObjectMapper MAPPER = new ObjectMapper();

    private static final String SEPARATOR = "== nft -a ==";

    @BeforeAll
    static void needsNft() {
        PrivateNetns.assumeAvailable(List.of("nft"));
    }

    static List<Path> pairs() {
        return NftText.pairs();
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void kernelListsWhatWasPrinted(Path json) throws IOException {
        NftListing read = loadable(NftJsonParser.parse(Captures.text(json)));
        StringBuilder script = new StringBuilder("nft -f - <<'END' || exit 1\n");
        read.tables().forEach(t -> script.append(NftPrinter.print(t.family(), t.table())));
        script.append("END\nnft -j list ruleset 2>/dev/null\necho '")
                .append(SEPARATOR)
                .append("'\nnft -a list ruleset\n");

        PrivateNetns.Result result = PrivateNetns.run(script.toString());

        assertThat(result.status()).as(result.output()).isZero();
        int separator = result.output().indexOf(SEPARATOR);
        String listed = result.output().substring(0, separator);
        assertThat(objects(listed)).containsExactlyInAnyOrderElementsOf(objects(Captures.text(json)));
        NftText text = NftText.read(result.output().substring(separator));
        for (NftListing.OfFamily table : NftJsonParser.parse(listed).tables()) {
            for (Chain chain : table.table().chains()) {
                for (Rule rule : chain.rules()) {
                    assertThat(rule.spec())
                            .isEqualTo(NftText.withoutCounters(text.rules().get(NftText.key(table, rule))));
                }
            }
        }
    }

    /** The JSON of nft 1.0 does not say the devices of a chain, without which it cannot be made. */
    private static NftListing loadable(NftListing listing) {
        return new NftListing(
                listing.withoutIptables().tables().stream()
                        .filter(t -> t.family() != Family.NETDEV)
                        .map(t -> new NftListing.OfFamily(t.family(), loadable(t.table()), false))
                        .toList(),
                List.of());
    }

    private static Table loadable(Table table) {
        List<Chain> chains = table.chains().stream()
                .map(c -> new Chain(
                        c.table(),
                        c.name(),
                        c.policy(),
                        c.counter(),
                        c.rules().stream()
                                .filter(r -> isLoadable(r.spec(), anonymousCounters(r)))
                                .toList(),
                        c.base()))
                .toList();
        return new Table(table.name(), chains, table.sets(), table.objects(), table.flags());
    }

    /** Leaves out a rule that nft itself lists wrongly, and one with more counters than the model keeps values of. */
    private static boolean isLoadable(String rule, long counters) {
        return !rule.contains("[invalid type]") && counters < 2;
    }

    private static long anonymousCounters(Rule rule) {
        return rule.nft().statements().stream()
                .filter(new Statement.Count(null)::equals)
                .count();
    }

    /** Returns the objects as text, without what the kernel chooses: handles, time left, the order within hashed sets. */
    private static List<String> objects(String listing) throws IOException {
        List<String> objects = new ArrayList<>();
        for (JsonNode object : MAPPER.readTree(listing).get("nftables")) {
            JsonNode body = object.elements().next();
            String family = body.path("family").asText();
            boolean ofIptables = family.equals("ip")
                    && List.of(body.path("name").asText(), body.path("table").asText())
                            .contains("nat");
            long counters = body.path("expr").findParents("packets").size();
            if (body.has("family") && !family.equals("netdev") && !ofIptables) {
                String text = normalise(object).toString();
                if (isLoadable(text, counters)) {
                    objects.add(text);
                }
            }
        }
        return objects;
    }

    private static JsonNode normalise(JsonNode node) {
        if (node instanceof ObjectNode object) {
            object.remove(List.of("handle", "expires"));
            object.properties().forEach(f -> f.setValue(normalise(f.getValue())));
            for (String set : List.of("set", "elem")) {
                if (object.get(set) instanceof ArrayNode elements) {
                    List<JsonNode> sorted = new ArrayList<>();
                    elements.forEach(sorted::add);
                    sorted.sort(Comparator.comparing(JsonNode::toString));
                    object.set(set, MAPPER.createArrayNode().addAll(sorted));
                }
            }
        } else if (node instanceof ArrayNode array) {
            for (int i = 0; i < array.size(); i++) {
                array.set(i, normalise(array.get(i)));
            }
        }
        return node;
    }
}
