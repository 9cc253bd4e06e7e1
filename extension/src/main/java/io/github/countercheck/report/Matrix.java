// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.report;

import java.util.List;
import org.apiguardian.api.API;

/**
 * What became of the same packets with several daemons.
 *
 * @param title its heading
 * @param summary how it came out, in a sentence
 * @param columns a daemon each
 * @param rows a path each
 * @param changes what changes where one daemon takes the place of another, a line each
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public record Matrix(String title, String summary, List<Column> columns, List<Row> rows, List<String> changes) {

    /**
     * A daemon.
     *
     * @param name what it is called, {@code candidate.json}
     * @param detail its engine and what else there is to say
     * @param verdict that of all its paths together
     * @param result how they came out, in words
     */
    @API(status = API.Status.INTERNAL, since = "0.1")
    public record Column(String name, String detail, Verdict verdict, String result) {}

    /**
     * A path.
     *
     * @param path from where to where
     * @param cells what became of it, in the order of the columns
     */
    @API(status = API.Status.INTERNAL, since = "0.1")
    public record Row(String path, List<Cell> cells) {

        /** Copies the list. */
        public Row {
            cells = List.copyOf(cells);
        }
    }

    /**
     * What became of a path with a daemon.
     *
     * @param verdict whether that is as it should be
     * @param outcome what the sender saw, {@code answered}
     * @param mechanism what did it, {@code DNAT}, or empty
     * @param change in what it differs from the daemon that it is compared with, or empty
     * @param evidence what that rests on, a line each
     */
    @API(status = API.Status.INTERNAL, since = "0.1")
    public record Cell(Verdict verdict, String outcome, String mechanism, String change, List<String> evidence) {

        /** Copies the list. */
        public Cell {
            evidence = List.copyOf(evidence);
        }
    }

    /** Copies the lists. */
    public Matrix {
        columns = List.copyOf(columns);
        rows = List.copyOf(rows);
        changes = List.copyOf(changes);
    }
}
