//! JSON Merge Patch (RFC 7396) on trees; every value keeps the place that wrote it.

use super::{Mapping, Node, Value};
use crate::diag::{Diagnostic, Diagnostics, code, nearest};

/// Problems after which none gets a suggestion any more: each costs a comparison with every key of the base.
pub(crate) const MAX_SUGGESTIONS: usize = 20;

/// Merges a patch into a base: mappings merge, `null` removes, anything else replaces. Removing what is not there is
/// reported at every level, since such a patch does not do what it says.
#[must_use]
pub fn merge(base: &Node, patch: &Node, diagnostics: &mut Diagnostics) -> Node {
    let (Value::Mapping(old), Value::Mapping(new)) = (&base.value, &patch.value) else {
        return fresh(patch, diagnostics);
    };
    Node { value: Value::Mapping(overlay(old, new, diagnostics)), span: base.span }
}

/// Merges the entries of one mapping over another.
#[must_use]
pub fn overlay(old: &Mapping, new: &Mapping, diagnostics: &mut Diagnostics) -> Mapping {
    let mut merged = Mapping(Vec::with_capacity(old.0.len() + new.0.len()));
    let (in_old, in_new) = (old.index(), new.index());
    for (key, span, value) in &old.0 {
        match in_new.get(key.as_str()).copied() {
            None => merged.0.push((key.clone(), *span, value.clone())),
            Some((_, patch)) if patch.is_null() => {}
            Some((patched_at, patch)) => {
                // A replaced scalar was declared by the patch; a merged mapping is still the base's.
                let at = match patch.value {
                    Value::Mapping(_) => *span,
                    _ => patched_at,
                };
                merged.0.push((key.clone(), at, merge(value, patch, diagnostics)));
            }
        }
    }
    for (key, span, value) in &new.0 {
        if in_old.contains_key(key.as_str()) {
            continue;
        }
        if value.is_null() {
            let few = diagnostics.as_slice().len() < MAX_SUGGESTIONS;
            let near = few.then(|| nearest(key, old.0.iter().map(|(k, ..)| k.as_str()))).flatten();
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
            merged.0.push((key.clone(), *span, fresh(value, diagnostics)));
        }
    }
    merged
}

/// A value where the base has none to merge with: a removal in it removes nothing.
fn fresh(node: &Node, diagnostics: &mut Diagnostics) -> Node {
    let value = match &node.value {
        Value::Mapping(mapping) => Value::Mapping(overlay(&Mapping::default(), mapping, diagnostics)),
        other => other.clone(),
    };
    Node { value, span: node.span }
}
