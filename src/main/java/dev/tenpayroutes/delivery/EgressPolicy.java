package dev.tenpayroutes.delivery;

import dev.tenpayroutes.config.InvalidConfigurationException;
import dev.tenpayroutes.config.TenpayProperties;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hc.client5.http.DnsResolver;
import org.springframework.stereotype.Component;

/**
 * No event leaves for an address inside: private, loopback, link-local and every other that isn't the public internet's is
 * refused, unless {@code tenpay.events.allowed-networks} names it.
 *
 * <p>An {@code events.url}, or the DNS answer for its name, would otherwise reach what only this machine
 * can: metadata services, databases, neighbours. So the decision is about the very address that is connected to.
 */
@Component
class EgressPolicy {

    /** Not the public internet, by IANA's registries of special-purpose addresses; and one cloud's own service. */
    private static final List<Network> FORBIDDEN = Stream.of(
                    "0.0.0.0/8",
                    "10.0.0.0/8",
                    "100.64.0.0/10",
                    "127.0.0.0/8",
                    "168.63.129.16/32",
                    "169.254.0.0/16",
                    "172.16.0.0/12",
                    "192.0.0.0/24",
                    "192.0.2.0/24",
                    "192.88.99.0/24",
                    "192.168.0.0/16",
                    "198.18.0.0/15",
                    "198.51.100.0/24",
                    "203.0.113.0/24",
                    "224.0.0.0/3",
                    // What carries an IPv4 address inside, or isn't routed.
                    "2001::/23",
                    "2001:db8::/32",
                    "2002::/16",
                    "3fff::/20")
            .map(Network::parse)
            .toList();

    /** All other IPv6 is loopback, link-local, unique local, multicast, NAT64, mapped IPv4, or unassigned. */
    private static final Network PUBLIC_IPV6 = Network.parse("2000::/3");

    private final List<Network> allowed;

    EgressPolicy(TenpayProperties settings) {
        this.allowed = settings.events().allowedNetworks().stream()
                .map(cidr -> {
                    try {
                        return Network.parse(cidr.strip());
                    } catch (IllegalArgumentException e) {
                        throw new InvalidConfigurationException(
                                "tenpay.events.allowed-networks",
                                "names what is no network: " + cidr,
                                "write networks as 10.1.0.0/16 or fd00:1::/32, with commas between");
                    }
                })
                .toList();
    }

    /** Whether plain http has any address to go to. */
    boolean allowsAny() {
        return !allowed.isEmpty();
    }

    /** Whether an event may be sent there: by TLS to the public internet, otherwise only to an allowed network. */
    boolean permits(InetAddress address, boolean tls) {
        byte[] bytes = bytes(address);
        return allowed.stream().anyMatch(network -> network.contains(bytes)) || tls && isPublic(bytes);
    }

    /** Resolves names to permitted addresses and to nothing else; literal addresses pass through it as well. */
    DnsResolver resolver(boolean tls) {
        return new DnsResolver() {
            @Override
            public InetAddress[] resolve(String host) throws UnknownHostException {
                InetAddress[] all = InetAddress.getAllByName(host);
                InetAddress[] permitted = Arrays.stream(all)
                        .filter(address -> permits(address, tls))
                        .toArray(InetAddress[]::new);
                if (permitted.length == 0) {
                    throw new ForbiddenAddressException();
                }
                return permitted;
            }

            @Override
            public String resolveCanonicalHostname(String host) {
                return host;
            }
        };
    }

    /** The address of a URL is inside, and no setting allows it. */
    static final class ForbiddenAddressException extends UnknownHostException {

        private static final long serialVersionUID = 1L;

        ForbiddenAddressException() {
            super("its address is not allowed");
        }
    }

    private static boolean isPublic(byte[] address) {
        return (address.length == 4 || PUBLIC_IPV6.contains(address))
                && FORBIDDEN.stream().noneMatch(network -> network.contains(address));
    }

    /** Java gives IPv4 inside IPv6 as IPv4 itself; any other form is refused. */
    private static byte[] bytes(InetAddress address) {
        byte[] bytes = address.getAddress();
        boolean mapped = bytes.length == 16
                && Arrays.equals(bytes, 0, 10, new byte[10], 0, 10)
                && bytes[10] == -1
                && bytes[11] == -1;
        return mapped ? Arrays.copyOfRange(bytes, 12, 16) : bytes;
    }

    private record Network(byte[] start, int bits) {

        static Network parse(String cidr) {
            String[] parts = cidr.split("/", -1);
            // Digits, dots and colons only: nothing is asked of the DNS.
            if (parts.length != 2
                    || !parts[0].matches("[0-9a-fA-F:.]+")
                    || !parts[0].matches(".*[.:].*")
                    || !parts[1].matches("[0-9]{1,3}")) {
                throw new IllegalArgumentException(cidr);
            }
            try {
                byte[] start = bytes(InetAddress.getByName(parts[0]));
                int bits = Integer.parseInt(parts[1]);
                if (bits > start.length * 8) {
                    throw new IllegalArgumentException(cidr);
                }
                return new Network(start, bits);
            } catch (UnknownHostException e) {
                throw new IllegalArgumentException(cidr, e);
            }
        }

        boolean contains(byte[] address) {
            if (address.length != start.length) {
                return false;
            }
            for (int bit = 0; bit < bits; bit++) {
                int mask = 0x80 >> (bit % 8);
                if ((address[bit / 8] & mask) != (start[bit / 8] & mask)) {
                    return false;
                }
            }
            return true;
        }
    }
}
