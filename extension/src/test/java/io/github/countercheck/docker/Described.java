// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.docker;

import io.github.countercheck.ruleset.Cidr;
import java.util.ArrayList;
import java.util.List;

/** A classified rule in one line, without the rule: {@code PORT_DNAT container=web1 network=bridge port=80/tcp}. */
final class Described {

    private Described() {}

    static String of(ClassifiedRule rule) {
        List<String> words = new ArrayList<>(List.of(rule.role().name()));
        if (rule.container() != null) {
            words.add("container=" + rule.container().name());
        }
        if (rule.network() != null) {
            words.add("network=" + rule.network().name());
        }
        if (rule.ports() != null) {
            words.add("port=" + rule.ports() + "/" + rule.transport());
        }
        if (rule.hostPorts() != null) {
            String address = rule.hostAddress() == null ? "*" : Cidr.format(rule.hostAddress());
            words.add("host=" + address + ":" + rule.hostPorts() + "/" + rule.transport());
        }
        if (rule.subnet() != null) {
            words.add("subnet=" + rule.subnet());
        }
        return String.join(" ", words);
    }
}
