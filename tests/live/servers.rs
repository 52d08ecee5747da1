//! Designs, servers that behave and servers that do not.

use privreach::{
    dataplane::Plane,
    live::{Asker, Finding, Over, Reply, Said, Server, Vantage, ask, compare, private_names},
    net::Fqdn,
    scenario::load_file,
    snapshot::Snapshot,
    trace::client,
};
use std::{
    net::{IpAddr, SocketAddr, UdpSocket},
    path::Path,
    time::Duration,
};

/// One zone whose records a client sees; `big` does not fit a datagram, `dead` ends at a server that does not answer.
pub(crate) const SMALL: &str = "
virtual_networks:
  vnet:
    address_space: [10.0.0.0/16]
    subnets:
      apps: { address_prefixes: [10.0.1.0/24] }
virtual_machines:
  app: { subnet: vnet/apps, private_ip_address: 10.0.1.4 }
private_dns_zones:
  corp.example:
    virtual_network_links: { vnet: {} }
    a_records:
      db: { records: [10.0.1.10] }
      pair: { records: [10.0.1.11, 10.0.1.12] }
      '*.wild': { records: [10.0.1.13] }
      big: { records: [BIG] }
    cname_records:
      alias: { record: db.corp.example }
public_hosts:
  www.example.org: {}
";

pub(crate) fn load(path: &Path) -> Plane {
    let loaded = load_file(path, None);
    let snapshot =
        Snapshot::new(loaded.scenarios.into_iter().next().unwrap_or_else(|| panic!("{:?}", loaded.diagnostics)));
    assert!(snapshot.is_usable(), "{:?}", snapshot.diagnostics);
    snapshot.plane
}

pub(crate) fn load_text(text: &str) -> Plane {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("small.yaml");
    std::fs::write(&file, text).unwrap();
    load(&file)
}

pub(crate) fn small() -> Plane {
    load_text(&many("10.0.200.199"))
}

/// Serves a vantage from a thread that ends with the test run.
pub(crate) fn serve(plane: Plane, as_client: &str) -> SocketAddr {
    let vantage = Vantage::new(plane.clone(), client(&plane, as_client).unwrap());
    let server = Server::bind(vantage, "127.0.0.1:0".parse().unwrap(), |_| ()).unwrap();
    let address = server.address();
    std::thread::spawn(move || server.run(std::future::pending()));
    address
}

pub(crate) fn asker(server: SocketAddr, over: Over) -> Asker {
    Asker { server, over, timeout: Duration::from_millis(400) }
}

pub(crate) fn name(text: &str) -> Fqdn {
    text.parse().unwrap()
}

pub(crate) fn ask_one(server: SocketAddr, over: Over, text: &str) -> Said {
    reply(server, over, text).said
}

pub(crate) fn reply(server: SocketAddr, over: Over, text: &str) -> Reply {
    ask(&asker(server, over), &[name(text)]).unwrap().remove(0)
}

pub(crate) fn addresses(list: &[&str]) -> Said {
    Said::Addresses(list.iter().map(|a| a.parse::<IpAddr>().unwrap()).collect())
}

pub(crate) fn drift(plane: &Plane, from: &str, server: SocketAddr, over: Over) -> Vec<Finding> {
    let expected = private_names(plane, client(plane, from).unwrap());
    compare(&expected, |names| ask(&asker(server, over), names)).unwrap()
}

pub(crate) fn of<'a>(findings: &'a [Finding], text: &str) -> &'a Finding {
    findings.iter().find(|f| f.expected.name.as_str() == text).unwrap_or_else(|| panic!("{text} was not asked"))
}

/// A raw question: type 1 is A, 28 AAAA, 5 CNAME; without EDNS.
pub(crate) fn question(text: &str, kind: u8, class: u8) -> Vec<u8> {
    let mut bytes = vec![0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in text.split('.') {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.bytes());
    }
    bytes.extend([0, 0, kind, 0, class]);
    bytes
}

pub(crate) fn exchange(server: SocketAddr, message: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    socket.send_to(message, server).unwrap();
    let mut buffer = [0; 4096];
    let length = socket.recv(&mut buffer).unwrap();
    buffer[..length].to_vec()
}

/// A UDP server that turns each question into a response by setting its flags; it never listens on TCP.
pub(crate) fn misbehaving(flags: impl Fn(&[u8]) -> Option<[u8; 2]> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
            if let Some(flags) = flags(&buffer[..length]) {
                // The question without its OPT record.
                let end = 12 + buffer[12..length].iter().position(|b| *b == 0).unwrap() + 5;
                buffer[2..4].copy_from_slice(&flags);
                buffer[6..12].fill(0);
                let _ = socket.send_to(&buffer[..end], peer);
            }
        }
    });
    address
}

pub(crate) fn contains(message: &[u8], text: &str) -> bool {
    message.windows(text.len()).any(|w| w.eq_ignore_ascii_case(text.as_bytes()))
}

pub(crate) const SERVFAIL: [u8; 2] = [0x81, 0x82];
pub(crate) const REFUSED: [u8; 2] = [0x81, 0x85];
pub(crate) const TRUNCATED: [u8; 2] = [0x83, 0x80];

/// A UDP server that answers each question, its first twelve bytes and the question without more, as told.
pub(crate) fn forging(answer: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
            let end = 12 + buffer[12..length].iter().position(|b| *b == 0).unwrap() + 5;
            let _ = socket.send_to(&answer(&buffer[..end]), peer);
        }
    });
    address
}

pub(crate) fn many(last: &str) -> String {
    let mut big: Vec<String> = (0..199).map(|i| format!("10.0.200.{i}")).collect();
    big.push(last.to_owned());
    SMALL.replace("BIG", &big.join(", "))
}
