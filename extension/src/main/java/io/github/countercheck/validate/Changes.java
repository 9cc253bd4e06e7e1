// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import io.github.countercheck.daemon.PathId;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.traffic.Outcome;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apiguardian.api.API;

/** Says what changes for users where one configuration replaces another on the same engine. */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class Changes {

    private Changes() {}

    /**
     * Compares two reports.
     *
     * @return a line for each path that changes: {@code 127.0.0.1:8081 (IPv4 tcp, IPv4 udp): docker-proxy → DNAT}; what was
     *     not measured with both is named as such
     */
    public static List<String> between(DaemonReport baseline, DaemonReport candidate) {
        Map<String, List<String>> where = new LinkedHashMap<>();
        for (ProbeReport after : candidate.probes()) {
            baseline.probes().stream()
                    .filter(probe -> isSame(probe, after))
                    .findFirst()
                    .map(before -> change(baseline, before, candidate, after))
                    .filter(change -> !change.isEmpty())
                    .ifPresent(change -> where.computeIfAbsent(
                                    subject(after.id(), after.family()) + "\t" + change, key -> new ArrayList<>())
                            .add(after.family().inWords() + " "
                                    + after.protocol().name().toLowerCase(Locale.ROOT)));
        }
        missing(baseline, candidate, "only with " + candidate.config(), where);
        missing(candidate, baseline, "only with " + baseline.config(), where);
        List<String> lines = new ArrayList<>();
        where.forEach((key, probes) -> {
            String[] parts = key.split("\t", 2);
            String over = probes.isEmpty() ? "" : " (" + String.join(", ", probes) + ")";
            lines.add(parts[0] + over + ": " + parts[1]);
        });
        return lines;
    }

    private static void missing(DaemonReport from, DaemonReport in, String words, Map<String, List<String>> where) {
        for (ProbeReport probe : in.probes()) {
            if (from.probes().stream().noneMatch(one -> isSame(one, probe))) {
                where.computeIfAbsent(
                        "all paths over " + probe.family().inWords() + "\t" + words, key -> new ArrayList<>());
            }
        }
    }

    private static boolean isSame(ProbeReport one, ProbeReport other) {
        return one.id() == other.id() && one.family() == other.family() && one.protocol() == other.protocol();
    }

    /** Says in what a path differs, or nothing. */
    static String change(DaemonReport baseline, ProbeReport before, DaemonReport candidate, ProbeReport after) {
        Way was = before.measured();
        Way is = after.measured();
        if (was == null || is == null) {
            return "not measured " + (was == null && is == null ? "with either" : was == null ? "before" : "after");
        }
        String from = inWords(was, before);
        String to = inWords(is, after);
        List<String> changes = new ArrayList<>();
        if (!from.equals(to)) {
            changes.add(from + " → " + to);
        }
        InetAddress sawBefore = was.sourceSeen();
        InetAddress seesNow = is.sourceSeen();
        if (sawBefore != null && seesNow != null) {
            String source = baseline.name(sawBefore);
            String otherSource = candidate.name(seesNow);
            if (!source.equals(otherSource)) {
                changes.add("source seen " + source + " → " + otherSource);
            }
        }
        return String.join("; ", changes);
    }

    private static String inWords(Way way, ProbeReport probe) {
        String how = switch (way.mechanism()) {
            case DNAT -> "DNAT";
            case DOCKER_PROXY -> "docker-proxy";
            case DIRECT -> way.outcome().inWords();
            case MASQUERADE -> "masqueraded";
            case BLOCKED_BY -> "dropped by " + dropper(way, probe);
            case NO_ROUTE -> "no route";
            case NOT_PUBLISHED -> "not published";
            case NOT_FORWARDED -> "not forwarded";
            case LOST -> "no answer";
        };
        boolean told = switch (way.mechanism()) {
            case DNAT, DOCKER_PROXY, MASQUERADE -> way.outcome() == Outcome.ANSWERED;
            default -> true;
        };
        return told ? how : how + ", " + way.outcome().inWords();
    }

    private static String dropper(Way way, ProbeReport probe) {
        return probe.rules().stream()
                .filter(rule -> rule.role() == way.blocker())
                .map(RuleHit::location)
                .findFirst()
                .orElse("the policy of filter/FORWARD");
    }

    /** Names a path as its users know it. */
    static String subject(PathId path, Family family) {
        return switch (path) {
            case EXTERNAL_TO_PUBLISHED -> "published port, from outside";
            case HOST_ADDRESS_TO_PUBLISHED -> "published port, from the host by its address";
            case LOOPBACK_TO_PUBLISHED -> (family == Family.IPV6 ? "[::1]:" : "127.0.0.1:") + Scene.PUBLISHED_PORT;
            case CONTAINER_TO_OUTSIDE -> "container to outside";
            case HAIRPIN -> "a container's own published port";
            case SAME_BRIDGE -> "container to container, same bridge";
            case SAME_BRIDGE_TO_PUBLISHED -> "published port, from the same bridge";
            case ACROSS_BRIDGES -> "container to container, across bridges";
            case ACROSS_BRIDGES_TO_PUBLISHED -> "published port, from another bridge";
            case DIRECT_TO_PUBLISHED -> "direct routing";
            case DIRECT_TO_UNPUBLISHED -> "direct routing to an unpublished port";
            case INTERNAL_TO_OUTSIDE -> "internal network to outside";
            case HOST_TO_CONTAINER -> "host to container";
        };
    }
}
