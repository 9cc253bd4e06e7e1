// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Table;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apiguardian.api.API;

/**
 * Classifies the readings of one daemon's rules. From one to the next hardly anything changes but counters, and what a
 * rule is for does not depend on them.
 *
 * <p>Safe for several threads.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class ClassificationMemory {

    private record Listing(Family family, Backend backend, List<String> tables) {

        static Listing of(Ruleset ruleset) {
            return new Listing(
                    ruleset.family(),
                    ruleset.backend(),
                    ruleset.tables().stream().map(Table::name).toList());
        }
    }

    private final Map<Listing, Classification> last = new ConcurrentHashMap<>();

    /** Does what {@link RuleClassifier#classify} does, from memory where the same rules stand as the last time. */
    public Classification classify(Ruleset ruleset, DockerFacts facts) {
        Listing listing = Listing.of(ruleset);
        Classification earlier = last.get(listing);
        Classification now = earlier != null && earlier.facts().equals(facts)
                ? earlier.recounted(ruleset).orElseGet(() -> RuleClassifier.classify(ruleset, facts))
                : RuleClassifier.classify(ruleset, facts);
        last.put(listing, now);
        return now;
    }
}
