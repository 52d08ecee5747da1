//! SARIF 2.1.0, with regions on the files that declared what is wrong.

use super::{Digest, Item, Level, Suite, printable};
use crate::report::Place;
use serde_json::{Value, json};
use std::fmt::Write;

pub(super) fn render(digest: &Digest) -> String {
    let codes: Vec<&str> = digest.codes.iter().map(|c| c.code).collect();
    let rules: Vec<Value> = digest
        .codes
        .iter()
        .map(|c| {
            let mut rule = json!({
                "id": c.code,
                "shortDescription": { "text": first_sentence(&c.meaning) },
                "fullDescription": { "text": printable(&c.meaning) },
            });
            if let (Some(rule), false) = (rule.as_object_mut(), c.name.is_empty()) {
                rule.insert("name".to_owned(), json!(c.name));
            }
            rule
        })
        .collect();
    let results: Vec<Value> = digest.findings().map(|(s, i)| result(s, i, &codes)).collect();
    let driver = json!({
        "name": "privreach",
        "semanticVersion": env!("CARGO_PKG_VERSION"),
        "rules": rules,
    });
    let log = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "automationDetails": { "id": format!("privreach/{}/", digest.command) },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    });
    super::json::pretty(&log)
}

fn result(suite: &Suite, item: &Item, codes: &[&str]) -> Value {
    let mut lines = vec![item.line()];
    lines.extend(item.details.iter().cloned());
    lines.extend(item.help.iter().map(|h| format!("To fix: {h}")));
    let lines: Vec<String> = lines.iter().map(|l| printable(l)).collect();
    let mut result = json!({
        "ruleId": item.code,
        "level": match item.level {
            Level::Error => "error",
            Level::Warning => "warning",
            Level::Info => "note",
        },
        "message": { "text": lines.join("\n") },
        "partialFingerprints": { "privreach/v1": printable(&format!("{}/{}/{}", suite.name, item.id, item.code)) },
    });
    if let Some(object) = result.as_object_mut() {
        if let Some(index) = codes.iter().position(|c| *c == item.code) {
            object.insert("ruleIndex".to_owned(), json!(index));
        }
        if let Some(place) = &item.place {
            object.insert("locations".to_owned(), json!([{ "physicalLocation": physical(place) }]));
        }
        let related: Vec<Value> = item
            .related
            .iter()
            .map(|(place, text)| json!({ "physicalLocation": physical(place), "message": { "text": printable(text) } }))
            .collect();
        if !related.is_empty() {
            object.insert("relatedLocations".to_owned(), json!(related));
        }
    }
    result
}

fn physical(place: &Place) -> Value {
    json!({
        "artifactLocation": { "uri": uri(&place.file) },
        "region": {
            "startLine": place.line,
            "startColumn": place.column,
            "endLine": place.end_line,
            "endColumn": place.end_column,
        },
    })
}

/// A file name as a URI reference.
fn uri(file: &str) -> String {
    let mut out = String::new();
    if file.starts_with('/') {
        out.push_str("file://");
    }
    for byte in file.replace('\\', "/").bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'.' | b'-' | b'_' | b'~' => out.push(char::from(byte)),
            _ => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

fn first_sentence(text: &str) -> String {
    let text = printable(text);
    text.split_once(". ").map_or(text.clone(), |(first, _)| format!("{first}."))
}
