// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.traffic;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.await.Patience;
import io.github.countercheck.netns.Command;
import io.github.countercheck.netns.CommandResult;
import io.github.countercheck.netns.DaemonHost;
import io.github.countercheck.netns.Netns;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apiguardian.api.API;

/**
 * The world outside the Docker host: a container in a namespace of its own, joined to the daemon's by a cable (veth).
 *
 * <p>To Docker's rules it is a stranger on an interface that is no bridge: what it sends to a published port comes in by
 * PREROUTING, and what a container sends to it goes out by POSTROUTING. It answers on one TCP and one UDP port with the
 * source address that it saw. No rule is added, no bridge is touched; the cable vanishes with the container. The cable's
 * addresses are of the ranges that are set aside for tests of network devices (198.18.0.0/15, RFC 2544) and for
 * documentation (2001:db8::/32, RFC 3849); without IPv6 in the daemon's namespace it has IPv4 alone.
 */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class Peer implements AutoCloseable {

    /** The TCP and UDP port on which the peer answers. */
    public static final int PORT = 9000;

    private static final Duration LIMIT = Duration.ofSeconds(10);
    private static final int LINKS = 64;

    // Taking the interface's name is what reserves the addresses: the kernel lets only one of two runs have it.
    private static final String JOIN = """
            pid=$1 first=$2 try=0
            while [ "$try" -lt 64 ]; do
              link=$(( (first + try) % 64 ))
              if [ -z "$(ip -4 -o addr show to 198.18.200.$((4 * link))/30)" ] \
                 && error=$(ip link add "ccp$link" type veth peer name eth0 netns "$pid" 2>&1); then
                ip addr add "198.18.200.$((4 * link + 1))/30" dev "ccp$link" || exit 1
                six=
                # No search for duplicates: nobody else is on the cable, and the addresses are to work at once.
                if ip link set "ccp$link" addrgenmode none \
                   && ip addr add fe80::1/64 dev "ccp$link" nodad \
                   && ip addr add "2001:db8:198:18::$(printf %x "$link"):1/112" dev "ccp$link" nodad; then
                  six=" ipv6"
                fi 2>/dev/null
                ip link set "ccp$link" up || exit 1
                echo "link $link$six"
                exit 0
              fi
              try=$((try + 1))
            done
            echo "no cable could be laid: $error"
            exit 1
            """;

    private static final Pattern LINK = Pattern.compile("link (\\d+)( ipv6)?");

    private final Netns netns;
    private final Place place;
    private final String hostDevice;
    private final List<InetAddress> hostAddresses;
    private final Pattern greeting;

    private Peer(Netns netns, Place place, String hostDevice, List<InetAddress> hostAddresses, Pattern greeting) {
        this.netns = netns;
        this.place = place;
        this.hostDevice = hostDevice;
        this.hostAddresses = List.copyOf(hostAddresses);
        this.greeting = greeting;
    }

    /**
     * Starts the container, lays the cable, and waits until the peer answers.
     *
     * @param host where the daemon runs, with tools: a shell, ip and socat
     * @param ipv6 whether the daemon's host has IPv6
     * @throws CountercheckException if one of these fails
     */
    public static Peer start(DaemonHost host, boolean ipv6) {
        DaemonHost.Apart apart = host.apart(ipv6);
        Netns netns = apart.netns();
        try {
            Matcher link = join(host, apart.pid());
            int number = Integer.parseInt(link.group(1));
            List<InetAddress> gateways = new ArrayList<>();
            List<InetAddress> own = new ArrayList<>();
            configure(netns, Command.of("ip", "link", "set", "lo", "up"));
            gateways.add(Cidr.parseAddress("198.18.200." + (4 * number + 1)));
            own.add(Cidr.parseAddress("198.18.200." + (4 * number + 2)));
            configure(netns, Command.of("ip", "addr", "add", Cidr.format(own.get(0)) + "/30", "dev", "eth0"));
            if (link.group(2) != null) {
                String cable = "2001:db8:198:18::" + Integer.toHexString(number);
                gateways.add(Cidr.parseAddress(cable + ":1"));
                own.add(Cidr.parseAddress(cable + ":2"));
                configure(netns, Command.of("ip", "link", "set", "eth0", "addrgenmode", "none"));
                configure(netns, Command.of("ip", "addr", "add", "fe80::2/64", "dev", "eth0", "nodad"));
                configure(netns, Command.of("ip", "addr", "add", cable + ":2/112", "dev", "eth0", "nodad"));
            }
            configure(netns, Command.of("ip", "link", "set", "eth0", "up"));
            for (InetAddress gateway : gateways) {
                configure(netns, Command.of("ip", "route", "add", "default", "via", Cidr.format(gateway)));
            }
            String token = UUID.randomUUID().toString();
            Peer peer = new Peer(
                    netns,
                    new Place(netns, own),
                    "ccp" + number,
                    gateways,
                    Pattern.compile("seen " + token + " (\\S+)"));
            peer.serve(token);
            peer.awaitListening();
            return peer;
        } catch (RuntimeException e) {
            netns.close();
            throw e;
        }
    }

    private static Matcher join(DaemonHost host, long pid) {
        String first = Integer.toString(ThreadLocalRandom.current().nextInt(LINKS));
        String said = host.run(
                "joining the peer to the Docker daemon's network",
                List.of("/bin/sh", "-c", JOIN, "sh", Long.toString(pid), first));
        Matcher link = LINK.matcher(said);
        if (!link.find()) {
            throw new CountercheckException(
                    "joining the peer to the Docker daemon's network said '" + said + "'",
                    "check that the tool image has a shell and `ip`");
        }
        return link;
    }

    private static void configure(Netns netns, Command command) {
        CommandResult result = netns.run(command, LIMIT);
        if (!result.ok()) {
            throw new CountercheckException(
                    "`" + command + "` failed in " + netns.description() + ": " + result.errors(),
                    "check that the daemon lets containers have NET_ADMIN");
        }
    }

    private void serve(String token) {
        serve("TCP4-LISTEN:" + PORT + ",fork,reuseaddr", token);
        serve("UDP4-RECVFROM:" + PORT + ",fork", token);
        if (hasIpv6()) {
            serve("TCP6-LISTEN:" + PORT + ",fork,reuseaddr,ipv6-v6only=1", token);
            serve("UDP6-RECVFROM:" + PORT + ",fork,ipv6-v6only=1", token);
        }
    }

    private void serve(String listen, String token) {
        // The token shows that the answer is this peer's and nobody else's who took the packet.
        configure(
                netns,
                Command.of(
                        "/bin/sh",
                        "-c",
                        "socat \"$1\" \"$2\" </dev/null >/dev/null 2>&1 &",
                        "sh",
                        listen,
                        "SYSTEM:read -r request; echo \"seen " + token + " $SOCAT_PEERADDR\""));
    }

    private boolean hasIpv6() {
        return place.address(Family.IPV6).isPresent();
    }

    private void awaitListening() {
        Boolean listening = Patience.look(LIMIT, this::isListening, answer -> answer);
        if (!listening) {
            throw new CountercheckException(
                    "the peer does not listen after " + LIMIT.toSeconds() + " s",
                    "check that the tool image has socat");
        }
    }

    private boolean isListening() {
        String hex = String.format(":%04X ", PORT);
        Stream<String> sockets = hasIpv6() ? Stream.of("tcp", "udp", "tcp6", "udp6") : Stream.of("tcp", "udp");
        return sockets.allMatch(file -> netns.run(Command.of("cat", "/proc/net/" + file), LIMIT)
                .output()
                .contains(hex));
    }

    /** Returns the place that probes from outside are sent from. */
    public Place place() {
        return place;
    }

    /**
     * Returns the peer's own address: what a container calls to reach the outside.
     *
     * @throws CountercheckException if it has none of that family
     */
    public InetAddress address(Family family) {
        return place.address(family).orElseThrow(() -> none(family));
    }

    /** Returns the Docker host's end of the cable. */
    public String hostDevice() {
        return hostDevice;
    }

    /** Returns the Docker host's addresses on the cable, at most one of each family. */
    public List<InetAddress> hostAddresses() {
        return hostAddresses;
    }

    /**
     * Returns the Docker host's address on the cable: what the peer calls to reach a port published on any address.
     *
     * @throws CountercheckException if it has none of that family
     */
    public InetAddress hostAddress(Family family) {
        return hostAddresses.stream()
                .filter(address -> Family.of(address) == family)
                .findFirst()
                .orElseThrow(() -> none(family));
    }

    private static CountercheckException none(Family family) {
        return new CountercheckException(
                "the Docker daemon's host has no " + family.inWords()
                        + ", so there is no world outside to reach over it",
                "switch it on there: `sysctl net.ipv6.conf.all.disable_ipv6` must say 0");
    }

    /** Returns the source address that the peer saw, if the reply is its own. */
    public Optional<InetAddress> sourceSeen(String reply) {
        Matcher seen = greeting.matcher(reply);
        // socat puts an IPv6 address in brackets.
        return seen.find()
                ? Optional.of(Cidr.parseAddress(seen.group(1).replaceAll("[\\[\\]]", "")))
                : Optional.empty();
    }

    @Override
    public void close() {
        netns.close();
    }
}
