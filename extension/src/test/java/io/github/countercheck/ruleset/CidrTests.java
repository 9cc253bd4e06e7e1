// SPDX-License-Identifier: Apache-2.0
package io.github.countercheck.ruleset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.net.Inet6Address;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CidrTests {

    @ParameterizedTest
    @CsvSource({
        "10.0.0.1, 10.0.0.1/32",
        "10.0.0.0/8, 10.0.0.0/8",
        "0.0.0.0/0, 0.0.0.0/0",
        "10.0.0.0/255.0.0.0, 10.0.0.0/8",
        "10.0.0.0/0.0.0.0, 10.0.0.0/0",
        "fd00::1, fd00::1/128",
        "FD00:0:0::1/64, fd00::1/64",
        "::, ::/128",
        "::1, ::1/128",
        "1::, 1::/128",
        "1:2:3:4:5:6:7:8, 1:2:3:4:5:6:7:8/128",
        "1:0:3:4:5:6:7:8, 1:0:3:4:5:6:7:8/128",
        "1::3:4:5:6:7:8, 1:0:3:4:5:6:7:8/128",
        "1:0:0:4:0:0:0:8, 1:0:0:4::8/128",
        "1:0:0:4:5:0:0:8, 1::4:5:0:0:8/128",
        "fd00::/ffff:ffff::, fd00::/32",
        "::ffff:10.0.0.1, ::ffff:10.0.0.1/128",
        "::ffff:a00:1, ::ffff:10.0.0.1/128",
        "::10.0.0.1, ::10.0.0.1/128",
        "::5, ::5/128",
        "64:ff9b::10.0.0.1, 64:ff9b::a00:1/128",
        "1:2:3:4:5:6:1.2.3.4, 1:2:3:4:5:6:102:304/128",
    })
    void printsAnAddressAsTheToolsDo(String text, String printed) {
        assertThat(Cidr.parse(text)).hasToString(printed);
        assertThat(Cidr.parse(printed)).isEqualTo(Cidr.parse(text));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "/8",
                "localhost",
                "10",
                "10.0.0",
                "10.0.0.",
                "10.0.0.0.0",
                "10.0.0.256",
                "010.0.0.1",
                "0x10.0.0.1",
                "10.0.0.1 ",
                "-1.0.0.0",
                "١.0.0.1",
                "10.0.0.0/",
                "10.0.0.0/33",
                "10.0.0.0/-1",
                "10.0.0.0/+8",
                "10.0.0.0/0008",
                "10.0.0.0/8/8",
                "10.0.0.0/255.0.255.0",
                "10.0.0.0/ffff::",
                "fd00::/129",
                "fd00::/255.0.0.0",
                "fd00::/ffff::ffff",
                ":",
                ":::",
                "::1::",
                "1:2:3:4:5:6:7",
                "1:2:3:4:5:6:7:8:9",
                "1:2:3:4:5:6:7:8::",
                "1:2:3:4:5:6:7:1.2.3.4",
                "1:",
                ":1",
                "12345::",
                "g::",
                "::1.2.3",
                "1.2.3.4::",
                "fe80::1%eth0",
                "fe80::1%1",
                "[fd00::1]"
            })
    void refusesWhatIsNoNumericAddress(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> Cidr.parse(text));
    }

    @Test
    void shortensALongTextInItsRefusal() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Cidr.parse("x".repeat(10_000)))
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(200));
    }

    @Test
    void keepsTheFamilyOfAMappedAddress() {
        Cidr mapped = Cidr.parse("::ffff:10.0.0.1");

        assertThat(mapped.isIpv6()).isTrue();
        assertThat(mapped.address()).isInstanceOf(Inet6Address.class);
        assertThat(mapped).isNotEqualTo(Cidr.parse("10.0.0.1"));
        assertThat(mapped.contains(Cidr.parseAddress("10.0.0.1"))).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8, 10.255.255.255, true",
        "10.0.0.0/8, 11.0.0.0, false",
        "172.17.0.0/12, 172.31.0.1, true",
        "172.17.0.0/12, 172.32.0.1, false",
        "0.0.0.0/0, 1.2.3.4, true",
        "0.0.0.0/0, ::1, false",
        "fd00::/7, fe00::, false",
        "fd00::/7, fc00::, true",
        "10.0.0.1, 10.0.0.1, true",
        "10.0.0.1, 10.0.0.2, false"
    })
    void knowsWhatLiesInIt(String net, String address, boolean inside) {
        assertThat(Cidr.parse(net).contains(Cidr.parseAddress(address))).isEqualTo(inside);
    }

    @ParameterizedTest
    @CsvSource({
        "10.1.2.3/8, 10.0.0.0/8",
        "10.1.2.3/12, 10.0.0.0/12",
        "10.31.2.3/12, 10.16.0.0/12",
        "10.1.2.3/32, 10.1.2.3/32",
        "10.1.2.3/0, 0.0.0.0/0",
        "fd00::1/64, fd00::/64",
        "::ffff:10.0.0.1/96, ::ffff:0.0.0.0/96"
    })
    void clearsTheBitsBehindThePrefix(String net, String network) {
        assertThat(Cidr.parse(net).network()).hasToString(network);
    }
}
