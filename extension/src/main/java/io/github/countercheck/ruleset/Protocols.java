// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/** Names of IP protocols and services as the tools print and take them. */
@API(status = API.Status.INTERNAL, since = "0.1")
public final class Protocols {

    /** The flags of TCP that iptables knows, in the order of their bits, from the lowest. */
    public static final List<String> TCP_FLAGS = List.of("FIN", "SYN", "RST", "PSH", "ACK", "URG");

    /** What stands for any protocol, and is not printed. */
    static final String ALL = "all";

    private static final Map<String, String> NAME_OF_NUMBER = Map.ofEntries(
            Map.entry("0", ALL),
            Map.entry("1", "icmp"),
            Map.entry("2", "igmp"),
            Map.entry("4", "ipencap"),
            Map.entry("6", "tcp"),
            Map.entry("17", "udp"),
            Map.entry("33", "dccp"),
            Map.entry("41", "ipv6"),
            Map.entry("47", "gre"),
            Map.entry("50", "esp"),
            Map.entry("51", "ah"),
            Map.entry("58", "ipv6-icmp"),
            Map.entry("88", "eigrp"),
            Map.entry("89", "ospf"),
            Map.entry("94", "ipip"),
            Map.entry("103", "pim"),
            Map.entry("108", "ipcomp"),
            Map.entry("112", "vrrp"),
            Map.entry("115", "l2tp"),
            Map.entry("132", "sctp"),
            Map.entry("135", "mobility-header"),
            Map.entry("136", "udplite"));

    private static final Map<String, String> SYNONYMS =
            Map.of("ip", ALL, "any", ALL, "icmpv6", "ipv6-icmp", "ipv6-mh", "mobility-header", "mh", "mobility-header");

    private static final Map<String, String> PORTS = Map.ofEntries(
            Map.entry("ftp", "21"),
            Map.entry("ssh", "22"),
            Map.entry("telnet", "23"),
            Map.entry("smtp", "25"),
            Map.entry("domain", "53"),
            Map.entry("http", "80"),
            Map.entry("www", "80"),
            Map.entry("pop3", "110"),
            Map.entry("ntp", "123"),
            Map.entry("imap2", "143"),
            Map.entry("snmp", "161"),
            Map.entry("bgp", "179"),
            Map.entry("ldap", "389"),
            Map.entry("https", "443"),
            Map.entry("syslog", "514"),
            Map.entry("imaps", "993"),
            Map.entry("mysql", "3306"),
            Map.entry("postgresql", "5432"));

    private Protocols() {}

    /** Returns the name of a protocol that was given by number, name or synonym; what is not in the table as it is. */
    public static String canonical(String protocol) {
        String lower = protocol.toLowerCase(Locale.ROOT);
        String synonym = SYNONYMS.get(lower);
        if (synonym != null) {
            return synonym;
        }
        String name = NAME_OF_NUMBER.get(lower);
        return name == null ? lower : name;
    }

    /** Returns the number of a protocol, or null for one that is not in the table. */
    public static @Nullable String number(String protocol) {
        String name = canonical(protocol);
        for (Map.Entry<String, String> entry : NAME_OF_NUMBER.entrySet()) {
            if (entry.getValue().equals(name)) {
                return entry.getKey();
            }
        }
        return null;
    }

    /** Returns the number of a port that was given by number or name. */
    public static String port(String port) {
        String number = PORTS.get(port.toLowerCase(Locale.ROOT));
        return number == null ? port : number;
    }

    /** Returns the number of an ICMP type, with its code where the name implies one ({@code 3/1}), of names and numbers. */
    public static String icmpType(Family family, String type) {
        return Extensions.icmpType(family, type);
    }
}
