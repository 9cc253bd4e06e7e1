// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import io.github.countercheck.ruleset.Family;
import java.util.Set;
import org.apiguardian.api.API;

/**
 * What a promise depends on and no daemon decides.
 *
 * @param forwarded the families whose packets the host forwarded before the daemon started
 * @param bridgesAskRules the families whose frames within a bridge meet the rules (br_netfilter)
 * @param outsideRoutesBack whether somebody outside has a route to the containers' own addresses
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record HostSetting(Set<Family> forwarded, Set<Family> bridgesAskRules, boolean outsideRoutesBack) {

    /** Copies the sets. */
    public HostSetting {
        forwarded = Set.copyOf(forwarded);
        bridgesAskRules = Set.copyOf(bridgesAskRules);
    }
}
