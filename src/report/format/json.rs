//! JSON, with a version that changes when a field changes its meaning or goes away.

use crate::report::{self, Report};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt::Write;

/// Version of the JSON output.
const VERSION: u32 = 1;

/// Gives the schema of a report, once the types it needs are defined.
type Schema = fn(&mut SchemaGenerator) -> schemars::Schema;

/// Every report that is written as JSON: the command, and its type in the schema.
pub const REPORTS: &[(&str, Schema)] = &[
    (report::CheckReport::COMMAND, schema::<report::CheckReport>),
    (report::LintReport::COMMAND, schema::<report::LintReport>),
    (report::DiffReport::COMMAND, schema::<report::DiffReport>),
    (report::FixReport::COMMAND, schema::<report::FixReport>),
    (report::FixFileReport::COMMAND, schema::<report::FixFileReport>),
    (report::ImpactReport::COMMAND, schema::<report::ImpactReport>),
    ("trace", schema::<report::TraceReport>),
    ("resolve", schema::<report::ResolveReport>),
    ("resolve-live", schema::<report::LiveReport>),
    ("routes", schema::<report::RoutesReport>),
    ("rules", schema::<report::RulesReport>),
    ("evidence", schema::<report::EvidenceReport>),
    ("matrix", schema::<report::MatrixReport>),
    (report::UnusableReport::COMMAND, schema::<report::UnusableReport>),
];

fn schema<R: JsonSchema>(generator: &mut SchemaGenerator) -> schemars::Schema {
    generator.subschema_for::<R>()
}

/// A report as JSON text.
#[must_use]
pub fn to_json<R: Serialize>(command: &str, report: &R) -> String {
    pretty(&json!({ "version": VERSION, "command": command, "result": report }))
}

/// Indented JSON. Control characters of the second block, and characters that reorder text, are escaped too.
pub(super) fn pretty(value: &Value) -> String {
    let text = serde_json::to_string_pretty(value).unwrap_or_else(|error| format!("{{\"error\": \"{error}\"}}"));
    let mut out = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if c == '\n' || crate::diag::is_printable(c) {
            out.push(c);
        } else {
            let _ = write!(out, "\\u{:04x}", u32::from(c));
        }
    }
    out.push('\n');
    out
}

/// The JSON Schema of all JSON output.
#[must_use]
pub fn json_schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let commands: Vec<Value> = REPORTS
        .iter()
        .map(|(command, schema)| {
            json!({
                "properties": {
                    "version": { "const": VERSION },
                    "command": { "const": command },
                    "result": schema(&mut generator),
                },
                "required": ["version", "command", "result"],
                "additionalProperties": false,
            })
        })
        .collect();
    let definitions = generator.take_definitions(true);
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Output of privreach --format json",
        "type": "object",
        "oneOf": commands,
        "$defs": definitions,
    })
}

/// The reference page of the JSON output.
#[must_use]
pub fn json_reference() -> String {
    let schema = json_schema();
    let mut out = format!(
        "# JSON output\n\nGenerated from the program's types; a test keeps it true, and another validates real output against it. \
         `privreach schema output` prints the same as JSON Schema.\n\n\
         Every document is an object with three keys: `version` ({VERSION}; it changes when a field changes its meaning or goes \
         away, not when one is added), `command`, and `result`:\n\n| command | `result` |\n|---|---|\n"
    );
    let commands = schema.get("oneOf").and_then(Value::as_array).cloned().unwrap_or_default();
    for command in &commands {
        let of = |key: &str| command.pointer(key).and_then(Value::as_str).unwrap_or_default();
        let name = of("/properties/result/$ref").rsplit('/').next().unwrap_or_default();
        let _ = writeln!(out, "| `{}` | [{name}](#{}) |", of("/properties/command/const"), name.to_lowercase());
    }
    let definitions = schema.get("$defs").and_then(Value::as_object).cloned().unwrap_or_default();
    for (name, definition) in &definitions {
        let text = |v: &Value| v.get("description").and_then(Value::as_str).unwrap_or_default().replace('\n', " ");
        let _ = writeln!(out, "\n## {name}\n\n{}\n\n| key | value | meaning |\n|---|---|---|", text(definition));
        let required: Vec<&str> = definition
            .get("required")
            .and_then(Value::as_array)
            .map(|r| r.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let properties = definition.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        for (key, property) in &properties {
            let maybe = if required.contains(&key.as_str()) { "" } else { ", may be absent" };
            let _ = writeln!(out, "| `{key}` | {}{maybe} | {} |", value_type(property), text(property));
        }
    }
    out
}

/// A type in words.
fn value_type(schema: &Value) -> String {
    let link = |reference: &str| {
        let name = reference.rsplit('/').next().unwrap_or_default();
        format!("[{name}](#{})", name.to_lowercase())
    };
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        return link(reference);
    }
    if let Some(options) = schema.get("anyOf").and_then(Value::as_array) {
        return options.iter().map(value_type).collect::<Vec<_>>().join(" or ");
    }
    if let Some(parts) = schema.get("prefixItems").and_then(Value::as_array) {
        return format!("array of {}", parts.iter().map(value_type).collect::<Vec<_>>().join(" and "));
    }
    match schema.get("type") {
        Some(Value::String(kind)) if kind == "array" => {
            format!("array of {}", schema.get("items").map_or("anything".to_owned(), value_type))
        }
        Some(Value::String(kind)) => kind.clone(),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" or "),
        _ => "anything".to_owned(),
    }
}
