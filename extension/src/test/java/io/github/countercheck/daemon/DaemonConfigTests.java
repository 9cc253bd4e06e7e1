// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.github.countercheck.CountercheckException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DaemonConfigTests {

    private static final EngineVersion ENGINE_26 = EngineVersion.parse("26.1.5");
    private static final EngineVersion ENGINE_28 = EngineVersion.parse("28.5.2");
    private static final EngineVersion ENGINE_29 = EngineVersion.parse("29.7.2");

    private static DaemonConfig parse(String text) {
        return DaemonConfig.parse("candidate.json", text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "", " \n"})
    void whatIsNotThereHasTheEnginesDefault(String text) {
        DaemonConfig config = parse(text);

        assertThat(config.remarks()).isEmpty();
        assertThat(config.iptables()).isTrue();
        assertThat(config.ip6tables(ENGINE_26)).isFalse();
        assertThat(config.ip6tables(ENGINE_28)).isTrue();
        assertThat(config.ipv6()).isFalse();
        assertThat(config.ipMasq()).isTrue();
        assertThat(config.ipForward()).isTrue();
        assertThat(config.ipForwardNoDrop()).isFalse();
        assertThat(config.icc()).isTrue();
        assertThat(config.userlandProxy()).isTrue();
        assertThat(config.allowDirectRouting()).isFalse();
        assertThat(config.liveRestore()).isFalse();
        assertThat(config.ip()).isEmpty();
        assertThat(config.bip()).isEmpty();
        assertThat(config.bip6()).isEmpty();
        assertThat(config.fixedCidr()).isEmpty();
        assertThat(config.fixedCidrV6()).isEmpty();
        assertThat(config.defaultAddressPools()).isEmpty();
        assertThat(config.defaultNetworkOpts("bridge")).isEmpty();
        assertThat(config.mtu()).isEqualTo(1500);
        assertThat(config.nftables(ENGINE_29)).isFalse();
    }

    @Test
    void whatIsThereIsTyped() {
        DaemonConfig config = parse("""
                {
                  "iptables": false, "ip6tables": false, "ipv6": true, "ip-masq": false, "ip-forward": false,
                  "ip-forward-no-drop": true, "icc": false, "userland-proxy": false, "allow-direct-routing": true,
                  "live-restore": true, "ip": "198.51.100.7", "bip": "10.9.0.1/24", "bip6": "2001:db8:9::1/64",
                  "fixed-cidr": "10.9.0.128/25", "fixed-cidr-v6": "2001:db8:9::/80", "mtu": 1400,
                  "default-address-pools": [{"base": "10.8.0.0/16", "size": 24}],
                  "default-network-opts": {"bridge": {"com.docker.network.bridge.gateway_mode_ipv4": "routed"}},
                  "firewall-backend": "nftables"
                }
                """);

        assertThat(config.remarks()).isEmpty();
        assertThat(config.iptables()).isFalse();
        assertThat(config.ip6tables(ENGINE_28)).isFalse();
        assertThat(config.ipv6()).isTrue();
        assertThat(config.ipMasq()).isFalse();
        assertThat(config.ipForward()).isFalse();
        assertThat(config.ipForwardNoDrop()).isTrue();
        assertThat(config.icc()).isFalse();
        assertThat(config.userlandProxy()).isFalse();
        assertThat(config.allowDirectRouting()).isTrue();
        assertThat(config.liveRestore()).isTrue();
        assertThat(config.ip().orElseThrow().getHostAddress()).isEqualTo("198.51.100.7");
        assertThat(config.bip()).contains("10.9.0.1/24");
        assertThat(config.bip6()).contains("2001:db8:9::1/64");
        assertThat(config.fixedCidr()).contains("10.9.0.128/25");
        assertThat(config.fixedCidrV6()).contains("2001:db8:9::/80");
        assertThat(config.mtu()).isEqualTo(1400);
        assertThat(config.defaultAddressPools()).containsExactly("10.8.0.0/16 size 24");
        assertThat(config.defaultNetworkOpts("bridge"))
                .isEqualTo(Map.of("com.docker.network.bridge.gateway_mode_ipv4", "routed"));
        assertThat(config.defaultNetworkOpts("macvlan")).isEmpty();
        assertThat(config.nftables(ENGINE_28)).isFalse();
        assertThat(config.nftables(ENGINE_29)).isTrue();
    }

    @Test
    void ofAKeyThatStandsTwiceTheLastCounts() {
        assertThat(parse("{\"icc\": false, \"icc\": true}").icc()).isTrue();
    }

    @ParameterizedTest
    @CsvSource({
        "userland-prox, userland-proxy",
        "userlandproxy, userland-proxy",
        "ip-masquerade, ip-masq",
        "IPTables, iptables",
        "ip6table, ip6tables",
        "default-adress-pools, default-address-pools",
        "live_restore, live-restore",
        "direct-routing, allow-direct-routing"
    })
    void namesTheNearestOfAMisspeltKey(String misspelt, String nearest) {
        assertThat(parse("{\"" + misspelt + "\": true}").remarks())
                .containsExactly("unknown key \"" + misspelt + "\"; the nearest is \"" + nearest + "\"");
    }

    @Test
    void namesValuesOfAnotherType() {
        assertThat(parse("""
                {"icc": "false", "iptables": 0, "bip": 10, "mtu": "1400", "ip": "eth0", "ipv6": {"enabled": true}, "ip-masq": null}
                """).remarks())
                .containsExactlyInAnyOrder(
                        "\"icc\" takes true or false, not \"false\"",
                        "\"iptables\" takes true or false, not 0",
                        "\"bip\" takes a text, not 10",
                        "\"mtu\" takes a number, not \"1400\"",
                        "\"ip\" takes an address, not \"eth0\"",
                        "\"ipv6\" takes no object");
    }

    @Test
    void aDamagedFileSaysWhere() {
        assertThatExceptionOfType(CountercheckException.class)
                .isThrownBy(() -> parse("{\n  \"icc\": false,\n  \"ip\" \"10.0.0.1\"\n}\n"))
                .satisfies(e -> assertThat(e.problem())
                        .startsWith("candidate.json, line 3, column ")
                        .contains("\"ip\" \"10.0.0.1\"")
                        .contains("^"))
                .satisfies(e -> assertThat(e.remedy()).contains("dockerd --validate --config-file candidate.json"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"[]", "[{}]", "[{}, {}]", "true", "{} {}", "{\"icc\": }", "{"})
    void refusesWhatIsNotOneObject(String text) {
        assertThatExceptionOfType(CountercheckException.class)
                .isThrownBy(() -> parse(text))
                .satisfies(e -> assertThat(e.problem()).startsWith("candidate.json, line 1, column "));
    }

    @Test
    void tellsADefaultBridgeThatIsNotThereFromOneThatIs() {
        assertThat(DaemonConfig.parse("x", "{\"bridge\": \"none\"}").withoutDefaultBridge())
                .isTrue();
        assertThat(DaemonConfig.parse("x", "{\"bridge\": \"br7\"}").withoutDefaultBridge())
                .isFalse();
        assertThat(DaemonConfig.parse("x", "{}").withoutDefaultBridge()).isFalse();
    }
}
