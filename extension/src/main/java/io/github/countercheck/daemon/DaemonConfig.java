// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import io.github.countercheck.CountercheckException;
import io.github.countercheck.ruleset.Cidr;
import io.github.countercheck.ruleset.JsonObject;
import io.github.countercheck.ruleset.JsonReader;
import io.github.countercheck.ruleset.ParseException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * A {@code daemon.json}, with what it says about container networking.
 *
 * <p>A key that is not there has the engine's default. Where a key stands twice, the last one counts, as it does for the
 * daemon.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public final class DaemonConfig {

    /** What dockerd 20.10 to 29 takes, of any of these versions. */
    private static final Set<String> KNOWN = Collections.unmodifiableSet(new TreeSet<>(List.of(
            "allow-direct-routing",
            "allow-nondistributable-artifacts",
            "api-cors-header",
            "authorization-plugins",
            "bip",
            "bip6",
            "bridge",
            "bridge-accept-fwmark",
            "builder",
            "cdi-spec-dirs",
            "cgroup-parent",
            "cluster-advertise",
            "cluster-store",
            "cluster-store-opts",
            "containerd",
            "containerd-namespace",
            "containerd-plugin-namespace",
            "cpu-rt-period",
            "cpu-rt-runtime",
            "cri-containerd",
            "data-root",
            "debug",
            "default-address-pools",
            "default-cgroupns-mode",
            "default-gateway",
            "default-gateway-v6",
            "default-init",
            "default-ipc-mode",
            "default-network-opts",
            "default-runtime",
            "default-shm-size",
            "default-ulimits",
            "deprecated-key-path",
            "dns",
            "dns-opts",
            "dns-search",
            "exec-opts",
            "exec-root",
            "experimental",
            "features",
            "firewall-backend",
            "fixed-cidr",
            "fixed-cidr-v6",
            "graph",
            "group",
            "host-gateway-ip",
            "host-gateway-ips",
            "hosts",
            "http-proxy",
            "https-proxy",
            "icc",
            "init",
            "init-path",
            "insecure-registries",
            "ip",
            "ip-forward",
            "ip-forward-no-drop",
            "ip-masq",
            "ip6tables",
            "iptables",
            "ipv6",
            "labels",
            "live-restore",
            "log-driver",
            "log-format",
            "log-level",
            "log-opts",
            "max-concurrent-downloads",
            "max-concurrent-uploads",
            "max-download-attempts",
            "metrics-addr",
            "mtu",
            "network-control-plane-mtu",
            "network-diagnostic-port",
            "no-new-privileges",
            "no-proxy",
            "node-generic-resources",
            "oom-score-adjust",
            "pidfile",
            "proxies",
            "raw-logs",
            "registry-mirrors",
            "resolv-conf",
            "rootless",
            "runtimes",
            "seccomp-profile",
            "selinux-enabled",
            "shutdown-timeout",
            "storage-driver",
            "storage-opts",
            "swarm-default-advertise-addr",
            "swarm-raft-election-tick",
            "swarm-raft-heartbeat-tick",
            "tls",
            "tlscacert",
            "tlscert",
            "tlskey",
            "tlsverify",
            "userland-proxy",
            "userland-proxy-path",
            "userns-remap")));

    private static final Set<String> OBJECTS = Set.of(
            "builder",
            "cluster-store-opts",
            "default-network-opts",
            "default-ulimits",
            "features",
            "log-opts",
            "proxies",
            "runtimes");

    private static final List<String> SWITCHES = List.of(
            "allow-direct-routing",
            "experimental",
            "icc",
            "ip-forward",
            "ip-forward-no-drop",
            "ip-masq",
            "ip6tables",
            "iptables",
            "ipv6",
            "live-restore",
            "userland-proxy");
    private static final List<String> TEXTS =
            List.of("bip", "bip6", "firewall-backend", "fixed-cidr", "fixed-cidr-v6", "ip");

    private final String file;
    private final String text;
    private final Map<String, @Nullable Object> values;

    private DaemonConfig(String file, String text, Map<String, @Nullable Object> values) {
        this.file = file;
        this.text = text;
        this.values = values;
    }

    /**
     * Reads one.
     *
     * @param file its name, for messages and reports
     * @param text what it holds; nothing but white space is as good as {@code {}}
     * @throws CountercheckException if it is no JSON object; the message tells the file, the line and the column
     */
    public static DaemonConfig parse(String file, String text) {
        Map<String, @Nullable Object> values = new LinkedHashMap<>();
        if (!text.isBlank()) {
            List<JsonObject> objects = new ArrayList<>();
            try {
                new JsonReader(text).forEachElement(objects::add);
            } catch (ParseException e) {
                throw damaged(file, e.getMessage(), e);
            }
            if (objects.size() != 1 || text.strip().startsWith("[")) {
                throw damaged(file, "line 1, column 1: an array, where the daemon wants one object", null);
            }
            JsonObject object = objects.get(0);
            for (int i = 0; i < object.size(); i++) {
                values.put(object.name(i), object.value(i));
            }
        }
        return new DaemonConfig(file, text, Collections.unmodifiableMap(values));
    }

    private static CountercheckException damaged(String file, @Nullable String problem, @Nullable Throwable cause) {
        return new CountercheckException(
                file + ", " + problem,
                "correct the file; `dockerd --validate --config-file " + file + "` checks it",
                cause);
    }

    /** Returns the name of the file. */
    public String file() {
        return file;
    }

    /** Returns what the file holds, as it was given. */
    public String text() {
        return text;
    }

    /**
     * Names what the daemon will hardly take: keys that no engine knows, with the nearest that one does, and values of
     * another type. The daemon has the last word on both.
     */
    public List<String> remarks() {
        List<String> remarks = new ArrayList<>();
        values.forEach((key, value) -> {
            if (!KNOWN.contains(key)) {
                remarks.add("unknown key \"" + key + "\"; the nearest is \"" + nearest(key) + "\"");
            } else if (value instanceof JsonObject && !OBJECTS.contains(key)) {
                remarks.add("\"" + key + "\" takes no object");
            }
        });
        values.forEach((key, value) -> {
            if (value instanceof JsonObject || value == null) {
                return;
            }
            if (SWITCHES.contains(key) && !(value instanceof Boolean)) {
                remarks.add("\"" + key + "\" takes true or false, not " + shown(value));
            } else if (TEXTS.contains(key) && !(value instanceof String)) {
                remarks.add("\"" + key + "\" takes a text, not " + shown(value));
            } else if (key.equals("mtu") && !(value instanceof Long)) {
                remarks.add("\"mtu\" takes a number, not " + shown(value));
            } else if (key.equals("ip")
                    && value instanceof String text
                    && address(text).isEmpty()) {
                remarks.add("\"ip\" takes an address, not " + shown(value));
            }
        });
        return remarks;
    }

    /** Says why a daemon with this configuration cannot be tried, as far as that is known without starting one. */
    public Optional<String> obstacle() {
        return values.get("hosts") instanceof List<?> hosts
                        && hosts.stream().noneMatch(host -> host instanceof String address && isAsked(address))
                ? Optional.of(
                        "\"hosts\" leaves out unix:///var/run/docker.sock, where the daemon is asked: add it, or leave"
                                + " \"hosts\" out")
                : Optional.empty();
    }

    /** What systemd would hand on, the daemon itself says that it does not have. */
    private static boolean isAsked(String host) {
        return host.startsWith("fd://")
                || Set.of("unix://", "unix:///var/run/docker.sock", "unix:///run/docker.sock")
                        .contains(host);
    }

    private static String shown(Object value) {
        return value instanceof String ? "\"" + value + "\"" : value.toString();
    }

    private static String nearest(String key) {
        return KNOWN.stream()
                .min(Comparator.comparingInt(known -> distance(key, known)))
                .orElseThrow();
    }

    /** How many letters have to be changed, added or left out. */
    private static int distance(String from, String to) {
        int[] previous = new int[to.length() + 1];
        for (int j = 0; j <= to.length(); j++) {
            previous[j] = j;
        }
        for (int i = 1; i <= from.length(); i++) {
            int[] current = new int[to.length() + 1];
            current[0] = i;
            for (int j = 1; j <= to.length(); j++) {
                int changed = previous[j - 1] + (from.charAt(i - 1) == to.charAt(j - 1) ? 0 : 1);
                current[j] = Math.min(changed, 1 + Math.min(previous[j], current[j - 1]));
            }
            previous = current;
        }
        return previous[to.length()];
    }

    private boolean is(String key, boolean otherwise) {
        return values.get(key) instanceof Boolean value ? value : otherwise;
    }

    private Optional<String> string(String key) {
        return values.get(key) instanceof String value && !value.isEmpty() ? Optional.of(value) : Optional.empty();
    }

    /** Tells whether the daemon writes IPv4 rules, {@code "iptables"}. */
    public boolean iptables() {
        return is("iptables", true);
    }

    /** Tells whether an engine of that version writes IPv6 rules, {@code "ip6tables"}: by default from Engine 27. */
    public boolean ip6tables(EngineVersion engine) {
        return is("ip6tables", engine.isAtLeast(27, 0));
    }

    /** Tells whether the default bridge has IPv6, {@code "ipv6"}. */
    public boolean ipv6() {
        return is("ipv6", false);
    }

    /** Tells whether what leaves the default bridge gets another source address, {@code "ip-masq"}. */
    public boolean ipMasq() {
        return is("ip-masq", true);
    }

    /** Tells whether the daemon switches forwarding on, {@code "ip-forward"}. */
    public boolean ipForward() {
        return is("ip-forward", true);
    }

    /** Tells whether the daemon leaves FORWARD's policy alone when it switches forwarding on, {@code "ip-forward-no-drop"}. */
    public boolean ipForwardNoDrop() {
        return is("ip-forward-no-drop", false);
    }

    /** Tells whether containers of the default bridge may call each other, {@code "icc"}. */
    public boolean icc() {
        return is("icc", true);
    }

    /** Tells whether docker-proxy listens on published ports, {@code "userland-proxy"}. */
    public boolean userlandProxy() {
        return is("userland-proxy", true);
    }

    /** Tells whether containers may be called by their own address from outside, {@code "allow-direct-routing"}. */
    public boolean allowDirectRouting() {
        return is("allow-direct-routing", false);
    }

    /** Tells whether containers go on while the daemon is away, {@code "live-restore"}. */
    public boolean liveRestore() {
        return is("live-restore", false);
    }

    /** Returns the host address on which the default bridge publishes ports, {@code "ip"}; empty where it is none. */
    public Optional<InetAddress> ip() {
        return string("ip").flatMap(DaemonConfig::address);
    }

    /** Returns the address and subnet of the default bridge, {@code "bip"}. */
    public Optional<String> bip() {
        return string("bip");
    }

    /** Returns the same for IPv6, {@code "bip6"}. */
    public Optional<String> bip6() {
        return string("bip6");
    }

    /** Tells whether there is no default bridge, {@code "bridge": "none"}. */
    public boolean withoutDefaultBridge() {
        return string("bridge").filter("none"::equals).isPresent();
    }

    /** Returns the part of the default bridge's subnet that containers get addresses from, {@code "fixed-cidr"}. */
    public Optional<String> fixedCidr() {
        return string("fixed-cidr");
    }

    /** Returns the same for IPv6, {@code "fixed-cidr-v6"}; up to Engine 26 it is the subnet. */
    public Optional<String> fixedCidrV6() {
        return string("fixed-cidr-v6");
    }

    /** Returns the subnets that networks are given, {@code "default-address-pools"}, as {@code BASE size SIZE}. */
    public List<String> defaultAddressPools() {
        return values.get("default-address-pools") instanceof List<?> pools
                ? pools.stream()
                        .filter(JsonObject.class::isInstance)
                        .map(JsonObject.class::cast)
                        .map(pool -> pool.text("base") + " size " + pool.text("size"))
                        .toList()
                : List.of();
    }

    /** Returns the default bridge's MTU in bytes, {@code "mtu"}; 1500 where none is set. */
    public int mtu() {
        return values.get("mtu") instanceof Long mtu && mtu > 0 && mtu <= 65_535 ? mtu.intValue() : 1500;
    }

    /** Tells whether an engine of that version keeps its rules in nftables' own tables, {@code "firewall-backend"}. */
    public boolean nftables(EngineVersion engine) {
        return engine.isAtLeast(29, 0)
                && string("firewall-backend").filter("nftables"::equals).isPresent();
    }

    /** Returns the options that networks of that driver get which name none, {@code "default-network-opts"}. */
    public Map<String, String> defaultNetworkOpts(String driver) {
        Map<String, String> options = new TreeMap<>();
        if (values.get("default-network-opts") instanceof JsonObject drivers) {
            JsonObject given = drivers.object(driver);
            for (int i = 0; given != null && i < given.size(); i++) {
                if (given.value(i) instanceof String value) {
                    options.put(given.name(i), value);
                }
            }
        }
        return options;
    }

    static Optional<InetAddress> address(String text) {
        try {
            return Optional.of(Cidr.parseAddress(text));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    @Override
    public String toString() {
        return file;
    }
}
