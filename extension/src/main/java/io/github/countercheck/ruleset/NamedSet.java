// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.List;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * A set or map of an nftables table.
 *
 * @param name its name
 * @param type the type of its elements, {@code ifname} or {@code ipv4_addr . inet_service}, or {@code typeof ip saddr}
 * @param dataType the type of what its elements lead to, {@code verdict}; null for a set
 * @param flags {@code interval}, {@code timeout}, {@code dynamic}… (the JSON of nftables 1.0 leaves {@code dynamic} out)
 * @param properties its other lines as listed: {@code size 128}, {@code timeout 1h}, {@code counter}
 * @param elements its elements in the order of the listing
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record NamedSet(
        String name,
        String type,
        @Nullable String dataType,
        List<String> flags,
        List<String> properties,
        List<Element> elements) {

    /** Copies the lists. */
    public NamedSet {
        flags = List.copyOf(flags);
        properties = List.copyOf(properties);
        elements = List.copyOf(elements);
    }

    /** Tells whether its elements lead to something. */
    public boolean isMap() {
        return dataType != null;
    }

    /**
     * One element.
     *
     * @param key what it is found by; {@code *} is found by all that finds no other
     * @param verdict where it leads, of a verdict map
     * @param data what it leads to, of any other map
     * @param counter what it counted, where elements count
     * @param timeout after how many seconds it goes, or null where it was given no time of its own
     * @param comment its comment, or null
     */
    public record Element(
            Expression key,
            @Nullable Target verdict,
            @Nullable Expression data,
            @Nullable Counter counter,
            @Nullable Long timeout,
            @Nullable String comment) {}
}
