// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck;

import io.github.countercheck.ruleset.Transport;

/**
 * A rule that a test puts among Docker's.
 *
 * @param iptables in the syntax of {@code iptables}
 * @param nft in that of {@code nft}
 */
record TestRule(String iptables, String nft) {

    private static final TestRule EVERYTHING = new TestRule("", "");

    static TestRule all() {
        return EVERYTHING;
    }

    static TestRule from(String address) {
        return EVERYTHING.with("-s " + address, ip(address) + " saddr " + address);
    }

    static TestRule to(String address) {
        return EVERYTHING.with("-d " + address, ip(address) + " daddr " + address);
    }

    static TestRule toPort(Transport transport, int port) {
        return EVERYTHING.port(transport, port);
    }

    static TestRule out(String device) {
        return EVERYTHING.with("-o " + device, "oifname \"" + device + "\"");
    }

    TestRule port(Transport transport, int port) {
        return with("-p " + transport + " -m " + transport + " --dport " + port, transport + " dport " + port);
    }

    TestRule replies() {
        return with("-m conntrack --ctdir REPLY", "ct direction reply");
    }

    TestRule accept() {
        return with("-j ACCEPT", "counter accept");
    }

    TestRule drop() {
        return with("-j DROP", "counter drop");
    }

    TestRule reject() {
        return with("-j REJECT", "counter reject");
    }

    TestRule returns() {
        return with("-j RETURN", "counter return");
    }

    TestRule masquerade() {
        return with("-j MASQUERADE", "counter masquerade");
    }

    TestRule dnat(String address, int port) {
        String target = (isIpv6(address) ? "[" + address + "]" : address) + ":" + port;
        return with("-j DNAT --to-destination " + target, "counter dnat to " + target);
    }

    private TestRule with(String iptablesWords, String nftWords) {
        return new TestRule((iptables + " " + iptablesWords).strip(), (nft + " " + nftWords).strip());
    }

    private static String ip(String address) {
        return isIpv6(address) ? "ip6" : "ip";
    }

    private static boolean isIpv6(String address) {
        return address.contains(":");
    }
}
