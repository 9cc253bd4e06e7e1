// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apiguardian.api.API;

/**
 * Where the kernel enters a chain. All base chains of a hook are asked in the order of their priorities, whoever wrote
 * them; a packet that one of them accepts is shown to the next.
 *
 * @param type what it may do; a {@code nat} chain sees the first packet of a flow only
 * @param hook where on the packet's way
 * @param priority its place among the chains of the hook, the lowest first
 * @param devices the devices whose frames it sees, for a chain of some devices only ({@code netdev} family); else empty.
 *     The JSON of nftables 1.0 leaves them out.
 */
@API(status = API.Status.EXPERIMENTAL, since = "0.1")
public record BaseChain(Type type, Hook hook, int priority, List<String> devices) {

    /** Copies the devices. */
    public BaseChain {
        devices = List.copyOf(devices);
    }

    /** Makes one that sees the packets of all devices. */
    public BaseChain(Type type, Hook hook, int priority) {
        this(type, hook, priority, List.of());
    }

    /** What a base chain may do. */
    public enum Type {
        FILTER,
        NAT,
        ROUTE
    }

    /**
     * Returns where a chain of iptables is entered, or nothing for a user-defined one. The priorities are those of
     * enum nf_ip_hook_priorities (linux/netfilter_ipv4.h); IPv6 has the same.
     *
     * @param table its table, {@code nat}
     * @param chain its name, {@code PREROUTING}
     */
    public static Optional<BaseChain> ofIptables(String table, String chain) {
        Hook hook;
        try {
            hook = Hook.valueOf(chain);
        } catch (IllegalArgumentException userDefined) {
            return Optional.empty();
        }
        return switch (table) {
            case "raw" -> Optional.of(new BaseChain(Type.FILTER, hook, -300));
            case "mangle" -> Optional.of(new BaseChain(hook == Hook.OUTPUT ? Type.ROUTE : Type.FILTER, hook, -150));
            case "nat" -> {
                boolean destination = hook == Hook.PREROUTING || hook == Hook.OUTPUT;
                yield Optional.of(new BaseChain(Type.NAT, hook, destination ? -100 : 100));
            }
            case "filter" -> Optional.of(new BaseChain(Type.FILTER, hook, 0));
            case "security" -> Optional.of(new BaseChain(Type.FILTER, hook, 50));
            default -> Optional.empty();
        };
    }

    /** Prints it as nftables writes it: {@code type nat hook prerouting priority -100}. */
    @Override
    public String toString() {
        return "type " + type.name().toLowerCase(Locale.ROOT) + " hook "
                + hook.name().toLowerCase(Locale.ROOT) + devicesText() + " priority " + priority;
    }

    private String devicesText() {
        if (devices.size() == 1) {
            return " device \"" + devices.get(0) + "\"";
        }
        return devices.isEmpty() ? "" : " devices = { \"" + String.join("\", \"", devices) + "\" }";
    }
}
