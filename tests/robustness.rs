//! Nothing a file holds makes the program panic.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::{scenario::load_text, snapshot::Snapshot, verify::verify};
use proptest::prelude::*;

const QUICKSTART: &str = include_str!("../scenarios/quickstart/quickstart.yaml");
const FLAGSHIP: &str = include_str!("../scenarios/foundry-hub/foundry-hub.yaml");

/// Files that together use most of the format.
const WIDE: [&str; 9] = [
    include_str!("../scenarios/hub-spoke-firewall/hub-spoke-firewall.yaml"),
    include_str!("../scenarios/virtual-wan-routing-intent/virtual-wan.yaml"),
    include_str!("../scenarios/hybrid-dns-resolver/hybrid-dns-resolver.yaml"),
    include_str!("../scenarios/private-link-service/private-link-service.yaml"),
    include_str!("cases/core/c-network-manager.yaml"),
    include_str!("cases/core/h-gateways.yaml"),
    include_str!("cases/core/h-point-to-site.yaml"),
    include_str!("cases/core/j-balancers-and-egress.yaml"),
    include_str!("cases/private/c7-service-firewalls.yaml"),
];

/// Replaces values inside lines, where much is written on one line: a number, a name, a reference to another thing.
fn revalued(text: &str, changes: &[(usize, usize)]) -> String {
    let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
    for (at, other) in changes {
        let (at, other) = (at % words.len(), other % words.len());
        let value = |w: &str| !w.contains('\n') && !w.ends_with(':') && !w.contains(['{', '}', '[', ']']);
        if value(&words[at]) && value(&words[other]) {
            words[at] = words[other].clone();
        }
    }
    words.join(" ")
}

fn run(text: &str) {
    for scenario in load_text("fuzzed.yaml", text).scenarios {
        let snapshot = Snapshot::new(scenario);
        let _ = verify(&snapshot);
    }
}

/// Changes some lines of a text: removed, doubled, swapped with another, or with a word replaced.
fn mutated(text: &str, changes: &[(usize, u8, usize)]) -> String {
    const WORDS: [&str; 10] = ["null", "[]", "{}", "10.0.0.0/8", "-1", "true", "\"\u{1b}\"", "a/b", "99999", "*x"];
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    for (at, kind, other) in changes {
        let (at, other) = (at % lines.len(), other % lines.len());
        match kind % 4 {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[at].clone()),
            2 => lines.swap(at, other),
            _ => {
                let words: Vec<&str> = lines[at].split(' ').collect();
                let target = words[other % words.len()].to_owned();
                lines[at] = lines[at].replacen(&target, WORDS[other % WORDS.len()], 1);
            }
        }
        if lines.is_empty() {
            break;
        }
    }
    lines.join("\n")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_text(text in any::<String>()) {
        run(&text);
    }

    #[test]
    fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        run(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn yaml_like_text(text in "([a-z_]{1,12}: ?)?[\\[\\]{}&*!|>'\"%@,:?#a-z0-9 \n-]{0,200}") {
        run(&text);
    }

    #[test]
    fn mutated_quickstart(changes in proptest::collection::vec((any::<usize>(), any::<u8>(), any::<usize>()), 1..8)) {
        run(&mutated(QUICKSTART, &changes));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_cases(
        file in 0..WIDE.len(),
        changes in proptest::collection::vec((any::<usize>(), any::<u8>(), any::<usize>()), 0..4),
        values in proptest::collection::vec((any::<usize>(), any::<usize>()), 1..30),
    ) {
        run(&revalued(&mutated(WIDE[file], &[changes, vec![(0, 2, 0)]].concat()), &values));
    }

    #[test]
    fn mutated_flagship(changes in proptest::collection::vec((any::<usize>(), any::<u8>(), any::<usize>()), 1..6)) {
        run(&mutated(FLAGSHIP, &changes));
    }
}
