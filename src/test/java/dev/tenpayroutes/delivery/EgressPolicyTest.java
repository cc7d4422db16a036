package dev.tenpayroutes.delivery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tenpayroutes.config.InvalidConfigurationException;
import dev.tenpayroutes.config.TenpayPropertiesFixture;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EgressPolicyTest {

    private static EgressPolicy allowing(String... networks) {
        return new EgressPolicy(TenpayPropertiesFixture.events(null, List.of(networks)));
    }

    private static InetAddress address(String text) {
        try {
            return InetAddress.getByName(text);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(text, e);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1.1.1.1",
                "8.8.8.8",
                "100.63.255.255",
                "172.15.0.1",
                "172.32.0.1",
                "169.253.0.1",
                "223.255.255.255",
                "2606:4700::1111",
                "2001:4860:4860::8888"
            })
    void aPublicAddressIsSentToByTlsAndNotWithout(String text) {
        assertThat(allowing().permits(address(text), true)).isTrue();
        assertThat(allowing().permits(address(text), false)).isFalse();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1",
                "127.255.255.255",
                "0.0.0.0",
                "0.1.2.3",
                "10.0.0.1",
                "10.255.255.255",
                "172.16.0.1",
                "172.31.255.255",
                "192.168.0.1",
                "169.254.169.254",
                "169.254.0.1",
                "100.64.0.1",
                "100.127.255.255",
                "100.100.100.200",
                "168.63.129.16",
                "192.0.0.170",
                "198.18.0.1",
                "224.0.0.1",
                "239.255.255.255",
                "255.255.255.255",
                "240.0.0.1",
                "::",
                "::1",
                "fe80::1",
                "fc00::1",
                "fd00:ec2::254",
                "ff02::1",
                "::ffff:127.0.0.1",
                "::ffff:10.0.0.1",
                "64:ff9b::7f00:1",
                "64:ff9b::a9fe:a9fe",
                "64:ff9b:1::1",
                "2002:7f00:1::",
                "2001::1",
                "2001:db8::1",
                "::127.0.0.1",
                "fec0::1",
                "100::1"
            })
    void anAddressInsideIsRefusedWhateverItsForm(String text) {
        assertThat(allowing().permits(address(text), true)).isFalse();
        assertThat(allowing("192.0.2.0/24", "fd12::/16").permits(address(text), true))
                .isFalse();
    }

    @Test
    void anIpv4AddressWrappedInIpv6IsJudgedByWhatItIs() throws UnknownHostException {
        byte[] mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1, 10, 0, 0, 1};
        InetAddress wrapped = java.net.Inet6Address.getByAddress(null, mapped, -1);
        assertThat(allowing().permits(wrapped, true)).isFalse();
        assertThat(allowing("10.0.0.0/8").permits(wrapped, true)).isTrue();
    }

    @Test
    void sendsToAllowedNetworkOnly() {
        EgressPolicy networks = allowing("10.1.0.0/16", "fd00:1::/32", "127.0.0.1/32");
        assertThat(networks.permits(address("10.1.255.255"), false)).isTrue();
        assertThat(networks.permits(address("10.1.0.1"), true)).isTrue();
        assertThat(networks.permits(address("10.2.0.0"), true)).isFalse();
        assertThat(networks.permits(address("fd00:1:ffff::1"), false)).isTrue();
        assertThat(networks.permits(address("fd00:2::1"), true)).isFalse();
        assertThat(networks.permits(address("127.0.0.1"), false)).isTrue();
        assertThat(networks.permits(address("127.0.0.2"), false)).isFalse();
    }

    /** What the connection asks, for names and for literal addresses alike. */
    @ParameterizedTest
    @ValueSource(strings = {"localhost", "127.0.0.1", "::1", "2130706433", "127.1"})
    void theConnectionItselfIsGivenNoForbiddenAddress(String host) {
        assertThatThrownBy(() -> allowing().resolver(true).resolve(host))
                .isInstanceOf(EgressPolicy.ForbiddenAddressException.class);
        assertThatThrownBy(() -> allowing().resolver(true).resolve(host, 443))
                .isInstanceOf(EgressPolicy.ForbiddenAddressException.class);
    }

    @Test
    void ofSeveralAddressesOnlyTheAllowedAreUsed() throws UnknownHostException {
        assertThat(allowing("127.0.0.0/8").resolver(false).resolve("localhost")).containsOnly(address("127.0.0.1"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "10.0.0.0",
                "10.0.0.0/33",
                "localhost/8",
                "fd00::/129",
                "10.0.0.0/-1",
                "a/8",
                "1/8",
                "",
                "10.0.0.0/8/8"
            })
    void whatIsNoNetworkStopsTheStart(String text) {
        assertThatThrownBy(() -> allowing(text))
                .isInstanceOf(InvalidConfigurationException.class)
                .hasMessageContaining("tenpay.events.allowed-networks");
    }
}
