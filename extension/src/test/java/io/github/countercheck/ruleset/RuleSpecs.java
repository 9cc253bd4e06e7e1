// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;

/** Rules as people type them beside the same rules as the tools print them. */
final class RuleSpecs {

    record Spec(Family family, String table, String typed, String printed) {

        /** Returns what the tools print of this rule in that chain. */
        String in(String chain) {
            return ("-A " + chain + " " + printed).stripTrailing();
        }

        @Override
        public String toString() {
            return family + " " + table + " " + typed;
        }
    }

    private RuleSpecs() {}

    static List<Spec> all() {
        try (InputStream in = Objects.requireNonNull(RuleSpecs.class.getResourceAsStream("/rule-specs.txt"))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(l -> !l.startsWith("#"))
                    .map(l -> l.split("\\|", -1))
                    .map(f -> new Spec(
                            f[0].strip().equals("6") ? Family.IPV6 : Family.IPV4,
                            f[1].strip(),
                            f[2].strip(),
                            f[3].strip()))
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
