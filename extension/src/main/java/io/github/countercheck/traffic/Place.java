// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.traffic;

import io.github.countercheck.netns.Command;
import io.github.countercheck.netns.CommandResult;
import io.github.countercheck.netns.Netns;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apiguardian.api.API;

/**
 * A namespace to send from, with the addresses that its packets carry and source ports that were not used before.
 *
 * <p>The ports lie below the kernel's own ephemeral range (32768 and up by default), so the two do not meet; they begin
 * at random, so that a later run does not meet conntrack entries of an earlier one.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class Place {

    private static final int FIRST_PORT = 20_000;
    private static final int PORTS = 12_000;
    private static final Duration LIMIT = Duration.ofSeconds(5);
    private static final Pattern SOURCE = Pattern.compile("\\bsrc ([0-9a-f.:]+)");

    private final Netns netns;
    private final List<InetAddress> addresses;
    private final Map<InetAddress, Optional<InetAddress>> sources = new ConcurrentHashMap<>();
    private final AtomicInteger next =
            new AtomicInteger(ThreadLocalRandom.current().nextInt(PORTS));

    /**
     * Makes it from a namespace and the addresses it sends with.
     *
     * @param addresses at most one of each family counts, the first
     */
    public Place(Netns netns, List<InetAddress> addresses) {
        this.netns = netns;
        this.addresses = List.copyOf(addresses);
    }

    Netns netns() {
        return netns;
    }

    /** Returns the address that packets of that family carry when they leave; empty where it has none. */
    public Optional<InetAddress> address(Family family) {
        return addresses.stream()
                .filter(address -> Family.of(address) == family)
                .findFirst();
    }

    /** Returns the address that packets to there carry, as the routes here choose it; empty where there is no route. */
    Optional<InetAddress> sourceTo(InetAddress destination) {
        return sources.computeIfAbsent(destination, to -> {
            CommandResult route = netns.run(Command.of("ip", "route", "get", Cidr.format(to)), LIMIT);
            Matcher source = SOURCE.matcher(route.ok() ? route.output() : "");
            return source.find() ? Optional.of(Cidr.parseAddress(source.group(1))) : Optional.empty();
        });
    }

    int freshPort() {
        return FIRST_PORT + Math.floorMod(next.getAndIncrement(), PORTS);
    }
}
