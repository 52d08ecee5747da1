//! Values of expressions, and the arguments of functions.

use crate::{
    diag::Span,
    import::json::{Field, Json, REST, Value},
};
use std::rc::Rc;

/// Arguments of a function.
pub(super) struct Args<'a> {
    pub(super) values: &'a [Json],
    pub(super) span: Span,
}

impl<'a> Args<'a> {
    pub(super) fn any(&self, n: usize) -> Result<&'a Json, String> {
        self.values.get(n).ok_or_else(|| format!("argument {} is missing", n + 1))
    }

    pub(super) fn pair(&self) -> Result<(&'a Json, &'a Json), String> {
        Ok((self.any(0)?, self.any(1)?))
    }

    pub(super) fn text(&self, n: usize) -> Result<&'a str, String> {
        let value = self.any(n)?;
        value.as_str().ok_or_else(|| format!("argument {} should be text and is {}", n + 1, value.kind()))
    }

    pub(super) fn number(&self, n: usize) -> Result<i64, String> {
        let value = self.any(n)?;
        value.as_int().ok_or_else(|| format!("argument {} should be a whole number and is {}", n + 1, value.kind()))
    }

    pub(super) fn truth(&self, n: usize) -> Result<bool, String> {
        let value = self.any(n)?;
        truth(value).ok_or_else(|| format!("argument {} should be true or false and is {}", n + 1, value.kind()))
    }

    pub(super) fn items(&self, n: usize) -> Result<&'a [Json], String> {
        let value = self.any(n)?;
        match &value.value {
            Value::List(items) => Ok(items),
            Value::Null => Ok(&[]),
            _ => Err(format!("argument {} should be a list and is {}", n + 1, value.kind())),
        }
    }
}

pub(super) fn text(text: &str) -> Value {
    Value::Text(Rc::from(text))
}

pub(super) fn list(items: Vec<Json>) -> Value {
    Value::List(Rc::new(items))
}

pub(super) fn object(fields: Vec<Field>) -> Value {
    Value::Object(Rc::new(fields))
}

/// A count, or -1 for none.
pub(super) fn number(found: Option<usize>) -> Value {
    Value::Int(found.and_then(|n| i64::try_from(n).ok()).unwrap_or(-1))
}

pub(super) fn fail(error: impl std::fmt::Display) -> String {
    error.to_string()
}

pub(super) fn truth(value: &Json) -> Option<bool> {
    match &value.value {
        Value::Int(n) => Some(*n != 0),
        _ => value.as_bool(),
    }
}

/// The value as text, as `string()` gives it.
pub(super) fn show(value: &Json) -> String {
    match &value.value {
        Value::Null => String::new(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Int(n) => n.to_string(),
        Value::Float(f) => f.to_string(),
        Value::Text(text) => text.to_string(),
        Value::Secret | Value::Unknown(_) => String::new(),
        Value::List(_) | Value::Object(_) => compact(value),
    }
}

fn compact(value: &Json) -> String {
    match &value.value {
        Value::List(items) => format!("[{}]", items.iter().map(compact).collect::<Vec<_>>().join(",")),
        Value::Object(fields) => {
            let field = |(k, v): &Field| format!("{}:{}", quoted(k), compact(v));
            format!("{{{}}}", fields.iter().map(field).collect::<Vec<_>>().join(","))
        }
        Value::Text(text) => quoted(text),
        Value::Null | Value::Secret | Value::Unknown(_) => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        _ => show(value),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Whether two values are equal; texts are compared without places.
pub(super) fn compare(a: &Json, b: &Json) -> bool {
    match (&a.value, &b.value) {
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(x, y)| compare(x, y)),
        (Value::Object(a), Value::Object(b)) => {
            let same = |k: &str, v: &Json| b.iter().any(|(j, w)| j.eq_ignore_ascii_case(k) && compare(v, w));
            a.len() == b.len() && a.iter().all(|(k, v)| same(k, v))
        }
        (a, b) => a == b,
    }
}

/// What is not known of the keys that an object lacks.
pub(super) fn rest(object: &Json) -> Option<&Json> {
    object.get(REST)
}

/// What something unknown may hold under any key that is not told: the whole of it, or the rest of an object.
pub(super) fn rest_of(value: &Json) -> Option<Json> {
    match &value.value {
        Value::Unknown(_) | Value::Secret => Some(value.clone()),
        _ => rest(value).cloned(),
    }
}

/// A description of something deployed: each object in it holds more than the template says.
pub(super) fn described(json: &Json) -> Json {
    let value = match &json.value {
        Value::List(items) => list(items.iter().map(described).collect()),
        Value::Object(fields) => {
            let told = fields.iter().map(|(k, v)| (Rc::clone(k), described(v)));
            object(told.chain([(REST.into(), Json::added(json.span))]).collect())
        }
        plain => plain.clone(),
    };
    Json::new(value, json.span)
}

/// Objects one after another, each with the last word on its keys; with `deep`, objects inside are merged, too. Of keys
/// that something unknown may set again, the value is not known.
pub(super) fn united<'j>(objects: impl Iterator<Item = &'j Json>, deep: bool) -> Value {
    let mut all = Vec::new();
    for one in objects {
        match &one.value {
            Value::Unknown(_) | Value::Secret => merge(&mut all, &[(REST.into(), one.clone())], deep),
            _ => merge(&mut all, one.fields(), deep),
        }
    }
    match all.as_slice() {
        [(key, only)] if **key == *REST => only.value.clone(),
        _ => object(all),
    }
}

fn merge(all: &mut Vec<Field>, more: &[Field], deep: bool) {
    if let Some((_, unknown)) = more.iter().find(|(k, _)| **k == *REST) {
        let set = |key: &str| more.iter().any(|(k, _)| k.eq_ignore_ascii_case(key));
        all.iter_mut().filter(|(k, _)| !set(k)).for_each(|(_, old)| *old = unknown.clone());
    }
    for (key, value) in more {
        match all.iter_mut().find(|(k, _)| k.eq_ignore_ascii_case(key)) {
            Some((_, old)) if deep && matches!(value.value, Value::Object(_)) => {
                let is_open = old.is_withheld() || matches!(old.value, Value::Object(_));
                let both = is_open.then(|| united([&*old, value].into_iter(), true));
                *old = both.map_or_else(|| value.clone(), |both| Json::new(both, value.span));
            }
            Some((_, old)) => *old = value.clone(),
            None => all.push((Rc::clone(key), value.clone())),
        }
    }
}

/// What makes a value impossible to compute with: something unknown or secret in it.
pub(super) fn obstacle(value: &Json) -> Option<Value> {
    match &value.value {
        Value::Unknown(_) | Value::Secret => Some(value.value.clone()),
        Value::List(items) => items.iter().find_map(obstacle),
        Value::Object(fields) => fields.iter().find_map(|(_, v)| obstacle(v)),
        _ => None,
    }
}
