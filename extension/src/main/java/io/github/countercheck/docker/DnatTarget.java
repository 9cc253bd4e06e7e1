// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Target;
import java.net.InetAddress;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * Where a rule translates to: {@code --to-destination 172.17.0.2:80} or {@code [fd00::2]:80}; of a range
 * {@code 10.88.0.2:80-90/8080}, where what follows the slash is the port that the first one stands for.
 *
 * @param address the address
 * @param ports the port or ports
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public record DnatTarget(InetAddress address, PortRange ports) {

    private static final Pattern FORM = Pattern.compile("(?:\\[(.+)]|([^:]+)):([\\d-]+)(?:/\\d{1,5})?");

    /** Returns where the rule translates to; null where it does not, or not to one address and given ports. */
    public static @Nullable DnatTarget of(Rule rule) {
        Target target = rule.target();
        if (target == null || !target.name().equals("DNAT") || target.options().size() != 1) {
            return null;
        }
        Matcher form = FORM.matcher(
                target.option("--to-destination").map(o -> o.value()).orElse(""));
        if (!form.matches()) {
            return null;
        }
        String address = form.group(1) == null ? form.group(2) : form.group(1);
        Optional<PortRange> ports = PortRange.parse(form.group(3));
        try {
            return ports.isEmpty() ? null : new DnatTarget(Cidr.parseAddress(address), ports.get());
        } catch (IllegalArgumentException severalAddresses) {
            return null;
        }
    }
}
