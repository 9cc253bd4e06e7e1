// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.report;

import io.github.countercheck.report.Observed.SentFlow;
import io.github.countercheck.report.TestReport.Ribbon;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.traffic.ConntrackEntry;
import io.github.countercheck.traffic.Probe;
import io.github.countercheck.traffic.Tuple;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Tells what became of the addresses of probes, those that differ in nothing but their source ports once. */
final class Ribbons {

    private static final String ANY = "*";

    private Ribbons() {}

    static List<Ribbon> of(List<SentFlow> flows) {
        Map<Ribbon, Integer> alike = new LinkedHashMap<>();
        for (SentFlow flow : flows) {
            boolean single = flow.probes().size() == 1;
            flow.probes().forEach(probe -> alike.merge(ribbon(probe, single), 1, Integer::sum));
        }
        List<Ribbon> ribbons = new ArrayList<>();
        alike.forEach((r, count) -> ribbons.add(new Ribbon(
                r.transport(), r.outcome(), r.from(), r.to(), r.translatedTo(), r.seenFrom(), r.conntrack(), count)));
        return ribbons;
    }

    private static Ribbon ribbon(Probe probe, boolean single) {
        Tuple tuple = probe.tuple();
        ConntrackEntry entry = probe.conntrack().entry().orElse(null);
        InetAddress seen = probe.seenByPeer();
        return new Ribbon(
                tuple.transport().toString(),
                probe.outcome().inWords(),
                Tuple.endpoint(tuple.source(), single ? Integer.toString(tuple.sourcePort()) : ANY),
                Tuple.endpoint(tuple.destination(), Integer.toString(tuple.destinationPort())),
                entry == null
                        ? null
                        : Tuple.endpoint(
                                entry.reply().source(),
                                Integer.toString(entry.reply().sourcePort())),
                entry != null
                        ? Tuple.endpoint(
                                entry.reply().destination(),
                                single ? Integer.toString(entry.reply().destinationPort()) : ANY)
                        : seen == null ? null : Cidr.format(seen),
                entry != null && !single ? state(entry) : probe.conntrack().toString(),
                1);
    }

    private static String state(ConntrackEntry entry) {
        return (entry.protocol() + " " + entry.state()).strip()
                + (entry.unreplied() ? " [UNREPLIED]" : "")
                + (entry.assured() ? " [ASSURED]" : "");
    }
}
