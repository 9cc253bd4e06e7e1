// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.snapshot;

import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Family;
import org.apiguardian.api.API;

/**
 * What makes a rule the same rule in two snapshots: where it stands and what it says, but not its position.
 *
 * @param family its address family
 * @param backend the backend that holds it
 * @param table its table
 * @param chain its chain
 * @param spec its text without counter, in the form in which the tool lists it
 * @param occurrence which of several equal rules of the chain it is, from 0
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record RuleId(Family family, Backend backend, String table, String chain, String spec, int occurrence) {

    RuleId occurrence(int other) {
        return new RuleId(family, backend, table, chain, spec, other);
    }
}
