// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.List;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * A set or map of an nftables table.
 *
 * @param name its name
 * @param isMap whether its elements lead to something
 * @param type the type of its elements, {@code ifname} or {@code ipv4_addr . inet_service}
 * @param flags {@code interval}, {@code timeout}, {@code dynamic}…
 * @param elements its elements in the order of the listing
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record NamedSet(String name, boolean isMap, String type, List<String> flags, List<Element> elements) {

    /** Copies the lists. */
    public NamedSet {
        flags = List.copyOf(flags);
        elements = List.copyOf(elements);
    }

    /**
     * One element.
     *
     * @param key what it is found by
     * @param verdict where it leads, of a verdict map
     * @param data what it leads to, of any other map
     * @param counter what it counted, where elements count
     */
    public record Element(
            Expression key,
            @Nullable Target verdict,
            @Nullable Expression data,
            @Nullable Counter counter) {}
}
