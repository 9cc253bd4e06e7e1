// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import io.github.countercheck.ruleset.JsonText.UnreadException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Reads what {@code nft -j list ruleset} or {@code nft -j list table} prints, with or without {@code -a}.
 *
 * <p>Expressions and statements that it does not know are kept as text. Objects that it does not know become {@link
 * NftListing#warnings()}. The JSON leaves out some of what the text form shows: comments of tables and chains, and in
 * releases 1.0 the devices of a chain and the flag {@code dynamic} of a set.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class NftJsonParser {

    private static final int SCHEMA = 1;
    private static final char[] RULE = "{\"rule\": {\"family\": ".toCharArray();
    private static final char[] TABLE = ", \"table\": ".toCharArray();
    private static final char[] CHAIN = ", \"chain\": ".toCharArray();
    private static final char[] HANDLE = ", \"handle\": ".toCharArray();

    private static final Set<String> IPTABLES_TABLES = Set.of("nat", "filter", "mangle", "raw", "security");

    private final Shared shared = new Shared();
    private final NftExpressions expressions = new NftExpressions(shared);
    private final NftStatements statements = new NftStatements(expressions);
    private final int length;
    private final Function<String, ParseException> problems;
    private final RuleMemory memory;

    /** By family and name. */
    private final Map<List<Object>, OpenTable> tables = new LinkedHashMap<>();

    private final List<String> warnings = new ArrayList<>();

    /** What a rule of the chain that was read last begins with. */
    private char[] lastBegin = {};

    private @Nullable OpenChain lastChain;

    private NftJsonParser(int length, Function<String, ParseException> problems, RuleMemory memory) {
        this.length = length;
        this.problems = problems;
        this.memory = memory;
    }

    /**
     * Reads a whole listing.
     *
     * @throws ParseException if the text is no complete listing
     */
    public static NftListing parse(String text) {
        return parse(text, new RuleMemory());
    }

    /**
     * Reads a whole listing.
     *
     * @param memory what was read before, and is taken over where a rule says the same
     * @throws ParseException if the text is no complete listing
     */
    @API(status = API.Status.INTERNAL, since = "0.1")
    public static NftListing parse(String text, RuleMemory memory) {
        try {
            return quickly(text, memory);
        } catch (UnreadException | ParseException e) {
            return thoroughly(text, memory);
        }
    }

    /**
     * Reads a listing that is written as nft writes it.
     *
     * @throws UnreadException if it is not; it may be good JSON nonetheless
     * @throws ParseException if it is no complete listing; the place is not known
     */
    static NftListing quickly(String text, RuleMemory memory) throws UnreadException {
        NftJsonParser parser =
                new NftJsonParser(text.length(), problem -> new ParseException(problem, 1, 1, ""), memory);
        parser.read(new JsonText(text));
        return parser.finish();
    }

    /** Reads a listing in whatever JSON, or says what is wrong with it, and where. */
    static NftListing thoroughly(String text, RuleMemory memory) {
        JsonReader reader = new JsonReader(text);
        NftJsonParser parser = new NftJsonParser(text.length(), reader::error, memory);
        reader.forEach(parser::object);
        return parser.finish();
    }

    private void read(JsonText json) throws UnreadException {
        json.expect('{');
        if (!json.name().equals("nftables")) {
            throw JsonText.unread();
        }
        json.expect(':');
        json.expect('[');
        if (!json.take(']')) {
            do {
                json.makeRoom();
                object(json);
            } while (json.take(','));
            json.expect(']');
        }
        json.expect('}');
        if (!json.isAtEnd()) {
            throw JsonText.unread();
        }
    }

    private void object(JsonText json) throws UnreadException {
        int from = json.place();
        try {
            rule(json);
            return;
        } catch (UnreadException e) {
            // Another kind of object, or not written as usual.
            json.goTo(from);
        }
        if (json.largeValue() instanceof JsonObject object) {
            for (int i = 0; i < object.size(); i++) {
                object(object.name(i), object.value(i) instanceof JsonObject body ? body : new JsonObject());
            }
        } else {
            throw JsonText.unread();
        }
    }

    /** Reads a rule as nft writes it; most stand in the same chain as the one before. */
    private void rule(JsonText json) throws UnreadException {
        OpenChain chain = lastChain;
        if (chain == null || !json.take(lastBegin)) {
            int from = json.place();
            json.expect(RULE);
            Family family = family(json.name());
            json.expect(TABLE);
            String table = json.name();
            json.expect(CHAIN);
            chain = family == null ? null : chain(family, table, json.name());
            json.expect(HANDLE);
            if (chain == null) {
                throw JsonText.unread();
            }
            lastBegin = json.since(from);
            lastChain = chain;
        }
        chain.rules.add(chain.table.rules.rule(chain.name, json));
    }

    private @Nullable OpenChain chain(Family family, String table, String chain) {
        OpenTable found = tables.get(List.of(family, table));
        return found == null ? null : found.chains.get(chain);
    }

    private ParseException problem(String problem) {
        return problems.apply(problem);
    }

    private NftListing finish() {
        tables.values().forEach(table -> table.rules.close());
        return new NftListing(tables.values().stream().map(OpenTable::close).toList(), warnings);
    }

    private void object(String kind, JsonObject body) {
        if (kind.equals("metainfo")) {
            long schema = body.number("json_schema_version", SCHEMA);
            if (schema != SCHEMA) {
                warnings.add("schema version " + schema + " of nft's JSON is not known");
            }
            return;
        }
        Family family = family(required(body, "family"));
        if (family == null) {
            warnings.add("family " + body.text("family") + " is not known");
            return;
        }
        switch (kind) {
            case "table" -> table(family, body);
            case "chain" -> chain(tableOf(family, body), body);
            case "rule" -> rule(tableOf(family, body), body);
            case "set", "map" -> tableOf(family, body).sets.add(set(body));
            case "counter",
                    "quota",
                    "limit",
                    "ct helper",
                    "ct timeout",
                    "ct expectation",
                    "synproxy",
                    "secmark",
                    "flowtable" -> tableOf(family, body).objects.add(named(kind, body));
            default -> warnings.add(kind + " " + body.text("name") + " is not known");
        }
    }

    private static @Nullable Family family(String keyword) {
        for (Family family : Family.values()) {
            if (family.keyword().equals(keyword)) {
                return family;
            }
        }
        return null;
    }

    private String required(JsonObject body, String key) {
        String text = body.text(key);
        if (text == null || text.isEmpty()) {
            throw problem("\"" + key + "\" is missing");
        }
        return text;
    }

    private void table(Family family, JsonObject body) {
        String name = required(body, "name");
        NftRuleReader rules =
                new NftRuleReader(name, family, statements, shared, problems, memory.openNft(family, name), length);
        OpenTable table = new OpenTable(family, name, body.texts("flags"), rules);
        if (tables.putIfAbsent(List.of(family, name), table) != null) {
            throw problem("table " + family.keyword() + " " + name + " was there before");
        }
    }

    private OpenTable tableOf(Family family, JsonObject body) {
        String name = required(body, "table");
        OpenTable table = tables.get(List.of(family, name));
        if (table == null) {
            throw problem("table " + family.keyword() + " " + name + " was not declared");
        }
        return table;
    }

    private void chain(OpenTable table, JsonObject body) {
        String name = required(body, "name");
        BaseChain base = body.has("hook") ? base(table, name, body) : null;
        OpenChain chain = new OpenChain(table, name, base == null ? null : policy(body), base);
        if (table.chains.putIfAbsent(name, chain) != null) {
            throw problem("chain " + name + " was there before");
        }
    }

    private @Nullable BaseChain base(OpenTable table, String name, JsonObject body) {
        if (!(body.get("prio") instanceof Long priority) || priority.intValue() != priority) {
            throw problem("\"prio\" is no number");
        }
        try {
            BaseChain.Type type = BaseChain.Type.valueOf(required(body, "type").toUpperCase(Locale.ROOT));
            Hook hook = Hook.valueOf(required(body, "hook").toUpperCase(Locale.ROOT));
            List<String> devices = body.has("dev") ? body.texts("dev") : body.texts("devices");
            return new BaseChain(type, hook, priority.intValue(), devices);
        } catch (IllegalArgumentException unknown) {
            warnings.add("chain " + table.name + " " + name + " is entered at an unknown place: type "
                    + body.text("type") + " hook " + body.text("hook"));
            return null;
        }
    }

    private Policy policy(JsonObject body) {
        String policy = body.text("policy");
        if (policy == null) {
            return Policy.ACCEPT;
        }
        return switch (policy) {
            case "accept" -> Policy.ACCEPT;
            case "drop" -> Policy.DROP;
            case "queue" -> Policy.QUEUE;
            default -> throw problem("policy " + policy + " is not known");
        };
    }

    private void rule(OpenTable table, JsonObject body) {
        String chainName = required(body, "chain");
        OpenChain chain = table.chains.get(chainName);
        if (chain == null) {
            throw problem("chain " + chainName + " was not declared");
        }
        chain.rules.add(chain.table.rules.rule(chainName, body));
    }

    private NamedSet set(JsonObject body) {
        String dataType = body.has("map") ? type(body.get("map")) : null;
        List<String> properties = new ArrayList<>();
        property(properties, "size", body.text("size"));
        property(properties, "policy", body.text("policy"));
        for (String key : List.of("timeout", "gc-interval")) {
            long seconds = body.number(key, -1);
            property(properties, key, seconds < 0 ? null : NftPrinter.duration(seconds));
        }
        String comment = body.text("comment");
        property(properties, "comment", comment == null ? null : "\"" + comment + "\"");
        for (Object statement : body.list("stmt")) {
            properties.add(statements.statement(statement, Family.INET).text());
        }
        return new NamedSet(
                required(body, "name"),
                type(body.get("type")),
                dataType,
                body.texts("flags"),
                properties,
                expressions.elements(body.list("elem"), dataType != null));
    }

    private static void property(List<String> properties, String key, @Nullable String value) {
        if (value != null) {
            properties.add(key + " " + value);
        }
    }

    private String type(@Nullable Object json) {
        if (json instanceof JsonObject object && object.has("typeof")) {
            return shared.one("typeof " + NftPrinter.print(expressions.expression(object.get("typeof"))));
        }
        if (json instanceof List<?> parts) {
            return shared.one(
                    String.join(" . ", parts.stream().map(NftJsonParser::word).toList()));
        }
        if (json instanceof String type) {
            return type;
        }
        throw problem("\"type\" is missing");
    }

    private static String word(@Nullable Object json) {
        return json instanceof String text ? text : JsonReader.compact(json);
    }

    private NamedObject named(String kind, JsonObject body) {
        String name = required(body, "name");
        Counter counter = kind.equals("counter") ? NftStatements.counter(body) : null;
        if (kind.equals("counter") && counter == null) {
            throw problem("damaged counters");
        }
        return new NamedObject(kind, name, NftObjects.text(kind, body), counter);
    }

    private static final class OpenTable {
        final Family family;
        final String name;
        final List<String> flags;
        final Map<String, OpenChain> chains = new LinkedHashMap<>();
        final List<NamedSet> sets = new ArrayList<>();
        final List<NamedObject> objects = new ArrayList<>();
        final NftRuleReader rules;

        OpenTable(Family family, String name, List<String> flags, NftRuleReader rules) {
            this.family = family;
            this.name = name;
            this.flags = flags;
            this.rules = rules;
        }

        NftListing.OfFamily close() {
            List<Chain> closed = chains.values().stream().map(OpenChain::close).toList();
            return new NftListing.OfFamily(family, new Table(name, closed, sets, objects, flags), isOfIptables(closed));
        }

        private boolean isOfIptables(List<Chain> closed) {
            if (family != Family.IPV4 && family != Family.IPV6) {
                return false;
            }
            List<Chain> entered = closed.stream().filter(c -> c.base() != null).toList();
            boolean hooked = IPTABLES_TABLES.contains(name)
                    && !entered.isEmpty()
                    && entered.stream()
                            .allMatch(c -> BaseChain.ofIptables(name, c.name())
                                    .filter(base -> base.equals(c.base()))
                                    .isPresent());
            return hooked || rules.hasExtensions();
        }
    }

    private static final class OpenChain {
        final OpenTable table;
        final String name;
        final @Nullable Policy policy;
        final @Nullable BaseChain base;
        final List<Rule> rules = new ArrayList<>();

        OpenChain(OpenTable table, String name, @Nullable Policy policy, @Nullable BaseChain base) {
            this.table = table;
            this.name = name;
            this.policy = policy;
            this.base = base;
        }

        Chain close() {
            return new Chain(table.name, name, policy, null, rules, base);
        }
    }
}
