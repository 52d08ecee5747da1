//! Resources of the provider `azapi`: Azure's own model, as an object or as text.

use super::{plan::Instance, resolve::Resolver};
use crate::import::json::{Json, Value};
use std::rc::Rc;

/// The id of an instance: below its parent, by type and name.
pub(super) fn id(resolver: &Resolver<'_>, number: usize, instance: &Instance) -> Option<Rc<str>> {
    let known = instance.values.str_at("id").filter(|i| i.to_ascii_lowercase().contains("/subscriptions/"));
    if let Some(known) = known {
        return Some(Rc::from(known));
    }
    if let Some(id) = resolver.text(number, "resource_id") {
        return Some(Rc::from(id));
    }
    let kind = resolver.text(number, "type")?;
    let kind = kind.split('@').next().unwrap_or_default().to_owned();
    let parent = resolver.text(number, "parent_id")?;
    let name = resolver.text(number, "name")?;
    let inside = parent.to_ascii_lowercase();
    let outer = kind.rsplit_once('/').map_or("", |(outer, _)| outer).to_ascii_lowercase();
    // A part of its parent's own type stands below it, all else below a group or a subscription.
    let is_part = kind.matches('/').count() > 1
        && inside.contains(&format!("/providers/{}", outer.split('/').next().unwrap_or_default()));
    Some(Rc::from(match is_part {
        true => format!("{parent}/{}/{name}", kind.rsplit('/').next().unwrap_or_default()),
        false => format!("{}/providers/{kind}/{name}", parent.trim_end_matches('/')),
    }))
}

/// The body of an instance. Text is read as JSON; every value then has the place of the text.
pub(super) fn body(values: &Json) -> Result<Json, String> {
    let mut body = match values.get("body") {
        None => Json::new(Value::Object(Rc::default()), values.span),
        Some(body) => match &body.value {
            Value::Text(text) => {
                let read = crate::import::json::read(body.span.file, text)
                    .map_err(|problem| format!("its body is no JSON: {}", problem.message))?;
                at_one_place(&read, body)
            }
            Value::Unknown(why) => return Err(format!("its body is not known: {why}")),
            _ => body.clone(),
        },
    };
    for (from, to) in [("location", "location"), ("tags", "tags")] {
        if let Some(value) = values.at(from) {
            super::shape::put(&mut body, to, value.clone());
        }
    }
    if let Some(kind) = values.items_at("identity").first().and_then(|i| i.get("type")) {
        super::shape::put(&mut body, "identity.type", kind.clone());
    }
    Ok(body)
}

fn at_one_place(json: &Json, place: &Json) -> Json {
    let value = match &json.value {
        Value::List(items) => Value::List(Rc::new(items.iter().map(|i| at_one_place(i, place)).collect())),
        Value::Object(fields) => {
            Value::Object(Rc::new(fields.iter().map(|(k, v)| (k.clone(), at_one_place(v, place))).collect()))
        }
        plain => plain.clone(),
    };
    Json::new(value, place.span)
}
