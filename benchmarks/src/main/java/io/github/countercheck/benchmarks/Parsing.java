// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import io.github.countercheck.benchmarks.Contest.Side;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.IptablesSaveParser;
import io.github.countercheck.ruleset.NftJsonParser;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The parsers alone, in a JVM that has run them for a while. */
final class Parsing implements Group {

    private record Size(int rules, double milliseconds) {}

    private static final List<Size> SIZES = List.of(new Size(100, 0.15), new Size(1_000, 0.6), new Size(10_000, 8));
    private static final int LARGE = 30_000;
    private static final JsonFactory JACKSON = new JsonFactory();

    @Override
    public String title() {
        return "parsers alone";
    }

    @Override
    public void measure(Plan plan) throws Exception {
        for (Size size : SIZES) {
            String text = new RulesetOfSize(size.rules()).iptablesSave();
            long forWarmUp = plan.quick() ? 400_000 : 2_000_000;
            List<Sample> took = Contest.inTurn(
                    Math.toIntExact(forWarmUp / size.rules()),
                    plan.rounds(200, 50),
                    Side.timed(
                            "`iptables-save -c` text of " + size.rules() + " rules to a Ruleset",
                            () -> IptablesSaveParser.parse(Family.IPV4, Backend.IPTABLES_NFT, text)));
            plan.report(Figure.of("parse-" + size.rules(), Goal.atMost(size.milliseconds()), took.get(0)));
        }
        String json = new RulesetOfSize(LARGE).nftJson();
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        List<Sample> took = Contest.inTurn(
                plan.rounds(10, 4),
                plan.rounds(21, 5),
                Side.timed(
                        "`nft -j list ruleset` of " + LARGE + " native rules to Rulesets",
                        () -> NftJsonParser.parse(json)),
                Side.timed("Jackson's tokens of the same bytes", () -> scan(bytes)));
        plan.report(Figure.ofRatio("nft-json-" + LARGE, Goal.atMost(1.5), took.get(0), took.get(1)));
    }

    /** Returns how many tokens there are. */
    static long scan(byte[] json) throws IOException {
        long tokens = 0;
        try (JsonParser parser = JACKSON.createParser(json)) {
            while (parser.nextToken() != null) {
                tokens++;
            }
        }
        return tokens;
    }
}
