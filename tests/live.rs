//! Live DNS on loopback: the server and the asker one against the other, and both against servers that misbehave.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::{
    live::{Asker, Drift, Over, Said, ask},
    net::Fqdn,
};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

#[path = "live/servers.rs"]
mod servers;
use servers::*;

const FLAGSHIP: &str = "scenarios/foundry-hub/foundry-hub.yaml";

#[test]
fn the_server_answers_as_the_model_over_both_transports() {
    let server = serve(small(), "app");
    for over in [Over::UdpThenTcp, Over::Udp, Over::Tcp] {
        assert_eq!(ask_one(server, over, "db.corp.example"), addresses(&["10.0.1.10"]));
        assert_eq!(ask_one(server, over, "DB.Corp.Example"), addresses(&["10.0.1.10"]));
        assert_eq!(ask_one(server, over, "alias.corp.example"), addresses(&["10.0.1.10"]));
        assert_eq!(ask_one(server, over, "x.wild.corp.example"), addresses(&["10.0.1.13"]));
        assert_eq!(ask_one(server, over, "no.corp.example"), Said::NxDomain);
        // What the scenario says nothing of is a failure, never an answer.
        assert_eq!(ask_one(server, over, "undeclared.example.net"), Said::Failure("SERVFAIL".to_owned()));
    }
}

#[test]
fn what_does_not_fit_a_datagram_is_truncated_and_comes_by_tcp() {
    let server = serve(small(), "app");
    let raw = exchange(server, &question("big.corp.example", 1, 1));
    assert!(raw.len() <= 512 && raw[2] & 2 == 2, "{} bytes, flags {:x}", raw.len(), raw[2]);
    let Said::Addresses(all) = ask_one(server, Over::UdpThenTcp, "big.corp.example") else { panic!() };
    assert_eq!(all.len(), 200);
    let udp = ask_one(server, Over::Udp, "big.corp.example");
    assert_eq!(udp, Said::Cut(None));
}

#[test]
fn types_classes_and_broken_messages() {
    let server = serve(small(), "app");
    let code = |kind, class| exchange(server, &question("alias.corp.example", kind, class))[3] & 15;
    let count = |kind| exchange(server, &question("alias.corp.example", kind, 1))[7];
    // A: the chain and the address; AAAA: the chain alone; CNAME: the alias alone; MX is not modelled; class CH neither.
    assert_eq!((count(1), count(28), count(5)), (2, 1, 1));
    assert_eq!((code(1, 1), code(28, 1), code(5, 1), code(15, 1), code(1, 3)), (0, 0, 0, 4, 4));
    // Garbage gets no answer or an error, and the server lives on.
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for garbage in [&b"\xff"[..], &[0; 12], &[0xff; 600], &question("a.b", 1, 1)[..14]] {
        socket.send_to(garbage, server).unwrap();
    }
    let mut broken = TcpStream::connect(server).unwrap();
    broken.write_all(&[0xff, 0xff, 1, 2, 3]).unwrap();
    drop(broken);
    assert_eq!(ask_one(server, Over::UdpThenTcp, "db.corp.example"), addresses(&["10.0.1.10"]));
}

#[test]
fn a_server_that_plays_the_client_agrees_in_every_name() {
    let plane = load(Path::new(FLAGSHIP));
    for from in ["onprem-user", "ci-alice"] {
        let server = serve(plane.clone(), from);
        for over in [Over::UdpThenTcp, Over::Tcp] {
            let findings = drift(&plane, from, server, over);
            assert!(findings.len() > 20, "{from}: {} names", findings.len());
            let wrong: Vec<_> =
                findings.iter().filter(|f| f.drift.is_drift()).map(|f| (&f.expected.name, &f.reply)).collect();
            assert!(wrong.is_empty(), "{from}: {wrong:?}");
            assert!(findings.iter().filter(|f| f.drift == Drift::Agrees).count() > 20);
        }
    }
}

#[test]
fn every_kind_of_drift_is_told_apart() {
    let design = small();
    let text = SMALL
        .replace("BIG", "10.0.1.20")
        .replace("db: { records: [10.0.1.10] }", "db: { records: [10.0.1.99] }")
        .replace("pair: { records: [10.0.1.11, 10.0.1.12] }", "pair: { records: [10.0.1.11] }")
        .replace("'*.wild': { records: [10.0.1.13] }", "other: { records: [20.0.0.1] }");
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("drifted.yaml");
    std::fs::write(&file, text).unwrap();
    let server = serve(load(&file), "app");
    let findings = drift(&design, "app", server, Over::UdpThenTcp);
    assert_eq!(of(&findings, "db.corp.example").drift, Drift::StaleRecord);
    assert_eq!(of(&findings, "alias.corp.example").drift, Drift::StaleRecord);
    assert_eq!(of(&findings, "pair.corp.example").drift, Drift::MissingRecord);
    assert_eq!(of(&findings, "any-label-of-the-wildcard.wild.corp.example").drift, Drift::Nxdomain);
    assert_eq!(of(&findings, "big.corp.example").drift, Drift::StaleRecord);
}

#[test]
fn a_resolver_without_the_private_zones_answers_publicly() {
    let plane = load(Path::new(FLAGSHIP));
    // An internet client sees public DNS only.
    let server = serve(plane.clone(), "internet-visitor");
    let findings = drift(&plane, "onprem-user", server, Over::UdpThenTcp);
    assert_eq!(of(&findings, "kv-aih-contoso.vault.azure.net").drift, Drift::PublicAnswer);
    assert!(findings.iter().filter(|f| f.drift == Drift::PublicAnswer).count() > 10);
}

#[test]
fn servers_that_refuse_fail_or_keep_silent() {
    let plane = small();
    let kinds =
        |server| -> Vec<Drift> { drift(&plane, "app", server, Over::UdpThenTcp).iter().map(|f| f.drift).collect() };
    assert!(kinds(misbehaving(|_| Some(REFUSED))).iter().all(|d| *d == Drift::RefusedAsker));
    assert!(kinds(misbehaving(|_| Some(SERVFAIL))).iter().all(|d| *d == Drift::ServerFailure));
    // One name refused among others that are answered is the server's policy for that name.
    let some = drift(
        &plane,
        "app",
        misbehaving(|m| Some(if contains(m, "pair") { REFUSED } else { SERVFAIL })),
        Over::UdpThenTcp,
    );
    assert_eq!(of(&some, "pair.corp.example").drift, Drift::Refused);
    // A truncated answer and nobody on TCP; nobody at all.
    let cut = ask_one(misbehaving(|_| Some(TRUNCATED)), Over::UdpThenTcp, "db.corp.example");
    assert!(!matches!(cut, Said::Addresses(_) | Said::NoData | Said::NxDomain), "{cut:?}");
    let begin = Instant::now();
    let silent = kinds(misbehaving(|_| None));
    assert!(silent.iter().all(|d| *d == Drift::TimeOut), "{silent:?}");
    assert!(begin.elapsed() < Duration::from_secs(10));
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = ask_one(closed, Over::Tcp, "db.corp.example");
    assert!(matches!(refused, Said::Unreachable(_)), "{refused:?}");
    // A closed UDP port is told at once, not after the whole wait.
    for over in [Over::Udp, Over::UdpThenTcp] {
        let patient = Asker { server: closed, over, timeout: Duration::from_secs(30) };
        let begin = Instant::now();
        let told = ask(&patient, &[name("db.corp.example")]).unwrap().remove(0);
        assert!(matches!(told.said, Said::Unreachable(_)), "{told:?}");
        assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    }
}

/// A server that cuts its answer off and then leaves its TCP connections unanswered said nothing that differs.
#[test]
fn a_truncated_answer_that_never_comes_by_tcp_is_no_drift() {
    let server = misbehaving(|_| Some(TRUNCATED));
    let Ok(listener) = TcpListener::bind(server) else { return };
    std::thread::spawn(move || {
        let open: Vec<_> = listener.incoming().collect();
        drop(open);
    });
    let begin = Instant::now();
    let findings = drift(&small(), "app", server, Over::UdpThenTcp);
    assert!(
        findings.iter().all(|f| f.drift.is_undecided()),
        "{:?}",
        findings.iter().map(|f| (&f.expected.name, &f.reply)).collect::<Vec<_>>()
    );
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
}

#[test]
fn a_silent_server_is_not_asked_a_thousand_times() {
    let names: Vec<Fqdn> = (0..1000).map(|i| name(&format!("n{i}.corp.example"))).collect();
    let begin = Instant::now();
    let replies = ask(&asker(misbehaving(|_| None), Over::UdpThenTcp), &names).unwrap();
    assert!(replies.len() == 1000 && replies.iter().all(|r| r.said == Said::Silent));
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
}

/// Makes a hostile answer out of a query.
type Forgery = Box<dyn Fn(&[u8]) -> Vec<u8> + Send>;

/// Forged, broken and endless answers: nothing of them passes for the design's answer, and none keeps the asker.
#[test]
fn hostile_answers_are_never_agreement() {
    // The address that the design has for this name, so that a forged answer would agree if it were believed.
    let right = [10, 0, 2, 4];
    let head = |question: &[u8], answers: u8| {
        let mut message = question.to_vec();
        message[2..4].copy_from_slice(&[0x81, 0x80]);
        message[6..12].copy_from_slice(&[0, answers, 0, 0, 0, 0]);
        message
    };
    let address = move |owner: &[u8]| [owner, &[0, 1, 0, 1, 0, 0, 0, 60, 0, 4], &right].concat();
    let hostile: Vec<(&str, Forgery)> = vec![
        (
            "another id",
            Box::new(move |q| {
                let mut message = [head(q, 1), address(&[0xc0, 12])].concat();
                message[0] ^= 0xff;
                message
            }),
        ),
        (
            "another question",
            Box::new(move |q| {
                let mut message = [head(q, 1), address(&[0xc0, 12])].concat();
                message[13] ^= 1;
                message
            }),
        ),
        ("an address of another name", Box::new(move |q| [head(q, 1), address(b"\x05other\x07example\0")].concat())),
        (
            "an alias of itself",
            Box::new(move |q| [head(q, 1), vec![0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 0xc0, 12]].concat()),
        ),
        (
            "a name that points at itself",
            Box::new(move |q| {
                let here = u8::try_from(q.len()).unwrap();
                [head(q, 1), address(&[0xc0, here])].concat()
            }),
        ),
        ("more records than there are", Box::new(move |q| head(q, 255))),
        ("noise", Box::new(|q| (0..200_u8).map(|n| n.wrapping_mul(37) ^ q[0]).collect())),
        ("two bytes", Box::new(|q| q[..2].to_vec())),
        ("the question itself", Box::new(|q| q.to_vec())),
    ];
    for (what, answer) in hostile {
        let begin = Instant::now();
        let reply = ask_one(forging(answer), Over::UdpThenTcp, "db.corp.example");
        assert!(!matches!(reply, Said::Addresses(_)), "{what}: {reply:?}");
        assert!(begin.elapsed() < Duration::from_secs(5), "{what}");
    }
    // The same server is believed where it answers what was asked.
    let honest = ask_one(forging(move |q| [head(q, 1), address(&[0xc0, 12])].concat()), Over::Udp, "db.corp.example");
    assert_eq!(honest, addresses(&["10.0.2.4"]));
}

/// The texts of `resolve --live` against a server, with the exit code, for one name of the small estate or all of them.
fn told(design: &str, server: SocketAddr, arguments: &[&str]) -> (i32, String) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("small.yaml");
    std::fs::write(&file, design).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_privreach"))
        .args(["resolve", file.to_str().unwrap(), "--from", "app", "--live", "--timeout", "1"])
        .args(["--server", &server.to_string()])
        .args(arguments)
        .output()
        .unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    (output.status.code().unwrap(), text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Each finding says what came, what differs and what to do.
#[test]
fn findings_say_what_came_and_what_to_do() {
    let design = many("10.0.200.199");
    let one = "db.corp.example";
    let has = |(code, text): (i32, String), wanted: i32, parts: &[&str]| {
        assert_eq!(code, wanted, "{text}");
        for part in parts {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
        text
    };
    // An alias that leads nowhere is shown, and one that leads in a circle.
    let alias = |to: &'static [u8]| {
        forging(move |q| {
            let mut message = q.to_vec();
            message[2..4].copy_from_slice(&[0x81, 0x80]);
            message[6..12].copy_from_slice(&[0, 1, 0, 0, 0, 0]);
            message.extend([0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, u8::try_from(to.len()).unwrap()]);
            [&message, to].concat()
        })
    };
    let text = has(
        told(&design, alias(b"\x04lost\x07example\0"), &[one]),
        1,
        &[
            "missing-record",
            "server NODATA, by alias lost.example",
            "add the record of lost.example",
            "link zone corp.example",
        ],
    );
    assert!(
        text.contains("`privreach explain missing-record` says") && text.contains("1 name: none as designed"),
        "{text}"
    );
    has(told(&design, alias(&[0xc0, 12]), &[one]), 1, &["server-failure", "lead in a circle"]);
    // Truncated, with and without TCP behind it.
    let cut = misbehaving(|_| Some(TRUNCATED));
    has(told(&design, cut, &[one, "--transport", "udp"]), 3, &["server answers truncated", "--transport auto"]);
    has(told(&design, cut, &[one]), 3, &["gives nothing by TCP: nothing listens", "make the server answer by TCP"]);
    // A refusal of everything, and a closed port.
    has(
        told(&design, misbehaving(|_| Some(REFUSED)), &[one]),
        3,
        &["refused-asker", "server REFUSED", "ask from where"],
    );
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    has(
        told(&design, closed, &[one]),
        3,
        &["unreachable", "out of reach: nothing listens", "check the server's address"],
    );
    // Of 200 addresses, the one that differs.
    let server = serve(load_text(&many("10.0.99.9")), "app");
    let text = has(
        told(&design, server, &["big.corp.example"]),
        1,
        &["design 200 addresses; server 200 addresses", "does not answer 10.0.200.199", "answers besides 10.0.99.9"],
    );
    assert!(text.len() < 600, "{text}");
    let (_, json) = told(&design, server, &["big.corp.example", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let found = &value["result"]["servers"][0]["names"][0];
    assert_eq!((&found["missing"][0], &found["unexpected"][0]), (&"10.0.200.199".into(), &"10.0.99.9".into()));
    assert!(found["fix"].is_string() && found["found"].as_array().unwrap().len() == 200);
    // Why a server fails, in its own words.
    let dead = design
        .replace("      db: { records: [10.0.1.10] }\n", "")
        .replace("alias: { record: db.corp", "db: { record: nowhere");
    let server = serve(load_text(&dead), "app");
    has(
        told(&design, server, &[one]),
        1,
        &[
            "server-failure",
            "server SERVFAIL",
            "it says: DNS-UNDECLARED: the scenario declares nothing",
            "look at the server",
        ],
    );
}

/// Servers may close a TCP connection after each answer; the questions that share it are asked again.
#[test]
fn a_server_that_closes_after_each_answer_is_heard_all_the_same() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let mut length = [0; 2];
                stream.read_exact(&mut length).unwrap();
                let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
                stream.read_exact(&mut message).unwrap();
                message[2..4].copy_from_slice(&[0x81, 0x83]);
                message[6..12].fill(0);
                let end = 12 + message[12..].iter().position(|b| *b == 0).unwrap() + 5;
                stream.write_all(&u16::try_from(end).unwrap().to_be_bytes()).unwrap();
                stream.write_all(&message[..end]).unwrap();
            });
        }
    });
    let names: Vec<Fqdn> = (0..40).map(|i| name(&format!("n{i}.corp.example"))).collect();
    let replies = ask(&asker(server, Over::Tcp), &names).unwrap();
    let said: Vec<_> = replies.iter().map(|r| &r.said).filter(|s| **s != Said::NxDomain).collect();
    assert!(said.is_empty(), "{said:?}");
}

/// A no says which zone it comes from (RFC 2308); the SOA record of a private zone is Azure's.
#[test]
fn a_no_comes_with_the_zone_that_says_it() {
    let server = serve(small(), "app");
    let soa = |text: &str, kind: u8| -> (u8, [u8; 3], bool) {
        let raw = exchange(server, &question(text, kind, 1));
        (raw[3] & 15, [raw[7], raw[9], raw[11]], contains(&raw, "azureprivatedns"))
    };
    // No such name, no such type, and the name above a record, which exists.
    assert_eq!(soa("no.corp.example", 1), (3, [0, 1, 0], true));
    assert_eq!(soa("db.corp.example", 28), (0, [0, 1, 0], true));
    assert_eq!(soa("alias.corp.example", 28), (0, [1, 1, 0], true));
    assert_eq!(soa("wild.corp.example", 1), (0, [0, 1, 0], true));
    assert_eq!(soa("corp.example", 1), (0, [0, 1, 0], true));
    // SOA is type 6: at the apex the record itself, elsewhere a no.
    assert_eq!(soa("corp.example", 6), (0, [1, 0, 0], true));
    assert_eq!(soa("db.corp.example", 6), (0, [0, 1, 0], true));
    assert_eq!(soa("no.corp.example", 6), (3, [0, 1, 0], true));
    // An answer needs none, a public no has one that nobody takes for Azure's.
    assert_eq!(soa("db.corp.example", 1), (0, [1, 0, 0], false));
    assert_eq!(soa("www.example.org", 28), (0, [0, 1, 0], false));
    // The root and types that are not modelled are never denied.
    assert_eq!(soa("no.corp.example", 33), (4, [0, 0, 0], false));
    let root = [&question("a", 2, 1)[..12], &[0, 0, 2, 0, 1]].concat();
    assert_eq!(exchange(server, &root)[3] & 15, 2);
    // Nothing is said of what is not declared.
    assert_eq!(soa("undeclared.example.net", 1), (2, [0, 0, 0], false));
    assert_eq!(ask_one(server, Over::Udp, "wild.corp.example"), Said::NoData);
}

/// The binary as a server; ends with the guard.
struct Serving(Child, String);

impl Serving {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_privreach"))
            .args(["dns-serve", FLAGSHIP, "--listen", "127.0.0.1:0"])
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.split(" on ").nth(1).and_then(|l| l.split(',').next()).unwrap_or_else(|| panic!("{line}"));
        Self(child, address.to_owned())
    }

    fn resolve(&self, arguments: &[&str]) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_privreach"))
            .args(["resolve", FLAGSHIP, "--live", "--timeout", "2", "--server", &self.1])
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code().unwrap(), text)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn the_commands_one_against_the_other() {
    let server = Serving::start(&["--as", "onprem-user"]);
    let (code, text) = server.resolve(&["--from", "onprem-user", "--transport", "tcp"]);
    assert!(code == 0 && text.contains("as designed") && !text.contains("drifted"), "{code} {text}");
    let (code, text) = server.resolve(&["--from", "onprem-user", "kv-aih-contoso.vault.azure.net", "-v"]);
    assert!(code == 0 && text.contains("10.0.3.9"), "{code} {text}");
    // The managed network sees its own endpoints, the site does not.
    let (code, text) = server.resolve(&["--from", "ci-alice", "--format", "json"]);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((code, &value["command"]), (1, &"resolve-live".into()), "{text}");
    let result = &value["result"]["servers"][0];
    assert!(result["drifted"].as_u64() > Some(0) && result["names"][0]["drift"].is_string());
    // Nothing listens: undecided.
    let closed = UdpSocket::bind("127.0.0.1:0").unwrap();
    let silent = closed.local_addr().unwrap().to_string();
    let output = Command::new(env!("CARGO_BIN_EXE_privreach"))
        .args(["resolve", FLAGSHIP, "--from", "onprem-user", "--live", "--timeout", "1", "--server", &silent])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn mistakes_on_the_command_line() {
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_privreach"))
            .args(arguments)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let fails = |arguments: &[&str], hint: &str| {
        let (code, text) = run(arguments);
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(code == 2 && text.contains(hint), "{arguments:?}: {code} {text}");
    };
    fails(&["dns-serve", FLAGSHIP, "--as", "onprem-user", "--listen", "0.0.0.0:0"], "--allow-remote");
    fails(&["dns-serve", FLAGSHIP, "--as", "onprem-use", "--listen", "127.0.0.1:0"], "did you mean `onprem-user`");
    fails(&["resolve", FLAGSHIP, "--from", "onprem-user"], "NAME");
    fails(&["resolve", FLAGSHIP, "--from", "onprem-user", "--live"], "--server");
    fails(&["resolve", FLAGSHIP, "--from", "onprem-user", "--live", "--server", "10.0.0.4:0"], "10.0.0.4:53");
    fails(&["resolve", FLAGSHIP, "--from", "onprem-user", "10.0.3.9"], "privreach trace --to 10.0.3.9");
    fails(&["resolve", FLAGSHIP, "--from", "onprem-user", "kv-aih-contoso"], "`kv-aih-contoso.vault.azure.net`?");
    // Only what is missing is asked for.
    for option in [["--server", "10.0.0.4"], ["--timeout", "3"], ["--transport", "tcp"]] {
        let arguments = [["resolve", FLAGSHIP].as_slice(), &["--from", "onprem-user"], &option].concat();
        fails(&arguments, "--live");
        assert!(!run(&arguments).1.contains("<NAME>\n\n"), "{}", run(&arguments).1);
    }
    fails(&["resolve", FLAGSHIP, "--from", "onprem-user", "--live", "--server", "dc1"], "10.0.0.4:53");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    fails(&["dns-serve", FLAGSHIP, "--as", "onprem-user", "--listen", &address], "cannot listen");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_server_cleanly() {
    let mut server = Serving::start(&["--as", "onprem-user", "-v"]);
    // A connection that stays open must not keep it.
    let _open = TcpStream::connect(&server.1).unwrap();
    assert_eq!(server.resolve(&["--from", "onprem-user", "kv-aih-contoso.vault.azure.net"]).0, 0);
    let sent = Command::new("kill").args(["-INT", &server.0.id().to_string()]).status().unwrap();
    assert!(sent.success());
    let begin = Instant::now();
    let status = loop {
        if let Some(status) = server.0.try_wait().unwrap() {
            break status;
        }
        assert!(begin.elapsed() < Duration::from_secs(10), "it does not end");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert_eq!(status.code(), Some(0));
    let mut log = String::new();
    server.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(log.contains("A kv-aih-contoso.vault.azure.net. NOERROR") && log.contains("10.0.3.9"), "{log}");
}

/// A name of one label that a server holds is one, whatever else is called so.
#[test]
fn a_name_of_one_label_is_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("label.yaml");
    let text = "location: westeurope
virtual_networks: { v: { address_space: [10.0.0.0/16], dns_servers: [10.0.1.53], subnets: { s: { address_prefixes: [10.0.1.0/24] } } } }
virtual_machines:
  vm: { subnet: v/s, private_ip_address: 10.0.1.4 }
  dns: { subnet: v/s, private_ip_address: 10.0.1.53, dns_server: { zones: { intranet: { a_records: { '@': { records: [10.0.1.7] } } } } } }
services: { intranet: { type: Microsoft.Web/sites } }
";
    std::fs::write(&file, text).unwrap();
    let run = Command::new(env!("CARGO_BIN_EXE_privreach"))
        .args(["resolve", file.to_str().unwrap(), "--from", "vm", "intranet"])
        .output()
        .unwrap();
    assert!(run.status.success() && String::from_utf8_lossy(&run.stdout).contains("10.0.1.7"), "{run:?}");
}
