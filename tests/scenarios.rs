//! Every shipped scenario and every case file, evaluated whole. A case is a scenario with its expectations inside.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::{
    diag::Severity,
    scenario::load_paths,
    snapshot::Snapshot,
    verdict::{Reason, Word},
    verify::{Outcome, verify},
};
use std::{collections::BTreeSet, path::Path};

fn evaluate(directory: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
    let loaded = load_paths(&[root]);
    let mut problems: Vec<String> = Vec::new();
    let mut place = |sources: &privreach::diag::SourceMap, d: &privreach::diag::Diagnostic| {
        if d.severity == Severity::Error {
            let at = d.span.map(|s| sources.locate(s).to_string()).unwrap_or_default();
            problems.push(format!("{at}: {} {}", d.code, d.message));
        }
    };
    loaded.diagnostics.iter().for_each(|d| place(&loaded.sources, d));
    let mut expectations = 0;
    let mut failures = Vec::new();
    for scenario in loaded.scenarios {
        let title = scenario.title();
        let snapshot = Snapshot::new(scenario);
        snapshot.errors().for_each(|d| place(&loaded.sources, d));
        let verification = verify(&snapshot);
        verification.problems.iter().for_each(|d| place(&loaded.sources, d));
        failures.extend(verification.missing_refusals.iter().map(|(code, _)| format!("{title}: {code} did not occur")));
        expectations += verification.checked.len();
        let failed = verification.checked.iter().filter(|c| c.outcome != Outcome::Held);
        failures.extend(failed.map(|c| format!("{title}: {} {}", c.id, c.differences.join("; "))));
    }
    assert!(problems.is_empty(), "{directory} has problems:\n{}", problems.join("\n"));
    assert!(failures.is_empty(), "{directory} disagrees:\n{}", failures.join("\n"));
    assert!(expectations > 0, "{directory} evaluates nothing");
}

/// Every reason of the vocabulary decides, or helps to decide, some flow of a scenario or case.
#[test]
fn every_reason_occurs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let loaded = load_paths(&[root.join("scenarios"), root.join("tests/cases")]);
    let mut seen: BTreeSet<Reason> = BTreeSet::new();
    for scenario in loaded.scenarios {
        let verification = verify(&Snapshot::new(scenario));
        seen.extend(
            verification.checked.iter().filter_map(|c| c.trace.as_ref()).flat_map(|t| t.judgement.reasons.clone()),
        );
    }
    let missing: Vec<_> = Reason::ALL.iter().filter(|r| !seen.contains(r)).collect();
    assert!(missing.is_empty(), "no scenario or case shows {missing:?}");
}

#[test]
fn shipped_scenarios_hold() {
    evaluate("scenarios");
}

#[test]
fn cases_hold() {
    evaluate("tests/cases");
}

/// An entry of `expected_diagnostics` stands for one refusal, and hides no other of its code.
#[test]
fn an_entry_accounts_for_one_refusal() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/refusals/one-entry-of-four.yaml");
    for (entries, usable, missing) in [(1, false, 0), (4, true, 0), (5, true, 1)] {
        let mut scenario = load_paths(std::slice::from_ref(&file)).scenarios.remove(0);
        let entry = scenario.expected_diagnostics[0].clone();
        scenario.expected_diagnostics = vec![entry; entries];
        let snapshot = Snapshot::new(scenario);
        assert_eq!((snapshot.is_usable(), snapshot.missing_refusals().count()), (usable, missing), "{entries}");
    }
}
