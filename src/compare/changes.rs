//! What two documents declare differently, as changes that can be made one by one.

use crate::{
    diag::Span,
    document::{Mapping, Node, Value},
};
use std::fmt;

/// One difference: a key that is new, gone, or has another value. Mappings on both sides are compared key by key.
#[derive(Debug, Clone)]
pub struct Change {
    /// Keys from the top of the document.
    pub path: Vec<String>,
    /// Value before, with the place of its key.
    pub before: Option<(Span, Node)>,
    /// Value after, with the place of its key.
    pub after: Option<(Span, Node)>,
    /// Place of the mapping that holds the key, before and after.
    pub parents: (Option<Span>, Option<Span>),
}

/// The differences of two documents, in order of the first and then of the second.
#[must_use]
pub fn differences(before: &Mapping, after: &Mapping) -> Vec<Change> {
    let mut found = Vec::new();
    descend(before, after, &mut Vec::new(), (None, None), &mut found);
    found
}

fn descend(
    before: &Mapping,
    after: &Mapping,
    path: &mut Vec<String>,
    parents: (Option<Span>, Option<Span>),
    found: &mut Vec<Change>,
) {
    let (old, new) = (before.index(), after.index());
    let new_keys = after.0.iter().filter(|(k, ..)| !old.contains_key(k.as_str()));
    for (key, ..) in before.0.iter().chain(new_keys) {
        let sides = (old.get(key.as_str()).copied(), new.get(key.as_str()).copied());
        path.push(key.clone());
        match sides {
            (Some((a, Node { value: Value::Mapping(x), .. })), Some((b, Node { value: Value::Mapping(y), .. }))) => {
                descend(x, y, path, (Some(a), Some(b)), found);
            }
            (Some((_, a)), Some((_, b))) if same(a, b) => {}
            (a, b) => {
                let side = |s: Option<(Span, &Node)>| s.map(|(span, node)| (span, node.clone()));
                found.push(Change { path: path.clone(), before: side(a), after: side(b), parents });
            }
        }
        path.pop();
    }
}

/// Whether two values say the same, wherever they were written; the order of keys says nothing.
fn same(a: &Node, b: &Node) -> bool {
    match (&a.value, &b.value) {
        (Value::Mapping(a), Value::Mapping(b)) => {
            let (x, y) = (a.index(), b.index());
            x.len() == y.len() && x.iter().all(|(k, (_, v))| y.get(k).is_some_and(|(_, w)| same(v, w)))
        }
        (Value::Sequence(a), Value::Sequence(b)) => a.len() == b.len() && a.iter().zip(b).all(|(x, y)| same(x, y)),
        (a, b) => a == b,
    }
}

/// A document with some changes made.
#[must_use]
pub fn apply<'c>(document: &Mapping, changes: impl IntoIterator<Item = &'c Change>) -> Mapping {
    let mut result = document.clone();
    for change in changes {
        make(&mut result, &change.path, change.after.as_ref());
    }
    result
}

fn make(mapping: &mut Mapping, path: &[String], value: Option<&(Span, Node)>) {
    let Some((key, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        match (mapping.0.iter_mut().find(|(k, ..)| k == key), value) {
            (Some(entry), Some((span, node))) => (entry.1, entry.2) = (*span, node.clone()),
            (None, Some((span, node))) => mapping.0.push((key.clone(), *span, node.clone())),
            (_, None) => mapping.0.retain(|(k, ..)| k != key),
        }
    } else if let Some((_, _, Node { value: Value::Mapping(inner), .. })) =
        mapping.0.iter_mut().find(|(k, ..)| k == key)
    {
        make(inner, rest, value);
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.join(".");
        match (&self.before, &self.after) {
            (Some(_), None) => write!(f, "{path} removed"),
            (None, Some((_, node))) => match brief(node) {
                Some(value) => write!(f, "{path}: {value} added"),
                None => write!(f, "{path} added"),
            },
            (Some((_, a)), Some((_, b))) => {
                let word = |n| brief(n).unwrap_or_else(|| "…".to_owned());
                write!(f, "{path}: {} → {}", word(a), word(b))
            }
            (None, None) => write!(f, "{path}"),
        }
    }
}

/// A value in a few words; nothing for one that needs many.
fn brief(node: &Node) -> Option<String> {
    match &node.value {
        Value::Null => Some("null".to_owned()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Text { text, .. } => Some(text.clone()),
        Value::Sequence(items) if items.len() <= 4 => {
            let parts: Option<Vec<String>> = items.iter().map(brief).collect();
            parts.map(|p| format!("[{}]", p.join(", ")))
        }
        Value::Sequence(items) => Some(format!("[{} values]", items.len())),
        Value::Mapping(_) => None,
    }
}
