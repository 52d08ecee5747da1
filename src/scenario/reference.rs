//! The JSON Schema and the reference page of the format, generated from the records that decode it.

use super::{LintIgnore, ScenarioKeys};
use crate::{
    azure::model::Estate,
    document::{Decode, FieldInfo, LINT_IGNORE, Shape, TypeInfo},
};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, fmt::Write};

/// All records reachable from a shape, by name.
fn collect(shape: Shape, found: &mut BTreeMap<&'static str, TypeInfo>, order: &mut Vec<&'static str>) {
    match shape {
        Shape::List(of) | Shape::Map(of) | Shape::TextOr(of) => collect(of(), found, order),
        Shape::Record(info) => {
            let info = info();
            if found.insert(info.name, info).is_none() {
                order.push(info.name);
                for field in (info.fields)() {
                    collect(field.shape, found, order);
                }
            }
        }
        _ => {}
    }
}

fn records() -> (BTreeMap<&'static str, TypeInfo>, Vec<&'static str>) {
    let (mut found, mut order) = (BTreeMap::new(), Vec::new());
    collect(ScenarioKeys::shape(), &mut found, &mut order);
    collect(Estate::shape(), &mut found, &mut order);
    collect(LintIgnore::shape(), &mut found, &mut order);
    (found, order)
}

/// The JSON Schema (draft 2020-12) of scenario files.
#[must_use]
pub fn json_schema() -> Value {
    let (found, _) = records();
    let mut defs = Map::new();
    for (name, info) in &found {
        let mut schema = object(info.doc, &(info.fields)());
        let plain = ["ScenarioKeys", "Estate", "Variant", "LintIgnore"].contains(name);
        if let (false, Some(Value::Object(properties))) = (plain, schema.get_mut("properties")) {
            let text = "Lint findings that are accepted here.";
            let list = json!({ "type": "array", "items": { "$ref": "#/$defs/LintIgnore" }, "description": text });
            properties.insert(LINT_IGNORE.to_owned(), list);
        }
        defs.insert((*name).to_owned(), schema);
    }
    let mut fields: Vec<FieldInfo> = Vec::new();
    for root in [ScenarioKeys::shape(), Estate::shape()] {
        if let Shape::Record(info) = root {
            fields.extend((info().fields)());
        }
    }
    let mut schema = object("A privreach scenario: an estate with expectations.", &fields);
    if let Value::Object(map) = &mut schema {
        map.insert("$schema".into(), json!("https://json-schema.org/draft/2020-12/schema"));
        map.insert("title".into(), json!("privreach scenario"));
        map.insert("$defs".into(), Value::Object(defs));
    }
    schema
}

fn object(doc: &str, fields: &[FieldInfo]) -> Value {
    let mut properties = Map::new();
    for field in fields {
        let mut schema = of_shape(field.shape);
        if let Value::Object(map) = &mut schema {
            map.insert("description".into(), json!(tidy(field.doc)));
        }
        properties.insert(field.key.to_owned(), schema);
    }
    let required: Vec<_> = fields.iter().filter(|f| f.required).map(|f| f.key).collect();
    json!({ "type": ["object", "null"], "description": tidy(doc), "properties": properties, "required": required, "additionalProperties": false })
}

fn of_shape(shape: Shape) -> Value {
    match shape {
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Number(max) => json!({ "type": "integer", "minimum": 0, "maximum": max }),
        Shape::Text("mapping") => json!({ "type": "object" }),
        Shape::Text(_) => json!({ "type": "string" }),
        Shape::TextOrNumber(_) => json!({ "type": ["string", "number"] }),
        Shape::Choice(words) => json!({ "type": "string", "anyOf": [{ "enum": words }, { "pattern": "^.+$" }] }),
        Shape::TextOr(of) => {
            let one = json!({ "anyOf": [{ "type": ["string", "number"] }, of_shape(of())] });
            json!({ "anyOf": [{ "type": ["string", "number"] }, of_shape(of()), { "type": "array", "items": one }] })
        }
        Shape::List(of) => json!({ "type": ["array", "string"], "items": of_shape(of()) }),
        Shape::Map(of) => json!({ "type": ["object", "null"], "additionalProperties": of_shape(of()) }),
        Shape::Record(info) => json!({ "$ref": format!("#/$defs/{}", info().name) }),
    }
}

fn words(shape: Shape) -> String {
    match shape {
        Shape::Bool => "true or false".to_owned(),
        Shape::Number(_) => "number".to_owned(),
        Shape::Text(form) | Shape::TextOrNumber(form) => form.to_owned(),
        Shape::Choice(words) => words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", "),
        Shape::TextOr(of) => format!("text, {}, or a list of them", words(of())),
        Shape::List(of) => format!("list of {}", words(of())),
        Shape::Map(of) => format!("by name: {}", words(of())),
        Shape::Record(info) => {
            let name = info().name;
            format!("[{name}](#{})", name.to_lowercase())
        }
    }
}

fn tidy(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The reference page in Markdown.
#[must_use]
pub fn reference_page() -> String {
    let (found, order) = records();
    let mut page = String::from(
        "# Scenario format\n\nGenerated from the records that read the files; a test keeps it true. Keys are spelled as in the azurerm \
         Terraform provider where it has a word. Enumerations are read without regard to case. An unknown key is an error.\n\n\
         A scenario file is one mapping with the keys of [ScenarioKeys](#scenariokeys) and of [Estate](#estate) side by side. \
         Subnets are referred to as `vnet/subnet`, everything else by its name. Any record of the estate, and any expectation, may hold \
         `lint_ignore`: a list of [LintIgnore](#lintignore).\n",
    );
    for name in order {
        let Some(info) = found.get(name) else { continue };
        let _ = write!(
            page,
            "\n## {name}\n\n{}\n\n| key | value | required or default | meaning |\n|---|---|---|---|\n",
            tidy(info.doc)
        );
        for field in (info.fields)() {
            let need = match (&field.default, field.required) {
                (_, true) => "required".to_owned(),
                (Some(default), _) => format!("default `{default}`"),
                (None, _) => String::new(),
            };
            let _ = writeln!(
                page,
                "| `{}` | {} | {need} | {} |",
                field.key,
                words(field.shape).replace('|', "\\|"),
                tidy(field.doc).replace('|', "\\|")
            );
        }
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn visit(shape: Shape, seen: &mut BTreeMap<&'static str, BTreeSet<&'static str>>) {
        match shape {
            Shape::List(of) | Shape::Map(of) => visit(of(), seen),
            Shape::Record(info) => {
                let info = info();
                if seen.entry(info.name).or_default().insert(info.doc) {
                    (info.fields)().into_iter().for_each(|f| visit(f.shape, seen));
                }
            }
            _ => {}
        }
    }

    #[test]
    fn no_two_records_share_a_name() {
        let mut seen = BTreeMap::new();
        [ScenarioKeys::shape(), Estate::shape(), LintIgnore::shape()].into_iter().for_each(|s| visit(s, &mut seen));
        let twice: Vec<_> = seen.iter().filter(|(_, docs)| docs.len() > 1).collect();
        assert!(twice.is_empty(), "the schema and the reference page tell records apart by name: {twice:?}");
    }
}
