// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.traffic;

import java.util.Optional;
import org.apiguardian.api.API;

/** What conntrack said of one flow. That it could not be asked is never taken for "no entry". */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public sealed interface ConntrackAnswer {

    /**
     * The kernel tracks the flow.
     *
     * @param known what it knows of it
     */
    record Found(ConntrackEntry known) implements ConntrackAnswer {
        @Override
        public String toString() {
            return known.toString();
        }
    }

    /**
     * The kernel tracks no such flow: its first packet never came, or was dropped on its way, or the entry is gone again
     * (it goes at once where a TCP reset is the first answer), or nothing in that namespace asks for tracking.
     */
    record Absent() implements ConntrackAnswer {
        @Override
        public String toString() {
            return "no entry";
        }
    }

    /**
     * It was not asked, or could not be.
     *
     * @param reason why not
     */
    record Unreadable(String reason) implements ConntrackAnswer {
        @Override
        public String toString() {
            return "conntrack cannot be read: " + reason;
        }
    }

    /** Returns what the kernel knows of the flow, if it was asked and knows it. */
    default Optional<ConntrackEntry> entry() {
        return this instanceof Found found ? Optional.of(found.known()) : Optional.empty();
    }
}
