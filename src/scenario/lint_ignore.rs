//! Suppressions of lint findings, written next to the resource they are about.

use crate::{
    diag::Span,
    document::{Context, Date, Decode, LINT_IGNORE, Mapping, Node, Spanned, Value, record},
};
use std::collections::BTreeSet;

record! {
    /// A suppression of lint findings. Any record of a scenario may hold a list of them under `lint_ignore`; each silences one rule for what the record declares, with everything in it.
    pub struct LintIgnore {
        /// Code or name of the lint rule.
        rule: Spanned<String> = required,
        /// Why the finding is accepted here.
        reason: Spanned<String> = required,
        /// Last day on which it holds; for good when absent.
        expires: Option<Spanned<Date>>,
    }
}

/// A suppression with what it covers.
#[derive(Debug, Clone)]
pub struct Suppression {
    /// What was written.
    pub fields: LintIgnore,
    /// Places of every key and value of the record that holds it. Places, not a range: a patch may have written some.
    pub scope: BTreeSet<Span>,
}

/// Every suppression in the tree, outer ones first.
pub(super) fn collect(root: &Mapping, context: &mut Context) -> Vec<Suppression> {
    let mut found = Vec::new();
    for (_, key, node) in &root.0 {
        walk(*key, node, context, &mut found);
    }
    found
}

fn walk(key: Span, node: &Node, context: &mut Context, found: &mut Vec<Suppression>) {
    match &node.value {
        Value::Mapping(mapping) => {
            if let Some(list) = mapping.get(LINT_IGNORE) {
                let mut scope = BTreeSet::from([key]);
                places(node, &mut scope);
                for fields in Vec::<LintIgnore>::decode(list, context).unwrap_or_default() {
                    if fields.reason.value.trim().is_empty() {
                        context.bad_value(
                            fields.reason.span,
                            "a suppression says why the finding is accepted".into(),
                            "write the reason",
                        );
                    }
                    found.push(Suppression { fields, scope: scope.clone() });
                }
            }
            for (name, key, value) in &mapping.0 {
                if name != LINT_IGNORE {
                    walk(*key, value, context, found);
                }
            }
        }
        Value::Sequence(items) => items.iter().for_each(|item| walk(item.span, item, context, found)),
        Value::Null | Value::Bool(_) | Value::Text { .. } => {}
    }
}

fn places(node: &Node, found: &mut BTreeSet<Span>) {
    found.insert(node.span);
    match &node.value {
        Value::Mapping(mapping) => {
            for (name, key, value) in &mapping.0 {
                if name != LINT_IGNORE {
                    found.insert(*key);
                    places(value, found);
                }
            }
        }
        Value::Sequence(items) => items.iter().for_each(|item| places(item, found)),
        Value::Null | Value::Bool(_) | Value::Text { .. } => {}
    }
}
