// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.diagnosis;

import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.host.HostFacts;
import io.github.countercheck.host.RouteAnswer;
import io.github.countercheck.walk.PacketWalk;
import java.util.List;
import java.util.Map;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What is only asked for once something has failed.
 *
 * @param host the daemon's namespace
 * @param containers the namespaces of containers, by container id
 * @param routes where the daemon's namespace would send packets of the probes, and answers to them
 * @param walks of probes that were not answered: what the rules, as they were listed, do with them
 * @param errors what was thrown, in words, the outermost first; empty for a claim of our own
 * @param reloadedAt when the engine last saw firewalld reload, or null
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public record Surroundings(
        HostFacts host,
        Map<String, HostFacts> containers,
        List<RouteAnswer> routes,
        List<PacketWalk> walks,
        List<String> errors,
        @Nullable String reloadedAt) {

    /** Nothing was asked. */
    public static final Surroundings UNKNOWN =
            new Surroundings(HostFacts.UNKNOWN, Map.of(), List.of(), List.of(), List.of(), null);

    /** Copies the collections. */
    public Surroundings {
        containers = Map.copyOf(containers);
        routes = List.copyOf(routes);
        walks = List.copyOf(walks);
        errors = List.copyOf(errors);
    }

    HostFacts in(ContainerFacts container) {
        return containers.getOrDefault(container.id(), HostFacts.UNKNOWN);
    }
}
