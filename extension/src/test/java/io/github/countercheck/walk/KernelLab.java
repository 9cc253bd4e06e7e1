// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.ruleset.Backend;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.IptablesSaveParser;
import io.github.countercheck.ruleset.NftJsonParser;
import io.github.countercheck.ruleset.Ruleset;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A router in network namespaces of its own, with a neighbour behind each of its three devices. Where a packet ends, in
 * the router itself or at its way out, it is noted and dropped, so that nobody answers.
 */
final class KernelLab implements AutoCloseable {

    static final String WATCH = "countercheck_watch";

    static final RoutingFacts ROUTING = RoutingFacts.NONE
            .withDevice("eth0", Cidr.parse("198.51.100.1/24"))
            .withDevice("br0", Cidr.parse("172.17.0.1/16"))
            .withDevice("br1", Cidr.parse("172.18.0.1/24"))
            .withDevice("eth0", Cidr.parse("2001:db8:1::1/64"))
            .withDevice("br0", Cidr.parse("fd00:17::1/64"))
            .withDevice("br1", Cidr.parse("fd00:18::1/64"))
            .withDefaultDevice("eth0")
            .withHostAddresses(List.of());

    private static final String END = "--- done";
    private static final String SETUP = """
            set -e
            sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.conf.all.rp_filter=0 \
                net.ipv4.conf.default.rp_filter=0 net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.all.accept_dad=0
            ip link set lo up
            neighbour() {
                unshare -n sleep 600 >/dev/null 2>&1 </dev/null &
                pid=$!
                while [ "$(readlink /proc/$pid/ns/net)" = "$(readlink /proc/$$/ns/net)" ]; do :; done
                eval "pid_$1=$pid"
                ip link add "$1" address 02:00:00:00:00:01 type veth peer name v address 02:00:00:00:00:02 netns $pid
                nsenter -t $pid -n sh -ec "
                    sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0
                    ip link set v up
                    ip addr add $4 dev v; ip addr add $5 dev v; ip -6 addr add $6 dev v nodad; ip -6 addr add $7 dev v nodad
                    ip neigh add ${2%/*} lladdr 02:00:00:00:00:01 dev v nud permanent
                    ip neigh add ${3%/*} lladdr 02:00:00:00:00:01 dev v nud permanent
                    ip route add default via ${2%/*}; ip -6 route add default via ${3%/*}"
                ip link set "$1" up
                ip addr add "$2" dev "$1"
                ip -6 addr add "$3" dev "$1" nodad
            }
            neighbour eth0 198.51.100.1/24 2001:db8:1::1/64 198.51.100.2/24 198.51.100.3/24 2001:db8:1::2/64 2001:db8:1::3/64
            neighbour br0 172.17.0.1/16 fd00:17::1/64 172.17.0.2/16 172.17.0.3/16 fd00:17::2/64 fd00:17::3/64
            neighbour br1 172.18.0.1/24 fd00:18::1/64 172.18.0.2/24 172.18.0.3/24 fd00:18::2/64 fd00:18::3/64
            ip route add default via 198.51.100.2
            ip -6 route add default via 2001:db8:1::2
            """;

    /** What the kernel says by itself is kept out; what ends here is noted with its way, protocol and both ends. */
    private static final String WATCHING = """
            nft -f - <<'EOF'
            table inet countercheck_watch {
              set four { typeof meta l4proto . ip saddr . th sport . ip daddr . th dport; size 4096; flags dynamic; }
              set six { typeof meta l4proto . ip6 saddr . th sport . ip6 daddr . th dport; size 4096; flags dynamic; }
              chain noise_in { type filter hook prerouting priority -500; meta l4proto { icmp, ipv6-icmp, igmp } drop; }
              chain noise_out { type filter hook output priority -500; meta l4proto { icmp, ipv6-icmp, igmp } drop
                tcp flags & rst == rst drop; }
              chain here { type filter hook input priority 1000
                add @four { meta l4proto . ip saddr . th sport . ip daddr . th dport }
                add @six { meta l4proto . ip6 saddr . th sport . ip6 daddr . th dport }
                drop; }
              chain away { type filter hook postrouting priority 1000
                oifname "lo" accept
                add @four { meta l4proto . ip saddr . th sport . ip daddr . th dport }
                add @six { meta l4proto . ip6 saddr . th sport . ip6 daddr . th dport }
                drop; }
            }
            EOF
            """;

    private final Process shell;
    private final Writer in;
    private final BufferedReader out;

    KernelLab() throws IOException {
        shell = new ProcessBuilder("unshare", "-n", "sh")
                .redirectErrorStream(true)
                .start();
        in = shell.outputWriter(StandardCharsets.UTF_8);
        out = new BufferedReader(new InputStreamReader(shell.getInputStream(), StandardCharsets.UTF_8));
        String said = run(SETUP + "\nset +e\n" + WATCHING);
        if (!said.isEmpty()) {
            close();
            throw new IOException(said);
        }
    }

    /** Runs commands, and returns what they printed on both streams. */
    String run(String commands) throws IOException {
        in.write(commands + "\necho '" + END + "'\n");
        in.flush();
        StringBuilder said = new StringBuilder();
        for (String line = out.readLine(); !END.equals(line); line = out.readLine()) {
            if (line == null) {
                throw new IOException("the shell ended after: " + said);
            }
            said.append(line).append('\n');
        }
        return said.toString();
    }

    /** Reads all that the kernel holds, but for what this lab put there. */
    List<Ruleset> rulesets() throws IOException {
        List<Ruleset> all = new ArrayList<>();
        for (Backend backend : List.of(Backend.IPTABLES_NFT, Backend.IPTABLES_LEGACY)) {
            String variant = backend == Backend.IPTABLES_NFT ? "nft" : "legacy";
            all.add(IptablesSaveParser.parse(
                    Family.IPV4, backend, run("iptables-" + variant + "-save -c 2>/dev/null")));
            all.add(IptablesSaveParser.parse(
                    Family.IPV6, backend, run("ip6tables-" + variant + "-save -c 2>/dev/null")));
        }
        for (Ruleset ruleset : NftJsonParser.parse(run("nft -j list ruleset"))
                .withoutIptables()
                .rulesets()) {
            all.add(new Ruleset(
                    ruleset.family(),
                    ruleset.backend(),
                    ruleset.tables().stream()
                            .filter(t -> !t.name().equals(WATCH))
                            .toList(),
                    ruleset.warnings()));
        }
        return all;
    }

    /** Sends packets, all at once, and waits until the senders are done. */
    void send(List<Packet> packets) throws IOException {
        StringBuilder commands = new StringBuilder("senders=\n");
        for (Packet packet : packets) {
            String version = packet.family() == Family.IPV6 ? "6" : "4";
            String bind = "bind=" + packet.source();
            String enter = packet.inputDevice() == null ? "" : "nsenter -t $pid_" + packet.inputDevice() + " -n ";
            commands.append(enter)
                    .append(
                            packet.protocol() == Packet.UDP
                                    ? "socat -u - UDP" + version + "-SENDTO:" + packet.destination() + "," + bind
                                    : "socat -u - TCP" + version + ":" + packet.destination() + "," + bind
                                            + ",connect-timeout=0.1")
                    .append(" >/dev/null 2>&1 <<'EOF' &\nx\nEOF\nsenders=\"$senders $!\"\n");
        }
        run(commands + "wait $senders");
    }

    /** Returns the packets that ended here, as {@code 17 192.0.2.1:5 192.0.2.2:80}. */
    Set<String> ended() throws IOException {
        Set<String> all = new HashSet<>();
        for (String element : run("nft list table inet " + WATCH).split("[,{}]")) {
            String[] parts = element.strip().split(" \\. ");
            if (parts.length == 5 && Character.isDigit(parts[2].charAt(0))) {
                all.add(PacketReader.protocolNumber(parts[0]) + " " + end(parts[1], parts[2]) + " "
                        + end(parts[3], parts[4]));
            }
        }
        return all;
    }

    private static PacketWalk.Endpoint end(String address, String port) {
        return new PacketWalk.Endpoint(Cidr.parseAddress(address), Integer.parseInt(port));
    }

    @Override
    public void close() throws IOException {
        in.write("kill $pid_eth0 $pid_br0 $pid_br1\nexit\n");
        in.flush();
        in.close();
        out.close();
        shell.destroy();
    }
}
