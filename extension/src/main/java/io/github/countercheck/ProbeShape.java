// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Transport;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.traffic.Limits;
import org.jspecify.annotations.Nullable;
import org.testcontainers.containers.ContainerState;

/**
 * How the next probes are to be sent.
 *
 * @param vantage from where
 * @param sender the container that sends, for {@link Vantage#CONTAINER}
 * @param transport by which protocol
 * @param family over which version of IP, where the address does not say it
 * @param times how many
 * @param payload what to send, or null for what is usual
 * @param limits how long each may take
 * @param traced whether their packets are followed through the rules
 * @param baseline the counters from which on it is counted; null to read them before sending
 */
record ProbeShape(
        Vantage vantage,
        @Nullable ContainerState sender,
        Transport transport,
        Family family,
        int times,
        @Nullable String payload,
        Limits limits,
        boolean traced,
        @Nullable CounterSnapshot baseline) {

    static final ProbeShape DEFAULT =
            new ProbeShape(Vantage.OUTSIDE, null, Transport.TCP, Family.IPV4, 1, null, Limits.DEFAULT, false, null);

    ProbeShape withVantage(Vantage newVantage, @Nullable ContainerState newSender) {
        return new ProbeShape(newVantage, newSender, transport, family, times, payload, limits, traced, baseline);
    }

    ProbeShape withTransport(Transport newTransport) {
        return new ProbeShape(vantage, sender, newTransport, family, times, payload, limits, traced, baseline);
    }

    ProbeShape withFamily(Family newFamily) {
        return new ProbeShape(vantage, sender, transport, newFamily, times, payload, limits, traced, baseline);
    }

    ProbeShape withTimes(int newTimes) {
        return new ProbeShape(vantage, sender, transport, family, newTimes, payload, limits, traced, baseline);
    }

    ProbeShape withPayload(String newPayload) {
        return new ProbeShape(vantage, sender, transport, family, times, newPayload, limits, traced, baseline);
    }

    ProbeShape withLimits(Limits newLimits) {
        return new ProbeShape(vantage, sender, transport, family, times, payload, newLimits, traced, baseline);
    }

    ProbeShape withTrace() {
        return new ProbeShape(vantage, sender, transport, family, times, payload, limits, true, baseline);
    }

    ProbeShape withBaseline(CounterSnapshot newBaseline) {
        return new ProbeShape(vantage, sender, transport, family, times, payload, limits, traced, newBaseline);
    }
}
