// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import io.github.countercheck.daemon.PathId;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Transport;
import java.util.List;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * One path over one family and protocol.
 *
 * @param id the path
 * @param family the family
 * @param protocol the protocol
 * @param measured what became of the packets; null where it could not be measured
 * @param rules the rules that counted them
 * @param expected what the configuration promises; null where the daemon did not start, so that nothing is promised
 * @param cause why it failed, or was not measured; null where it passed
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record ProbeReport(
        PathId id,
        Family family,
        Transport protocol,
        @Nullable Way measured,
        List<RuleHit> rules,
        @Nullable Way expected,
        @Nullable String cause) {

    /** Copies the rules. */
    public ProbeReport {
        rules = List.copyOf(rules);
    }

    /** Returns what it is worth. */
    public Verdict verdict() {
        if (measured == null || expected == null) {
            return Verdict.UNMEASURED;
        }
        return measured.keeps(expected) ? Verdict.PASS : Verdict.FAIL;
    }
}
