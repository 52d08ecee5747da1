//! Validates JSON output against the program's own JSON Schema: the part of the vocabulary that the schema uses. A key
//! that the schema does not list is a problem, so a field cannot be written without being documented.

use serde_json::Value;

/// What is wrong with a document; nothing if it keeps to the schema.
pub(crate) fn problems(value: &Value) -> Vec<String> {
    let schema = privreach::report::json_schema();
    let command = value["command"].as_str().unwrap_or_default();
    let options = schema["oneOf"].as_array().unwrap();
    let chosen = options.iter().find(|o| o["properties"]["command"]["const"] == command);
    let Some(chosen) = chosen else { return vec![format!("no schema for `{command}`")] };
    let mut found = Vec::new();
    check(value, chosen, &schema, "", &mut found);
    found
}

fn check(value: &Value, schema: &Value, root: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = root.pointer(reference.trim_start_matches('#')).unwrap();
        return check(value, target, root, at, found);
    }
    if let Some(options) = schema["anyOf"].as_array() {
        let fits = |o: &Value| {
            let mut inner = Vec::new();
            check(value, o, root, at, &mut inner);
            inner.is_empty()
        };
        if !options.iter().any(fits) {
            found.push(format!("{at}: fits no option"));
        }
        return;
    }
    if let Some(expected) = schema.get("const")
        && expected != value
    {
        found.push(format!("{at}: is {value}, not {expected}"));
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_u64() || n.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !kinds.is_empty() && !kinds.contains(&kind) {
        found.push(format!("{at}: is {kind}, not {kinds:?}"));
        return;
    }
    if let Value::Array(items) = value {
        let tuple = schema["prefixItems"].as_array();
        for (i, item) in items.iter().enumerate() {
            let of = tuple.and_then(|t| t.get(i)).unwrap_or(&schema["items"]);
            check(item, of, root, &format!("{at}/{i}"), found);
        }
    }
    // Without keys of its own, anything may stand there.
    let open = schema.get("properties").is_none() && schema.get("additionalProperties").is_none();
    if let Value::Object(fields) = value
        && !open
    {
        if let Some(values) = schema.get("additionalProperties").filter(|v| v.is_object()) {
            fields.iter().for_each(|(k, v)| check(v, values, root, &format!("{at}/{k}"), found));
            return;
        }
        for required in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(required) {
                found.push(format!("{at}: lacks {required}"));
            }
        }
        for (key, field) in fields {
            match schema["properties"].get(key) {
                Some(of) => check(field, of, root, &format!("{at}/{key}"), found),
                None => found.push(format!("{at}: has {key}, which is not documented")),
            }
        }
    }
}
