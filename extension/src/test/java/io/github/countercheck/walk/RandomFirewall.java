// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.walk;

import io.github.countercheck.ruleset.Family;
import io.github.countercheck.ruleset.Hook;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import java.util.stream.Stream;

/** Makes up rules that the kernel takes, and packets that may meet them. The same seed makes the same. */
final class RandomFirewall {

    private static final List<String> TABLES = List.of("raw", "mangle", "nat", "filter");
    private static final int CHAINS = 3;
    private static final String COUNTED = "COUNTED";

    private final RandomGenerator random;
    private int port = 20_000;

    RandomFirewall(long seed) {
        random = RandomGeneratorFactory.of("L64X128MixRandom").create(seed);
    }

    /** Returns commands that load the rules. */
    String commands() {
        StringBuilder commands = new StringBuilder();
        // Of tables with chains of equal priority none shows which is asked first, so one of the two.
        boolean nft = random.nextInt(3) > 0;
        boolean legacy = !nft && random.nextInt(3) > 0;
        boolean own = random.nextInt(3) > 0 || (!nft && !legacy);
        for (Family family : List.of(Family.IPV4, Family.IPV6)) {
            String tool = family == Family.IPV4 ? "iptables" : "ip6tables";
            if (nft) {
                commands.append(input(tool + "-nft-restore", iptables(family)));
            }
            if (legacy) {
                commands.append(input(tool + "-legacy-restore", iptables(family)));
            }
        }
        if (own) {
            commands.append(input("nft -f -", nftables()));
        }
        return commands.toString();
    }

    private static String input(String command, String text) {
        return command + " <<'EOF'\n" + text + "EOF\n";
    }

    private String iptables(Family family) {
        StringBuilder listing = new StringBuilder();
        for (String table : TABLES) {
            listing.append('*').append(table).append('\n');
            List<Hook> hooks = hooks(table);
            for (Hook hook : hooks) {
                boolean drops = !table.equals("nat") && random.nextInt(12) == 0;
                listing.append(':').append(hook).append(drops ? " DROP\n" : " ACCEPT\n");
            }
            for (int i = 0; i < CHAINS; i++) {
                listing.append(":U").append(i).append(" -\n");
            }
            for (Hook hook : hooks) {
                rules(listing, family, table, hook.name(), hook, 0);
            }
            for (int i = 0; i < CHAINS; i++) {
                rules(listing, family, table, "U" + i, null, i + 1);
            }
            listing.append("COMMIT\n");
        }
        return listing.toString();
    }

    private static List<Hook> hooks(String table) {
        return switch (table) {
            case "raw" -> List.of(Hook.PREROUTING, Hook.OUTPUT);
            case "nat" -> List.of(Hook.PREROUTING, Hook.INPUT, Hook.OUTPUT, Hook.POSTROUTING);
            case "filter" -> List.of(Hook.INPUT, Hook.FORWARD, Hook.OUTPUT);
            default -> List.of(Hook.PREROUTING, Hook.INPUT, Hook.FORWARD, Hook.OUTPUT, Hook.POSTROUTING);
        };
    }

    private void rules(StringBuilder listing, Family family, String table, String chain, Hook hook, int firstChain) {
        for (int i = random.nextInt(5); i > 0; i--) {
            StringBuilder rule = new StringBuilder("-A " + chain);
            String protocol = pick("", "", "tcp", "tcp", "udp");
            for (int j = random.nextInt(3); j > 0; j--) {
                String match = own(family, hook);
                boolean twice = rule.indexOf(match.replace("! ", "").substring(0, 3)) >= 0;
                rule.append(twice ? "" : " " + match);
            }
            if (!protocol.isEmpty()) {
                rule.append(" -p ").append(protocol);
            }
            for (int j = random.nextInt(3); j > 0; j--) {
                String module = module(family, protocol);
                // Of two ports that one rule asks for iptables-nft-save prints one.
                String name = module.substring(0, module.indexOf(' ', 3));
                boolean again = rule.indexOf(name + " ") >= 0 && (name.equals("-m tcp") || name.equals("-m udp"));
                rule.append(again ? "" : " " + module);
            }
            rule.append(target(family, table, hook, firstChain, protocol));
            listing.append(rule).append('\n');
        }
    }

    private String not() {
        return random.nextInt(4) == 0 ? "! " : "";
    }

    private String own(Family family, Hook hook) {
        boolean in = hook == null || hook == Hook.PREROUTING || hook == Hook.INPUT || hook == Hook.FORWARD;
        boolean out = hook == null || hook == Hook.POSTROUTING || hook == Hook.OUTPUT || hook == Hook.FORWARD;
        return switch (random.nextInt(6)) {
            case 0 -> not() + "-s " + net(family);
            case 1 -> not() + "-d " + net(family);
            case 2, 3 -> in ? not() + "-i " + device() : not() + "-o " + device();
            case 4 -> out ? not() + "-o " + device() : not() + "-i " + device();
            default ->
                family == Family.IPV4
                        ? not() + pick("-s ", "-d ") + "172.0.0.2/255.0.0.255"
                        : not() + pick("-s ", "-d ") + "fd00::2/ffff::ffff";
        };
    }

    private String device() {
        return pick("eth0", "br0", "br1", "br+", "lo", "e+");
    }

    private String net(Family family) {
        return family == Family.IPV4
                ? pick(
                        "172.17.0.0/16",
                        "172.16.0.0/12",
                        "172.17.0.2",
                        "198.51.100.0/24",
                        "198.51.100.1",
                        "203.0.113.7",
                        "127.0.0.0/8")
                : pick(
                        "fd00:17::/64",
                        "fd00::/8",
                        "fd00:17::2",
                        "2001:db8:1::/64",
                        "2001:db8:1::1",
                        "2001:db8:99::7",
                        "::1/128");
    }

    private String address(Family family) {
        return family == Family.IPV4
                ? pick("172.17.0.2", "172.17.0.3", "172.18.0.2", "198.51.100.2", "203.0.113.7", "172.17.0.1")
                : pick("fd00:17::2", "fd00:17::3", "fd00:18::2", "2001:db8:1::2", "2001:db8:99::7", "fd00:17::1");
    }

    private String port() {
        return pick("80", "443", "8080", "53");
    }

    private String module(Family family, String protocol) {
        boolean ports = !protocol.isEmpty();
        return switch (random.nextInt(ports ? 13 : 9)) {
            case 0 ->
                "-m conntrack " + not() + "--ctstate "
                        + pick("NEW", "INVALID", "UNTRACKED", "NEW,UNTRACKED", "ESTABLISHED", "DNAT", "SNAT");
            case 1 ->
                "-m addrtype " + not() + pick("--src-type ", "--dst-type ")
                        + pick("LOCAL", "UNICAST", "LOCAL,UNICAST", "MULTICAST");
            case 2 -> "-m mark " + not() + "--mark " + mark();
            case 3 -> "-m connmark " + not() + "--mark " + mark();
            case 4 ->
                "-m conntrack " + not() + pick("--ctorigsrc ", "--ctorigdst ", "--ctreplsrc ", "--ctrepldst ")
                        + net(family);
            case 5 ->
                "-m conntrack "
                        + pick(
                                "--ctdir ORIGINAL",
                                "--ctdir REPLY",
                                "--ctstatus NONE",
                                "--ctstatus CONFIRMED",
                                "--ctstate NEW --ctproto 17");
            case 6 -> "-m comment --comment \"" + pick("a", "a b") + "\"";
            case 7 ->
                "-m iprange " + not() + pick("--src-range ", "--dst-range ")
                        + (family == Family.IPV4 ? "172.17.0.2-172.18.0.2" : "fd00:17::2-fd00:18::2");
            case 8 -> "-m pkttype " + not() + "--pkt-type " + pick("unicast", "broadcast");
            case 9 ->
                "-m " + protocol + " " + not() + pick("--dport ", "--dport ") + pick(port(), "80:443", "1024:", ":100");
            case 10 -> "-m multiport " + not() + pick("--dports ", "--ports ") + pick("80,443", "53,8000:9000");
            case 11 -> "-m conntrack " + not() + "--ctorigdstport " + port();
            default ->
                protocol.equals("tcp")
                        ? "-m tcp " + not() + pick("--syn", "--tcp-flags SYN,ACK SYN,ACK", "--tcp-flags ALL SYN")
                        : "-m udp " + not() + "--sport 20000:20005";
        };
    }

    private String mark() {
        return pick("0x0", "0x1", "0x1/0x1", "0x2/0x3", "0x0/0xff");
    }

    private String target(Family family, String table, Hook hook, int firstChain, String protocol) {
        if (table.equals("nat")) {
            return nat(family, hook, protocol);
        }
        if (firstChain < CHAINS && random.nextInt(4) == 0) {
            return pick(" -j", " -j", " -g") + " U" + (firstChain + random.nextInt(CHAINS - firstChain));
        }
        return switch (random.nextInt(table.equals("filter") ? 8 : 10)) {
            case 0, 1 -> " -j ACCEPT";
            case 2 -> " -j DROP";
            case 3 -> " -j RETURN";
            case 4 -> "";
            case 5 ->
                " -j CONNMARK "
                        + pick(
                                "--set-mark 0x1",
                                "--set-xmark 0x2/0x3",
                                "--save-mark",
                                "--restore-mark",
                                "--restore-mark --mask 0x1");
            case 6, 7 -> table.equals("filter") ? " -j REJECT" : table.equals("raw") ? " -j CT --notrack" : "";
            default -> " -j MARK " + pick("--set-mark 0x1", "--set-xmark 0x2/0x3", "--or-mark 0x2", "--and-mark 0x1");
        };
    }

    private String nat(Family family, Hook hook, String protocol) {
        if (hook == null || random.nextInt(4) == 0) {
            return pick(" -j ACCEPT", " -j RETURN", "");
        }
        if (random.nextInt(6) == 0) {
            return " -j U" + random.nextInt(CHAINS);
        }
        String address = address(family);
        String withPort = (family == Family.IPV4 ? address : "[" + address + "]") + ":" + port();
        String to = protocol.isEmpty() || random.nextBoolean() ? address : withPort;
        return switch (hook) {
            case PREROUTING, OUTPUT ->
                random.nextInt(4) == 0
                        ? " -j REDIRECT" + (protocol.isEmpty() ? "" : " --to-ports " + port())
                        : " -j DNAT --to-destination " + to;
            case POSTROUTING -> random.nextBoolean() ? " -j MASQUERADE" : " -j SNAT --to-source " + address;
            default -> " -j SNAT --to-source " + address;
        };
    }

    private String nftables() {
        StringBuilder tables = new StringBuilder();
        List<String> families = new ArrayList<>(List.of(pick("ip", "inet")));
        families.add(pick("ip6", "inet", "ip"));
        // Different priorities for each chain of a hook: of equal ones in two tables none shows which is asked first.
        int shift = 1;
        for (int i = 0; i < families.size(); i++) {
            tables.append("table ")
                    .append(families.get(i))
                    .append(" own")
                    .append(i)
                    .append(" {\n");
            nftTable(tables, families.get(i), shift);
            tables.append("}\n");
            shift += 20;
        }
        return tables.toString();
    }

    private void nftTable(StringBuilder table, String family, int shift) {
        table.append("set bridges {\ntype ifname\nelements = { \"br0\", \"lo\" }\n}\n");
        table.append("set doors {\ntype inet_service\nflags interval\nelements = { 53, 80-443 }\n}\n");
        for (int i = CHAINS - 1; i >= 0; i--) {
            nftChain(table, family, "u" + i, "", null, i + 1, false);
        }
        table.append("map ways {\ntype ifname : verdict\nelements = { \"br0\" : jump u0, \"eth0\" : ")
                .append(pick("goto u1", "accept", "drop", "return"))
                .append(" }\n}\n");
        int number = 0;
        for (Hook hook : hooks("mangle")) {
            for (int i = random.nextInt(3); i > 0; i--) {
                int priority = pick(List.of(-300, -150, 0, 50)) + shift + number;
                String head = "type filter hook " + hook.name().toLowerCase() + " priority " + priority + "; policy "
                        + (random.nextInt(10) == 0 ? "drop" : "accept") + ";\n";
                nftChain(table, family, "f" + number++, head, hook, 0, false);
            }
            if (hook != Hook.FORWARD && random.nextInt(2) == 0) {
                int priority = pick(List.of(-150, -100, -50, 100)) + shift + number;
                String head =
                        "type nat hook " + hook.name().toLowerCase() + " priority " + priority + "; policy accept;\n";
                nftChain(table, family, "n" + number++, head, hook, CHAINS, true);
            }
        }
    }

    private void nftChain(
            StringBuilder table, String family, String name, String head, Hook hook, int firstChain, boolean nat) {
        table.append("chain ").append(name).append(" {\n").append(head);
        for (int i = random.nextInt(5); i > 0; i--) {
            StringBuilder rule = new StringBuilder();
            for (int j = random.nextInt(3); j > 0; j--) {
                rule.append(condition(family)).append(' ');
            }
            String verdict = nat ? nftNat(family, hook) : verdict(firstChain, hook);
            // A counter before another condition, or before a ct mark that may not be there, would count packets that
            // do not meet the rule.
            boolean counts = Stream.of("vmap", "nfproto", "set ct mark").noneMatch(verdict::contains);
            rule.append(counts ? "counter " : "").append(verdict.replace(COUNTED, "counter"));
            if (!isContradiction(rule.toString())) {
                table.append(rule).append('\n');
            }
        }
        table.append("}\n");
    }

    /** The tool refuses rules that ask for two protocols at once. */
    private static boolean isContradiction(String rule) {
        List<String> words = List.of(rule.split("[^a-z0-9]+"));
        long transports =
                words.stream().filter(w -> w.equals("tcp") || w.equals("udp")).count();
        boolean alone = rule.contains("{ tcp, udp }") && transports == 2;
        return (words.contains("tcp") && words.contains("udp") && !alone)
                || (words.contains("ip") && words.contains("ip6"));
    }

    private String condition(String family) {
        String ip = family.equals("inet") ? pick("ip", "ip6") : family;
        Family of = ip.equals("ip") ? Family.IPV4 : Family.IPV6;
        String not = random.nextInt(4) == 0 ? "!= " : "";
        return switch (random.nextInt(18)) {
            case 0 -> ip + pick(" saddr ", " daddr ") + not + net(of);
            case 1 ->
                ip + pick(" saddr ", " daddr ") + not + "{ " + address(of) + ", "
                        + net(of).replaceAll("^(?!.*/).*", of == Family.IPV4 ? "10.0.0.0/8" : "fd01::/16") + " }";
            case 2 -> pick("iifname ", "oifname ") + not + "\"" + pick("eth0", "br0", "br1", "br*", "lo") + "\"";
            case 3 -> pick("iifname ", "oifname ") + not + "@bridges";
            case 4 -> pick("tcp", "udp", "th") + " dport " + not + pick(port(), "{ 80, 443 }", "80-443", "@doors");
            case 5 -> "meta l4proto " + not + pick("tcp", "udp", "{ tcp, udp }");
            case 6 ->
                "ct state " + not + pick("new", "invalid", "untracked", "established,related", "{ new, untracked }");
            case 7 -> "fib daddr type " + not + pick("local", "unicast", "{ local, unicast }");
            case 8 -> "fib saddr type " + not + pick("local", "unicast");
            case 9 -> "meta mark " + not + pick("0x1", "0x0", "{ 0x1, 0x2 }", "0x0-0x5");
            case 10 -> "meta mark & 0x3 " + pick("==", "!=") + " " + pick("0x1", "0x2", "0x0");
            case 11 -> "ct mark " + not + pick("0x1", "0x0");
            case 12 -> "ct status " + pick("dnat", "snat", "confirmed");
            case 13 -> "ct direction " + pick("original", "reply");
            case 14 -> ip + " daddr . tcp dport { " + address(of) + " . " + port() + ", " + address(of) + " . 80 }";
            case 15 -> "ct original " + ip + pick(" saddr ", " daddr ") + not + net(of);
            case 16 -> "tcp flags " + pick("syn", "& (syn|ack) == syn", "& (fin|syn|rst|ack) != syn", "ack");
            default -> "tcp dport " + pick("< 443", ">= 443", "> 80", "<= 53");
        };
    }

    private String verdict(int firstChain, Hook hook) {
        if (firstChain < CHAINS && random.nextInt(4) == 0) {
            return pick("jump", "jump", "goto") + " u" + (firstChain + random.nextInt(CHAINS - firstChain));
        }
        if (firstChain == 0 && random.nextInt(6) == 0) {
            return pick("iifname", "oifname") + " vmap @ways";
        }
        boolean first = hook == Hook.PREROUTING || hook == Hook.OUTPUT;
        return switch (random.nextInt(10)) {
            case 0, 1 -> "accept";
            case 2 -> "drop";
            case 3 -> "return";
            case 4 -> "meta mark set " + pick("0x1", "mark or 0x2", "mark and 0x1", "ct mark");
            case 5 -> "ct mark set " + pick("0x1", "mark", "mark or 0x2");
            case 6 -> first ? "notrack" : "continue";
            case 7 -> "tcp dport vmap { 80 : " + pick("accept", "drop", "return") + ", 443 : continue }";
            default -> "";
        };
    }

    private String nftNat(String family, Hook hook) {
        if (random.nextInt(4) == 0) {
            return pick("accept", "return", "", "drop");
        }
        boolean ipv6 = family.equals("ip6") || (family.equals("inet") && random.nextBoolean());
        String address = address(ipv6 ? Family.IPV6 : Family.IPV4);
        boolean both = family.equals("inet");
        String of = both ? (ipv6 ? "ip6 " : "ip ") : "";
        String before = both ? "meta nfproto " + (ipv6 ? "ipv6 " : "ipv4 ") + COUNTED + " " : "";
        return switch (hook) {
            case PREROUTING, OUTPUT -> random.nextInt(4) == 0 ? "redirect" : before + "dnat " + of + "to " + address;
            case POSTROUTING -> random.nextBoolean() ? "masquerade" : before + "snat " + of + "to " + address;
            default -> before + "snat " + of + "to " + address;
        };
    }

    /** Makes up a first packet, each of its own source port. */
    Packet packet() {
        Family family = pick(Family.IPV4, Family.IPV4, Family.IPV6);
        String device = pick("eth0", "eth0", "br0", "br1", "");
        boolean v4 = family == Family.IPV4;
        String source = switch (device) {
            case "eth0" -> v4 ? pick("198.51.100.2", "198.51.100.3") : pick("2001:db8:1::2", "2001:db8:1::3");
            case "br0" -> v4 ? pick("172.17.0.2", "172.17.0.3") : pick("fd00:17::2", "fd00:17::3");
            case "br1" -> v4 ? "172.18.0.2" : "fd00:18::2";
            default -> v4 ? pick("198.51.100.1", "172.17.0.1") : pick("2001:db8:1::1", "fd00:17::1");
        };
        List<String> destinations = new ArrayList<>(
                v4
                        ? List.of(
                                "198.51.100.1", "172.17.0.1", "172.17.0.2", "172.18.0.2", "203.0.113.7", "198.51.100.2")
                        : List.of(
                                "2001:db8:1::1",
                                "fd00:17::1",
                                "fd00:17::2",
                                "fd00:18::2",
                                "2001:db8:99::7",
                                "2001:db8:1::2"));
        // What a neighbour sends to an address of its own never leaves it.
        destinations.remove(
                switch (device) {
                    case "eth0" -> v4 ? "198.51.100.2" : "2001:db8:1::2";
                    case "br0" -> v4 ? "172.17.0.2" : "fd00:17::2";
                    case "br1" -> v4 ? "172.18.0.2" : "fd00:18::2";
                    default -> "";
                });
        String destination = random.nextInt(3) == 0 ? destinations.get(0) : pick(destinations);
        String open = v4 ? "" : "[";
        String close = v4 ? ":" : "]:";
        return Packet.parse(pick("tcp ", "udp ") + open + source + close + port++ + " -> " + open + destination + close
                + port() + (device.isEmpty() ? "" : " iif " + device));
    }

    private <T> T pick(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }

    @SafeVarargs
    private <T> T pick(T... choices) {
        return choices[random.nextInt(choices.length)];
    }
}
