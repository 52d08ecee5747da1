//! Settings that one resource makes in another: finding the place, and merging there.

use super::Body;
use crate::import::json::{Json, Value};
use std::{collections::BTreeMap, rc::Rc};

/// The body with an id, or the part of one: `…/networkInterfaces/n/ipConfigurations/c`.
pub(super) fn part<'b>(bodies: &'b mut BTreeMap<String, Body>, id: &str) -> Option<&'b mut Json> {
    let lower = id.trim_end_matches('/').to_lowercase();
    let segments: Vec<&str> = lower.split('/').collect();
    let mut length = segments.len();
    let mut owner = lower.clone();
    while !bodies.contains_key(&owner) {
        length = length.checked_sub(2).filter(|l| *l > 2)?;
        owner = segments.get(..length)?.join("/");
    }
    let mut here = &mut bodies.get_mut(&owner)?.body;
    for pair in segments.get(length..)?.chunks(2) {
        let (segment, name) = (pair.first()?, pair.get(1)?);
        let properties = field_mut(here, "properties")?;
        let Value::List(items) = &mut field_mut(properties, segment)?.value else { return None };
        here =
            Rc::make_mut(items).iter_mut().find(|i| i.str_at("name").is_some_and(|n| n.eq_ignore_ascii_case(name)))?;
    }
    Some(here)
}

fn field_mut<'j>(json: &'j mut Json, key: &str) -> Option<&'j mut Json> {
    let Value::Object(fields) = &mut json.value else { return None };
    Rc::make_mut(fields).iter_mut().find(|(k, _)| k.eq_ignore_ascii_case(key)).map(|(_, v)| v)
}

/// Merges a change: objects key by key, lists one after the other; `*` stands for every item of a list.
pub(super) fn merge(target: &mut Json, change: &Json) {
    match (&mut target.value, &change.value) {
        (Value::Object(old), Value::Object(new)) => {
            let old = Rc::make_mut(old);
            for (key, value) in new.iter() {
                match old.iter_mut().find(|(k, _)| k.eq_ignore_ascii_case(key)) {
                    Some((_, slot)) => merge(slot, value),
                    None => old.push((key.clone(), value.clone())),
                }
            }
        }
        (Value::List(items), Value::Object(new)) if new.iter().any(|(k, _)| &**k == "*") => {
            for (_, value) in new.iter().filter(|(k, _)| &**k == "*") {
                Rc::make_mut(items).iter_mut().for_each(|item| merge(item, value));
            }
        }
        (Value::List(old), Value::List(new)) => Rc::make_mut(old).extend(new.iter().cloned()),
        _ => *target = change.clone(),
    }
}
