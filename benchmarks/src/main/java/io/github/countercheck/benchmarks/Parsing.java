// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import io.github.countercheck.benchmarks.Contest.Side;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.IptablesSaveParser;
import io.github.countercheck.ruleset.NftJsonParser;
import io.github.countercheck.ruleset.RuleMemory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/** The parsers alone, in a JVM that has run them for a while. */
final class Parsing implements Group {

    private record Size(int rules, double milliseconds) {}

    private static final List<Size> SIZES = List.of(new Size(100, 0.15), new Size(1_000, 0.6), new Size(10_000, 8));
    private static final double UNDISTURBED = 0.1;
    private static final int LARGE = 30_000;
    private static final JsonFactory JACKSON = new JsonFactory();

    @Override
    public String title() {
        return "parsers alone";
    }

    @Override
    public void measure(Plan plan) throws Exception {
        Duration forWarmUp = Duration.ofSeconds(plan.rounds(6, 3));
        Side[] sides = SIZES.stream().map(Parsing::parse).toArray(Side[]::new);
        Contest.warmUp(forWarmUp.multipliedBy(2), sides);
        // For seconds, so that all sizes meet the machine's other guests alike, and do without them for a while.
        List<Sample> took = Contest.inTurn(0, plan.rounds(1_000, 300), sides);
        for (int i = 0; i < sides.length; i++) {
            Size size = SIZES.get(i);
            plan.report(Figure.ofQuantile(
                            "parse-" + size.rules(), Goal.atMost(size.milliseconds()), took.get(i), UNDISTURBED)
                    .withRemark("the figure is the tenth percentile: others on the machine can only add to it"));
        }
        ofNft(plan, forWarmUp.multipliedBy(3));
    }

    private static Side parse(Size size) {
        String text = new RulesetOfSize(size.rules()).iptablesSave();
        return Side.timed(
                "`iptables-save -c` text of " + size.rules() + " rules to a Ruleset",
                () -> IptablesSaveParser.parse(Family.IPV4, Backend.IPTABLES_NFT, text));
    }

    /** A listing that nothing like it was read before, and one that has been, with one in ten of its counters changed. */
    private static void ofNft(Plan plan, Duration forWarmUp) throws Exception {
        RulesetOfSize size = new RulesetOfSize(LARGE);
        String json = size.nftJson();
        String later = size.nftJsonLater();
        byte[] bytes = json.getBytes(StandardCharsets.UTF_8);
        RuleMemory memory = new RuleMemory();
        AtomicBoolean isLater = new AtomicBoolean();
        Side[] sides = {
            Side.timed(
                    "`nft -j list ruleset` of " + LARGE + " native rules to Rulesets, read for the first time",
                    () -> NftJsonParser.parse(json)),
            Side.timed(
                    "the same, read again, one rule in ten with another counter",
                    () -> NftJsonParser.parse(isLater.getAndSet(!isLater.get()) ? json : later, memory)),
            Side.timed("Jackson's tokens of the same bytes", () -> scan(bytes))
        };
        Contest.warmUp(forWarmUp, sides);
        List<Sample> took = Contest.inTurn(0, plan.rounds(21, 9), sides);
        plan.report(Figure.ofRatio("nft-json-" + LARGE, Goal.atMost(1.5), took.get(0), took.get(2)));
        plan.report(Figure.ofRatio("nft-json-again-" + LARGE, Goal.atMost(1.5), took.get(1), took.get(2)));
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
