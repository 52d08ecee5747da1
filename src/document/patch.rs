//! JSON Merge Patch (RFC 7396) on trees; every value keeps the place that wrote it.

use super::{Mapping, Node, Value};
use crate::diag::{Diagnostic, Diagnostics, code, nearest};

/// Merges a patch into a base: mappings merge, `null` removes, anything else replaces. Removing what is not there is
/// reported, since such a patch does not do what it says.
#[must_use]
pub fn merge(base: &Node, patch: &Node, diagnostics: &mut Diagnostics) -> Node {
    let (Value::Mapping(old), Value::Mapping(new)) = (&base.value, &patch.value) else {
        return strip_nulls(patch);
    };
    Node { value: Value::Mapping(overlay(old, new, diagnostics)), span: base.span }
}

/// Merges the entries of one mapping over another.
#[must_use]
pub fn overlay(old: &Mapping, new: &Mapping, diagnostics: &mut Diagnostics) -> Mapping {
    let mut merged = Mapping(Vec::with_capacity(old.0.len() + new.0.len()));
    for (key, span, value) in &old.0 {
        match new.get(key) {
            None => merged.0.push((key.clone(), *span, value.clone())),
            Some(patch) if patch.is_null() => {}
            Some(patch) => {
                // A replaced scalar was declared by the patch; a merged mapping is still the base's.
                let at = match patch.value {
                    Value::Mapping(_) => *span,
                    _ => new.key_span(key).unwrap_or(*span),
                };
                merged.0.push((key.clone(), at, merge(value, patch, diagnostics)));
            }
        }
    }
    for (key, span, value) in &new.0 {
        if old.get(key).is_some() {
            continue;
        }
        if value.is_null() {
            let near = nearest(key, old.0.iter().map(|(k, ..)| k.as_str()));
            let help =
                near.map_or("remove the line, or correct the key".to_owned(), |n| format!("did you mean `{n}`?"));
            diagnostics.push(
                Diagnostic::error(
                    code::PATCH,
                    *span,
                    format!("the patch removes `{key}`, which the base does not have"),
                )
                .help(help),
            );
        } else {
            merged.0.push((key.clone(), *span, strip_nulls(value)));
        }
    }
    merged
}

/// New values hold no removals.
fn strip_nulls(node: &Node) -> Node {
    let value = match &node.value {
        Value::Mapping(mapping) => Value::Mapping(Mapping(
            mapping.0.iter().filter(|(.., v)| !v.is_null()).map(|(k, s, v)| (k.clone(), *s, strip_nulls(v))).collect(),
        )),
        other => other.clone(),
    };
    Node { value, span: node.span }
}
