//! What only a deployment tells is not taken as settled: each resource of each documented design is imported as it is,
//! left out, and under a condition that nobody knows, and each of its settings as it is, left out, and with a value that
//! nobody knows. Where it makes a difference whether it is there, a flow is `unknown` as long as that is not known.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::{
    flows::questions,
    import::{Inputs, Session},
    snapshot::Snapshot,
    trace::{Question, trace},
};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs, path::Path};

/// A condition that outputs of an earlier deployment decide.
const UNKNOWN: &str = "[equals(reference(resourceId('Microsoft.Resources/deployments', 'earlier'), '2022-09-01').outputs.choice.value, 'yes')]";

/// A value that only a deployment tells.
const LATER: &str =
    "[reference(resourceId('Microsoft.Resources/deployments', 'earlier'), '2022-09-01').outputs.choice.value]";

type Answers = BTreeMap<Question, String>;

/// The verdict of every flow of a template; nothing if it does not load.
fn answers(template: &Value) -> Option<Answers> {
    let mut session = Session::default();
    session.arm("template.json", &template.to_string(), &Inputs::default(), &|_| None);
    let mut imported = session.finish("design").ok()?;
    imported
        .accept_refusals(|l| l.scenarios.into_iter().next().map(|s| Snapshot::new(s).diagnostics).unwrap_or_default());
    let snapshot = Snapshot::new(imported.load().scenarios.into_iter().next()?);
    let answer = |q: &Question| trace(&snapshot.plane, q).map(|t| t.judgement.verdict.to_string()).ok();
    Some(questions(&snapshot.plane).into_iter().filter_map(|q| Some((q.clone(), answer(&q)?))).collect())
}

/// Pointers to the resources of a template, in a list or by symbolic names.
fn pointers(template: &Value) -> Vec<String> {
    match &template["resources"] {
        Value::Array(items) => (0..items.len()).map(|n| format!("/resources/{n}")).collect(),
        Value::Object(fields) => fields.keys().map(|name| format!("/resources/{name}")).collect(),
        other => panic!("{other}"),
    }
}

/// The template with a condition at one of its resources.
fn under(template: &Value, pointer: &str, condition: Value) -> Value {
    let mut changed = template.clone();
    changed.pointer_mut(pointer).unwrap()["condition"] = condition;
    changed
}

/// Whether two verdicts say different things. What refers to something that is gone may be unknown, and what is not supported stays so.
fn differ(one: &str, other: &str) -> bool {
    one != other && ![one, other].into_iter().any(|v| ["unknown", "unsupported"].contains(&v))
}

/// Flows of which the verdict is taken as settled though it hangs on the resource.
fn taken(present: &Answers, absent: &Answers, unknown: &Answers) -> Vec<String> {
    let hangs = present.iter().filter_map(|(q, there)| Some((q, there, absent.get(q)?, unknown.get(q)?)));
    let wrong = hangs.filter(|(_, there, gone, answer)| differ(there, gone) && answer.as_str() != "unknown");
    wrong
        .map(|(q, there, gone, answer)| format!("{} → {}:{}: {there} or {gone}, not {answer}", q.from, q.to, q.port))
        .collect()
}

/// Problems of one comparison, with how many flows hang on what was changed.
fn compared(label: &str, present: &Answers, absent: &Value, unknown: &Value) -> (Vec<String>, usize) {
    let Some(absent) = answers(absent) else { return (Vec::new(), 0) };
    let unknown = answers(unknown).unwrap_or_else(|| panic!("{label} does not load"));
    let hangs = present.iter().filter(|(q, there)| absent.get(q).is_some_and(|gone| differ(gone, there))).count();
    let taken = taken(present, &absent, &unknown);
    (taken.into_iter().map(|problem| format!("{label}: {problem}")).collect(), hangs)
}

/// The documented designs with their names and what they come to.
fn designs() -> Vec<(String, Value, Answers)> {
    let mut files: Vec<_> = fs::read_dir("tests/import/designs").unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "json"));
    files.sort();
    let read = |file: &Path| {
        let template: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        let present = answers(&template).expect("a design loads");
        (file.file_stem().unwrap().to_string_lossy().into_owned(), template, present)
    };
    files.iter().map(|f| read(f)).collect()
}

#[test]
fn what_hangs_on_an_unknown_resource_is_unknown() {
    let (mut problems, mut hanging) = (Vec::new(), 0);
    for (name, template, present) in designs() {
        for pointer in pointers(&template) {
            let resource = template.pointer(&pointer).unwrap();
            if resource.get("condition").is_some() || resource["existing"] == true {
                continue;
            }
            let label = format!("{name}: {} {}", resource["type"], resource["name"]);
            let under = |condition| under(&template, &pointer, condition);
            let (found, hangs) = compared(&label, &present, &under(json!(false)), &under(json!(UNKNOWN)));
            problems.extend(found);
            hanging += hangs;
        }
    }
    assert!(problems.is_empty(), "{} of {hanging}:\n{}", problems.len(), problems.join("\n"));
    assert!(hanging > 80, "{hanging}");
}

#[test]
fn what_hangs_on_an_unknown_setting_is_unknown() {
    let (mut problems, mut hanging) = (Vec::new(), 0);
    for (name, template, present) in designs() {
        for pointer in pointers(&template) {
            let resource = template.pointer(&pointer).unwrap();
            let settings: Vec<String> =
                resource["properties"].as_object().into_iter().flatten().map(|(k, _)| k.clone()).collect();
            for setting in settings {
                let label = format!("{name}: {} {} {setting}", resource["type"], resource["name"]);
                let mut absent = template.clone();
                let properties = format!("{pointer}/properties");
                absent.pointer_mut(&properties).unwrap().as_object_mut().unwrap().remove(&setting);
                let mut unknown = template.clone();
                unknown.pointer_mut(&properties).unwrap()[&setting] = json!(LATER);
                let (found, hangs) = compared(&label, &present, &absent, &unknown);
                problems.extend(found);
                hanging += hangs;
            }
        }
    }
    assert!(problems.is_empty(), "{} of {hanging}:\n{}", problems.len(), problems.join("\n"));
    assert!(hanging > 80, "{hanging}");
}
