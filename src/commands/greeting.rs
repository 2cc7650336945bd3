//! What `serve` says when it has started: where it is, how phones reach it, and a code for them to scan.

use fast_qr::QRBuilder;
use std::net::IpAddr;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::UdpSocket;

/// What to tell whoever started the server.
#[derive(Default)]
pub(crate) struct Greeting<'a> {
    pub(crate) season: &'a str,
    pub(crate) metrics: Option<SocketAddr>,
    pub(crate) tls: bool,
    pub(crate) with_code: bool,
    /// The secret of the first administrator's link, while nobody is there.
    pub(crate) setup: Option<&'a str>,
}

impl Greeting<'_> {
    pub(crate) fn text(&self, listening: SocketAddr) -> String {
        text(self, listening)
    }
}

fn text(greeting: &Greeting<'_>, listening: SocketAddr) -> String {
    let Greeting { season, metrics, tls, with_code, setup } = *greeting;
    let port = listening.port();
    let scheme = if tls { "https" } else { "http" };
    let url = |address: IpAddr, port: u16| url(scheme, address, port);
    let here =
        if listening.ip().is_unspecified() { url(Ipv4Addr::LOCALHOST.into(), port) } else { url(listening.ip(), port) };
    let others = addresses(listening);
    let mut told = vec![
        format!("「{season}」已经开始服务。"),
        format!("  答题    {here}"),
        format!("  排行榜  {here}boards"),
        format!("  工作台  {here}desk"),
    ];
    if let Some(setup) = setup {
        told.push(
            "工作台还没有管理员。请用下面的链接建立第一位（只能用一次，重新启动后换新的，不要转发）：".to_owned(),
        );
        told.push(format!("  {here}desk#/setup/{setup}"));
    }
    if let Some(metrics) = metrics {
        told.push(format!("  指标    {}metrics", self::url("http", metrics.ip(), metrics.port())));
    }
    let phones = others.first().map(|address| url(*address, port));
    if listening.ip().is_loopback() {
        told.push("现在只有本机能访问。要让同一局域网里的手机也能访问，请这样启动：".to_owned());
        told.push(format!("  kejing serve --listen 0.0.0.0:{port}    （或 make run LISTEN=0.0.0.0:{port}）"));
        told.extend(phones.as_ref().map(|phones| format!("然后用手机打开 {phones}")));
    } else {
        told.push("同一局域网里的手机打开：".to_owned());
        told.extend(others.iter().map(|address| format!("  {}", url(*address, port))));
    }
    if let Some(phones) = phones.filter(|_| with_code)
        && let Ok(code) = QRBuilder::new(phones.as_str()).build()
    {
        let once = if listening.ip().is_loopback() { "照上面的办法启动以后，" } else { "" };
        told.push(format!("{once}手机扫码打开 {phones}\n\n{}", code.to_str()));
    }
    told.push("按 Ctrl+C 停止。".to_owned());
    told.join("\n")
}

/// Where phones on the same network open the pages: what the code leads to. `None`: only this machine reaches the server.
pub(crate) fn for_phones(listening: SocketAddr, tls: bool) -> Option<String> {
    if listening.ip().is_loopback() {
        return None;
    }
    let scheme = if tls { "https" } else { "http" };
    addresses(listening).first().map(|address| url(scheme, *address, listening.port()))
}

/// IPv6 addresses stand in brackets.
fn url(scheme: &str, address: IpAddr, port: u16) -> String {
    format!("{scheme}://{}/", SocketAddr::new(address, port))
}

/// Where others on the local network find the server.
fn addresses(listening: SocketAddr) -> Vec<IpAddr> {
    if !listening.ip().is_loopback() && !listening.ip().is_unspecified() {
        return vec![listening.ip()];
    }
    // A datagram socket that is connected sends nothing, but shows from which address it would: one for each network.
    let networks = [[192, 0, 2, 1], [192, 168, 255, 254], [10, 255, 255, 254], [172, 31, 255, 254]];
    let mut addresses = Vec::new();
    for network in networks {
        let from = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))
            .and_then(|socket| socket.connect((Ipv4Addr::from(network), 9)).and_then(|()| socket.local_addr()));
        if let Ok(from) = from
            && !from.ip().is_loopback()
            && !addresses.contains(&from.ip())
        {
            addresses.push(from.ip());
        }
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_the_loopback_says_how_phones_would_reach_it() {
        let told = Greeting { season: "演示", ..Greeting::default() }.text("127.0.0.1:8080".parse().unwrap());
        assert!(told.contains("http://127.0.0.1:8080/boards"));
        assert!(told.contains("--listen 0.0.0.0:8080"));
    }

    #[test]
    fn phones_are_led_to_an_address_that_they_reach() {
        assert_eq!(for_phones("127.0.0.1:8080".parse().unwrap(), false), None);
        let there = for_phones("192.0.2.7:8443".parse().unwrap(), true);
        assert_eq!(there.as_deref(), Some("https://192.0.2.7:8443/"));
    }

    #[test]
    fn while_nobody_is_there_the_first_administrators_link_is_told() {
        let of =
            |setup| Greeting { season: "演示", setup, ..Greeting::default() }.text("127.0.0.1:8080".parse().unwrap());
        assert!(of(Some("SECRET")).contains("http://127.0.0.1:8080/desk#/setup/SECRET"));
        assert!(!of(None).contains("setup"));
    }

    #[test]
    fn a_server_with_tls_says_https() {
        let told = Greeting { season: "演示", tls: true, ..Greeting::default() }.text("192.0.2.7:443".parse().unwrap());
        assert!(told.contains("https://192.0.2.7:443/boards"));
    }

    #[test]
    fn a_server_on_one_address_shows_that_one_and_its_code() {
        let metrics = Some("[::1]:9090".parse().unwrap());
        let told = Greeting { season: "演示", metrics, with_code: true, ..Greeting::default() };
        let told = told.text("192.0.2.7:80".parse().unwrap());
        assert!(told.contains("http://192.0.2.7:80/"));
        assert!(told.contains("http://[::1]:9090/metrics"));
        assert!(told.contains('█'));
    }
}
