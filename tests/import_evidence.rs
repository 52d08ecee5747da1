//! Effective routes and rules that Azure's own tools print, beside what the design comes to; and commands on imports.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::{fs, path::Path, process::Command};

const DESIGN: &str = "azure/services.json";

fn run(arguments: &[&str]) -> (String, String, i32) {
    let output = Command::new(env!("CARGO_BIN_EXE_privreach"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import"))
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (text(output.stdout), text(output.stderr), output.status.code().unwrap())
}

/// The evidence with texts replaced, in a file of its own.
fn changed(name: &str, replace: &[(&str, &str)]) -> tempfile::NamedTempFile {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/import/evidence").join(name);
    let text = replace.iter().fold(fs::read_to_string(path).unwrap(), |text, (old, new)| {
        assert!(text.contains(old), "{old}");
        text.replace(old, new)
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(&file, text).unwrap();
    file
}

#[test]
fn tables_of_the_design_and_of_the_platform_agree() {
    for (command, file) in [("routes", "evidence/routes.json"), ("rules", "evidence/rules.json")] {
        let (text, errors, code) = run(&[command, "azure/services.yaml", "--at", "vm-app", "--compare", file, "-v"]);
        assert_eq!(code, 0, "{text}{errors}");
        assert!(text.contains("as designed") && !text.contains("design "), "{text}");
    }
    // A public prefix that the platform keeps to itself is counted, and is no difference.
    let (text, ..) =
        run(&["routes", "azure/services.yaml", "--at", "vm-app", "--compare", "evidence/routes.json", "-v"]);
    assert!(text.contains("4 of 4") && text.contains("1 public prefix"), "{text}");
}

/// Each change of the evidence with what has to be said of it, both places among it.
#[test]
fn every_difference_is_said_with_both_places() {
    let cases: &[(&str, (&str, &str), &[&str])] = &[
        (
            "routes",
            ("VNetPeering", "VirtualAppliance"),
            &["differs    10.0.0.0/16", "VNetPeering (Default)", ":27", ":5"],
        ),
        (
            "routes",
            ("10.0.1.4", "10.0.1.5"),
            &["differs    0.0.0.0/0", "VirtualAppliance 10.0.1.5 (User)", ":69", ":7"],
        ),
        ("routes", ("10.1.2.5/32", "10.1.2.6/32"), &["missing    10.1.2.5/32", "unexpected 10.1.2.6/32"]),
        ("routes", ("\"25.148.0.0/15\"", "\"10.148.0.0/15\""), &["unexpected 10.148.0.0/15", "None (Default)"]),
        ("rules", ("443-443", "22-22"), &["differs    nsg-app Inbound https", "ports 443", "ports 22", ":45", ":8"]),
        ("rules", ("10.0.0.0/8", "10.0.0.0/9"), &["sources 10.0.0.0/8", "sources 10.0.0.0/9"]),
        ("rules", ("/rest", "/other"), &["missing    nsg-app Inbound rest", "unexpected nsg-app Inbound other"]),
        ("rules", ("\"Deny\"", "\"Allow\""), &["access Deny", "access Allow"]),
        // What a tag stands for is compared, too: a network that is peered in the deployment only.
        ("rules", ("\"10.1.0.0/16\"", "\"10.1.0.0/16\", \"10.9.0.0/16\""), &["AllowVnetInBound", "10.9.0.0/16"]),
    ];
    for (command, replace, said) in cases {
        let file = changed(&format!("{command}.json"), &[*replace]);
        let path = file.path().to_str().unwrap();
        let (text, errors, code) = run(&[command, "azure/services.yaml", "--at", "vm-app", "--compare", path]);
        assert_eq!(code, 1, "{replace:?} {text}{errors}");
        assert!(said.iter().all(|s| text.contains(s)), "{replace:?}: {said:?}\n{text}");
        let (json, ..) =
            run(&[command, "azure/services.yaml", "--at", "vm-app", "--compare", path, "--format", "json"]);
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert!(!json["result"]["differences"].as_array().unwrap().is_empty());
    }
}

/// What is contradicted by evidence is not answered as if it were not: flows of that machine are unknown, others stay.
#[test]
fn contradicted_machines_are_in_doubt() {
    let target = "stdata.blob.core.windows.net";
    let trace = |evidence: &str, from: &str| {
        let more = ["--evidence", evidence, "--run", "trace", "--from", from, "--to", target];
        run(&[&["import", "azure", DESIGN][..], &more[..]].concat()).0
    };
    assert!(trace("nic-app=evidence/routes.json", "vm-app").starts_with("private"));
    assert!(trace("evidence/rules.json", "vm-app").starts_with("private"));
    let drifted = changed("routes.json", &[("VNetPeering", "VirtualAppliance")]);
    let evidence = format!("nic-app={}", drifted.path().display());
    assert!(trace(&evidence, "vm-app").starts_with("unknown"));
    assert!(trace(&evidence, "vm-data").starts_with("private"));
    // Without a command, the scenario is written with the doubt in it, and the run fails.
    let (yaml, errors, code) = run(&["import", "azure", DESIGN, "--evidence", &evidence]);
    assert_eq!(code, 1);
    assert!(yaml.contains("affects: [vm-app]") && errors.contains("differs    10.0.0.0/16"), "{yaml}{errors}");
}

#[test]
fn evidence_that_cannot_be_used_is_refused_with_its_place() {
    let (_, errors, code) = run(&["import", "azure", DESIGN, "evidence/routes.json"]);
    let words = errors.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(code == 2 && errors.contains("routes.json:4:5") && words.contains("--evidence NAME=FILE"), "{errors}");
    let (_, errors, code) = run(&["import", "azure", DESIGN, "--evidence", "nic-nobody=evidence/routes.json"]);
    assert!(code == 2 && errors.contains("`nic-nobody`") && errors.contains("routes.json:4:5"), "{errors}");
    for (old, new, said) in
        [("\"nextHopType\": \"VnetLocal\", ", "", "`nextHopType`"), ("\"state\": \"Active\" },\n", "", "expected")]
    {
        let file = changed("routes.json", &[(old, new)]);
        let (_, errors, code) =
            run(&["routes", "azure/services.yaml", "--at", "vm-app", "--compare", file.path().to_str().unwrap()]);
        assert!(code == 2 && errors.contains(said) && errors.contains("-->"), "{errors}");
    }
    let (_, errors, code) =
        run(&["routes", "azure/services.yaml", "--at", "vm-app", "--compare", "azure/services.json"]);
    assert!(code == 2 && errors.contains("show-effective-route-table"), "{errors}");
}

/// Every format can be asked at once, without a file between.
#[test]
fn commands_run_on_imports_of_every_format() {
    let parameters = ["--parameters", "arm/flagship.parameters.json"];
    let imports: [(&[&str], &[&str]); 3] = [
        (&["import", "azure", DESIGN], &[]),
        (&["import", "arm", "arm/flagship.json"], &parameters),
        (&["import", "terraform", "terraform/foundry-hub.json"], &[]),
    ];
    for (import, more) in imports {
        let all = |run: &[&'static str]| [import, more, run].concat();
        let (text, errors, code) = run(&all(&["--run", "matrix", "--quiet"]));
        assert!(code == 0 && text.contains("private") && text.contains(" pairs"), "{import:?} {text}{errors}");
        let (csv, errors, code) = run(&all(&["--run", "matrix", "--format", "csv", "--quiet"]));
        assert!(code == 0 && csv.lines().count() > 2, "{import:?} {csv}{errors}");
        let (text, errors, code) = run(&all(&["--run", "lint", "--quiet"]));
        assert!(matches!(code, 0 | 1) && text.contains("in 1 scenario"), "{import:?} {text}{errors}");
        let (json, errors, _) = run(&all(&["--run", "lint", "--format", "json", "--quiet"]));
        assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok(), "{json}{errors}");
        let (text, errors, code) = run(&all(&["--expect", "--run", "check", "--quiet"]));
        assert!(code == 0 && text.contains("hold"), "{import:?} {text}{errors}");
        let (_, errors, code) = run(&all(&["--run", "matrix", "--from", "nobody-*", "--quiet"]));
        assert!(code == 2 && errors.contains("--from selects nothing"), "{errors}");
    }
}

/// A matrix of an estate with parts that are not modelled says what its traces say, pair by pair.
#[test]
fn a_doubted_matrix_is_traced() {
    let drifted = changed("routes.json", &[("VNetPeering", "VirtualAppliance")]);
    let evidence = format!("nic-app={}", drifted.path().display());
    let import = ["import", "azure", DESIGN, "--evidence", evidence.as_str(), "--quiet"];
    let (json, errors, code) = run(&[&import[..], &["--run", "matrix", "--format", "json"]].concat());
    assert_eq!(code, 0, "{errors}");
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let result = &json["result"];
    assert_eq!(result["delegated"], result["pairs"]);
    let members = |group: &serde_json::Value| -> Vec<String> {
        group["members"].as_array().unwrap().iter().map(|m| m.as_str().unwrap().to_owned()).collect()
    };
    let groups = result["client_groups"].as_array().unwrap();
    assert_eq!(groups.iter().map(members).collect::<Vec<_>>(), [["vm-app"], ["vm-data"], ["internet"]]);
    assert!(result["totals"]["unknown"].as_u64().unwrap() > 0 && result["totals"]["private"].as_u64().unwrap() > 0);
}
