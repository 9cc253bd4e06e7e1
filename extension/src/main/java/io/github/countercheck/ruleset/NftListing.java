// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apiguardian.api.API;

/**
 * What {@code nft -j list ruleset} shows of one network namespace: the tables of all families.
 *
 * @param tables its tables in the order of the listing
 * @param warnings what it holds that is not understood. A listing with warnings may be incomplete: that a rule is not in it
 *     proves nothing.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record NftListing(List<OfFamily> tables, List<String> warnings) {

    /** Copies the lists. */
    public NftListing {
        tables = List.copyOf(tables);
        warnings = List.copyOf(warnings);
    }

    /**
     * A table and its family; two families may have tables of the same name.
     *
     * @param family the packets it sees
     * @param table the table
     * @param isOfIptables whether iptables-nft keeps it: it holds extensions of iptables, of which this listing says the
     *     name at most, or it is named and hooked like a table of iptables. {@code iptables-nft-save} shows it in full, or
     *     says that it is incompatible: then it is somebody's own after all.
     */
    public record OfFamily(Family family, Table table, boolean isOfIptables) {}

    /** Returns the listing without the tables that iptables-nft keeps, for a reader who has them from there. */
    public NftListing withoutIptables() {
        return new NftListing(tables.stream().filter(t -> !t.isOfIptables()).toList(), warnings);
    }

    /** Returns one ruleset for each family that has a table, in the order in which they first appear. */
    public List<Ruleset> rulesets() {
        Map<Family, List<Table>> families = new LinkedHashMap<>();
        tables.forEach(t ->
                families.computeIfAbsent(t.family(), f -> new ArrayList<>()).add(t.table()));
        return families.entrySet().stream()
                .map(f -> new Ruleset(f.getKey(), Backend.NFTABLES, f.getValue(), warnings))
                .toList();
    }
}
