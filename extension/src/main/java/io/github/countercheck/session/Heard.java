// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.session;

import io.github.countercheck.docker.ContainerFacts;
import io.github.countercheck.docker.DockerFacts;
import io.github.countercheck.docker.NetworkFacts;
import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Ruleset;
import io.github.countercheck.ruleset.Table;
import io.github.countercheck.snapshot.CounterSnapshot;
import io.github.countercheck.snapshot.CounterSource;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apiguardian.api.API;

/**
 * What a session was told while it was asked for other purposes, so that a report costs no reading of its own. The latest
 * word on each table and container is kept.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class Heard {

    private record Place(Family family, Backend backend, String table) {}

    private record Seen(Instant at, Table table) {}

    private final Map<Place, Seen> tables = new LinkedHashMap<>();
    private final Set<String> warnings = new LinkedHashSet<>();
    private final Map<String, ContainerFacts> containers = new LinkedHashMap<>();
    private List<NetworkFacts> networks = List.of();

    Heard() {}

    /** Returns a source that reads from that one, and what it reads is kept. */
    CounterSource listenTo(CounterSource source) {
        return new CounterSource() {
            @Override
            public CounterSnapshot read() {
                return keep(source.read());
            }

            @Override
            public CounterSnapshot read(Set<Family> families, String table) {
                return keep(source.read(families, table));
            }

            @Override
            public String description() {
                return source.description();
            }

            @Override
            public void close() {
                source.close();
            }
        };
    }

    private synchronized CounterSnapshot keep(CounterSnapshot snapshot) {
        for (Ruleset ruleset : snapshot.rulesets()) {
            warnings.addAll(ruleset.warnings());
            for (Table table : ruleset.tables()) {
                tables.put(
                        new Place(ruleset.family(), ruleset.backend(), table.name()),
                        new Seen(snapshot.takenAt(), table));
            }
        }
        return snapshot;
    }

    synchronized DockerFacts keep(DockerFacts facts) {
        networks = facts.networks();
        facts.containers().forEach(container -> containers.put(container.id(), container));
        return facts;
    }

    /** Forgets all. */
    public synchronized void begin() {
        tables.clear();
        warnings.clear();
        containers.clear();
        networks = List.of();
    }

    /** Returns the tables that were read after that moment, each as it was read last. */
    public synchronized CounterSnapshot countersSince(Instant moment) {
        record Holder(Family family, Backend backend) {}
        Map<Holder, List<Table>> rulesets = new LinkedHashMap<>();
        tables.forEach((place, seen) -> {
            if (seen.at().isAfter(moment)) {
                rulesets.computeIfAbsent(new Holder(place.family(), place.backend()), holder -> new ArrayList<>())
                        .add(seen.table());
            }
        });
        List<String> all = List.copyOf(warnings);
        return new CounterSnapshot(
                Instant.now(),
                rulesets.entrySet().stream()
                        .map(e -> new Ruleset(e.getKey().family(), e.getKey().backend(), e.getValue(), all))
                        .toList());
    }

    /** Returns the names of the tables that were read after the one moment and not again after the other. */
    public synchronized Set<String> tablesLastReadBetween(Instant after, Instant upTo) {
        Set<String> names = new TreeSet<>();
        tables.forEach((place, seen) -> {
            if (seen.at().isAfter(after) && !seen.at().isAfter(upTo)) {
                names.add(place.table());
            }
        });
        return names;
    }

    /** Returns the networks as they were told last, and all containers that were told of. */
    public synchronized DockerFacts facts() {
        return new DockerFacts(networks, List.copyOf(containers.values()));
    }
}
