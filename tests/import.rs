//! Imports: every fixture gives the scenario beside it, which loads, and in which what is expected of it holds.
//!
//! `tests/import/FORMAT/NAME.json` is imported; `NAME.yaml` is the result (refresh with `PRIVREACH_UPDATE=1`), and
//! `NAME.expect.yaml`, if there is one, extends it with expectations.

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
    verify::{Outcome, verify},
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/import")
}

fn fixtures(directory: &str) -> Vec<PathBuf> {
    let directory = root().join(directory);
    let mut found: Vec<_> = fs::read_dir(&directory).unwrap().map(|e| e.unwrap().path()).collect();
    found.retain(|p| p.extension().is_some_and(|e| e == "json") && !p.to_string_lossy().contains(".parameters."));
    found.sort();
    assert!(!found.is_empty(), "no fixture under {}", directory.display());
    found
}

/// Runs the import in the fixture's own directory, so that no path of this machine shows.
fn import(format: &str, file: &Path, more: &[&str]) -> (String, String, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_privreach"))
        .current_dir(file.parent().unwrap())
        .args(["import", format])
        .arg(file.file_name().unwrap())
        .args(more)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code())
}

/// Parameters beside a template are used.
fn arguments(file: &Path) -> Vec<String> {
    let parameters = file.with_extension("parameters.json");
    match parameters.exists() {
        true => vec!["--parameters".to_owned(), parameters.file_name().unwrap().to_string_lossy().into_owned()],
        false => Vec::new(),
    }
}

fn evaluate(path: &Path) -> Vec<String> {
    let loaded = load_paths(&[path.to_path_buf()]);
    let (mut problems, mut failures): (Vec<String>, Vec<String>) = Default::default();
    let mut report = |sources: &privreach::diag::SourceMap, d: &privreach::diag::Diagnostic| {
        if d.severity == Severity::Error {
            let at = d.span.map(|s| sources.locate(s).to_string()).unwrap_or_default();
            problems.push(format!("{at}: {} {}", d.code, d.message));
        }
    };
    loaded.diagnostics.iter().for_each(|d| report(&loaded.sources, d));
    for scenario in loaded.scenarios {
        let title = scenario.title();
        let snapshot = Snapshot::new(scenario);
        snapshot.errors().for_each(|d| report(&loaded.sources, d));
        let verification = verify(&snapshot);
        verification.problems.iter().for_each(|d| report(&loaded.sources, d));
        let failed = verification.checked.iter().filter(|c| c.outcome != Outcome::Held);
        failures.extend(failed.map(|c| format!("{title}: {} {}", c.id, c.differences.join("; "))));
    }
    problems.extend(failures);
    problems
}

fn every_fixture_of(format: &str, directory: &str) {
    let mut problems = Vec::new();
    for file in fixtures(directory) {
        let more = arguments(&file);
        let more: Vec<&str> = more.iter().map(String::as_str).collect();
        let (yaml, errors, code) = import(format, &file, &more);
        if code != Some(0) {
            problems.push(format!("{}: exit {code:?}\n{errors}", file.display()));
            continue;
        }
        let golden = file.with_extension("yaml");
        if std::env::var_os("PRIVREACH_UPDATE").is_some() {
            fs::write(&golden, &yaml).unwrap();
        }
        if fs::read_to_string(&golden).unwrap_or_default() != yaml {
            problems.push(format!(
                "{} is out of date; refresh it with PRIVREACH_UPDATE=1 cargo test --test import",
                golden.display()
            ));
        }
        problems.extend(evaluate(&golden));
        let expected = file.with_extension("expect.yaml");
        if expected.exists() {
            problems.extend(evaluate(&expected));
        }
        // A second run says the same, and what is not written is not read.
        assert_eq!(import(format, &file, &more).0, yaml);
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn exports_give_the_scenarios_beside_them() {
    every_fixture_of("azure", "azure");
}

#[test]
fn templates_give_the_scenarios_beside_them() {
    every_fixture_of("arm", "arm");
}

/// Thirteen designs as the platform's documentation describes them: what it says of each holds.
#[test]
fn documented_designs_come_out_as_documented() {
    every_fixture_of("arm", "designs");
    assert_eq!(fixtures("designs").len(), 13);
    assert!(fixtures("designs").iter().all(|f| f.with_extension("expect.yaml").exists()));
}

#[test]
fn secrets_never_reach_the_output() {
    let file = root().join("arm/flagship.json");
    for more in [
        &["--parameters", "flagship.parameters.json", "-v"][..],
        &["--parameters", "flagship.parameters.json", "--expect"],
    ] {
        let (yaml, errors, code) = import("arm", &file, more);
        assert_eq!(code, Some(0), "{errors}");
        assert!(!yaml.contains("S3CRET") && !errors.contains("S3CRET"));
    }
}

/// What is wrong with a plan, an export or parameters is told by its place: no line of them is shown, nor of what a lint
/// run over them finds.
#[test]
fn errors_show_no_line_of_what_may_hold_secrets() {
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let plan = file(
        "plan.json",
        "{\"format_version\": \"1.0\", \"planned_values\": {\"password\": \"S3CRET\", \"resources\": [",
    );
    let export = file("export.json", "[{\"id\": 7, \"key\": \"S3CRET\"}, nothing]");
    let template = file(
        "template.json",
        "{\"$schema\": \"https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#\",\n\"parameters\": \
         {\"count\": {\"type\": \"int\"}, \"key\": {\"type\": \"securestring\"}},\n\"resources\": []}",
    );
    let values = "{\"parameters\": {\"key\": {\"value\": \"S3CRET\"}, \"count\": {\"value\": \"S3CRET\"}}}";
    let values = file("values.json", values).display().to_string();
    let runs: [(&str, &Path, &[&str]); 4] = [
        ("terraform", &plan, &[]),
        ("azure", &export, &[]),
        ("arm", &template, &["--parameters", &values]),
        ("arm", &template, &["--parameter", "key=S3CRET", "--parameter", "count=S3CRET"]),
    ];
    for (format, path, more) in runs {
        let (yaml, errors, code) = import(format, path, more);
        assert_eq!(code, Some(2), "{errors}");
        assert!(errors.contains(":1:") && !errors.contains("S3CRET") && yaml.is_empty(), "{errors}");
    }
}

/// Bad templates: each file's first line says what the error has to contain.
#[test]
fn bad_templates_are_refused_with_a_place() {
    let directory = root().join("bad");
    let mut problems = Vec::new();
    let mut count = 0;
    let mut files: Vec<_> = fs::read_dir(directory).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    for file in files {
        count += 1;
        let text = fs::read_to_string(&file).unwrap();
        let expected: Vec<&str> = text.lines().next().unwrap().trim_start_matches("// ").split(" | ").collect();
        let (yaml, errors, code) = import("arm", &file, &[]);
        let told = expected.iter().all(|e| errors.contains(e));
        if code != Some(2) || !told || !yaml.is_empty() {
            problems.push(format!("{}: exit {code:?}, expected {expected:?}\n{errors}", file.display()));
        }
    }
    assert!(count > 5 && problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn a_baseline_holds_at_once() {
    let file = root().join("arm/flagship.json");
    let (text, errors, code) =
        import("arm", &file, &["--parameters", "flagship.parameters.json", "--expect", "--run", "check"]);
    // What is unknown today is asserted as unknown, so nothing is undecided that was not expected.
    assert_eq!(code, Some(0), "{text}{errors}");
    let (yaml, ..) = import("arm", &file, &["--parameters", "flagship.parameters.json", "--expect"]);
    assert!(yaml.contains("expectations:") && yaml.contains("via: private-endpoint"));
}

/// With `--run`, an answer points into the template.
#[test]
fn origins_point_into_the_template() {
    let file = root().join("arm/flagship.json");
    let more = [
        "--parameters",
        "flagship.parameters.json",
        "--run",
        "trace",
        "--from",
        "vm-app",
        "--to",
        "srch-contoso",
        "-v",
    ];
    let (text, errors, code) = import("arm", &file, &more);
    assert_eq!(code, Some(0), "{errors}");
    assert!(text.contains("private") && text.contains("flagship.json:"), "{text}");
}

/// A setting that the mapping does not read, and that could matter, is said; what has no part in reachability is not.
#[test]
fn settings_that_are_not_read_are_said() {
    let text = fs::read_to_string(root().join("azure/services.json")).unwrap();
    let import = |old: &str, new: &str| {
        assert!(text.contains(old), "{old}");
        let mut session = privreach::import::Session::default();
        session.azure("export.json", &text.replacen(old, new, 1));
        session.finish("x").unwrap()
    };
    let disabled = "\"publicNetworkAccess\": \"Disabled\"";
    for (old, new, said) in [
        (
            "\"addressSpace\": {",
            "\"encryption\": {\"enabled\": true, \"enforcement\": \"DropUnencrypted\"}, \"addressSpace\": {",
            Some("microsoft.network/virtualnetworks properties.encryption.enforcement"),
        ),
        (
            "\"addressPrefix\": \"10.1.2.0/24\"",
            "\"addressPrefix\": \"10.1.2.0/24\", \"futureFilter\": [\"x\"]",
            Some("microsoft.network/virtualnetworks/subnets properties.futureFilter"),
        ),
        (
            disabled,
            "\"publicNetworkAccess\": \"Disabled\", \"someFirewallMode\": \"Strict\"",
            Some("microsoft.storage/storageaccounts properties.someFirewallMode"),
        ),
        (disabled, "\"publicNetworkAccess\": \"Disabled\", \"minimumTlsVersion\": \"TLS1_2\"", None),
        ("\"addressSpace\": {", "\"enableDdosProtection\": true, \"addressSpace\": {", None),
        ("\"addressSpace\": {", "\"encryption\": {\"enabled\": false}, \"addressSpace\": {", None),
    ] {
        let imported = import(old, new);
        let found: Vec<&str> = imported.not_understood().iter().map(|n| n.kind.as_str()).collect();
        assert_eq!(found, said.into_iter().collect::<Vec<_>>(), "{new}");
    }
}
