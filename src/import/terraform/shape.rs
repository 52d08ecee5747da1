//! From attributes to properties: a body is shaped by a table, and by what a table cannot say.

use super::{
    kinds::{Field, How},
    resolve::Resolver,
};
use crate::import::json::{Json, Value};
use std::rc::Rc;

/// A body under construction: the attributes of a resource become properties.
pub(super) struct Shaper<'r, 'p> {
    pub(super) resolver: &'r Resolver<'p>,
    pub(super) number: usize,
    /// The resource's id in Azure.
    pub(super) id: Rc<str>,
    /// Its attributes.
    pub(super) values: Json,
    /// Its body.
    pub(super) body: Json,
    /// Resources of their own that it makes beside itself: ids and bodies.
    pub(super) parts: Vec<(String, Json)>,
}

impl Shaper<'_, '_> {
    /// An attribute.
    pub(super) fn get(&self, path: &str) -> Option<Json> {
        reach(&self.values, path)
    }

    /// The text of an attribute.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        self.get(path)?.as_str().filter(|t| !t.is_empty()).map(str::to_owned)
    }

    /// Puts a value at a path of the body; `[]` at the end adds to a list.
    pub(super) fn put(&mut self, path: &str, value: Json) {
        put(&mut self.body, path, value);
    }

    /// Puts text at a path of the body.
    pub(super) fn put_text(&mut self, path: &str, text: &str) {
        let value = Json::text(text, self.values.span);
        self.put(path, value);
    }

    /// An object `{ "id": … }`.
    pub(super) fn reference(&self, id: &str) -> Json {
        identified(Json::text(id, self.values.span))
    }
}

/// Translates attributes to properties by a table.
pub(super) fn shape(values: &Json, fields: &[Field], body: &mut Json) {
    for (from, to, how) in fields {
        let Some(value) = reach(values, from) else { continue };
        let span = value.span;
        let unknown = is_unknown(&value);
        let empty = matches!(&value.value, Value::Text(t) if t.is_empty());
        match how {
            How::Copy if !empty => put(body, to, value),
            How::Not => match value.as_bool() {
                Some(b) => put(body, to, Json::new(Value::Bool(!b), span)),
                None => put(body, to, value),
            },
            How::Words(yes, no) => match value.as_bool() {
                Some(b) => put(body, to, Json::text(if b { yes } else { no }, span)),
                None => put(body, to, value),
            },
            How::Id if !empty => put(body, to, identified(value)),
            How::Ids if unknown => put(body, to, list(vec![identified(value)], span)),
            How::Ids => {
                let ids: Vec<Json> = value.items().iter().cloned().map(identified).collect();
                if !ids.is_empty() {
                    put(body, to, list(ids, span));
                }
            }
            How::Listed if !empty => put(body, to, list(vec![value], span)),
            How::Keyed(_) if unknown => put(body, to, value),
            How::Keyed(key) => {
                let items = value.items().iter().map(|i| object(vec![(Rc::from(*key), i.clone())], i.span));
                put(body, to, list(items.collect(), span));
            }
            How::Each(_) if unknown => put(body, to, value),
            How::Each(inner) => {
                let items = value.items().iter().map(|block| {
                    // A block that is not known stays so.
                    if is_unknown(block) {
                        return block.clone();
                    }
                    let mut item = object(Vec::new(), block.span);
                    shape(block, inner, &mut item);
                    item
                });
                let items: Vec<Json> = items.collect();
                if !items.is_empty() {
                    put(body, to, list(items, span));
                }
            }
            How::First(_) if unknown => put(body, to, value),
            How::First(inner) => {
                let block = value.items().first().cloned().or_else(|| value.fields().first().map(|_| value.clone()));
                match block {
                    Some(block) if is_unknown(&block) => put(body, to, block),
                    Some(block) => shape(&block, inner, body),
                    None => {}
                }
            }
            How::Copy | How::Id | How::Listed => {}
        }
    }
}

/// Whether a value is not known, or must not be.
pub(super) fn is_unknown(value: &Json) -> bool {
    value.is_withheld()
}

/// A value at a path of attributes; on the way, a list of blocks stands for its first.
fn reach(values: &Json, path: &str) -> Option<Json> {
    let mut here = values.clone();
    for key in path.split('.') {
        if let Value::List(items) = &here.value {
            let first = items.first()?.clone();
            here = first;
        }
        let next = here.get(key)?.clone();
        here = next;
    }
    (here.value != Value::Null).then_some(here)
}

/// `{ "id": … }`.
pub(super) fn identified(id: Json) -> Json {
    let span = id.span;
    object(vec![(Rc::from("id"), id)], span)
}

pub(super) fn object(fields: Vec<(Rc<str>, Json)>, span: crate::diag::Span) -> Json {
    Json::new(Value::Object(Rc::new(fields)), span)
}

pub(super) fn list(items: Vec<Json>, span: crate::diag::Span) -> Json {
    Json::new(Value::List(Rc::new(items)), span)
}

/// Puts a value at a path of keys, making objects on the way; `[]` at the end adds to a list.
pub(super) fn put(body: &mut Json, path: &str, value: Json) {
    let (key, rest) = path.split_once('.').map_or((path, None), |(k, r)| (k, Some(r)));
    let (key, adds) = key.strip_suffix("[]").map_or((key, false), |k| (k, true));
    if !matches!(body.value, Value::Object(_)) {
        *body = object(Vec::new(), value.span);
    }
    let Value::Object(fields) = &mut body.value else { return };
    let fields = Rc::make_mut(fields);
    let at = fields.iter().position(|(k, _)| k.eq_ignore_ascii_case(key)).unwrap_or_else(|| {
        fields.push((Rc::from(key), Json::new(Value::Null, value.span)));
        fields.len() - 1
    });
    let Some((_, slot)) = fields.get_mut(at) else { return };
    match (rest, adds) {
        (Some(rest), _) => put(slot, rest, value),
        (None, false) => *slot = value,
        (None, true) => match &mut slot.value {
            Value::List(items) => Rc::make_mut(items).push(value),
            _ => *slot = list(vec![value.clone()], value.span),
        },
    }
}
