// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
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

    private static final Set<String> IPTABLES_TABLES = Set.of("nat", "filter", "mangle", "raw", "security");
    private static final Set<String> ENDING = Set.of("limit", "quota", "ct count", "xt");

    private final Shared shared = new Shared();
    private final NftExpressions expressions = new NftExpressions(shared);
    private final NftStatements statements = new NftStatements(shared, expressions);
    private final JsonReader reader;

    /** By family and name. */
    private final Map<List<Object>, OpenTable> tables = new LinkedHashMap<>();

    private final List<String> warnings = new ArrayList<>();

    private NftJsonParser(JsonReader reader) {
        this.reader = reader;
    }

    /**
     * Reads a whole listing.
     *
     * @throws ParseException if the text is no complete listing
     */
    public static NftListing parse(String text) {
        JsonReader reader = new JsonReader(text);
        NftJsonParser parser = new NftJsonParser(reader);
        reader.forEach(parser::object);
        return parser.finish();
    }

    private NftListing finish() {
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
            throw reader.error("\"" + key + "\" is missing");
        }
        return shared.one(text);
    }

    private void table(Family family, JsonObject body) {
        String name = required(body, "name");
        OpenTable table = new OpenTable(family, name, body.texts("flags"));
        if (tables.putIfAbsent(List.of(family, name), table) != null) {
            throw reader.error("table " + family.keyword() + " " + name + " was there before");
        }
    }

    private OpenTable tableOf(Family family, JsonObject body) {
        String name = required(body, "table");
        OpenTable table = tables.get(List.of(family, name));
        if (table == null) {
            throw reader.error("table " + family.keyword() + " " + name + " was not declared");
        }
        return table;
    }

    private void chain(OpenTable table, JsonObject body) {
        String name = required(body, "name");
        BaseChain base = body.has("hook") ? base(table, name, body) : null;
        OpenChain chain = new OpenChain(table.name, name, base == null ? null : policy(body), base);
        if (table.chains.putIfAbsent(name, chain) != null) {
            throw reader.error("chain " + name + " was there before");
        }
    }

    private @Nullable BaseChain base(OpenTable table, String name, JsonObject body) {
        if (!(body.get("prio") instanceof Long priority) || priority.intValue() != priority) {
            throw reader.error("\"prio\" is no number");
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
            default -> throw reader.error("policy " + policy + " is not known");
        };
    }

    private void rule(OpenTable table, JsonObject body) {
        String chainName = required(body, "chain");
        OpenChain chain = table.chains.get(chainName);
        if (chain == null) {
            throw reader.error("chain " + chainName + " was not declared");
        }
        List<@Nullable Object> parts = body.list("expr");
        List<Statement> read = new ArrayList<>(parts.size());
        List<Match> matches = new ArrayList<>();
        Counter counter = null;
        Target target = null;
        for (Object part : parts) {
            Statement statement = statements.statement(part, table.family);
            read.add(statement);
            JsonObject object = part instanceof JsonObject given ? given : null;
            table.hasExtensions |= object != null && object.has("xt");
            if (statement instanceof Statement.Condition condition) {
                matches.add(condition.comparison());
                counter = null;
            } else if (statement instanceof Statement.Other other && ENDING.contains(other.keyword())) {
                counter = null;
            } else if (statement instanceof Statement.Count count && count.name() == null && object != null) {
                counter = counter(object.object("counter"));
            } else if (statement instanceof Statement.Act act
                    && !act.target().name().equals(NftStatements.CONTINUE)) {
                target = act.target();
            }
        }
        String comment = body.text("comment");
        NftRule nft = new NftRule(
                body.number("handle", 0),
                comment == null ? null : shared.one(comment),
                read,
                shared.one(NftPrinter.rule(read, comment)));
        chain.rules.add(new Rule(chain.table, chain.name, counter, matches, target, nft));
    }

    private @Nullable Counter counter(@Nullable JsonObject body) {
        Counter counter = NftStatements.counter(body);
        if (body != null && counter == null) {
            throw reader.error("damaged counters");
        }
        return counter;
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
            return shared.one(type);
        }
        throw reader.error("\"type\" is missing");
    }

    private static String word(@Nullable Object json) {
        return json instanceof String text ? text : JsonReader.compact(json);
    }

    private NamedObject named(String kind, JsonObject body) {
        String name = required(body, "name");
        Counter counter = kind.equals("counter") ? counter(body) : null;
        return new NamedObject(kind, name, shared.one(NftObjects.text(kind, body)), counter);
    }

    private static final class OpenTable {
        final Family family;
        final String name;
        final List<String> flags;
        final Map<String, OpenChain> chains = new LinkedHashMap<>();
        final List<NamedSet> sets = new ArrayList<>();
        final List<NamedObject> objects = new ArrayList<>();
        boolean hasExtensions;

        OpenTable(Family family, String name, List<String> flags) {
            this.family = family;
            this.name = name;
            this.flags = flags;
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
            return hasExtensions || hooked;
        }
    }

    private static final class OpenChain {
        final String table;
        final String name;
        final @Nullable Policy policy;
        final @Nullable BaseChain base;
        final List<Rule> rules = new ArrayList<>();

        OpenChain(String table, String name, @Nullable Policy policy, @Nullable BaseChain base) {
            this.table = table;
            this.name = name;
            this.policy = policy;
            this.base = base;
        }

        Chain close() {
            return new Chain(table, name, policy, null, rules, base);
        }
    }
}
