//! What is not modelled is refused by name, or answered `unknown`, at its place: one file under `not_modelled` for each
//! rule that `rules/exempt.yaml` lists as such, and for each key in the table of gaps.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::{
    azure::not_modelled::GAPS,
    scenario::load_paths,
    snapshot::Snapshot,
    verdict::Verdict,
    verify::{Outcome, verify},
};
use std::{collections::BTreeSet, fs, path::PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// What a file is refused for, and whether it shows an answer that is `unknown`.
fn shows(path: PathBuf) -> (Vec<String>, bool) {
    let loaded = load_paths(&[path]);
    let mut refusals: Vec<String> = loaded.diagnostics.iter().map(|d| format!("{} {}", d.code, d.message)).collect();
    let mut unknown = false;
    for scenario in loaded.scenarios {
        let snapshot = Snapshot::new(scenario);
        refusals.extend(snapshot.errors().map(|d| format!("{} {}", d.code, d.message)));
        let checked = verify(&snapshot).checked;
        unknown |= !checked.is_empty()
            && checked.iter().all(|c| {
                c.outcome == Outcome::Held && c.trace.as_ref().is_some_and(|t| t.judgement.verdict == Verdict::Unknown)
            });
    }
    (refusals, unknown)
}

#[test]
fn everything_not_modelled_is_refused_or_unknown() {
    let exempt = fs::read_to_string(root().join("rules/exempt.yaml")).unwrap();
    let listed: BTreeSet<&str> =
        exempt.lines().filter(|l| l.contains(": [not modelled, ")).map(|l| l.split(':').next().unwrap()).collect();
    assert!(listed.len() > 10, "the list is not read");
    let mut wrong = Vec::new();
    for id in listed {
        let path = root().join(format!("not_modelled/{id}.yaml"));
        if !path.exists() {
            wrong.push(format!("{id}: no file shows what happens"));
            continue;
        }
        let (refusals, unknown) = shows(path);
        let named = refusals.iter().any(|r| r.contains("not modelled"));
        if !named && !unknown {
            wrong.push(format!("{id}: neither refused by name nor unknown: {refusals:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_key_in_the_table_of_gaps_is_refused_by_name() {
    let mut all = Vec::new();
    for entry in fs::read_dir(root().join("not_modelled")).unwrap() {
        all.extend(shows(entry.unwrap().path()).0);
    }
    for (record, key, gap) in GAPS {
        let refused = |r: &&String| r.starts_with("E-NOT-MODELLED") && r.contains(&format!("`{key}`"));
        let found = all.iter().any(|r| refused(&r) && r.contains(gap.why));
        assert!(found, "no file shows that {record}.{key} is refused:\n{}", all.join("\n"));
    }
    assert!(!all.iter().any(|r| r.starts_with("E-UNKNOWN-KEY")), "{all:?}");
}
