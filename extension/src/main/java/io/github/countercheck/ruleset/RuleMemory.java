// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * The rules of the last listing of each table, by their text. From one listing to the next hardly any changes but its
 * counter. So most need not be understood again, and two snapshots share what they have in common.
 *
 * <p>Safe for several threads.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class RuleMemory {

    private record TableId(Family family, Backend backend, String table) {}

    private final Map<TableId, Map<String, Rule>> tables = new ConcurrentHashMap<>();

    OfTable open(Family family, Backend backend, String table) {
        return new OfTable(new TableId(family, backend, table));
    }

    /** What one reading of a table finds, and what it leaves for the next. */
    final class OfTable {

        private final TableId id;
        private final Map<String, Rule> before;
        private final Map<String, Rule> now;

        private OfTable(TableId id) {
            this.id = id;
            this.before = tables.getOrDefault(id, Map.of());
            this.now = new HashMap<>(before.size() * 3 / 2);
        }

        /**
         * Finds a rule that the table had. Of several that say the same only the first is found, for each is an object of its
         * own.
         *
         * @param spec its text from {@code -A}, as it is listed
         */
        @Nullable
        Rule find(String spec) {
            Rule rule = before.get(spec);
            return rule == null || now.containsKey(spec) ? null : rule;
        }

        void keep(String spec, Rule rule) {
            now.put(spec, rule);
        }

        /** Forgets what this reading did not find. */
        void close() {
            tables.put(id, now);
        }
    }
}
