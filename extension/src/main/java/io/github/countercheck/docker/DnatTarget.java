// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Rule;
import io.github.countercheck.ruleset.Target;
import java.net.InetAddress;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Where a rule translates to: {@code --to-destination 172.17.0.2:80} or {@code [fd00::2]:80}. */
record DnatTarget(InetAddress address, int port) {

    private static final Pattern FORM = Pattern.compile("(?:\\[(.+)]|([^:]+)):(\\d{1,5})");

    /** Returns where the rule translates to; null where it does not, or not to one address and one port. */
    static @Nullable DnatTarget of(Rule rule) {
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
        try {
            return new DnatTarget(Cidr.parseAddress(address), Integer.parseInt(form.group(3)));
        } catch (IllegalArgumentException severalAddresses) {
            return null;
        }
    }
}
