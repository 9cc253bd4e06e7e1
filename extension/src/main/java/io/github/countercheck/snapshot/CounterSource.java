// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.snapshot;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.ruleset.Family;
import java.util.Set;
import org.apiguardian.api.API;

/** Reads the rules and counters of one network namespace. Reading changes no rule and no counter. */
@API(status = API.Status.INTERNAL, since = "0.1")
public interface CounterSource extends AutoCloseable {

    /**
     * Reads everything: both families, both iptables backends, nftables' own tables.
     *
     * @throws CountercheckException if the rules cannot be read
     */
    CounterSnapshot read();

    /**
     * Reads one table, as polling does, and with it nftables' own tables. It is read where the last reading of everything
     * found it: a table that came into being since is not seen.
     *
     * @param families the families; what sees packets of none of them is left out
     * @param table the name of a table of iptables
     * @throws CountercheckException if the rules cannot be read
     */
    CounterSnapshot read(Set<Family> families, String table);

    /** Says for a reader where and how it reads. */
    String description();

    @Override
    void close();
}
