// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What several rules of an nftables table share by its name.
 *
 * @param kind {@code counter}, {@code quota}, {@code limit}, {@code ct helper}, {@code flowtable}…
 * @param name its name
 * @param text what it is, as listed, of a counter without what it counted: {@code over 26214400 bytes}
 * @param counter what it counted, if it is a counter
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record NamedObject(
        String kind, String name, String text, @Nullable Counter counter) {}
