// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.countercheck.ruleset.JsonText.UnreadException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is remembered of listings of nft must never show in what is read. */
class NftRuleMemoryTests {

    private static final String TO_80 = condition("80");
    private static final Pattern BETWEEN_OBJECTS = Pattern.compile(", (?=\\{\"\\w+\": \\{\"family\")");

    private final RuleMemory memory = new RuleMemory();

    static List<Path> pairs() {
        return NftText.pairs();
    }

    static List<String> stages() {
        return List.of("default", "ip-masq-off", "ipv6", "userland-proxy-off");
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void bothWaysReadTheSame(Path json) throws UnreadException {
        String text = Captures.text(json);

        assertThat(NftJsonParser.quickly(text, memory)).isEqualTo(alone(text));
        assertThat(NftJsonParser.quickly(text, memory)).isEqualTo(alone(text));
    }

    @ParameterizedTest
    @MethodSource("stages")
    void theStagesOfADaemonReadTheSameWhateverIsRemembered(String config) throws UnreadException {
        List<String> texts = Captures.nftDumps().stream()
                .filter(dump -> Captures.name(dump).contains("/" + config + "/"))
                .map(Captures::text)
                .toList();

        assertThat(texts).hasSizeGreaterThan(2);
        for (int i = 0; i < 2; i++) {
            for (String text : texts) {
                assertThat(NftJsonParser.quickly(text, memory)).isEqualTo(alone(text));
            }
        }
    }

    /** Rules come, go, move, count and say something else. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
    void whateverBecomesOfAListingIsReadAsIfNothingWereRemembered(int seed) throws UnreadException {
        Random random = new Random(seed);
        String text = Captures.text(pairs().get(random.nextInt(pairs().size())));
        int end = text.lastIndexOf("]}");
        List<String> objects = List.of(BETWEEN_OBJECTS.split(text.substring(0, end), -1));
        List<String> original =
                objects.stream().filter(NftRuleMemoryTests::isRule).toList();
        List<String> others = objects.stream().filter(object -> !isRule(object)).toList();
        assertThat(original).hasSizeGreaterThan(10);

        for (int round = 0; round < 30; round++) {
            List<String> rules = new ArrayList<>(original);
            for (int change = random.nextInt(6); change > 0; change--) {
                int at = random.nextInt(rules.size());
                String rule = rules.get(at);
                switch (random.nextInt(5)) {
                    case 0 -> rules.remove(at);
                    case 1 -> rules.add(random.nextInt(rules.size()), rules.remove(at));
                    case 2 ->
                        rules.set(at, rule.replaceFirst("\"packets\": \\d+", "\"packets\": " + random.nextInt(99)));
                    case 3 -> rules.set(at, rule.replaceFirst("\"handle\": \\d+", "\"handle\": " + random.nextInt(99)));
                    default ->
                        rules.set(at, rule.replaceFirst("\"right\": (\\d|\"\\w)", "\"right\": $1" + random.nextInt(9)));
                }
            }
            String changed = String.join(", ", others) + ", " + String.join(", ", rules) + text.substring(end);

            assertThat(NftJsonParser.quickly(changed, memory)).isEqualTo(alone(changed));
        }
    }

    /** No change of a byte lets the quick way take what the other one refuses, or read it in another way. */
    @ParameterizedTest
    @MethodSource("pairs")
    void whatIsReadQuicklyIsReadTheSameThoroughly(Path json) {
        String text = Captures.text(json);
        Random random = new Random(json.getFileName().toString().hashCode());
        int read = 0;
        for (int i = 0; i < 60; i++) {
            StringBuilder changed = new StringBuilder(text);
            int at = random.nextInt(text.length());
            switch (random.nextInt(3)) {
                case 0 -> changed.setCharAt(at, "\"\\{}[]:, 0x\t\u00e9\0".charAt(random.nextInt(14)));
                case 1 -> changed.deleteCharAt(at);
                default -> changed.insert(at, "\"{}[]:, 0-.\n".charAt(random.nextInt(12)));
            }
            NftListing quick;
            try {
                quick = NftJsonParser.quickly(changed.toString(), new RuleMemory());
            } catch (UnreadException | ParseException e) {
                continue;
            }
            assertThat(quick).isEqualTo(alone(changed.toString()));
            read++;
        }
        assertThat(read).isBetween(5, 55);
    }

    @Test
    void aRuleThatCountedNothingIsTheSameObject() {
        Rule first = only(rule(7, "[1,60]", TO_80));

        assertThat(only(rule(7, "[1,60]", TO_80))).isSameAs(first);
    }

    @Test
    void aRuleThatCountedSharesAllButItsCounter() {
        Rule first = only(rule(7, "[1,60]", TO_80));
        Rule second = only(rule(7, "[2,120]", TO_80));

        assertThat(first.counter()).isEqualTo(new Counter(1, 60));
        assertThat(second.counter()).isEqualTo(new Counter(2, 120));
        assertThat(second.matches()).isSameAs(first.matches());
        assertThat(second.nft()).isSameAs(first.nft());
    }

    @Test
    void aRuleThatIsReplacedUnderItsHandleIsReadAnew() {
        only(rule(7, "[1,60]", TO_80));

        assertThat(only(rule(7, "[1,60]", condition("443"))).spec()).isEqualTo("tcp dport 443 accept");
        assertThat(only(rule(7, "[1,60]", condition("\"@web\""))).spec()).isEqualTo("tcp dport @web accept");
        assertThat(only(rule(7, "[1,60]", condition("{\"range\": [1, 9]}"))).spec())
                .isEqualTo("tcp dport 1-9 accept");
        assertThat(only(rule(7, "[1,60]")).spec()).isEqualTo("accept");
        assertThat(only(rule(7, "[1,60]", TO_80, condition("81"))).spec())
                .isEqualTo("tcp dport 80 tcp dport 81 accept");
    }

    @Test
    void aRuleThatIsWrittenAgainHasItsNewHandle() {
        only(rule(7, "[1,60]", TO_80));
        Rule again = only(rule(8, "[0,0]", TO_80));

        assertThat(Objects.requireNonNull(again.nft()).handle()).isEqualTo(8);
        assertThat(again.counter()).isEqualTo(Counter.ZERO);
    }

    @Test
    void aRuleThatWentAndCameBackIsThereAgain() {
        List<Rule> before = read("c", rule(7, "[1,60]", TO_80), rule(8, "[2,60]", condition("81")));

        assertThat(read("c", rule(8, "[2,60]", condition("81")))).containsExactly(before.get(1));
        assertThat(read("c", rule(7, "[3,60]", TO_80), rule(8, "[2,60]", condition("81"))))
                .extracting(rule -> rule.spec() + " " + rule.counter())
                .containsExactly("tcp dport 80 accept [3:60]", "tcp dport 81 accept [2:60]");
    }

    @Test
    void aRuleInFrontDoesNotHideTheOthers() {
        List<Rule> before = read("c", rule(7, "[1,60]", TO_80), rule(8, "[2,60]", condition("81")));
        List<Rule> after = read(
                "c", rule(9, "[0,0]", condition("82")), rule(7, "[1,60]", TO_80), rule(8, "[2,60]", condition("81")));

        assertThat(after.get(1)).isSameAs(before.get(0));
        assertThat(after.get(2)).isSameAs(before.get(1));
        assertThat(after.get(0).spec()).isEqualTo("tcp dport 82 accept");
    }

    @Test
    void rulesOfOneHandleStayTwoObjects() {
        for (int i = 0; i < 3; i++) {
            Map<Rule, Integer> rules = new IdentityHashMap<>();
            read("c", rule(7, "[0,0]", TO_80), rule(7, "[0,0]", TO_80))
                    .forEach(rule -> rules.merge(rule, 1, Integer::sum));

            assertThat(rules).hasSize(2);
        }
    }

    @Test
    void aRuleIsOfTheTableAndChainThatItStandsIn() {
        for (int i = 0; i < 2; i++) {
            for (String chain : List.of("c", "d")) {
                assertThat(read(chain, rule(7, "[1,60]", TO_80)))
                        .extracting(Rule::chain)
                        .containsExactly(chain);
            }
            NftListing two = parse(listing("ip", "t", "c", rule(7, "[1,60]", TO_80)) + ", "
                    + listing("ip6", "t", "c", rule(7, "[2,60]", TO_80, reject())) + ", "
                    + listing("ip", "u", "c", rule(7, "[3,60]", TO_80, reject())));

            assertThat(two.tables().stream()
                            .flatMap(t -> t.table().chains().get(0).rules().stream()
                                    .map(r -> t.family() + " " + r.table() + " " + r.spec() + " " + r.counter() + " "
                                            + Objects.requireNonNull(r.target()).name())))
                    .containsExactly(
                            "IPV4 t tcp dport 80 accept [1:60] ACCEPT",
                            "IPV6 t tcp dport 80 reject with icmp host-unreachable accept [2:60] ACCEPT",
                            "IPV4 u tcp dport 80 reject with icmp host-unreachable accept [3:60] ACCEPT");
        }
    }

    /** The same JSON means another thing in another family. */
    @Test
    void whatAStatementSaysIsRememberedForItsTableOnly() {
        String reject = "{\"reject\": {\"type\": \"icmp\", \"expr\": \"port-unreachable\"}}";
        String text = listing("ip", "t", "c", bare(7, reject)) + ", " + listing("inet", "t", "c", bare(7, reject));

        for (int i = 0; i < 2; i++) {
            assertThat(parse(text).tables())
                    .extracting(t -> t.table().chains().get(0).rules().get(0).spec())
                    .containsExactly("reject", "reject with icmp port-unreachable");
        }
    }

    @Test
    void countersOfSeveralRulesSetsAndMapsAreReadEachTime() {
        for (int i = 1; i < 4; i++) {
            String objects = listing("ip", "t", "c", bare(7, "{\"counter\": \"n\"}", element(i)))
                    + ", {\"counter\": {\"family\": \"ip\", \"name\": \"n\", \"table\": \"t\", \"handle\": 2, \"packets\": "
                    + i
                    + ", \"bytes\": 60}}, {\"set\": {\"family\": \"ip\", \"name\": \"s\", \"table\": \"t\", \"type\": \"inet_service\","
                    + " \"handle\": 3, \"elem\": [" + i
                    + "]}}, {\"map\": {\"family\": \"ip\", \"name\": \"m\", \"table\": \"t\","
                    + " \"type\": \"inet_service\", \"handle\": 4, \"map\": \"verdict\", \"elem\": [[" + i
                    + ", {\"jump\": {\"target\": \"c\"}}]]}}";
            Table table = parse(objects).tables().get(0).table();

            assertThat(table.namedCounter("n")).contains(new Counter(i, 60));
            assertThat(table.set("s").orElseThrow().elements().get(0).key())
                    .isEqualTo(new Expression.Value(String.valueOf(i)));
            assertThat(table.set("m").orElseThrow().elements().get(0).key())
                    .isEqualTo(new Expression.Value(String.valueOf(i)));
            assertThat(table.chains().get(0).rules().get(0).spec())
                    .isEqualTo("counter name \"n\" tcp dport { 80 counter packets " + i + " bytes 60 }");
        }
    }

    @Test
    void aRuleThatStopsCountingHasNoCounter() {
        assertThat(only(rule(7, "[1,60]", TO_80)).counter()).isEqualTo(new Counter(1, 60));
        assertThat(only(bare(7, TO_80, "{\"accept\": null}")).counter()).isNull();
        assertThat(only(bare(7, "{\"counter\": {\"packets\": 5, \"bytes\": 9}}", TO_80))
                        .counter())
                .isNull();
        assertThat(only(bare(7, TO_80, "{\"counter\": {\"packets\": 5, \"bytes\": 9}}"))
                        .counter())
                .isEqualTo(new Counter(5, 9));
        assertThat(only(bare(7, TO_80, "{\"counter\": null}")).counter()).isNull();
    }

    @Test
    void commentsAreComparedAsWell() {
        String web = rule(7, "[1,60]", TO_80).replace("\"expr\"", "\"comment\": \"web\", \"expr\"");

        assertThat(only(web).spec()).isEqualTo("tcp dport 80 accept comment \"web\"");
        assertThat(only(web.replace("web", "dns")).spec()).isEqualTo("tcp dport 80 accept comment \"dns\"");
        assertThat(only(web.replace("web", "\\\"d\\\"")).spec()).isEqualTo("tcp dport 80 accept comment \"\"d\"\"");
        assertThat(only(rule(7, "[1,60]", TO_80)).spec()).isEqualTo("tcp dport 80 accept");
    }

    @Test
    void anExtensionOfIptablesIsSeenEachTime() {
        for (int i = 0; i < 3; i++) {
            assertThat(parse(listing("ip", "t", "c", bare(7, "{\"xt\": null}"))).tables())
                    .allMatch(NftListing.OfFamily::isOfIptables);
        }
        assertThat(parse(listing("ip", "t", "c", bare(7, TO_80))).tables())
                .noneMatch(NftListing.OfFamily::isOfIptables);
    }

    @Test
    void aListingThatIsNotUnderstoodIsNotRemembered() {
        Rule first = only(rule(7, "[1,60]", TO_80));

        assertThatThrownBy(() -> read("c", rule(7, "[1,60]", TO_80), rule(8, "[-1,0]")))
                .isInstanceOf(ParseException.class)
                .hasMessageContaining("damaged counters");
        assertThatThrownBy(() -> NftJsonParser.parse("{\"nftables\": [" + listing("ip", "t", "c"), memory))
                .isInstanceOf(ParseException.class);
        assertThat(only(rule(7, "[1,60]", TO_80))).isSameAs(first);
    }

    @Test
    void aTextThatIsLargerThanTheWindowIsReadAsAWhole() throws UnreadException {
        String[] rules = IntStream.range(0, 3_000)
                .mapToObj(i -> rule(i + 1, "[" + i + ",60]", condition(String.valueOf(i))))
                .toArray(String[]::new);
        String set =
                "{\"set\": {\"family\": \"ip\", \"name\": \"s\", \"table\": \"t\", \"type\": \"inet_service\", \"elem\": ["
                        + String.join(
                                ", ",
                                IntStream.range(0, 65_000)
                                        .mapToObj(String::valueOf)
                                        .toList()) + "]}}";
        String large = rule(9_999, "[1,60]", condition("{\"set\": [" + "1, ".repeat(40_000) + "2]}"));
        String text = "{\"nftables\": [" + listing("ip", "t", "c", rules) + ", " + set + ", " + large + "]}\n";

        NftListing listing = NftJsonParser.quickly(text, memory);

        assertThat(listing).isEqualTo(alone(text));
        assertThat(NftJsonParser.quickly(text, memory)).isEqualTo(listing);
        assertThat(listing.tables().get(0).table().chains().get(0).rules()).hasSize(3_001);
    }

    private static boolean isRule(String object) {
        return object.startsWith("{\"rule\"");
    }

    private static String condition(String port) {
        return "{\"match\": {\"op\": \"==\", \"left\": {\"payload\": {\"protocol\": \"tcp\", \"field\": \"dport\"}}, \"right\": "
                + port + "}}";
    }

    private static String element(int packets) {
        return condition(
                "{\"set\": [{\"elem\": {\"val\": 80, \"counter\": {\"packets\": " + packets + ", \"bytes\": 60}}}]}");
    }

    private static String reject() {
        return "{\"reject\": {\"type\": \"icmp\", \"expr\": \"host-unreachable\"}}";
    }

    private static String rule(int handle, String counter, String... statements) {
        List<String> all = new ArrayList<>(List.of(statements));
        String[] counted = counter.substring(1, counter.length() - 1).split(",", -1);
        all.add("{\"counter\": {\"packets\": " + counted[0] + ", \"bytes\": " + counted[1] + "}}");
        all.add("{\"accept\": null}");
        return bare(handle, all.toArray(String[]::new));
    }

    private static String bare(int handle, String... statements) {
        return "{\"rule\": {\"family\": \"ip\", \"table\": \"t\", \"chain\": \"c\", \"handle\": " + handle
                + ", \"expr\": [" + String.join(", ", statements) + "]}}";
    }

    private static String listing(String family, String table, String chain, String... rules) {
        String place = "\"family\": \"" + family + "\", \"table\": \"" + table + "\", ";
        List<String> objects = new ArrayList<>(List.of(
                "{\"table\": {\"family\": \"" + family + "\", \"name\": \"" + table + "\", \"handle\": 1}}",
                "{\"chain\": {" + place + "\"name\": \"" + chain + "\", \"handle\": 1}}"));
        for (String rule : rules) {
            objects.add(rule.replace(
                    "\"family\": \"ip\", \"table\": \"t\", \"chain\": \"c\"", place + "\"chain\": \"" + chain + "\""));
        }
        return String.join(", ", objects);
    }

    private NftListing parse(String objects) {
        String text = "{\"nftables\": [" + objects + "]}\n";
        NftListing listing = NftJsonParser.parse(text, memory);
        assertThat(listing).isEqualTo(alone(text));
        return listing;
    }

    private List<Rule> read(String chain, String... rules) {
        return parse(listing("ip", "t", chain, rules))
                .tables()
                .get(0)
                .table()
                .chains()
                .get(0)
                .rules();
    }

    private Rule only(String rule) {
        List<Rule> rules = read("c", rule);
        assertThat(rules).hasSize(1);
        return rules.get(0);
    }

    private static NftListing alone(String text) {
        return NftJsonParser.thoroughly(text, new RuleMemory());
    }
}
