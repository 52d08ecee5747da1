//! Merge patches as values: building, joining, taking apart, writing.

use crate::{
    diag::Span,
    document::{Mapping, Node, Value as Tree},
};
pub use serde_json::Value;
use serde_json::{Map, json};
use std::fmt::Write;

/// The patch that changes nothing.
pub(super) fn empty() -> Value {
    Value::Object(Map::new())
}

/// A patch that puts a value at a path.
pub(super) fn at<K: AsRef<str>>(path: &[K], value: Value) -> Value {
    path.iter().rev().fold(value, |inner, key| json!({ key.as_ref(): inner }))
}

/// Two patches as one; nothing if they disagree about a value.
pub(super) fn combine(first: &Value, second: &Value) -> Option<Value> {
    match (first, second) {
        (Value::Object(a), Value::Object(b)) => {
            let mut joined = a.clone();
            for (key, value) in b {
                let value = match a.get(key) {
                    Some(other) => combine(other, value)?,
                    None => value.clone(),
                };
                joined.insert(key.clone(), value);
            }
            Some(Value::Object(joined))
        }
        (a, b) => (a == b).then(|| a.clone()),
    }
}

/// The patch as a document tree. It was written nowhere, so its places are those of the scenario's beginning.
pub(super) fn tree(patch: &Value) -> Node {
    let value = match patch {
        Value::Null => Tree::Null,
        Value::Bool(value) => Tree::Bool(*value),
        Value::Number(number) => Tree::Text { text: number.to_string(), number: true },
        Value::String(text) => Tree::Text { text: text.clone(), number: false },
        Value::Array(items) => Tree::Sequence(items.iter().map(tree).collect()),
        Value::Object(map) => {
            Tree::Mapping(Mapping(map.iter().map(|(k, v)| (k.clone(), Span::default(), tree(v))).collect()))
        }
    };
    Node { value, span: Span::default() }
}

/// Number of values that a patch sets or removes; a list counts once.
pub(super) fn size(patch: &Value) -> usize {
    match patch {
        Value::Object(map) if !map.is_empty() => map.values().map(size).sum(),
        _ => 1,
    }
}

/// Whether two patches have a value in common, by place.
pub(super) fn shares(patch: &Value, part: &Value) -> bool {
    match (patch, part) {
        (Value::Object(a), Value::Object(b)) if !b.is_empty() => {
            b.iter().any(|(key, value)| a.get(key).is_some_and(|there| shares(there, value)))
        }
        _ => true,
    }
}

/// A patch without the values that another one has at the same places.
pub(super) fn less(patch: &Value, part: &Value) -> Value {
    let (Value::Object(a), Value::Object(b)) = (patch, part) else { return empty() };
    let rest = a.iter().filter_map(|(key, value)| match b.get(key) {
        None => Some((key.clone(), value.clone())),
        Some(other) => Some((key.clone(), less(value, other))).filter(|(_, rest)| *rest != empty()),
    });
    Value::Object(rest.collect())
}

/// Whether a patch takes rules of filters or routes away, rather than add what one flow needs.
pub(super) fn opens(patch: &Value) -> bool {
    fn removes(value: &Value, depth: usize) -> bool {
        match value {
            Value::Object(map) => depth > 0 && map.values().any(|v| removes(v, depth - 1)),
            Value::Null => true,
            _ => false,
        }
    }
    // A route leads through a device that inspects, or keeps something apart.
    let guards = ["network_security_groups", "firewall_policies", "on_premises_sites", "route_tables"];
    guards.iter().any(|kind| patch.get(kind).is_some_and(|v| removes(v, 6)))
}

/// Whether every rule that a patch adds to the firewall of a site names what it lets in: what is left out there means any.
pub(super) fn names_what_it_allows(patch: &Value) -> bool {
    let Some(Value::Object(sites)) = patch.get("on_premises_sites") else { return true };
    let rules = sites.values().filter_map(|site| site.pointer("/firewall/rules")?.as_object()).flat_map(Map::values);
    // A rule that is only turned round has the rest of it in the file.
    let added = rules.filter(|rule| rule.get("priority").is_some());
    const NAMED: [&str; 4] = ["protocol", "source_addresses", "destination_addresses", "destination_ports"];
    added.into_iter().all(|rule| NAMED.iter().all(|key| rule.get(key).is_some()))
}

/// The patch with one part left out, for every part: whole branches before their leaves, entries of lists last.
pub(super) fn without_each(patch: &Value) -> Vec<Value> {
    let mut found = Vec::new();
    match patch {
        Value::Object(map) => {
            for key in map.keys() {
                let mut less = map.clone();
                less.remove(key);
                found.push(Value::Object(less));
            }
            for (key, value) in map {
                for smaller in without_each(value) {
                    let mut less = map.clone();
                    less.insert(key.clone(), smaller);
                    found.push(Value::Object(less));
                }
            }
        }
        Value::Array(items) if items.len() > 1 => {
            for i in 0..items.len() {
                let mut less = items.clone();
                less.remove(i);
                found.push(Value::Array(less));
            }
        }
        _ => {}
    }
    found
}

/// The patch as YAML in block style. Every text is quoted that could be read as something else.
#[must_use]
pub fn to_yaml(patch: &Value, indent: usize) -> String {
    let mut out = String::new();
    block(patch, indent, &mut out);
    out
}

fn block(value: &Value, indent: usize, out: &mut String) {
    let Value::Object(map) = value else {
        let _ = writeln!(out, "{:indent$}{}", "", scalar(value));
        return;
    };
    for (key, value) in map {
        let key = word(key);
        match value {
            Value::Object(inner) if !inner.is_empty() => {
                let _ = writeln!(out, "{:indent$}{key}:", "");
                block(value, indent + 2, out);
            }
            _ => {
                let _ = writeln!(out, "{:indent$}{key}: {}", "", scalar(value));
            }
        }
    }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => word(text),
        Value::Array(items) => format!("[{}]", items.iter().map(scalar).collect::<Vec<_>>().join(", ")),
        Value::Object(_) => "{}".to_owned(),
        other => other.to_string(),
    }
}

/// Text as YAML: bare where it can only be that text, else as a JSON string, which YAML 1.2 reads the same.
fn word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./".contains(c);
    let bare = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c.is_ascii_digit())
        && text.chars().all(plain)
        && text.parse::<f64>().is_err()
        && !matches!(text.to_ascii_lowercase().as_str(), "null" | "true" | "false" | "yes" | "no" | "on" | "off");
    if bare { text.to_owned() } else { json!(text).to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patches_join_unless_they_disagree() {
        let a = at(&["x", "y"], json!(1));
        assert_eq!(combine(&a, &at(&["x", "z"], json!(2))), Some(json!({"x": {"y": 1, "z": 2}})));
        assert_eq!(combine(&a, &at(&["x", "y"], json!(2))), None);
        assert_eq!(combine(&a, &a), Some(a));
    }

    #[test]
    fn yaml_is_read_back_as_it_was() {
        let patch =
            json!({"a b": {"null": "null", "n": 443, "l": ["10.0.0.0/8", "*"], "gone": null, "e": {}}, "x": "1.5"});
        let text = to_yaml(&patch, 0);
        assert_eq!(
            text,
            "\"a b\":\n  \"null\": \"null\"\n  n: 443\n  l: [10.0.0.0/8, \"*\"]\n  gone: null\n  e: {}\nx: \"1.5\"\n"
        );
    }
}
