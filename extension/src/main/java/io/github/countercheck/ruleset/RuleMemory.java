// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
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

    private static final OfNftTable.Remembered[] NONE = {};

    private final Map<String, Map<String, Rule>> tables = new ConcurrentHashMap<>();
    private final Map<String, OfNftTable.Remembered[]> tablesOfNft = new ConcurrentHashMap<>();

    OfNftTable openNft(Family family, String table) {
        return new OfNftTable(key(family, Backend.NFTABLES, table));
    }

    OfTable open(Family family, Backend backend, String table) {
        return new OfTable(key(family, backend, table));
    }

    /** No record: the JVM makes its {@code hashCode} when it is first asked for, which half of a first reading would wait for. */
    private static String key(Family family, Backend backend, String table) {
        return String.join(" ", family.keyword(), backend.name(), table);
    }

    /** What one reading of a table finds, and what it leaves for the next. */
    final class OfTable {

        private final String key;
        private final Map<String, Rule> before;
        private final Map<String, Rule> now;

        private OfTable(String key) {
            this.key = key;
            this.before = tables.getOrDefault(key, Map.of());
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
            tables.put(key, now);
        }
    }

    /**
     * What one reading of a table of nftables finds, and what it leaves for the next. A rule of nftables has a number of its own, its
     * handle; that it says the same is for the reader to see.
     */
    final class OfNftTable {

        /**
         * A rule, and what it says as it was read.
         *
         * @param handle its number
         */
        record Remembered(long handle, Rule rule, NftBody body) {}

        private final String key;
        private final @Nullable Remembered[] before;
        private final List<Remembered> now;

        /** The place behind the rule that was found last: that of the next one, mostly. */
        private int next;

        private @Nullable Map<Long, Integer> places;

        private OfNftTable(String key) {
            this.key = key;
            // Each is found once here, and perhaps by somebody else who reads the table as well.
            this.before = tablesOfNft.getOrDefault(key, NONE).clone();
            this.now = new ArrayList<>(before.length);
        }

        /** Finds the rule of that handle, once. */
        @Nullable
        Remembered find(long handle) {
            if (before.length == 0) {
                return null;
            }
            int place = isAt(next, handle) ? next : place(handle);
            Remembered found = place < 0 ? null : before[place];
            if (found != null) {
                before[place] = null;
                next = place + 1;
            }
            return found;
        }

        private boolean isAt(int place, long handle) {
            Remembered rule = place < before.length ? before[place] : null;
            return rule != null && rule.handle() == handle;
        }

        private int place(long handle) {
            Map<Long, Integer> found = places;
            if (found == null) {
                found = new HashMap<>();
                for (int i = 0; i < before.length; i++) {
                    Remembered rule = before[i];
                    if (rule != null) {
                        found.put(rule.handle(), i);
                    }
                }
                places = found;
            }
            return found.getOrDefault(handle, -1);
        }

        void keep(long handle, Rule rule, NftBody body) {
            now.add(new Remembered(handle, rule, body));
        }

        /** Forgets what this reading did not find. */
        void close() {
            tablesOfNft.put(key, now.toArray(NONE));
        }
    }
}
