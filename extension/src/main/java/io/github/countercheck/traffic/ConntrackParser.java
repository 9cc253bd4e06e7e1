// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.traffic;

import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.Transport;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads one line about a tracked flow, word by word; refuses what it does not know. */
final class ConntrackParser {

    private static final Pattern NUMBER = Pattern.compile("\\d{1,10}");
    private static final Pattern PROTOCOL = Pattern.compile("[a-z][a-z0-9-]*");
    private static final Pattern STATE = Pattern.compile("[A-Z][A-Z0-9_]*");
    private static final Set<String> WITHOUT_PORTS = Set.of("type", "code", "id", "srckey", "dstkey");
    private static final Set<String> TRAILERS =
            Set.of("mark", "secctx", "zone", "delta-time", "use", "id", "helper", "labels");

    private final String line;
    private final String[] words;
    private int next;

    ConntrackParser(String line) {
        this.line = line;
        this.words = line.strip().split(" +", -1);
    }

    ConntrackEntry entry() {
        Boolean ipv6 = layer3();
        String protocol = matching(PROTOCOL, "a protocol's name");
        int number = (int) number(take(), 255);
        // The kernel prints no time left and no state for a flow that it has offloaded.
        if (NUMBER.matcher(peek()).matches()) {
            next++;
        }
        // GRE's two timeouts
        skip("timeout");
        skip("stream_timeout");
        String state = STATE.matcher(peek()).matches() ? take() : "";
        boolean hasPorts = Transport.parse(protocol).isPresent();
        ConntrackEntry.Direction original = direction(hasPorts);
        long zone = isKey("zone-orig") ? number(value("zone-orig"), 0xffff) : 0;
        counters();
        boolean unreplied = flag("[UNREPLIED]");
        ConntrackEntry.Direction reply = direction(hasPorts);
        skip("zone-reply");
        counters();
        boolean assured = flag("[ASSURED]");
        if (!assured && !flag("[OFFLOAD]")) {
            flag("[HW_OFFLOAD]");
        }
        Map<String, String> trailers = trailers();
        requireOneFamily(ipv6, original, reply);
        return new ConntrackEntry(
                protocol,
                number,
                state,
                original,
                reply,
                unreplied,
                assured,
                number(trailers.getOrDefault("mark", "0"), 0xffff_ffffL),
                (int) number(trailers.getOrDefault("zone", Long.toString(zone)), 0xffff));
    }

    private @Nullable Boolean layer3() {
        String name = peek();
        if (!name.equals("ipv4") && !name.equals("ipv6")) {
            return null;
        }
        next++;
        boolean ipv6 = name.equals("ipv6");
        String number = take();
        if (!number.equals(ipv6 ? "10" : "2")) {
            throw wrong("'" + number + "' is not the number of " + name);
        }
        return ipv6;
    }

    private ConntrackEntry.Direction direction(boolean hasPorts) {
        InetAddress source = address(value("src"));
        InetAddress destination = address(value("dst"));
        if (hasPorts || isKey("sport")) {
            int from = (int) number(value("sport"), 0xffff);
            int to = (int) number(value("dport"), 0xffff);
            return new ConntrackEntry.Direction(source, from, destination, to, "");
        }
        List<String> detail = new ArrayList<>();
        while (WITHOUT_PORTS.contains(key())) {
            detail.add(take());
        }
        return new ConntrackEntry.Direction(source, 0, destination, 0, String.join(" ", detail));
    }

    private void counters() {
        skip("packets");
        skip("bytes");
    }

    private Map<String, String> trailers() {
        Map<String, String> found = new HashMap<>();
        while (next < words.length) {
            String key = key();
            if (!TRAILERS.contains(key) || found.containsKey(key)) {
                throw wrong("'" + peek() + "' is not expected here");
            }
            found.put(key, value(key));
        }
        return found;
    }

    private void requireOneFamily(
            @Nullable Boolean ipv6, ConntrackEntry.Direction original, ConntrackEntry.Direction reply) {
        boolean first = ipv6 != null ? ipv6 : original.source() instanceof Inet6Address;
        for (InetAddress address :
                List.of(original.source(), original.destination(), reply.source(), reply.destination())) {
            if (address instanceof Inet6Address != first) {
                throw wrong("the addresses are of two families");
            }
        }
    }

    private InetAddress address(String text) {
        try {
            return Cidr.parseAddress(text);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    wrong("'" + text + "' is not an address").getMessage(), e);
        }
    }

    private long number(String text, long most) {
        if (!NUMBER.matcher(text).matches() || Long.parseLong(text) > most) {
            throw wrong("'" + text + "' is not a number from 0 to " + most);
        }
        return Long.parseLong(text);
    }

    private String matching(Pattern pattern, String what) {
        String word = take();
        if (!pattern.matcher(word).matches()) {
            throw wrong("'" + word + "' is not " + what);
        }
        return word;
    }

    private boolean flag(String word) {
        boolean there = peek().equals(word);
        if (there) {
            next++;
        }
        return there;
    }

    private void skip(String key) {
        if (isKey(key)) {
            next++;
        }
    }

    private String value(String key) {
        if (!isKey(key)) {
            throw wrong((next < words.length ? "'" + peek() + "' stands where " : "it ends where ") + key
                    + "= is expected");
        }
        return take().substring(key.length() + 1);
    }

    private boolean isKey(String key) {
        return key().equals(key);
    }

    private String key() {
        String word = peek();
        int equals = word.indexOf('=');
        return equals < 0 ? "" : word.substring(0, equals);
    }

    private String take() {
        String word = peek();
        if (word.isEmpty()) {
            throw wrong("it ends too early");
        }
        next++;
        return word;
    }

    private String peek() {
        return next < words.length ? words[next] : "";
    }

    private IllegalArgumentException wrong(String problem) {
        return new IllegalArgumentException("not a line about a tracked flow: " + problem + "\n  " + line);
    }
}
