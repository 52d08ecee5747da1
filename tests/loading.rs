//! What loading promises: every problem in one run with its place, nothing unusable handed on, patches that keep the
//! place of what they wrote, and variants that inherit.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::{
    diag::Span,
    scenario::{Loaded, Scenario, load_file, load_paths, load_text},
    verdict::Verdict,
};
use std::fs;

/// Codes with their places, as `code line:column`.
fn found(loaded: &Loaded) -> Vec<String> {
    let place = |s: Span| {
        let at = loaded.sources.locate(s);
        format!("{}:{}", at.line, at.column)
    };
    loaded.diagnostics.iter().map(|d| format!("{} {}", d.code, d.span.map(place).unwrap_or_default())).collect()
}

fn one(text: &str) -> Scenario {
    let mut loaded = load_text("a.yaml", text);
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    loaded.scenarios.remove(0)
}

#[test]
fn an_empty_estate_is_an_estate() {
    let scenario = one("name: nothing\n");
    assert!(scenario.estate.virtual_networks.is_empty() && scenario.expectations.is_empty());
}

#[test]
fn one_run_reports_problems_of_every_part() {
    let loaded = load_text(
        "a.yaml",
        "name: [x]\nlocatoin: y\nvirtual_networks:\n  é: {address_spce: [10.0.0.1/16]}\n  b: {address_space: [10.0.0.1/16, 'fd00::1']}\nexpectations:\n  F1: {from: a, to: b, verdict: privat}\n",
    );
    let expected = [
        "E-TYPE 1:7",
        "E-UNKNOWN-KEY 2:1",
        "E-MISSING-KEY 4:6",
        "E-UNKNOWN-KEY 4:7",
        "E-PREFIX 5:23",
        "E-PREFIX 5:36",
        "E-VALUE 7:33",
    ];
    assert_eq!(found(&loaded), expected);
    let helps: Vec<_> = loaded.diagnostics.iter().filter_map(|d| d.help.as_deref()).collect();
    for help in ["did you mean `location`?", "write 10.0.0.0/16", "write fd00::1/128 for one address"] {
        assert!(helps.contains(&help), "{help}: {helps:?}");
    }
}

#[test]
fn a_file_with_errors_gives_no_scenario() {
    for text in [
        "virtual_networks:\n  a: {address_space: [10.0.0.0/16]}\n  a: {address_space: [10.1.0.0/16]}\n",
        "virtual_netwroks: {}\n",
        "patch: {}\n",
        "virtual_networks:\n  443: {address_space: [10.0.0.0/16]}\n",
        "virtual_networks:\n  true: {address_space: [10.0.0.0/16]}\n",
        "virtual_networks: !kept {}\n",
    ] {
        let loaded = load_text("a.yaml", text);
        assert_eq!((loaded.scenarios.len(), loaded.diagnostics.len()), (0, 1), "{text}: {:?}", loaded.diagnostics);
    }
}

#[test]
fn a_quoted_key_is_text_and_brackets_in_text_are_no_nesting() {
    let scenario = one(&format!(
        "description: |\n  {}\n  {}\nvirtual_networks:\n  '443': {{address_space: [10.0.0.0/16]}}\n",
        "-".repeat(300),
        "[".repeat(300)
    ));
    assert!(scenario.estate.virtual_networks.get("443").is_some());
}

#[test]
fn a_broken_variant_does_not_take_the_others_along() {
    let loaded = load_text(
        "a.yaml",
        "location: x\nvariants:\n  good:\n    patch: {location: y}\n  typo:\n    patch: {locaton: null}\n  nested:\n    patch: {network_security_groups: {nsg: null}}\n",
    );
    assert_eq!(found(&loaded), ["E-PATCH 6:13", "E-PATCH 8:39"]);
    assert_eq!(loaded.diagnostics[0].help.as_deref(), Some("did you mean `location`?"));
    let names: Vec<_> = loaded.scenarios.iter().map(|s| s.variant.as_deref()).collect();
    assert_eq!(names, [None, Some("good")]);
}

#[test]
fn values_keep_the_file_that_wrote_them() {
    let directory = tempfile::tempdir().unwrap();
    let base = directory.path().join("base.yaml");
    let file = directory.path().join("file.yaml");
    fs::write(&base, "location: one\nvirtual_networks:\n  a: {address_space: [10.0.0.0/16]}\n").unwrap();
    fs::write(&file, "extends: base.yaml\npatch:\n  location: two\n").unwrap();
    let loaded = load_file(&file, None);
    assert!(loaded.diagnostics.is_empty());
    let estate = &loaded.scenarios[0].estate;
    let location = estate.location.as_ref().unwrap();
    let place = |span| loaded.sources.locate(span).to_string();
    assert_eq!((location.value.as_str(), place(location.span)), ("two", format!("{}:3:13", file.display())));
    let network = estate.virtual_networks.get("a").unwrap();
    assert_eq!(place(network.span), format!("{}:3:3", base.display()));

    fs::write(&file, "extends: base.yaml\npatch:\n  virtual_networks:\n    a: {address_space: [10.0.0.1/16]}\n")
        .unwrap();
    let loaded = load_file(&file, None);
    assert!(loaded.scenarios.is_empty());
    assert_eq!(found(&loaded), ["E-PREFIX 4:25"]);
}

#[test]
fn a_variant_inherits_the_flow_and_replaces_everything_expected() {
    let loaded = load_text(
        "a.yaml",
        "expectations:\n  F1: {from: a, to: b, port: 80, verdict: private, via: routed, through: [c]}\n  F2: {from: a, to: c, verdict: public}\n  F3: {from: a, to: d, verdict: public}\nvariants:\n  v:\n    expectations:\n      F1: {verdict: blocked, reason: PNA}\n      F3: null\n",
    );
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    let variant = &loaded.scenarios[1];
    let ids: Vec<_> = variant.expectations.iter().map(|e| e.id.as_str()).collect();
    assert_eq!(ids, ["F1", "F2"]);
    let fields = &variant.expectations[0].fields;
    assert_eq!(
        (fields.from.value.as_str(), fields.port.value, fields.verdict.as_ref().unwrap().value),
        ("a", 80, Verdict::Blocked)
    );
    assert!(fields.via.is_none() && fields.through.is_empty());
    // The verdict is never inherited together with a change, and removing nothing is reported.
    let loaded = load_text(
        "a.yaml",
        "expectations:\n  F1: {from: a, to: b, verdict: private}\nvariants:\n  v:\n    expectations:\n      F1: {port: 80}\n      F9: null\n",
    );
    assert_eq!(found(&loaded), ["E-MISSING-KEY 6:11", "E-PATCH 7:7"]);
}

#[test]
fn a_problem_of_the_base_is_reported_once() {
    let loaded = load_text("a.yaml", "virtual_networks: {a: {}}\nvariants: {v: {}, w: {}, x: {}}\n");
    assert_eq!(found(&loaded), ["E-MISSING-KEY 1:23"]);
}

#[test]
fn many_keys_are_read_in_reasonable_time() {
    let started = std::time::Instant::now();
    let networks: String = (0..20_000).map(|i| format!("  v{i}: {{address_space: [10.0.0.0/16]}}\n")).collect();
    let removed: String = (0..4_000).map(|i| format!("        x{i}: null\n")).collect();
    let text = format!(
        "virtual_networks:\n{networks}variants:\n  v:\n    patch:\n      virtual_networks:\n{removed}    expectations: {{}}\n"
    );
    let loaded = load_text("a.yaml", &text);
    assert_eq!((loaded.scenarios.len(), loaded.diagnostics.len()), (1, 4_000));
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

#[test]
fn hidden_files_are_skipped_and_an_unknown_variant_gets_a_suggestion() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join(".hidden.yaml"), "nonsense").unwrap();
    let visible = directory.path().join("b.yml");
    fs::write(&visible, "variants: {closed: {}}\n").unwrap();
    let loaded = load_paths(&[directory.path().to_owned()]);
    assert_eq!((loaded.scenarios.len(), loaded.diagnostics.len()), (2, 0));
    let loaded = load_file(&visible, Some("closd"));
    assert_eq!(found(&loaded), ["E-REFERENCE 1:1"]);
    assert_eq!(loaded.diagnostics[0].help.as_deref(), Some("did you mean `closed`?"));
    assert_eq!(load_file(&visible, Some("closed")).scenarios.len(), 1);
}

#[test]
fn variants_are_bounded_together() {
    let networks: String = (0..1500).map(|i| format!("  v{i}: {{address_space: [10.0.0.0/16]}}\n")).collect();
    let variants: String = (0..2000).map(|i| format!("  v{i}: {{}}\n")).collect();
    let loaded = load_text("a.yaml", &format!("virtual_networks:\n{networks}variants:\n{variants}"));
    assert_eq!(loaded.diagnostics.iter().map(|d| d.code.as_str()).collect::<Vec<_>>(), ["E-LIMIT"]);
}

/// JSON is read by a reader of its own. What it cannot be sure of goes to the YAML reader; either way places are those of
/// the file.
#[test]
fn json_is_read_with_places() {
    let text = "{\n  \"virtual_networks\": {\n    \"a\": { \"address_space\": [\"10.0.0.1/16\"], \"nonsense\": \"x\" }\n  }\n}\n";
    let plain = load_text("x.json", text);
    let escaped = load_text("x.json", &text.replace("\"x\"", "\"\\ud83d\""));
    for loaded in [&plain, &escaped] {
        assert!(loaded.scenarios.is_empty() && !loaded.diagnostics.is_empty());
    }
    let places: Vec<String> =
        plain.diagnostics.iter().filter_map(|d| Some(plain.sources.locate(d.span?).to_string())).collect();
    assert_eq!(places, ["x.json:3:30", "x.json:3:46"]);
    let yaml = load_text("x.yaml", &text.replace("{\n  \"virt", "{ # a comment\n  \"virt"));
    let places: Vec<String> =
        yaml.diagnostics.iter().filter_map(|d| Some(yaml.sources.locate(d.span?).to_string())).collect();
    assert_eq!(places, ["x.yaml:3:30", "x.yaml:3:46"]);
}
