// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.snapshot;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.ruleset.Family;
import org.apiguardian.api.API;

/** Reads the rules and counters of one network namespace. Reading changes no rule and no counter. */
@API(status = API.Status.INTERNAL, since = "0.1")
public interface CounterSource extends AutoCloseable {

    /**
     * Reads everything: both families, both iptables backends.
     *
     * @throws CountercheckException if the rules cannot be read
     */
    CounterSnapshot read();

    /**
     * Reads one table of one family, as polling does.
     *
     * @param family the family
     * @param table the table's name
     * @throws CountercheckException if the rules cannot be read
     */
    CounterSnapshot read(Family family, String table);

    /** Says for a reader where and how it reads. */
    String description();

    @Override
    void close();
}
