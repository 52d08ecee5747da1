//! The flagship written by hand, as a template and as a plan: one design, and so the same verdicts, for the same reasons
//! and by the same steps.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::{
    forward::Step,
    import::Session,
    scenario::load_paths,
    snapshot::Snapshot,
    trace::Trace,
    verify::{Outcome, verify},
};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A step and those inside it, without the lines that they come from and the settings that these would have to change.
fn written(steps: &[Step], depth: usize, out: &mut Vec<String>) {
    for step in steps {
        let element = step.element.as_deref().unwrap_or_default();
        out.push(format!(
            "{}{:?} {:?} {element}: {} {:?}",
            "  ".repeat(depth),
            step.stage,
            step.outcome,
            step.text,
            step.rules
        ));
        written(&step.inner, depth + 1, out);
    }
}

/// What a trace says: the answer to the name, every step, every alternative, and what comes of it.
fn said(trace: &Trace) -> Vec<String> {
    let mut out = vec![format!("{:?}", trace.judgement), format!("{:?} {:?}", trace.addresses, trace.nxdomain)];
    written(&trace.steps, 0, &mut out);
    for (name, steps) in &trace.alternatives {
        out.push(format!("either {name}"));
        written(steps, 1, &mut out);
    }
    out.iter().map(|line| unnumbered(line)).collect()
}

/// A line without the last number of addresses that stand in for public ones: they count all names of an estate, and a
/// resource tells of its kind and size what the scenario by hand does not.
fn unnumbered(line: &str) -> String {
    let mut parts = line.split("240.0.0.");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |line, part| format!("{line}240.0.0.n{}", part.trim_start_matches(|c: char| c.is_ascii_digit())))
}

/// What each expectation's flow comes to. Every expectation holds.
fn flows(file: &Path) -> BTreeMap<String, Vec<String>> {
    let loaded = load_paths(&[file.to_path_buf()]);
    let snapshot = Snapshot::new(loaded.scenarios.into_iter().next().expect("it loads"));
    assert!(snapshot.is_usable(), "{:?}", snapshot.diagnostics);
    let verification = verify(&snapshot);
    assert!(verification.problems.is_empty(), "{:?}", verification.problems);
    let checked = verification.checked;
    let failed: Vec<String> = checked
        .iter()
        .filter(|c| c.outcome != Outcome::Held)
        .map(|c| format!("{}: {}", c.id, c.differences.join("; ")))
        .collect();
    assert!(failed.is_empty(), "{}: {}", file.display(), failed.join("\n"));
    checked.iter().map(|c| (c.id.clone(), c.trace.as_ref().map(said).unwrap_or_default())).collect()
}

/// The first line in which two flows differ.
fn differences(hand: &BTreeMap<String, Vec<String>>, imported: &BTreeMap<String, Vec<String>>) -> Vec<String> {
    let missing: Vec<_> = hand.keys().filter(|k| !imported.contains_key(*k)).collect();
    assert!(missing.is_empty() && hand.len() == imported.len(), "{missing:?}");
    let mut found = Vec::new();
    for (id, lines) in hand {
        let others = &imported[id];
        let place = (0..lines.len().max(others.len())).find(|n| lines.get(*n) != others.get(*n));
        if let Some(place) = place {
            let line = |lines: &[String]| lines.get(place).cloned().unwrap_or_else(|| "nothing".to_owned());
            found.push(format!("{id}\n  by hand:  {}\n  imported: {}", line(lines), line(others)));
        }
    }
    found
}

fn by_hand() -> BTreeMap<String, Vec<String>> {
    let flows = flows(&root().join("scenarios/foundry-hub/foundry-hub.yaml"));
    assert_eq!(flows.len(), 88);
    flows
}

#[test]
fn a_template_of_it_comes_to_the_same_steps() {
    let found = differences(&by_hand(), &flows(&root().join("tests/import/arm/flagship.expect.yaml")));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// What no plan can hold (the data centre, the internet) is laid over it.
#[test]
fn a_plan_of_it_comes_to_the_same_steps() {
    let fixtures = root().join("tests/import/terraform");
    let mut session = Session::default();
    session.terraform("foundry-hub.json", &fs::read_to_string(fixtures.join("foundry-hub.json")).unwrap());
    let imported = session.finish("imported").unwrap_or_else(|(_, problems)| panic!("{problems:?}"));
    // What a circuit announces is in no plan; the overlay says it.
    let untold: Vec<&str> = imported.not_understood().iter().map(|n| n.kind.as_str()).collect();
    assert_eq!(untold, ["microsoft.network/connections peer"]);
    let overlay = fs::read_to_string(fixtures.join("foundry-hub.overlay.yaml")).unwrap();
    let scenario = fs::read_to_string(root().join("scenarios/foundry-hub/foundry-hub.yaml")).unwrap();
    let expectations = scenario.split_once("\nexpectations:").unwrap().1;
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("imported.yaml"), imported.yaml()).unwrap();
    let file = directory.path().join("overlay.yaml");
    fs::write(&file, format!("extends: imported.yaml\n{overlay}\nexpectations:{expectations}")).unwrap();
    let found = differences(&by_hand(), &flows(&file));
    assert!(found.is_empty(), "{}", found.join("\n"));
}
