// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.benchmarks;

import io.github.countercheck.benchmarks.Contest.Side;
import java.io.IOException;
import java.util.List;

/** Debian's python3-iptables with Debian's Python, at its best: imported already, and asked again. It reads iptables-legacy only. */
final class PythonIptables {

    private static final String PROGRAM =
            "/usr/bin/python3 -u -c 'import iptc.easy, sys; print(\"ready\"); [print(len(iptc.easy.dump_all())) for line in sys.stdin]'";

    private PythonIptables() {}

    static void beside(Plan plan, int rules, long pid, BareShell legacy) throws Exception {
        try (BareShell python = BareShell.in(pid)) {
            try {
                python.become(PROGRAM);
            } catch (IOException e) {
                plan.missing("python-iptables of " + rules + " rules: Debian's python3-iptables is not there");
                return;
            }
            List<Sample> took = Contest.inTurn(
                    1,
                    plan.rounds(7, 3),
                    Side.timed("python-iptables' `iptc.easy.dump_all()` of " + rules + " rules", python::ask),
                    Side.timed("`iptables-legacy-save -c`", () -> legacy.run("iptables-legacy-save -c")));
            plan.report(Figure.ofRatio("peer-python-iptables-" + rules, null, took.get(0), took.get(1)));
        }
    }
}
