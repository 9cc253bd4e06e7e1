// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.traffic;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.await.Patience;
import io.github.countercheck.netns.Command;
import io.github.countercheck.netns.CommandResult;
import io.github.countercheck.netns.Toolbox;
import io.github.countercheck.ruleset.Cidr;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apiguardian.api.API;

/**
 * The world outside the Docker host: a container in a namespace of its own, joined to the daemon's by a cable (veth).
 *
 * <p>To Docker's rules it is a stranger on an interface that is no bridge: what it sends to a published port comes in by
 * PREROUTING, and what a container sends to it goes out by POSTROUTING. It answers on one TCP and one UDP port with the
 * source address that it saw. No rule is added, no bridge is touched; the cable vanishes with the container. The cable's
 * addresses are of the range that is set aside for tests of network devices (198.18.0.0/15, RFC 2544).
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
                ip addr add "198.18.200.$((4 * link + 1))/30" dev "ccp$link" && ip link set "ccp$link" up || exit 1
                echo "link $link"
                exit 0
              fi
              try=$((try + 1))
            done
            echo "no cable could be laid: $error"
            exit 1
            """;

    private static final Pattern LINK = Pattern.compile("link (\\d+)");

    private final Toolbox toolbox;
    private final Place place;
    private final InetAddress hostAddress;
    private final Pattern greeting;

    private Peer(Toolbox toolbox, Place place, InetAddress hostAddress, Pattern greeting) {
        this.toolbox = toolbox;
        this.place = place;
        this.hostAddress = hostAddress;
        this.greeting = greeting;
    }

    /**
     * Starts the container, lays the cable, and waits until the peer answers.
     *
     * @throws CountercheckException if one of these fails
     */
    public static Peer start(String image) {
        Toolbox toolbox = Toolbox.inNetworkOfItsOwn(image);
        try {
            int link = join(image, toolbox.pid());
            String host = "198.18.200." + (4 * link + 1);
            String own = "198.18.200." + (4 * link + 2);
            configure(toolbox, Command.of("ip", "link", "set", "lo", "up"));
            configure(toolbox, Command.of("ip", "addr", "add", own + "/30", "dev", "eth0"));
            configure(toolbox, Command.of("ip", "link", "set", "eth0", "up"));
            configure(toolbox, Command.of("ip", "route", "add", "default", "via", host));
            String token = UUID.randomUUID().toString();
            serve(toolbox, "TCP4-LISTEN:" + PORT + ",fork,reuseaddr", token);
            serve(toolbox, "UDP4-RECVFROM:" + PORT + ",fork", token);
            Peer peer = new Peer(
                    toolbox,
                    new Place(toolbox, Cidr.parseAddress(own)),
                    Cidr.parseAddress(host),
                    Pattern.compile("seen " + token + " (\\S+)"));
            peer.awaitListening();
            return peer;
        } catch (RuntimeException e) {
            toolbox.close();
            throw e;
        }
    }

    private static int join(String image, long pid) {
        String first = Integer.toString(ThreadLocalRandom.current().nextInt(LINKS));
        String said = Toolbox.runOnDaemonsHost(
                image,
                "joining the peer to the Docker daemon's network",
                List.of("/bin/sh", "-c", JOIN, "sh", Long.toString(pid), first));
        Matcher link = LINK.matcher(said);
        if (!link.find()) {
            throw new CountercheckException(
                    "joining the peer to the Docker daemon's network said '" + said + "'",
                    "check that the tool image has a shell and `ip`");
        }
        return Integer.parseInt(link.group(1));
    }

    private static void configure(Toolbox toolbox, Command command) {
        CommandResult result = toolbox.run(command, LIMIT);
        if (!result.ok()) {
            throw new CountercheckException(
                    "`" + command + "` failed in " + toolbox.description() + ": " + result.errors(),
                    "check that the daemon lets containers have NET_ADMIN");
        }
    }

    private static void serve(Toolbox toolbox, String listen, String token) {
        // The token shows that the answer is this peer's and nobody else's who took the packet.
        configure(
                toolbox,
                Command.of(
                        "/bin/sh",
                        "-c",
                        "socat \"$1\" \"$2\" </dev/null >/dev/null 2>&1 &",
                        "sh",
                        listen,
                        "SYSTEM:read -r request; echo \"seen " + token + " $SOCAT_PEERADDR\""));
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
        return toolbox.run(Command.of("cat", "/proc/net/tcp"), LIMIT).output().contains(hex)
                && toolbox.run(Command.of("cat", "/proc/net/udp"), LIMIT)
                        .output()
                        .contains(hex);
    }

    /** Returns the place that probes from outside are sent from. */
    public Place place() {
        return place;
    }

    /** Returns the peer's own address: what a container calls to reach the outside. */
    public InetAddress address() {
        return place.address();
    }

    /** Returns the Docker host's address on the cable: what the peer calls to reach a port published on any address. */
    public InetAddress hostAddress() {
        return hostAddress;
    }

    /** Returns the source address that the peer saw, if the reply is its own. */
    public Optional<InetAddress> sourceSeen(String reply) {
        Matcher seen = greeting.matcher(reply);
        return seen.find() ? Optional.of(Cidr.parseAddress(seen.group(1))) : Optional.empty();
    }

    @Override
    public void close() {
        toolbox.close();
    }
}
