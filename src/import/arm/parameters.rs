//! Whether the parameters that are given are those that the template takes.

use super::{Inputs, engine::Env};
use crate::{
    diag::{Diagnostic, code, nearest},
    import::{
        Session,
        json::{Json, Value},
    },
};
use std::collections::BTreeMap;

/// Parameters that the template does not have, or with values that it does not take, are mistakes.
pub(super) fn check(
    session: &mut Session,
    template: &Json,
    given: &mut BTreeMap<String, (Json, Env)>,
    inputs: &Inputs,
) {
    let declared = template.get("parameters").map_or(&[][..], Json::fields);
    // What a command line says is text where the template takes text.
    for (name, raw) in &inputs.parameters {
        let kind = declared.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)).and_then(|(_, d)| d.str_at("type"));
        let is_text = kind.is_some_and(|k| k.to_lowercase().ends_with("string"));
        if let (true, Some((value, _))) = (is_text, given.get_mut(&name.to_ascii_lowercase()))
            && matches!(value.value, Value::Int(_) | Value::Bool(_))
        {
            *value = Json::text(raw, value.span);
        }
    }
    for (name, (value, _)) in given {
        let (text, help) = match declared.iter().find(|(k, _)| k.eq_ignore_ascii_case(name)) {
            None => {
                let near = nearest(name, declared.iter().map(|(k, _)| &**k));
                let help = near.map_or("remove it".to_owned(), |n| format!("did you mean `{n}`?"));
                (format!("the template has no parameter `{name}`"), help)
            }
            Some((name, declared)) => match misfit(declared, value) {
                Some((why, help)) => (format!("the parameter `{name}` {why}"), help),
                None => continue,
            },
        };
        session.diagnostics.push(Diagnostic::error(code::TEMPLATE_PARAMETER, value.span, text).help(help));
        // What follows from it is no mistake of its own.
        value.value = Value::Unknown("its parameter has a wrong value".into());
    }
}

/// Whether a file that should hold parameters is a template.
pub(super) fn is_template(file: &Json) -> bool {
    let schema = file.str_at("$schema").unwrap_or_default().to_lowercase();
    file.get("resources").is_some() && (schema.contains("deploymenttemplate.json") || file.get("parameters").is_some())
}

/// Remembers, for people, the secrets that nobody gave: they are not read, and taken as unknown.
pub(super) fn tell_unset(session: &mut Session, template: &Json, given: &BTreeMap<String, (Json, Env)>) {
    let declared = template.get("parameters").map_or(&[][..], Json::fields);
    let unset = declared.iter().filter(|(name, d)| {
        let secret = d.str_at("type").is_some_and(|kind| kind.to_lowercase().starts_with("secure"));
        secret && d.get("defaultValue").is_none() && !given.contains_key(&name.to_ascii_lowercase())
    });
    let names: Vec<&str> = unset.map(|(name, _)| &**name).collect();
    if !names.is_empty() {
        session.notes.push(format!("secret parameters without a value, taken as unknown: {}", names.join(", ")));
    }
}

/// Why Azure takes no such value.
fn misfit(declared: &Json, value: &Json) -> Option<(String, String)> {
    let is_expression = |v: &Json| v.as_str().is_some_and(|t| t.starts_with('[') && !t.starts_with("[["));
    if is_expression(value) || value.value == Value::Null || value.is_withheld() {
        return None;
    }
    let kind = declared.str_at("type").unwrap_or_default().to_lowercase();
    let fits = match kind.as_str() {
        "string" | "securestring" => matches!(value.value, Value::Text(_)),
        "int" => matches!(value.value, Value::Int(_)),
        "bool" => matches!(value.value, Value::Bool(_)),
        "array" => matches!(value.value, Value::List(_)),
        "object" | "secureobject" => matches!(value.value, Value::Object(_)),
        _ => true,
    };
    if !fits {
        return Some((format!("is {}, and the template takes {kind}", value.kind()), format!("give it as {kind}")));
    }
    let allowed = declared.items_at("allowedValues");
    if allowed.is_empty() {
        return None;
    }
    let same = |one: &Json, other: &Json| match (one.as_str(), other.as_str()) {
        (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
        _ => one.value == other.value,
    };
    let listed = |v: &Json| allowed.iter().any(|a| same(a, v));
    let whole = match &value.value {
        // Of a list, each item counts, unless whole lists are allowed.
        Value::List(items) => listed(value) || items.iter().all(listed),
        _ => listed(value),
    };
    let word = |v: &Json| match &v.value {
        Value::Text(text) => text.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        _ => v.kind().to_owned(),
    };
    let words: Vec<String> = allowed.iter().map(word).collect();
    let why = "has a value that the template does not allow".to_owned();
    (!whole).then(|| (why, format!("give one of {}", words.join(", "))))
}
