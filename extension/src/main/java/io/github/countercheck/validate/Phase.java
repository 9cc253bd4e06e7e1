// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import java.util.Locale;
import org.apiguardian.api.API;

/** What the time of one daemon goes to. */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public enum Phase {
    /** Until dockerd answers. */
    DOCKERD,
    /** Until the networks and containers that the paths lead through are there, and the world outside. */
    CONTAINERS,
    /** Packets that are promised to be answered, with what was counted for them. */
    ANSWERS,
    /** Packets that are promised not to be answered, for which time has to pass. */
    SILENCE,
    /** Until all of it is gone. */
    REMOVAL;

    /** Names it for a reader, and as a field: {@code containers}. */
    public String inWords() {
        return name().toLowerCase(Locale.ROOT);
    }
}
