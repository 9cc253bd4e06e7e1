// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.validate;

import io.github.countercheck.ruleset.Cidr;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * One engine with one configuration.
 *
 * @param engine its version as it tells it; as it was asked for where it did not start
 * @param backend where its rules are, {@code iptables-nft}; null where it did not start, or wrote none
 * @param config the configuration's file
 * @param probes the paths
 * @param chance what to call addresses that are others in each run, where reports are compared
 * @param spent what its time went to; without what it did not come to
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record DaemonReport(
        String engine,
        @Nullable String backend,
        String config,
        List<ProbeReport> probes,
        Map<InetAddress, String> chance,
        Map<Phase, Duration> spent) {

    /** Copies the collections. */
    public DaemonReport {
        chance = Map.copyOf(chance);
        spent = Map.copyOf(spent);
        probes = List.copyOf(probes);
    }

    /** Names an address as it compares with that of another report. */
    String name(InetAddress address) {
        String name = chance.get(address);
        return name == null ? Cidr.format(address) : name;
    }

    /** Returns how long it took. */
    public Duration elapsed() {
        return spent.values().stream().reduce(Duration.ZERO, Duration::plus);
    }

    DaemonReport spending(Map<Phase, Duration> time) {
        return new DaemonReport(engine, backend, config, probes, chance, time);
    }

    /** Returns how many of the paths are worth that. */
    public long count(Verdict verdict) {
        return probes.stream().filter(probe -> probe.verdict() == verdict).count();
    }

    /** Returns that of all paths together: one that failed decides, then one that was not measured. */
    public Verdict verdict() {
        if (count(Verdict.FAIL) > 0) {
            return Verdict.FAIL;
        }
        return count(Verdict.UNMEASURED) > 0 || probes.isEmpty() ? Verdict.UNMEASURED : Verdict.PASS;
    }
}
