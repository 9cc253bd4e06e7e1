// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.report;

import java.util.List;
import org.apiguardian.api.API;

/**
 * What became of the same packets with several daemons.
 *
 * @param title its heading
 * @param summary how it came out, in a sentence
 * @param baseline the name of the column that the others are compared with
 * @param columns a daemon each
 * @param rows a path each
 * @param notes what to know when reading it
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public record Matrix(
        String title, String summary, String baseline, List<Column> columns, List<Row> rows, List<String> notes) {

    /**
     * A daemon.
     *
     * @param name what it is called, {@code candidate.json}
     * @param detail its engine and what else there is to say
     */
    @API(status = API.Status.INTERNAL, since = "0.1")
    public record Column(String name, String detail) {}

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
     * @param differs whether it differs from the baseline
     * @param evidence what that rests on, a line each
     */
    @API(status = API.Status.INTERNAL, since = "0.1")
    public record Cell(Verdict verdict, String outcome, String mechanism, boolean differs, List<String> evidence) {

        /** Copies the list. */
        public Cell {
            evidence = List.copyOf(evidence);
        }
    }

    /** Copies the lists. */
    public Matrix {
        columns = List.copyOf(columns);
        rows = List.copyOf(rows);
        notes = List.copyOf(notes);
    }
}
