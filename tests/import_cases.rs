//! Settings that decide about a flow: each case changes one value of a design, and the flow has to follow.
//!
//! A file of `tests/import/cases` holds the resources of a design, with `~` for the resource group in ids, and cases. A
//! case sets values (`resource/path/to/key`), names a flow, and says what comes of it: its verdict, what the import says or
//! assumes, or what it writes. Files of `azure` are read as an export and as a template unless a case names one of them. Files of
//! `templates` are read as templates: a case has what stands beside the resources (`template`), and resources as they are
//! written (`add`). An export may be read twice (`again`), and another beside what is read (`with`).
//!
//! A file of `tests/import/whole` is an input by itself; its `metadata` says how it is read and what comes of its flows.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use privreach::{
    import::{Count, Imported, Inputs, Session},
    net::Transport,
    snapshot::Snapshot,
    trace::{Question, trace},
};
use serde_json::{Map, Value, json};
use std::{fs, path::PathBuf};

#[path = "import_cases/plan.rs"]
mod plan;

const GROUP: &str = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg";

/// `~` in front of an id stands for the resource group.
fn expanded(value: &Value) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix('~') {
            Some(rest) => Value::String(format!("{GROUP}/providers{rest}")),
            None => value.clone(),
        },
        Value::Array(items) => Value::Array(items.iter().map(expanded).collect()),
        Value::Object(fields) => Value::Object(fields.iter().map(|(k, v)| (k.clone(), expanded(v))).collect()),
        plain => plain.clone(),
    }
}

/// Type and names of `Microsoft.X/a/NAME/b/NAME`.
fn parts(key: &str) -> (String, Vec<&str>) {
    let words: Vec<&str> = key.split('/').collect();
    let mut kind = words[0].to_owned();
    words[1..].iter().step_by(2).for_each(|w| kind.push_str(&format!("/{w}")));
    (kind, words[2..].iter().step_by(2).copied().collect())
}

fn document(format: &str, resources: &Map<String, Value>, case: &Value) -> Value {
    if format == "terraform" {
        let bodies = resources.iter().map(|(key, body)| (key.clone(), expanded(body).as_object().unwrap().clone()));
        let mut plan = plan::document(bodies);
        let variables = case["variables"].as_object().into_iter().flatten();
        plan["variables"] = variables.map(|(k, v)| (k.clone(), json!({ "value": v }))).collect::<Map<_, _>>().into();
        return plan;
    }
    let list = resources.iter().map(|(key, body)| {
        let mut body = expanded(body);
        let fields = body.as_object_mut().unwrap();
        let (kind, names) = parts(key);
        fields.entry("location").or_insert("westeurope".into());
        fields.insert("type".into(), kind.into());
        match format {
            "azure" => {
                fields.insert("id".into(), format!("{GROUP}/providers/{key}").into());
                fields.insert("name".into(), (*names.last().unwrap()).into());
            }
            _ => {
                fields.entry("apiVersion").or_insert("2024-05-01".into());
                fields.insert("name".into(), names.join("/").into());
            }
        }
        body
    });
    let list: Vec<Value> = list.collect();
    match format {
        "azure" => json!({ "data": list }),
        _ => {
            let list: Vec<Value> =
                list.into_iter().chain(case["add"].as_array().cloned().unwrap_or_default()).collect();
            let mut template = json!({"contentVersion": "1.0.0.0", "resources": list,
                "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"});
            template.as_object_mut().unwrap().extend(case["template"].as_object().cloned().unwrap_or_default());
            template
        }
    }
}

/// Sets the value at a path below a resource, making what is missing on the way; `null` takes it away.
fn set(resources: &mut Map<String, Value>, key: &str, value: &Value) {
    let resource = resources.keys().filter(|k| key.starts_with(k.as_str())).max_by_key(|k| k.len()).cloned();
    let Some(resource) = resource.filter(|r| key != r) else {
        match value {
            Value::Null => drop(resources.remove(key).unwrap_or_else(|| panic!("there is no {key}"))),
            _ => drop(resources.insert(key.to_owned(), value.clone())),
        }
        return;
    };
    let rest = &key[resource.len()..];
    if !rest.starts_with('.') {
        resources.insert(key.to_owned(), value.clone());
        return;
    }
    let mut here = &mut resources[&resource];
    let words: Vec<&str> = rest[1..].split('.').collect();
    let (last, before) = words.split_last().unwrap();
    for word in before {
        here = match word.parse::<usize>() {
            Ok(number) => &mut here[number],
            Err(_) => here.as_object_mut().unwrap().entry(*word).or_insert_with(|| json!({})),
        };
    }
    match (value, last.parse::<usize>()) {
        (_, Ok(number)) => here.as_array_mut().unwrap().insert(number, value.clone()),
        (Value::Null, _) => drop(here.as_object_mut().unwrap().remove(*last).unwrap_or_else(|| panic!("no {key}"))),
        _ => drop(here.as_object_mut().unwrap().insert((*last).to_owned(), value.clone())),
    }
}

fn import(format: &str, resources: &Map<String, Value>, case: &Value) -> Imported {
    read(format, &document(format, resources, case).to_string(), case)
}

fn read(format: &str, text: &str, case: &Value) -> Imported {
    let mut session = Session::default();
    match format {
        "terraform" => session.terraform("plan.json", text),
        "azure" => session.azure("export.json", text),
        _ => {
            let mut inputs = Inputs::default();
            inputs.settings.subscription = "00000000-0000-0000-0000-000000000001".into();
            inputs.settings.group = "rg".into();
            inputs.settings.location = "westeurope".into();
            session.arm("template.json", text, &inputs, &|_| None);
        }
    }
    if case["again"] == true {
        session.azure("again.json", text);
    }
    if case["with"].is_array() {
        session.azure("with.json", &json!({ "data": expanded(&case["with"]) }).to_string());
    }
    let mut imported = session.finish("case").unwrap_or_else(|(_, problems)| panic!("{problems:?}"));
    imported
        .accept_refusals(|l| l.scenarios.into_iter().next().map(|s| Snapshot::new(s).diagnostics).unwrap_or_default());
    imported
}

/// The verdict of `FROM -> TO:PORT`, with its reasons.
fn verdict(imported: &Imported, flow: &str) -> String {
    let loaded = imported.load();
    let snapshot = Snapshot::new(loaded.scenarios.into_iter().next().expect("it loads"));
    let errors: Vec<_> = snapshot.errors().map(|d| d.message.clone()).collect();
    assert!(errors.is_empty(), "{errors:?}\n{}", imported.yaml());
    let (from, to) = flow.split_once(" -> ").unwrap();
    let (to, port) = to.split_once(':').unwrap_or((to, "443"));
    let port = port.parse().unwrap();
    match trace(&snapshot.plane, &Question { from: from.into(), to: to.into(), port, transport: Transport::Tcp }) {
        Ok(t) => {
            let reasons: Vec<String> = t.judgement.reasons.iter().map(|r| r.to_string()).collect();
            format!("{} {}", t.judgement.verdict, reasons.join(" ")).trim().to_owned()
        }
        Err(error) => format!("error {error:?}"),
    }
}

/// What was found, where a case says something else.
fn differences(format: &str, resources: &Map<String, Value>, case: &Value) -> Vec<String> {
    let imported = import(format, resources, case);
    let mut found = Vec::new();
    for (flow, expected) in case["flows"].as_object().into_iter().flatten() {
        let actual = verdict(&imported, flow);
        let expected = expected.as_str().unwrap();
        if actual != expected && actual.split(' ').next() != Some(expected) {
            found.push(format!("{flow}: {actual}, not {expected}"));
        }
    }
    if std::env::var_os("PRIVREACH_SHOW").is_some() {
        println!("{}", imported.yaml());
    }
    let said: Vec<String> =
        imported.not_understood().iter().map(|n| format!("{} {}: {}", n.kind, n.name, n.why)).collect();
    if let Some(says) = case["says"].as_str()
        && !said.iter().any(|s| s.contains(says))
    {
        found.push(format!("it does not say `{says}` but {said:?}"));
    }
    if case["silent"] == true && !said.is_empty() {
        found.push(format!("it says {said:?}"));
    }
    if let Some(assumes) = case["assumes"].as_str()
        && !imported.assumptions().iter().any(|a| a.contains(assumes))
    {
        found.push(format!("it does not assume `{assumes}` but {:?}", imported.assumptions()));
    }
    if let Some(never) = case["never"].as_str()
        && let Some(said) = said.iter().find(|s| s.contains(never))
    {
        found.push(format!("it says `{said}`"));
    }
    if let Some(counts) = case["counts"].as_array() {
        let shares = imported.shares();
        let sum = |of: fn(&Count) -> usize| json!(shares.iter().map(|(_, c)| of(c)).sum::<usize>());
        let actual = [sum(|c| c.understood), sum(|c| c.beside), sum(|c| c.not_understood)];
        if *counts != actual {
            found.push(format!("it counts {actual:?}"));
        }
    }
    if let Some(hides) = case["hides"].as_str()
        && (imported.yaml().contains(hides) || said.iter().any(|s| s.contains(hides)))
    {
        found.push(format!("it shows `{hides}`:\n{}", imported.yaml()));
    }
    if let Some(writes) = case["writes"].as_str()
        && !imported.yaml().contains(writes)
    {
        found.push(format!("it does not write `{writes}`:\n{}", imported.yaml()));
    }
    if let Some(without) = case["without"].as_str()
        && imported.yaml().contains(without)
    {
        found.push(format!("it writes `{without}`:\n{}", imported.yaml()));
    }
    found
}

/// Inputs of which something is not known: what could change a flow is in doubt, however far from it.
#[test]
fn whole_inputs_give_their_verdicts() {
    let mut files: Vec<PathBuf> = fs::read_dir("tests/import/whole").unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let mut problems = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let all: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let imported = read(all["metadata"]["format"].as_str().unwrap(), &text, &Value::Null);
        for (flow, expected) in all["metadata"]["flows"].as_object().unwrap() {
            let actual = verdict(&imported, flow);
            if actual.split(' ').next() != expected.as_str() {
                problems.push(format!("{}: {flow}: {actual}, not {expected}", file.display()));
            }
        }
    }
    assert!(problems.is_empty(), "{} of {} fail:\n{}", problems.len(), files.len(), problems.join("\n"));
    assert!(files.len() > 20);
}

#[test]
fn settings_that_decide_are_read_or_doubted() {
    let only = std::env::var("PRIVREACH_CASE").unwrap_or_default();
    let mut files: Vec<PathBuf> = fs::read_dir("tests/import/cases").unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let (mut problems, mut count) = (Vec::new(), 0);
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).unwrap();
        let all: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        let resources = all["resources"].as_object().unwrap();
        for case in all["cases"].as_array().unwrap() {
            let title = format!("{name}: {}", case["name"].as_str().unwrap());
            if !title.contains(&only) {
                continue;
            }
            let formats = match (name.split('-').next(), case["format"].as_str()) {
                (_, Some(one)) => vec![one],
                (Some("terraform"), None) => vec!["terraform"],
                (Some("templates"), None) => vec!["arm"],
                _ => vec!["azure", "arm"],
            };
            for format in formats {
                count += 1;
                let mut changed = resources.clone();
                for (key, value) in case["set"].as_object().into_iter().flatten() {
                    set(&mut changed, key, value);
                }
                let found = differences(format, &changed, case);
                problems.extend(found.into_iter().map(|f| format!("{title} ({format}): {f}")));
            }
        }
    }
    assert!(problems.is_empty(), "{} of {count} fail:\n{}", problems.len(), problems.join("\n"));
    assert!(count > 20 || !only.is_empty());
}
