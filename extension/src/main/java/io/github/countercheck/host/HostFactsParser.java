// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.host;

import io.github.countercheck.host.HostFacts.Link;
import io.github.countercheck.host.HostFacts.Listener;
import io.github.countercheck.host.HostFacts.Neighbour;
import io.github.countercheck.host.HostFacts.Route;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Transport;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Reads sections that begin with {@code == NAME}, each as its tool prints it. */
final class HostFactsParser {

    private static final Set<String> ROUTE_TYPES = Set.of(
            "unicast", "local", "broadcast", "multicast", "anycast", "blackhole", "unreachable", "prohibit", "throw");
    private static final Pattern LINK = Pattern.compile("^\\d+: ([^:@]+)(?:@[^:]+)?: <([^>]*)> mtu (\\d+).*");
    private static final Pattern MAC = Pattern.compile("link/\\S+ ([0-9a-f:]{17})\\b");
    private static final Pattern ADDRESS = Pattern.compile("^\\d+: (\\S+)\\s+inet6? (\\S+) .*");
    private static final Pattern USUAL_RULE =
            Pattern.compile("^(0|32766|32767):\\s+from all lookup (local|main|default)\\s*$");
    private static final Pattern DROPPED = Pattern.compile("\\(dropped ([1-9]\\d*),");
    private static final String LISTENING = "0A";
    private static final String UNCONNECTED = "07";

    private final Map<String, List<String>> sections = new LinkedHashMap<>();

    HostFactsParser(String text) {
        List<String> lines = new ArrayList<>();
        for (String line : text.split("\n", -1)) {
            if (line.startsWith("== ")) {
                lines = sections.computeIfAbsent(line.substring(3).strip(), name -> new ArrayList<>());
            } else if (!line.isBlank()) {
                lines.add(line);
            }
        }
    }

    HostFacts facts() {
        return new HostFacts(
                sysctls(),
                links(),
                each("route", HostFactsParser::route),
                section("rule").stream()
                        .filter(line -> !USUAL_RULE.matcher(line).matches())
                        .map(String::strip)
                        .toList(),
                each("neighbour", HostFactsParser::neighbour),
                each("socket", HostFactsParser::listener),
                queues(),
                section("flow"));
    }

    private List<String> section(String name) {
        return sections.getOrDefault(name, List.of());
    }

    private <T> List<T> each(String section, Function<String, @Nullable T> reader) {
        return section(section).stream()
                .flatMap(line -> {
                    try {
                        return Stream.<T>ofNullable(reader.apply(line));
                    } catch (IllegalArgumentException notUnderstood) {
                        return Stream.empty();
                    }
                })
                .toList();
    }

    /** Reads {@code ipv4/conf/eth0.5/rp_filter:1}; a dot in a device's name is written as a slash, as sysctl(8) does. */
    private Map<String, String> sysctls() {
        Map<String, String> settings = new HashMap<>();
        for (String line : section("sysctl")) {
            int colon = line.indexOf(':');
            if (colon > 0) {
                String name = line.substring(0, colon)
                        .replace('.', '\n')
                        .replace('/', '.')
                        .replace('\n', '/');
                settings.put("net." + name, line.substring(colon + 1).strip());
            }
        }
        return settings;
    }

    private List<Link> links() {
        Map<String, List<Cidr>> addresses = new HashMap<>();
        each("address", line -> {
            Matcher address = ADDRESS.matcher(line);
            if (!address.matches()) {
                return null;
            }
            addresses
                    .computeIfAbsent(address.group(1), name -> new ArrayList<>())
                    .add(Cidr.parse(address.group(2)));
            return line;
        });
        return each("link", line -> {
            Matcher link = LINK.matcher(line);
            if (!link.matches()) {
                return null;
            }
            Matcher mac = MAC.matcher(line);
            return new Link(
                    link.group(1),
                    Integer.parseInt(link.group(3)),
                    Arrays.asList(link.group(2).split(",", -1)).contains("UP"),
                    mac.find() ? mac.group(1) : "",
                    addresses.getOrDefault(link.group(1), List.of()));
        });
    }

    /** The first word of the line tells the family, as {@code default} does not. */
    private static @Nullable Route route(String line) {
        List<String> words = List.of(line.strip().split("\\s+"));
        if (words.size() < 2) {
            return null;
        }
        boolean ipv6 = words.get(0).equals("6");
        int at = ROUTE_TYPES.contains(words.get(1)) ? 2 : 1;
        String to = words.get(at);
        return new Route(
                String.join(" ", words.subList(1, words.size())),
                at == 2 ? words.get(1) : "unicast",
                Cidr.parse(to.equals("default") ? (ipv6 ? "::/0" : "0.0.0.0/0") : to),
                after(words, "dev"),
                after(words, "table") == null ? "main" : String.valueOf(after(words, "table")));
    }

    private static @Nullable String after(List<String> words, String keyword) {
        int at = words.indexOf(keyword);
        return at < 0 || at + 1 == words.size() ? null : words.get(at + 1);
    }

    private static @Nullable Neighbour neighbour(String line) {
        List<String> words = List.of(line.strip().split("\\s+"));
        String device = after(words, "dev");
        return device == null
                ? null
                : new Neighbour(
                        Cidr.parseAddress(words.get(0)), device, after(words, "lladdr"), words.get(words.size() - 1));
    }

    /** Reads {@code tcp6 0: 0000…:0050 0000…:0000 0A …}, a line of /proc/net/tcp6 behind the name of its file. */
    private static @Nullable Listener listener(String line) {
        String[] words = line.strip().split("\\s+", -1);
        if (words.length < 5 || !words[2].contains(":")) {
            return null;
        }
        Transport transport = words[0].startsWith("udp") ? Transport.UDP : Transport.TCP;
        if (!words[4].equals(transport == Transport.TCP ? LISTENING : UNCONNECTED)) {
            return null;
        }
        String[] own = words[2].split(":", -1);
        return new Listener(transport, address(own[0]), Integer.parseInt(own[1], 16));
    }

    /** The kernel prints the address in words of four bytes, each as this machine keeps numbers: the lowest byte first. */
    private static InetAddress address(String hex) {
        byte[] bytes = new byte[hex.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            int from = (i & ~3) + (3 - (i & 3));
            bytes[i] = (byte) Integer.parseInt(hex.substring(2 * from, 2 * from + 2), 16);
        }
        return Cidr.ofBytes(bytes);
    }

    /** Of each discipline and filter, whose further lines are set in, the first line and what it dropped. */
    private List<String> queues() {
        List<String> found = new ArrayList<>();
        String head = "";
        for (String line : section("queue")) {
            if (!Character.isWhitespace(line.charAt(0))) {
                head = line.strip();
            }
            Matcher dropped = DROPPED.matcher(line);
            if (dropped.find()) {
                found.add(head + " (dropped " + dropped.group(1) + ")");
            }
        }
        return found;
    }
}
