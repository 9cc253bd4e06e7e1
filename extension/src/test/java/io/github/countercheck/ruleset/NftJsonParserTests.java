// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class NftJsonParserTests {

    private static final String TABLE = "{\"table\":{\"family\":\"inet\",\"name\":\"t\",\"handle\":1}}";
    private static final String CHAIN = "{\"chain\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"c\",\"handle\":1}}";
    private static final String COUNTED = "{\"counter\":{\"packets\":7,\"bytes\":420}}";
    private static final String PORT =
            "{\"match\":{\"op\":\"==\",\"left\":{\"payload\":{\"protocol\":\"tcp\",\"field\":\"dport\"}},\"right\":80}}";

    static List<Path> pairs() {
        return NftText.pairs();
    }

    private static NftListing listing(String... objects) {
        return NftJsonParser.parse("{\"nftables\":[" + String.join(",", objects) + "]}");
    }

    private static Rule rule(String... statements) {
        String rule = "{\"rule\":{\"family\":\"inet\",\"table\":\"t\",\"chain\":\"c\",\"handle\":9,\"expr\":["
                + String.join(",", statements) + "]}}";
        return listing(TABLE, CHAIN, rule).rulesets().get(0).rules().findFirst().orElseThrow();
    }

    @Test
    void readsAnEmptyListing() {
        NftListing listing = listing("{\"metainfo\":{\"version\":\"1.0.6\",\"json_schema_version\":1}}");

        assertThat(listing).isEqualTo(new NftListing(List.of(), List.of()));
        assertThat(listing.rulesets()).isEmpty();
    }

    @Test
    void countsOnlyPacketsThatMetTheRule() {
        Counter counted = new Counter(7, 420);

        assertThat(rule(PORT, COUNTED, "{\"accept\":null}").counter()).isEqualTo(counted);
        assertThat(rule(COUNTED, "{\"log\":null}", "{\"accept\":null}").counter())
                .isEqualTo(counted);
        assertThat(rule(COUNTED, PORT, "{\"accept\":null}").counter()).isNull();
        assertThat(rule(COUNTED, "{\"limit\":{\"rate\":5,\"per\":\"second\"}}", "{\"drop\":null}")
                        .counter())
                .isNull();
        assertThat(rule(PORT, "{\"accept\":null}").counter()).isNull();
        assertThat(rule(PORT, "{\"counter\":null}", "{\"accept\":null}").counter())
                .isNull();
        assertThat(rule(PORT, "{\"counter\":{\"packets\":0,\"bytes\":0}}").counter())
                .isEqualTo(Counter.ZERO);
    }

    @Test
    void saysOfExtensionsNoMoreThanTheListing() {
        Rule unnamed = rule("{\"xt\":null}", COUNTED, "{\"xt\":null}");
        Rule named = rule(
                "{\"xt\":{\"type\":\"match\",\"name\":\"addrtype\"}}",
                "{\"xt\":{\"type\":\"target\",\"name\":\"DNAT\"}}");

        assertThat(unnamed.target()).isNull();
        assertThat(unnamed.spec()).isEqualTo("xt xt");
        assertThat(named.target()).isEqualTo(new Target("DNAT", false, List.of()));
        assertThat(named.spec()).isEqualTo("xt match \"addrtype\" xt target \"DNAT\"");
    }

    @Test
    void takesATableForOneOfIptablesByItsExtensionsOrItsChains() {
        String table = "{\"table\":{\"family\":\"ip\",\"name\":\"%s\"}}";
        String chain = "{\"chain\":{\"family\":\"ip\",\"table\":\"%s\",\"name\":\"FORWARD\",\"type\":\"filter\","
                + "\"hook\":\"forward\",\"prio\":%d,\"policy\":\"accept\"}}";
        String extension =
                "{\"rule\":{\"family\":\"ip\",\"table\":\"mine\",\"chain\":\"FORWARD\",\"expr\":[{\"xt\":null}]}}";

        assertThat(listing(table.formatted("filter"), chain.formatted("filter", 0))
                        .tables())
                .allMatch(NftListing.OfFamily::isOfIptables);
        assertThat(listing(table.formatted("filter"), chain.formatted("filter", 5))
                        .tables())
                .noneMatch(NftListing.OfFamily::isOfIptables);
        assertThat(listing(table.formatted("filter")).tables()).noneMatch(NftListing.OfFamily::isOfIptables);
        assertThat(listing(table.formatted("mine"), chain.formatted("mine", 0)).tables())
                .noneMatch(NftListing.OfFamily::isOfIptables);
        assertThat(listing(table.formatted("mine"), chain.formatted("mine", 0), extension)
                        .tables())
                .allMatch(NftListing.OfFamily::isOfIptables);
        assertThat(listing(
                                table.formatted("filter").replace("\"ip\"", "\"inet\""),
                                chain.formatted("filter", 0).replace("\"ip\"", "\"inet\""))
                        .tables())
                .noneMatch(NftListing.OfFamily::isOfIptables);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            "dev":"eth0"             | eth0
            "dev":["eth0","eth1"]    | eth0,eth1
            "devices":["eth0"]       | eth0
            "policy":"drop"          |
            """)
    void readsTheDevicesOfAChain(String field, String devices) {
        String chain = "{\"chain\":{\"family\":\"netdev\",\"table\":\"n\",\"name\":\"c\",\"type\":\"filter\","
                + "\"hook\":\"ingress\",\"prio\":-500," + field + "}}";

        assertThat(listing("{\"table\":{\"family\":\"netdev\",\"name\":\"n\"}}", chain)
                        .rulesets()
                        .get(0)
                        .chains())
                .singleElement()
                .extracting(Chain::base)
                .isEqualTo(new BaseChain(
                        BaseChain.Type.FILTER,
                        Hook.INGRESS,
                        -500,
                        devices == null ? List.of() : List.of(devices.split(","))));
    }

    @Test
    void readsHandlesFlagsAndTypesOfNewerReleases() {
        NftListing listing = listing(
                "{\"table\":{\"family\":\"ip\",\"name\":\"t\",\"flags\":[\"owner\",\"persist\"]}}",
                "{\"set\":{\"family\":\"ip\",\"table\":\"t\",\"name\":\"s\",\"flags\":\"dynamic\",\"type\":{\"typeof\":"
                        + "{\"concat\":[{\"payload\":{\"protocol\":\"ip\",\"field\":\"saddr\"}},{\"meta\":{\"key\":\"mark\"}}]}},"
                        + "\"elem\":[{\"concat\":[\"10.0.0.1\",16]}]}}");
        Table table = listing.tables().get(0).table();

        assertThat(table.flags()).containsExactly("owner", "persist");
        assertThat(NftPrinter.print(Family.IPV4, table)).isEqualTo("""
                        table ip t {
                        \tflags owner,persist
                        \tset s {
                        \t\ttypeof ip saddr . meta mark
                        \t\tflags dynamic
                        \t\telements = { 10.0.0.1 . 0x00000010 }
                        \t}
                        }
                        """);
        assertThat(rule("{\"mangle\":{\"key\":{\"meta\":{\"key\":\"mark\"}},\"value\":{\"|\":[1,2,4]}}}")
                        .spec())
                .isEqualTo("meta mark set 0x00000001 | 0x00000002 | 0x00000004");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            {"queue":null}                                                   | queue to 0
            {"queue":{"num":3,"flags":"bypass"}}                             | queue flags bypass to 3
            {"queue":{"num":{"range":[1,4]},"flags":["bypass","fanout"]}}    | queue flags bypass,fanout to 1-4
            {"flow":{"op":"add","flowtable":"@ft"}}                          | flow add @ft
            {"last":{"used":5000}}                                           | last used 5s
            {"last":null}                                                    | last used never
            {"secmark":"sm"}                                                 | meta secmark set "sm"
            {"map":{"op":"update","elem":{"payload":{"protocol":"tcp","field":"dport"}},"data":1,"map":"@m"}} | update @m { tcp dport : 1 }
            {"match":{"op":"==","left":{"payload":{"tunnel":"vxlan","protocol":"ip","field":"saddr"}},"right":"10.0.0.1"}} | vxlan ip saddr 10.0.0.1
            {"match":{"op":"==","left":{"socket":{"key":"cgroupv2","level":1}},"right":"user.slice"}} | socket cgroupv2 level 1 "user.slice"
            {"dnat":{"addr":{"range":["fd00::1","fd00::2"]},"port":80}}      | dnat to [fd00::1]-[fd00::2]:80
            {"later":{"a":[1,"b",null]}}                                     | later {"a":[1,"b",null]}
            {"match":{"op":"==","left":{"later":{}},"right":5}}              | {"later":{}} 5
            "update @m { tcp dport : ip saddr }"                             | update @m { tcp dport : ip saddr }
            5                                                                | 5
            """)
    void printsWhatThisKernelDoesNotTakeOrNobodyKnows(String json, String text) {
        assertThat(rule(json).spec()).isEqualTo(text);
    }

    @Test
    void putsARangeIntoBracketsAsIptablesDoes() {
        assertThat(rule("{\"dnat\":{\"addr\":{\"range\":[\"fd00::1\",\"fd00::2\"]},\"port\":80}}")
                        .target())
                .isEqualTo(new Target(
                        "DNAT",
                        false,
                        List.of(new Option(false, "--to-destination", List.of("[fd00::1-fd00::2]:80")))));
    }

    @Test
    void namesQueuesAsIptablesDoes() {
        assertThat(rule("{\"queue\":{\"num\":{\"range\":[1,4]},\"flags\":[\"bypass\",\"fanout\"]}}")
                        .target())
                .isEqualTo(new Target(
                        "NFQUEUE",
                        false,
                        List.of(
                                new Option(false, "--queue-balance", List.of("1:4")),
                                new Option(false, "--queue-bypass", List.of()),
                                new Option(false, "--queue-cpu-fanout", List.of()))));
    }

    @Test
    void warnsOfWhatItDoesNotKnow() {
        NftListing listing = listing(
                "{\"metainfo\":{\"json_schema_version\":2}}",
                TABLE,
                "{\"tunnel\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"x\"}}",
                "{\"table\":{\"family\":\"later\",\"name\":\"t\"}}",
                "{\"chain\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"c\",\"type\":\"filter\",\"hook\":\"later\",\"prio\":0}}");

        assertThat(listing.warnings())
                .containsExactly(
                        "schema version 2 of nft's JSON is not known",
                        "tunnel x is not known",
                        "family later is not known",
                        "chain t c is entered at an unknown place: type filter hook later");
        assertThat(listing.rulesets().get(0).warnings()).isEqualTo(listing.warnings());
    }

    @Test
    void keepsFlowtables() {
        assertThat(listing(
                                TABLE,
                                "{\"flowtable\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"ft\",\"hook\":\"ingress\","
                                        + "\"prio\":0,\"dev\":[\"eth0\",\"eth1\"]}}")
                        .tables()
                        .get(0)
                        .table()
                        .objects())
                .containsExactly(new NamedObject(
                        "flowtable", "ft", "hook ingress priority 0; devices = { \"eth0\", \"eth1\" }", null));
    }

    @Test
    void keepsEqualValuesOnce() {
        String rule = "{\"rule\":{\"family\":\"inet\",\"table\":\"t\",\"chain\":\"c\",\"handle\":%d,\"expr\":[" + PORT
                + ",{\"accept\":null}]}}";
        // With blanks where nft has them.
        rule = rule.replace(":", ": ").replace(",", ", ");
        List<Rule> rules = listing(TABLE, CHAIN, rule.formatted(2), rule.formatted(3))
                .rulesets()
                .get(0)
                .rules()
                .toList();

        assertThat(rules.get(0).matches().get(0))
                .isSameAs(rules.get(1).matches().get(0));
        assertThat(rules.get(0).target()).isSameAs(rules.get(1).target());
        assertThat(rules.get(0).spec()).isSameAs(rules.get(1).spec());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', nullValues = "-", textBlock = """
            ''                                              | 1 | 1  | expected {
            []                                              | 1 | 1  | expected {
            {}                                              | 1 | 2  | "nftables" is missing
            {"nftables":7}                                  | 1 | 13 | expected [
            {"nftables":[7]}                                | 1 | 14 | expected {
            {"nftables":[]} x                               | 1 | 17 | no JSON
            {"nftables":[]} {}                              | 1 | 17 | text behind the listing
            {"nftables":[{"table":{"name":"t"}}]}           | 1 | 14 | "family" is missing
            {"nftables":[{"table":{"family":"ip"}}]}        | 1 | 14 | "name" is missing
            {"nftables":[{"chain":{"family":"ip","table":"t"}}]} | 1 | 14 | table ip t was not declared
            {"nftables":[{"table":                          | 1 | 23 | no JSON
            """)
    void saysWhereAListingIsDamaged(String text, int line, int column, String problem) {
        assertThatExceptionOfType(ParseException.class)
                .isThrownBy(() -> NftJsonParser.parse(text))
                .withMessageContaining(problem)
                .satisfies(e -> assertThat(List.of(e.line(), e.column())).containsExactly(line, column));
    }

    @Test
    void showsTheDamagedLine() {
        String text = "{\"nftables\":[\n" + TABLE + ",\n  " + TABLE + "]}";

        assertThatExceptionOfType(ParseException.class)
                .isThrownBy(() -> NftJsonParser.parse(text))
                .withMessage("line 3, column 3: table inet t was there before\n    " + TABLE + "]}\n    ^");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"rule\":{\"family\":\"inet\",\"table\":\"t\",\"chain\":\"x\"}}",
                "{\"rule\":{\"family\":\"inet\",\"table\":\"t\"}}",
                "{\"rule\":{\"family\":\"inet\",\"table\":\"t\",\"chain\":\"c\",\"expr\":[{\"counter\":{\"packets\":-1}}]}}",
                "{\"rule\":null}",
                "{\"chain\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"c\"}}",
                "{\"chain\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"d\",\"hook\":\"input\",\"type\":\"filter\"}}",
                "{\"chain\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"d\",\"hook\":\"input\",\"type\":\"filter\",\"prio\":0,\"policy\":\"x\"}}",
                "{\"set\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"s\"}}",
                "{\"counter\":{\"family\":\"inet\",\"table\":\"t\",\"name\":\"n\",\"packets\":true}}",
            })
    void refusesObjectsThatLackWhatTheyNeed(String object) {
        assertThatExceptionOfType(ParseException.class).isThrownBy(() -> listing(TABLE, CHAIN, object));
    }

    @Test
    void refusesADepthThatNoRuleHas() {
        String deep = "[".repeat(100_000);

        assertThatExceptionOfType(ParseException.class).isThrownBy(() -> rule(deep));
    }

    /** Cuts, flips and repeats bytes of real listings. */
    @ParameterizedTest
    @MethodSource("pairs")
    void readsOrRefusesWhateverBecomesOfAListing(Path json) {
        String text = Captures.text(json);
        Random random = new Random(json.getFileName().toString().hashCode());

        int refused = 0;
        for (int i = 0; i < 40; i++) {
            StringBuilder changed = new StringBuilder(text);
            int at = random.nextInt(text.length());
            switch (random.nextInt(4)) {
                case 0 -> changed.setLength(at);
                case 1 -> changed.setCharAt(at, (char) random.nextInt(0x250));
                case 2 -> changed.delete(at, Math.min(text.length(), at + random.nextInt(200)));
                default -> changed.insert(at, text, at, Math.min(text.length(), at + random.nextInt(200)));
            }
            try {
                NftJsonParser.parse(changed.toString()).tables().forEach(t -> NftPrinter.print(t.family(), t.table()));
            } catch (ParseException e) {
                refused++;
            }
        }
        assertThat(refused).isBetween(10, 40);
    }

    @Test
    void takesTimeInProportionToItsInput() {
        String elements = "\"10.0.0.1\",".repeat(200_000);
        String keys = "\"k\":1,".repeat(200_000);
        String statements = (PORT + ",").repeat(20_000);

        assertTimeoutPreemptively(Duration.ofSeconds(30), () -> {
            listing(
                    TABLE,
                    "{\"set\":{" + keys + "\"family\":\"inet\",\"table\":\"t\",\"name\":\"s\",\"type\":\"ipv4_addr\","
                            + "\"elem\":[" + elements + "1]}}");
            rule(statements + COUNTED);
        });
    }
}
