// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.session;

import io.github.countercheck.host.HostFacts;
import io.github.countercheck.host.RouteAnswer;
import io.github.countercheck.netns.Command;
import io.github.countercheck.netns.CommandResult;
import io.github.countercheck.netns.Netns;
import io.github.countercheck.ruleset.Cidr;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Has a namespace tell how it is set up. Reads only. */
final class HostFactsReader {

    private static final Duration LIMIT = Duration.ofSeconds(10);

    private static final Pattern DEVICE = Pattern.compile("\\bdev (\\S+)");

    /** A tool or file that is missing leaves its section empty. */
    private static final String SCRIPT = """
            echo '== sysctl'
            (cd /proc/sys/net && grep -s . ipv4/ip_forward ipv6/conf/all/forwarding bridge/bridge-nf-call-iptables \\
              bridge/bridge-nf-call-ip6tables netfilter/nf_conntrack_count netfilter/nf_conntrack_max ipv4/conf/*/rp_filter)
            echo '== link'
            ip -o link show
            echo '== address'
            ip -o addr show
            echo '== route'
            ip -4 route show table all | sed 's/^/4 /'
            ip -6 route show table all | sed 's/^/6 /'
            echo '== rule'
            ip -4 rule show
            ip -6 rule show
            echo '== neighbour'
            ip neigh show
            echo '== socket'
            for file in tcp tcp6 udp udp6; do sed "s/^/$file /" "/proc/net/$file"; done
            echo '== queue'
            tc -s qdisc show
            tc qdisc show | sed -n 's/^qdisc \\(ingress\\|clsact\\) .* dev \\([^ ]*\\) .*/\\2/p' | while read -r device; do
              tc -s filter show dev "$device" ingress
              tc -s filter show dev "$device" egress
            done
            echo '== flow'
            conntrack -L -p udp | head -n 1000
            """;

    private HostFactsReader() {}

    static HostFacts read(Netns netns) {
        return HostFacts.parse(netns.run(Command.of("/bin/sh", "-c", "{ " + SCRIPT + "} 2>/dev/null"), LIMIT)
                .output());
    }

    static RouteAnswer route(Netns netns, RouteAnswer.Question question) {
        CommandResult result = netns.run(
                Command.of(
                        "ip",
                        "route",
                        "get",
                        Cidr.format(question.to()),
                        "from",
                        Cidr.format(question.from()),
                        "iif",
                        question.in()),
                LIMIT);
        String answer = result.ok() ? result.output() : result.errors();
        Matcher device = DEVICE.matcher(result.ok() ? answer : "");
        return new RouteAnswer(
                question,
                device.find() ? device.group(1) : null,
                answer.lines().findFirst().orElse("").strip());
    }
}
