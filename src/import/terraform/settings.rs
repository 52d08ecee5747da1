//! Attributes that no table reads. What is set, and neither read nor known to have no part in reachability, is said.

use super::{
    kinds::{Field, How, Kind},
    plan::Instance,
};
use crate::import::{
    json::{Json, Value},
    listed::{Listed, Lists},
    resources::{speaks_of_network, turns_off},
};
use std::sync::OnceLock;

/// Attributes that have no part in reachability, of any type.
const EVERYWHERE: &[&str] = &[
    "id",
    "name",
    "resource_group_name",
    "location",
    "tags",
    "timeouts",
    "guid",
    "resource_guid",
    "edge_zone",
    "zone",
    "zones",
    "availability_zone",
    "sku",
    "sku_name",
    "sku_tier",
    "tier",
    "capacity",
    "identity",
    "description",
    "tenant_id",
    "subscription_id",
    "delete_os_disk_on_termination",
    "network_watcher_name",
    "triggers",
    "use_existing",
    "ip_tags",
    "internal_id",
    "count",
    "for_each",
];

/// Attributes that functions read beside the tables, or that have no part in reachability, by type.
const TYPES: &str = include_str!("../data/attributes.txt");

fn lists() -> &'static Lists {
    static LISTED: OnceLock<Lists> = OnceLock::new();
    LISTED.get_or_init(|| Lists::new(TYPES))
}

/// What is set of an instance and not read, each with its value.
pub(super) fn unread<'v>(instance: &Instance, kind: &Kind, values: &'v Json) -> Vec<(String, &'v Json)> {
    let mut found = Vec::new();
    let own = lists().get(&instance.kind).is_some();
    // Every type of the network has a list of its own.
    if own || !kind.arm.starts_with("Microsoft.Network/") {
        let table: Vec<(&str, How)> = kind.table().map(|(from, _, how)| (*from, *how)).collect();
        search(values, &table, if own { &instance.kind } else { "services" }, "", &mut found);
    }
    found
}

/// Blocks of rules that do not say what becomes of those whom no rule admits: the providers require it, and who is let in
/// hangs on it.
pub(super) fn undecided<'v>(kind: &Kind, values: &'v Json) -> Vec<(String, &'v Json)> {
    const DEFAULT: &str = "default_action";
    let decides = |fields: &[Field]| fields.iter().any(|(from, ..)| *from == DEFAULT);
    let silent = |block: &Json| block.get(DEFAULT).is_none_or(|v| v.value == Value::Null);
    let mut found = Vec::new();
    if decides(kind.fields) && silent(values) {
        found.push((DEFAULT.to_owned(), values));
    }
    for (from, _, how) in kind.fields {
        let (How::First(fields), Some(blocks)) = (how, values.get(from)) else { continue };
        let one = std::iter::once(blocks).filter(|b| !b.fields().is_empty());
        let all = blocks.items().iter().filter(|b| matches!(b.value, Value::Object(_))).chain(one);
        found.extend(all.filter(|b| decides(fields) && silent(b)).map(|b| (format!("{from}.{DEFAULT}"), b)));
    }
    found
}

/// Looks through a block for what neither the table names nor the list of a key, a type and the path inside it.
fn search<'v>(
    values: &'v Json,
    table: &[(&'static str, How)],
    key: &str,
    path: &str,
    found: &mut Vec<(String, &'v Json)>,
) {
    let anywhere = |key: &str| {
        let path = key.split_once(' ')?.1;
        let mut tails = std::iter::successors(Some(path), |p| Some(p.split_once('.')?.1));
        tails.find_map(|tail| lists().get(&format!("* {tail}")))
    };
    let row = lists().get(key).or_else(|| anywhere(key));
    let key = row.map_or(key, |(key, _)| key);
    let row = row.map(|(_, row)| row);
    // Blocks of a service that a table reads are read whole; inside others, only what speaks of the network counts.
    let loose = row.map_or(key.starts_with("services ") && table.is_empty(), Listed::is_loose);
    for (name, value) in values.fields() {
        let inner = if key.contains(' ') { format!("{key}.{name}") } else { format!("{key} {name}") };
        let (mut read, mut nested) = (false, Vec::new());
        for (from, how) in table {
            match (from.split_once('.'), how) {
                (Some((first, rest)), _) if first == &**name => nested.push((rest, *how)),
                (None, How::Each(fields) | How::First(fields)) if *from == &**name => {
                    nested.extend(fields.iter().map(|(from, _, how)| (*from, *how)));
                }
                (None, _) if *from == &**name => read = true,
                _ => {}
            }
        }
        let rests = row.is_some_and(|r| r.off.iter().any(|off| rests(off, name, value)));
        let passes = EVERYWHERE.contains(&&**name) || row.is_some_and(|r| r.passes(name)) || rests;
        let all = row.is_some_and(|r| r.passes("*")) && lists().get(&inner).is_none();
        let descends =
            row.is_some_and(|r| r.reads(name).is_some()) || loose && !speaks_of_network(&name.replace('_', ""));
        match () {
            () if read || all => {}
            () if !nested.is_empty() => blocks(value, &nested, &inner, &format!("{path}{name}"), found),
            () if passes => {}
            () if descends => blocks(value, &[], &inner, &format!("{path}{name}"), found),
            () if is_set(value) => found.push((format!("{path}{name}"), value)),
            () => {}
        }
    }
}

/// The blocks of an attribute, one or several.
fn blocks<'v>(
    value: &'v Json,
    table: &[(&'static str, How)],
    key: &str,
    path: &str,
    found: &mut Vec<(String, &'v Json)>,
) {
    match &value.value {
        Value::Object(_) => search(value, table, key, &format!("{path}."), found),
        Value::List(items) => {
            for (number, block) in items.iter().enumerate() {
                search(block, table, key, &format!("{path}[{number}]."), found);
            }
        }
        _ => {}
    }
}

/// Whether a value sets something: what only apply tells of an attribute that nobody set is not among the values. Nobody
/// knows what an attribute is that no list names, so being off may set as much as being on.
fn is_set(value: &Json) -> bool {
    match &value.value {
        Value::Null => false,
        Value::Text(text) => !text.is_empty(),
        Value::List(items) => items.iter().any(is_set),
        Value::Object(fields) => fields.iter().any(|(_, v)| is_set(v)),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Unknown(_) | Value::Secret => true,
    }
}

/// Whether an attribute is the one of an entry `NAME` or `NAME=VALUE`, and is off or has that value.
fn rests(entry: &str, name: &str, value: &Json) -> bool {
    match entry.split_once('=') {
        None => entry == name && is_off(value),
        Some((known, usual)) => known == name && says(value, usual),
    }
}

/// Whether a value, or every one in a block, is a word.
fn says(value: &Json, word: &str) -> bool {
    match &value.value {
        Value::Bool(on) => word == if *on { "true" } else { "false" },
        Value::Text(text) => word == &**text,
        Value::List(items) => items.iter().all(|i| says(i, word)),
        Value::Object(fields) => fields.iter().all(|(_, v)| says(v, word)),
        Value::Null | Value::Int(_) | Value::Float(_) | Value::Unknown(_) | Value::Secret => false,
    }
}

/// Whether a value of an attribute that is known turns it off.
fn is_off(value: &Json) -> bool {
    match &value.value {
        Value::Null | Value::Bool(false) | Value::Int(0) => true,
        Value::Text(text) => turns_off(text),
        Value::List(items) => items.iter().all(is_off),
        Value::Object(fields) => fields.iter().all(|(_, v)| is_off(v)),
        Value::Bool(true) | Value::Int(_) | Value::Float(_) | Value::Unknown(_) | Value::Secret => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::terraform::kinds::{self, Place};
    use std::collections::BTreeSet;

    /// Of a type of the network, and of parts of services, what is set and not listed is said, so each has its lists.
    #[test]
    fn types_of_the_network_are_listed() {
        let part = |k: &&kinds::Kind| k.arm.matches('/').count() > 1 || !matches!(k.place, Place::Own);
        let strict = kinds::all().filter(|k| k.arm.starts_with("Microsoft.Network/") || part(k));
        let without: Vec<&str> = strict.map(|k| k.name).filter(|n| lists().get(n).is_none()).collect();
        assert_eq!(without, Vec::<&str>::new());
    }

    #[test]
    fn lists_name_known_types_and_nothing_twice() {
        let lines = TYPES.lines().filter(|l| !l.starts_with([' ', '#']) && !l.is_empty()).count();
        assert_eq!(lists().iter().count(), lines, "a key stands twice");
        for (key, row) in lists().iter() {
            let all: Vec<&str> = [&row.read[..], &row.beside, &row.off].concat();
            let distinct: BTreeSet<&str> = all.iter().copied().collect();
            assert_eq!(distinct.len(), all.len(), "{key} lists an attribute twice");
            assert!(lists().get(key).is_some(), "{key} is like something that is not listed");
            let (name, path) = key.split_once(' ').unwrap_or((key, ""));
            if ["*", "services"].contains(&name) {
                continue;
            }
            let kind = kinds::find(name).unwrap_or_else(|| panic!("{name} is no known type"));
            // What stands in the table at a path.
            let mut table: Vec<(&str, How)> = kind.table().map(|(from, _, how)| (*from, *how)).collect();
            for word in path.split('.').filter(|w| !w.is_empty()) {
                let inside = table.iter().flat_map(|(from, how)| match (from.split_once('.'), how) {
                    (Some((first, rest)), _) if first == word => vec![(rest, *how)],
                    (None, How::Each(fields) | How::First(fields)) if *from == word => {
                        fields.iter().map(|(from, _, how)| (*from, *how)).collect()
                    }
                    _ => Vec::new(),
                });
                table = inside.collect();
            }
            let read: BTreeSet<&str> = table.iter().filter_map(|(from, _)| from.split('.').next()).collect();
            assert_eq!(
                distinct.intersection(&read).collect::<Vec<_>>(),
                Vec::<&&str>::new(),
                "{key}: the table reads it"
            );
        }
    }
}
