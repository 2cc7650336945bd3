//! Who asks: the connection's address, or, from a proxy that the settings name, the address that it tells.

use axum::http::HeaderMap;
use ipnet::IpNet;
use std::net::IpAddr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;

/// So many proxies may stand in a row. Beyond: the nearest ones that are trusted are taken for the client, which only makes
/// its limits narrower.
const HOPS_MAX: usize = 16;

/// The address for which a request is counted.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// Whether the browser speaks TLS: with us, or, as a trusted proxy tells, with that.
#[derive(Clone, Copy, Debug)]
pub struct Secure(pub bool);

/// What a trusted proxy says of the browser's own connection to it.
pub fn proxy_is_secure(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|proto| proto.as_bytes().eq_ignore_ascii_case(b"https"))
}

/// An address without its last part, for people: `192.0.2.*`, `2001:db8:1:2::*`.
pub fn masked(address: IpAddr) -> String {
    match network_of(address) {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.*")
        }
        IpAddr::V6(v6) => format!("{v6}*"),
    }
}

/// Each proxy writes the address that it saw to the right of what it was told; so the list is read from the right, and only
/// as far as those who wrote it are trusted. What cannot be read ends it: whatever stands left of that, anyone may have written.
pub fn client_address(connected: IpAddr, trusted: &[IpNet], headers: &HeaderMap) -> IpAddr {
    let mut client = connected.to_canonical();
    if !is_trusted(client, trusted) {
        return client;
    }
    let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
    let told = lines.iter().rev().flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
    for part in told.take(HOPS_MAX) {
        let Some(address) = std::str::from_utf8(part).ok().and_then(|part| address_of(part.trim())) else { break };
        client = address;
        if !is_trusted(client, trusted) {
            break;
        }
    }
    client
}

/// Whether a connection from there is a proxy's of the settings.
pub fn is_trusted(connected: IpAddr, trusted: &[IpNet]) -> bool {
    let connected = connected.to_canonical();
    trusted.iter().any(|net| net.contains(&connected))
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:4711`.
fn address_of(text: &str) -> Option<IpAddr> {
    let bare = || text.parse::<IpAddr>().ok();
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    bare().or_else(bracketed).or_else(with_port).map(|address| address.to_canonical())
}

/// The network that an address stands for: itself, or the /64 of an IPv6 address, of which a household has one.
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    fn headers(lines: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(line).unwrap());
        }
        headers
    }

    fn trusted() -> Vec<IpNet> {
        vec!["127.0.0.1/32".parse().unwrap(), "10.0.0.0/8".parse().unwrap(), "fd00::/8".parse().unwrap()]
    }

    #[track_caller]
    fn check(connected: &str, lines: &[&str], expected: &str) {
        let lines: Vec<&[u8]> = lines.iter().map(|line| line.as_bytes()).collect();
        let found = client_address(connected.parse().unwrap(), &trusted(), &headers(&lines));
        assert_eq!(found, expected.parse::<IpAddr>().unwrap(), "{connected} {lines:?}");
    }

    #[test]
    fn only_a_proxy_of_the_settings_is_believed() {
        check("192.0.2.7", &["198.51.100.1"], "192.0.2.7");
        check("127.0.0.1", &["198.51.100.1"], "198.51.100.1");
        check("::ffff:127.0.0.1", &["198.51.100.1"], "198.51.100.1");
        check("127.0.0.1", &[], "127.0.0.1");
    }

    #[test]
    fn what_stands_left_of_the_first_stranger_is_the_strangers_own_word() {
        check("127.0.0.1", &["1.1.1.1, 198.51.100.1"], "198.51.100.1");
        check("127.0.0.1", &["1.1.1.1, 198.51.100.1, 10.1.2.3"], "198.51.100.1");
        check("127.0.0.1", &["1.1.1.1", "198.51.100.1, 10.1.2.3", "10.9.9.9"], "198.51.100.1");
        check("127.0.0.1", &["10.1.2.3, 198.51.100.1"], "198.51.100.1");
        check("127.0.0.1", &["10.1.2.3"], "10.1.2.3");
    }

    #[test]
    fn what_cannot_be_read_hides_what_stands_left_of_it() {
        for broken in ["unknown", "", "_hidden", "1.2.3.4.5", "localhost", "[::1", "9.9.9.9 8.8.8.8"] {
            check("127.0.0.1", &[&format!("1.1.1.1, {broken}")], "127.0.0.1");
            check("127.0.0.1", &[&format!("1.1.1.1, {broken}, 10.1.2.3")], "10.1.2.3");
        }
        let found = client_address("127.0.0.1".parse().unwrap(), &trusted(), &headers(&[b"1.1.1.1, \xff"]));
        assert_eq!(found.to_string(), "127.0.0.1");
    }

    #[test]
    fn addresses_may_have_ports_and_brackets() {
        check("127.0.0.1", &["198.51.100.1:4711"], "198.51.100.1");
        check("fd00::1", &["2001:db8::7"], "2001:db8::7");
        check("fd00::1", &["[2001:db8::7]"], "2001:db8::7");
        check("fd00::1", &["[2001:db8::7]:4711"], "2001:db8::7");
        check("fd00::1", &["::ffff:198.51.100.1"], "198.51.100.1");
    }

    #[test]
    fn a_long_row_of_proxies_is_read_so_far_and_no_further() {
        let row = vec!["10.0.0.1"; 15].join(",");
        check("127.0.0.1", &[&format!("198.51.100.1,{row}")], "198.51.100.1");
        check("127.0.0.1", &[&format!("198.51.100.1,10.0.0.2,{row}")], "10.0.0.2");
    }

    #[test]
    fn an_ipv6_network_is_a_64() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        assert_eq!(network_of(address("2001:db8:1:2:3::9")), address("2001:db8:1:2::"));
        assert_eq!(network_of(address("::ffff:10.0.0.1")), address("10.0.0.1"));
    }

    proptest! {
        #[test]
        fn a_stranger_is_never_taken_for_another(line in "[0-9a-f:., \\[\\]x]{0,80}") {
            let stranger: IpAddr = "192.0.2.7".parse().unwrap();
            prop_assert_eq!(client_address(stranger, &trusted(), &headers(&[line.as_bytes()])), stranger);
            // And what a proxy adds on the right is what counts.
            let told = format!("{line}, 198.51.100.1");
            let found = client_address("127.0.0.1".parse().unwrap(), &trusted(), &headers(&[told.as_bytes()]));
            prop_assert_eq!(found.to_string(), "198.51.100.1");
        }
    }
}
