// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import java.util.ArrayList;
import java.util.List;
import org.apiguardian.api.API;

/** Lays out a failure: a headline that makes sense alone, then labelled lines, facts before advice. */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class FailureText {

    private final List<String> lines = new ArrayList<>();

    /** Begins with the headline. */
    public FailureText(String headline) {
        lines.add(headline);
    }

    /** Adds a labelled line; of a text of several lines, the further ones are set in under the first. */
    public FailureText line(String label, String text) {
        String name = label;
        for (String part : text.split("\n", -1)) {
            lines.add(String.format("  %-9s %s", name, part));
            name = "";
        }
        return this;
    }

    /** Adds what was found, if anything was. */
    public FailureText findings(List<Finding> findings) {
        findings.forEach(finding -> {
            line("because", finding.cause() + ": " + finding.evidence());
            line("try", finding.remedy());
        });
        return this;
    }

    /** Returns the whole text. */
    @Override
    public String toString() {
        return String.join("\n", lines);
    }
}
