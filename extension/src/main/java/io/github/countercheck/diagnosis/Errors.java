// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/** What an exception's own words speak for. */
final class Errors {

    private static final Pattern NETWORK = Pattern.compile(
            "connect|timed? ?out|unreachable|no route to host|refused|reset|broken pipe|socket",
            Pattern.CASE_INSENSITIVE);

    private Errors() {}

    /** Tells whether they tell of a connection that was not made or broke. */
    static boolean tellOfNetwork(List<String> errors) {
        return errors.stream().anyMatch(error -> NETWORK.matcher(error).find());
    }

    static Optional<Finding> rawTableMissing(Evidence evidence) {
        return saying(evidence, "table `raw'", "table 'raw'", "-t raw")
                .map(error -> new Finding(
                        Cause.RAW_TABLE_MISSING,
                        "the engine could not write to the raw table: " + error,
                        "load or build the kernel module iptable_raw; from Engine 28.0.2 the environment variable"
                                + " DOCKER_INSECURE_NO_IPTABLES_RAW=1 does without"));
    }

    static Optional<Finding> zoneConflict(Evidence evidence) {
        return saying(evidence, "ZONE_CONFLICT")
                .map(error -> new Finding(
                        Cause.FIREWALLD_REJECTS,
                        "firewalld refused the bridge: " + error,
                        "take the bridge out of its zone (firewall-cmd --zone=ZONE --remove-interface=BRIDGE) and restart"
                                + " Docker, which puts it into its own"));
    }

    static Optional<Finding> poolOverlaps(Evidence evidence) {
        return saying(evidence, "non-overlapping", "pool overlaps")
                .map(error -> new Finding(
                        Cause.SUBNET_OVERLAP,
                        "the engine found no subnet that is free: " + error,
                        "give the network a subnet that no route leads to, or set \"default-address-pools\""));
    }

    static Optional<Finding> containerNotRunning(Evidence evidence) {
        return saying(
                        evidence,
                        "is not running any more",
                        "was not started, or was stopped again",
                        "does not know container")
                .map(error -> new Finding(
                        Cause.CONTAINER_STOPPED,
                        error,
                        "see in its log why it ended; send and assert while it is running"));
    }

    static Optional<Finding> notSent(Evidence evidence) {
        return saying(
                        evidence,
                        "no probe left its sender",
                        "did not leave its sender",
                        "nothing was sent in this window")
                .map(error -> new Finding(
                        Cause.TRAFFIC_NOT_SENT,
                        error,
                        "give the sender a route and an address (ip route, in the container), then send again"));
    }

    static Optional<Finding> reset(Evidence evidence) {
        return saying(evidence, "snapshot invalid")
                .map(error -> new Finding(
                        Cause.COUNTERS_RESET,
                        error,
                        "let no container start or stop and no firewall reload happen between the baseline and the"
                                + " assertion, or take a new baseline with traffic.mark()"));
    }

    static Optional<Finding> notCounted(Evidence evidence) {
        return saying(evidence, "not counted: ")
                .map(error -> new Finding(
                        Cause.NOT_COUNTED,
                        error,
                        "send with Traffic, whose flows conntrack tells apart, or follow them with traffic.traced()"));
    }

    private static Optional<String> saying(Evidence evidence, String... words) {
        return evidence.surroundings().errors().stream()
                .filter(error -> List.of(words).stream()
                        .anyMatch(word -> error.toLowerCase(Locale.ROOT).contains(word.toLowerCase(Locale.ROOT))))
                .findFirst()
                .map(error -> error.lines().findFirst().orElse(error));
    }
}
