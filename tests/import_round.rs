//! Round trips: what an import writes, and what this project describes by itself, comes to the same matrix when it is
//! read again.
//!
//! Every fixture is imported, written, loaded from the file and compared with the import as it was run directly. Every
//! scenario and every case of this project is made into an ARM template as far as the exporter here has words for it, and
//! has to come to its own verdicts with the rest laid over it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

#[path = "round/export.rs"]
mod export;
#[path = "judge/families/mod.rs"]
mod families;
#[path = "round/network.rs"]
mod network;
#[path = "round/security.rs"]
mod security;
#[path = "round/services.rs"]
mod services;

use privreach::{
    diag::Severity,
    document::{Node, Value as Written},
    flows::questions,
    import::{Imported, Inputs, Session},
    scenario::{Loaded, load_file, load_text},
    snapshot::Snapshot,
    trace::{Question, trace},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// Verdict, path and reasons of every flow of an estate.
type Answers = BTreeMap<Question, String>;

fn answers(snapshot: &Snapshot) -> Answers {
    let answer = |question: &Question| match trace(&snapshot.plane, question) {
        Ok(t) => {
            let mut reasons: Vec<String> = t.judgement.reasons.iter().map(ToString::to_string).collect();
            reasons.sort();
            reasons.dedup();
            let via = t.judgement.via.map(|v| v.to_string()).unwrap_or_default();
            format!("{} {via} {}", t.judgement.verdict, reasons.join(" "))
        }
        Err(error) => format!("{error:?}"),
    };
    questions(&snapshot.plane).into_iter().map(|q| (q.clone(), answer(&q))).collect()
}

/// The snapshot of what was loaded, or what is wrong with it.
fn snapshot(loaded: Loaded) -> Result<Snapshot, String> {
    let said = |problems: &[privreach::diag::Diagnostic]| {
        let errors = problems.iter().filter(|d| d.severity == Severity::Error);
        errors.map(|d| format!("{} {}", d.code, d.message)).collect::<Vec<_>>().join("; ")
    };
    let wrong = said(&loaded.diagnostics);
    let Some(scenario) = loaded.scenarios.into_iter().next().filter(|_| wrong.is_empty()) else { return Err(wrong) };
    let snapshot = Snapshot::new(scenario);
    if snapshot.is_usable() { Ok(snapshot) } else { Err(said(&snapshot.diagnostics)) }
}

/// Flows that are answered otherwise, or on one side only.
fn differences(here: &Answers, there: &Answers) -> Vec<String> {
    let all: std::collections::BTreeSet<&Question> = here.keys().chain(there.keys()).collect();
    let differ = all.into_iter().filter(|q| here.get(q) != there.get(q));
    let none = "not asked".to_owned();
    let show = |side: &Answers, q: &Question| side.get(q).unwrap_or(&none).clone();
    differ
        .map(|q| format!("{} → {}:{} {}: {} / {}", q.from, q.to, q.port, q.transport, show(here, q), show(there, q)))
        .collect()
}

fn settled(session: Session) -> Imported {
    let mut imported = session.finish("imported").unwrap_or_else(|(_, problems)| panic!("{problems:?}"));
    imported
        .accept_refusals(|l| l.scenarios.into_iter().next().map(|s| Snapshot::new(s).diagnostics).unwrap_or_default());
    imported
}

fn json_files(directory: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|e| e.unwrap().path()).collect();
    found.retain(|p| p.extension().is_some_and(|e| e == "json") && !p.to_string_lossy().contains(".parameters."));
    found.sort();
    found
}

/// The fixture as it is imported.
fn imported(format: &str, path: &Path) -> Imported {
    let text = fs::read_to_string(path).unwrap();
    let mut session = Session::default();
    match format {
        "azure" => session.azure("fixture.json", &text),
        "terraform" => session.terraform("fixture.json", &text),
        _ => {
            let mut inputs = Inputs::default();
            let parameters = path.with_extension("parameters.json");
            if let Ok(text) = fs::read_to_string(&parameters) {
                inputs.parameter_files.push(("parameters.json".to_owned(), text));
            }
            session.arm("fixture.json", &text, &inputs, &|_| None);
        }
    }
    settled(session)
}

#[test]
fn what_an_import_writes_comes_to_the_matrix_of_the_import() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("imported.yaml");
    let (mut problems, mut flows) = (Vec::new(), 0);
    for (format, under) in [("arm", "arm"), ("arm", "designs"), ("azure", "azure"), ("terraform", "terraform")] {
        for path in json_files(&format!("tests/import/{under}")) {
            let imported = imported(format, &path);
            fs::write(&file, imported.yaml()).unwrap();
            let direct = answers(&snapshot(imported.load()).unwrap());
            let written = answers(&snapshot(load_file(&file, None)).unwrap());
            flows += direct.len();
            problems.extend(differences(&direct, &written).iter().map(|d| format!("{}: {d}", path.display())));
        }
    }
    assert!(problems.is_empty(), "{} of {flows}:\n{}", problems.len(), problems.join("\n"));
    assert!(flows > 2000, "{flows}");
}

/// A document as JSON.
fn as_json(node: &Node) -> Value {
    match &node.value {
        Written::Null => Value::Null,
        Written::Bool(flag) => (*flag).into(),
        Written::Text { text, number: true } => text.parse::<i64>().map_or_else(|_| text.as_str().into(), Into::into),
        Written::Text { text, .. } => text.as_str().into(),
        Written::Sequence(items) => items.iter().map(as_json).collect(),
        Written::Mapping(map) => Value::Object(map.0.iter().map(|(k, _, v)| (k.clone(), as_json(v))).collect()),
    }
}

fn yaml_files(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.extension().is_some_and(|e| e == "yaml") {
            true => found.push(path),
            false if path.is_dir() => yaml_files(&path, found),
            false => {}
        }
    }
    found.sort();
}

/// An estate of this project as it comes back from a template: what differs, and how many records went into the template.
fn round_trip(scenario: privreach::scenario::Scenario, directory: &Path) -> Option<(Vec<String>, usize, usize)> {
    let document = (*scenario.document).clone();
    let scenario_file = scenario.file.clone();
    let original = Snapshot::new(scenario);
    if !original.is_usable() || !original.diagnostics.iter().all(|d| d.severity != Severity::Error) {
        return None;
    }
    let estate = as_json(&Node { value: Written::Mapping(document), span: privreach::diag::Span::default() });
    let mut estate = estate.as_object().unwrap().clone();
    for key in ["name", "description", "expectations", "variants", "expected_diagnostics"] {
        estate.remove(key);
    }
    if let Some(file) = estate.get_mut("service_tags_file") {
        let beside = Path::new(&scenario_file).parent().unwrap().canonicalize().unwrap();
        *file = beside.join(file.as_str().unwrap()).to_string_lossy().into();
    }
    let (template, mut rest, records) = export::export(estate);
    if records == 0 {
        return None;
    }
    let mut inputs = Inputs::default();
    inputs.settings.subscription = "00000000-0000-0000-0000-000000000001".into();
    inputs.settings.group = "rg".into();
    inputs.settings.location = "westeurope".into();
    let mut session = Session::default();
    session.arm("template.json", &serde_json::to_string_pretty(&template).unwrap(), &inputs, &|_| None);
    let imported = settled(session);
    if std::env::var_os("PRIVREACH_SHOW").is_some() {
        println!("{}\n# over it\n{}", imported.yaml(), json!({ "patch": rest }));
    }
    let yaml = imported.yaml();
    fs::write(directory.join("imported.yaml"), &yaml).unwrap();
    // Where a template is deployed is told with it, so an estate that does not say where it is takes that away again.
    if yaml.contains("\nlocation:") {
        rest.entry("location").or_insert(Value::Null);
    }
    let file = directory.join("back.yaml");
    fs::write(&file, json!({ "extends": "imported.yaml", "patch": rest }).to_string()).unwrap();
    let here = answers(&original);
    let mut problems: Vec<String> =
        imported.not_understood().iter().map(|n| format!("{} {}: {}", n.kind, n.name, n.why)).collect();
    match snapshot(load_file(&file, None)) {
        Ok(back) => problems.extend(differences(&here, &answers(&back))),
        Err(why) => problems.push(format!("it does not load: {why}")),
    }
    Some((problems, here.len(), records))
}

#[test]
fn estates_of_this_project_come_back_from_their_templates() {
    let only = std::env::var("PRIVREACH_CASE").unwrap_or_default();
    let directory = tempfile::tempdir().unwrap();
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    yaml_files(Path::new("scenarios"), &mut files);
    yaml_files(Path::new("tests/cases"), &mut files);
    let (mut estates, mut flows, mut records) = (0, 0, 0);
    for file in files.iter().filter(|f| f.to_string_lossy().contains(&only)) {
        let Some(scenario) = load_file(file, None).scenarios.into_iter().next() else { continue };
        let Some((found, asked, exported)) = round_trip(scenario, directory.path()) else { continue };
        (estates, flows, records) = (estates + 1, flows + asked, records + exported);
        problems.extend(found.into_iter().map(|p| format!("{}: {p}", file.display())));
    }
    println!("{estates} estates, {records} records, {flows} flows");
    assert!(problems.is_empty(), "{} of {flows}:\n{}", problems.len(), problems.join("\n"));
    assert!(!only.is_empty() || (estates > 150 && records > 1500 && flows > 5000), "{estates} {records} {flows}");
}

/// Random estates of every family, `PRIVREACH_SEEDS` of each.
#[test]
fn random_estates_come_back_from_their_templates() {
    let seeds: u64 = std::env::var("PRIVREACH_SEEDS").ok().and_then(|s| s.parse().ok()).unwrap_or(5);
    let only = std::env::var("PRIVREACH_CASE").unwrap_or_default();
    let directory = tempfile::tempdir().unwrap();
    let (mut problems, mut estates, mut flows, mut records) = (Vec::new(), 0, 0, 0);
    for family in families::ALL.iter() {
        for seed in 0..seeds {
            let title = format!("{} {seed}", family.name);
            if !title.contains(&only) {
                continue;
            }
            let text = (family.text)(seed);
            let scenario = load_text(&format!("{title}.yaml"), &text).scenarios.into_iter().next().unwrap();
            let Some((found, asked, exported)) = round_trip(scenario, directory.path()) else { continue };
            (estates, flows, records) = (estates + 1, flows + asked, records + exported);
            problems.extend(found.into_iter().map(|p| format!("{title}: {p}")));
        }
    }
    println!("{estates} random estates, {records} records, {flows} flows");
    assert!(problems.is_empty(), "{} of {flows}:\n{}", problems.len(), problems.join("\n"));
    assert!(!only.is_empty() || (estates > 50 && records > 1000 && flows > 4000), "{estates} {records} {flows}");
}

/// One design as a template and as a plan.
#[test]
fn formats_of_one_design_agree() {
    let of = |format, path: &str| answers(&snapshot(imported(format, Path::new(path)).load()).unwrap());
    let template = of("arm", "tests/import/designs/secured-hub.json");
    let plan = of("terraform", "tests/import/terraform/secured-hub.json");
    assert!(template.len() > 15, "{}", template.len());
    assert_eq!(differences(&template, &plan), Vec::<String>::new());
}
