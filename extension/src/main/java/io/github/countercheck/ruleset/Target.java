// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.List;
import java.util.Optional;
import org.apiguardian.api.API;

/**
 * What a rule does with a packet that meets all its matches: {@code -j DNAT --to-destination 172.17.0.2:80}.
 *
 * @param name a verdict ({@code ACCEPT}, {@code DROP}, {@code RETURN}), a target extension ({@code DNAT}), or a chain
 * @param isGoto whether it was written {@code -g}: the chain's end then does not come back here
 * @param options the extension's options in order
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record Target(String name, boolean isGoto, List<Option> options) {

    /** Copies the options. */
    public Target {
        options = List.copyOf(options);
    }

    /** Returns the first option of that name, {@code --to-destination}. */
    public Optional<Option> option(String optionName) {
        return options.stream().filter(o -> o.name().equals(optionName)).findFirst();
    }
}
