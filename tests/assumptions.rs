//! Every assumption of the specification is printed where an answer rests on it, and can be chosen otherwise where the
//! specification offers a choice. The table is `rules/assumptions.yaml`.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::{scenario::load_paths, snapshot::Snapshot, verify::verify};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Id, kind and the rest of each line.
fn table() -> Vec<(String, String, String)> {
    let text = fs::read_to_string(root().join("tests/rules/assumptions.yaml")).unwrap();
    let lines = text.lines().filter(|l| !l.starts_with('#'));
    lines
        .map(|line| {
            let (id, rest) = line.split_once(": ").unwrap();
            let (kind, what) = rest.split_once(' ').unwrap();
            (id.to_owned(), kind.to_owned(), what.to_owned())
        })
        .collect()
}

fn ids_in(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    let number = |w: &str| w.strip_prefix("A-").or_else(|| w.strip_prefix("HUB-A")).map(str::to_owned);
    words.filter(move |w| number(w).is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_digit())))
}

fn yaml(directory: &Path, found: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            yaml(&path, found);
        } else if path.extension().is_some_and(|e| e == "yaml") {
            found.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_assumption_is_printed_where_an_answer_rests_on_it() {
    let loaded = load_paths(&["tests/cases", "scenarios"].map(|d| root().join(d)));
    let mut printed: BTreeSet<String> = BTreeSet::new();
    for scenario in loaded.scenarios {
        for checked in verify(&Snapshot::new(scenario)).checked {
            for step in checked.trace.iter().flat_map(privreach::trace::Trace::all_steps) {
                printed.extend(
                    step.rules
                        .iter()
                        .copied()
                        .chain(ids_in(&step.text))
                        .filter(|r| r.starts_with("A-") || r.starts_with("HUB-A"))
                        .map(str::to_owned),
                );
            }
        }
    }
    let table = table();
    assert_eq!(table.len(), 46, "the table is not read");
    let missing: Vec<_> =
        table.iter().filter(|(id, kind, _)| kind != "silent" && !printed.contains(id)).map(|(id, ..)| id).collect();
    assert!(missing.is_empty(), "no trace prints {missing:?}");
    let heard: Vec<_> =
        table.iter().filter(|(id, kind, _)| kind == "silent" && printed.contains(id)).map(|(id, ..)| id).collect();
    assert!(heard.is_empty(), "printed after all: {heard:?}");
}

#[test]
fn every_choice_is_a_key_that_a_case_sets() {
    let format = fs::read_to_string(root().join("docs/format.md")).unwrap();
    let mut cases = String::new();
    yaml(&root().join("tests/cases"), &mut cases);
    for (id, kind, what) in table() {
        match kind.as_str() {
            "choice" => assert!(
                format.contains(&format!("`{what}`")) && cases.contains(&format!("assumptions: {{ {what}:")),
                "{id}: no case chooses {what}"
            ),
            "setting" => assert!(format.contains(&format!("`{what}`")), "{id}: the format has no {what}"),
            "fixed" | "silent" => {}
            other => panic!("{id}: {other}"),
        }
    }
}

#[test]
fn a_forwarded_reply_over_a_link_that_refuses_it_rests_on_an_assumption() {
    let loaded = load_paths(&[root().join("tests/cases/core/reply-over-peerings.yaml")]);
    let rests = |variant: Option<&str>| {
        let scenario = loaded.scenarios.iter().find(|s| s.variant.as_deref() == variant).unwrap();
        let verified = verify(&Snapshot::new(scenario.clone()));
        let mut traces = verified.checked.iter().flat_map(|c| &c.trace);
        traces.all(|t| t.all_steps().any(|s| s.rules.contains(&"A-05")))
    };
    assert!(!rests(None));
    assert!(rests(Some("refuses-forwarded")));
}
