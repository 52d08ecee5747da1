//! What the settings that are read take: a value of another kind, or a word that Azure does not have, would pass for the
//! default.

use crate::import::json::{Json, Value};
use std::{collections::BTreeMap, sync::OnceLock};

/// What settings take, by their names.
const VALUES: &str = include_str!("../data/values.txt");

/// Words that turn a setting off.
const OFF: [&str; 5] = ["", "disabled", "none", "notspecified", "default"];

/// Whether a word turns a setting off.
pub(in crate::import) fn turns_off(word: &str) -> bool {
    OFF.contains(&&*word.to_lowercase())
}

/// What one setting takes: any of these.
type Kinds = Vec<&'static str>;

fn values() -> &'static BTreeMap<&'static str, Kinds> {
    static READ: OnceLock<BTreeMap<&'static str, Kinds>> = OnceLock::new();
    READ.get_or_init(|| {
        let (mut all, mut kinds) = (BTreeMap::new(), Vec::new());
        for line in VALUES.lines().filter(|l| !l.starts_with('#')) {
            match line.strip_prefix(' ') {
                Some(names) => all.extend(names.split_whitespace().map(|n| (n, kinds.clone()))),
                None => kinds = line.split('|').collect(),
            }
        }
        all
    })
}

/// What a setting `name` inside an object or a type called `outer` takes.
fn kinds(outer: &str, name: &str) -> Option<&'static Kinds> {
    values().get(format!("{outer}.{name}").as_str()).or_else(|| values().get(name))
}

/// Why a value is none that a setting takes; `outer` is what the object or the type around it is called. What is empty
/// sets nothing, and what only a deployment tells has its own reason.
pub(super) fn misfit(outer: &str, name: &str, value: &Json) -> Option<String> {
    let kinds = kinds(outer, name)?;
    if kinds.iter().any(|kind| fits(kind, value)) {
        return None;
    }
    let named = |kind: &&str| match *kind {
        "flag" => "true or false".to_owned(),
        "off" => "that it is off".to_owned(),
        "number" => "a number".to_owned(),
        "text" => "text".to_owned(),
        "scalar" => "text or a number".to_owned(),
        "list" => "a list".to_owned(),
        "texts" => "a list of texts".to_owned(),
        "objects" => "a list of objects".to_owned(),
        "object" => "an object".to_owned(),
        word => format!("`{word}`"),
    };
    let kinds: Vec<String> = kinds.iter().map(named).collect();
    Some(format!("this value is not read, and it could matter; read: {}", kinds.join(", ")))
}

fn fits(kind: &str, value: &Json) -> bool {
    let told_later = |json: &Json| json.value == Value::Null || json.is_withheld();
    let is_scalar =
        |json: &Json| matches!(json.value, Value::Text(_) | Value::Int(_) | Value::Float(_) | Value::Bool(_));
    let is_object = |json: &Json| matches!(json.value, Value::Object(_));
    let is_list = matches!(value.value, Value::List(_));
    if told_later(value) {
        return true;
    }
    let is_empty = value.as_str() == Some("");
    match kind {
        "flag" => value.as_bool().is_some(),
        "off" => value.as_bool() == Some(false) || value.as_str().is_some_and(turns_off),
        "number" => value.as_int().is_some() || is_empty || matches!(value.value, Value::Float(_)),
        "text" => value.as_str().is_some(),
        "scalar" => is_scalar(value),
        "list" => is_list || is_empty,
        "texts" => is_empty || is_list && value.items().iter().all(|i| is_scalar(i) || told_later(i)),
        "objects" => is_empty || is_list && value.items().iter().all(|i| is_object(i) || told_later(i)),
        "object" => is_object(value) || is_empty,
        word => is_empty || value.as_str().is_some_and(|t| t.eq_ignore_ascii_case(word)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diag::{FileId, Span},
        import::resources::known::{each_read, lists},
    };
    use std::collections::BTreeSet;

    #[test]
    fn every_setting_that_is_read_takes_something() {
        // Ids, and parts that become items of their own, are of one kind whatever they are called.
        let read: BTreeSet<(&str, &str)> = each_read(lists()).chain([("", "id"), ("", "parts")]).collect();
        let without: Vec<_> = read.iter().filter(|(outer, name)| kinds(outer, name).is_none()).collect();
        assert_eq!(without, Vec::<&(&str, &str)>::new(), "nothing says what these take");
        let used = |key: &&str| {
            read.iter().any(|(outer, name)| match key.split_once('.') {
                Some((o, n)) => o == *outer && n == *name,
                None => key == name,
            })
        };
        let unused: Vec<&&str> = values().keys().filter(|k| !used(k)).collect();
        assert_eq!(unused, Vec::<&&str>::new(), "nothing reads these");
    }

    #[test]
    fn values_fit_by_kind_and_word() {
        let at = Span { file: FileId::default(), start: 0, end: 0 };
        let text = |t: &str| Json::text(t, at);
        let json = |value| Json::new(value, at);
        for (name, value, fits) in [
            ("publicnetworkaccess", text("disabled"), true),
            ("publicnetworkaccess", text("Disbled"), false),
            ("publicnetworkaccess", json(Value::Bool(false)), true),
            ("publicnetworkaccess", json(Value::Int(7)), false),
            ("publicnetworkaccess", json(Value::Null), true),
            ("networkacls", text("Deny"), false),
            ("networkacls", text(""), true),
            ("enablebgp", text("True"), true),
            ("enablebgp", text("yes"), false),
            ("port", text("443"), true),
            ("port", text("https"), false),
            ("addressprefixes", json(Value::List(vec![text("10.0.0.0/8")].into())), true),
            ("addressprefixes", json(Value::List(vec![json(Value::Object(Vec::new().into()))].into())), false),
            ("ipconfigurations", json(Value::List(vec![text("x")].into())), false),
            ("ipconfigurations", json(Value::Unknown("later".into())), true),
        ] {
            assert_eq!(misfit("", name, &value).is_none(), fits, "{name}: {value:?}");
        }
    }
}
