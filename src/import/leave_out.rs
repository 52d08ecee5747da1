//! What a scenario cannot say is left out of the draft, as little of it as the error is about.

use super::{
    dangling::place_of,
    draft::{Draft, Item, Key, Matters, Node, NotUnderstood, Tree},
};
use crate::diag::{Diagnostic, FileId, Span};
use std::collections::{BTreeMap, BTreeSet};

/// An item, or a named part of one by the keys that lead to it.
type Part = (Key, Vec<String>);

/// Parts by the places that they, or values of theirs, were read at.
type Index = BTreeMap<(FileId, u32, u32), BTreeSet<Part>>;

/// Leaves out what errors point at: a named part of an item if they point into one, else the item. Gives whether there
/// was anything.
pub(super) fn leave_out(draft: &mut Draft, errors: &[Diagnostic]) -> bool {
    if errors.is_empty() {
        return false;
    }
    let index = index(draft);
    let mut found: BTreeMap<Part, String> = BTreeMap::new();
    for error in errors {
        let Some(at) = error.span else { continue };
        for part in pointed_at(draft, &index, at) {
            found
                .entry(part)
                .or_insert_with(|| format!("a scenario cannot say this: {} ({})", error.message, error.code));
        }
    }
    let any = !found.is_empty();
    for ((key, path), why) in found {
        let Some(item) = draft.items.get_mut(&key) else { continue };
        let (name, source) = (item.name.clone(), item.source.clone());
        let (name, matters) = match path.last() {
            Some(part) => {
                remove(&mut item.fields, &path);
                (format!("{name}/{part}"), Matters::Item(key.clone()))
            }
            None => {
                let item = draft.items.remove(&key);
                item.iter().for_each(|i| draft.lost(i));
                (name, item.map_or(Matters::Everywhere, |i| place_of(&key, &i)))
            }
        };
        draft.not_understood(NotUnderstood { kind: key.collection.to_owned(), name, why, source, matters });
    }
    any
}

fn place(span: Span) -> (FileId, u32, u32) {
    (span.file, span.start, span.end)
}

fn index(draft: &Draft) -> Index {
    let mut index = Index::new();
    for (key, item) in draft.items.iter().filter(|(_, i)| !i.is_stub) {
        index.entry(place(item.source.span)).or_default().insert((key.clone(), Vec::new()));
        for (name, node) in &item.fields {
            enter(node, key, &mut vec![name.clone()], 0, &mut index);
        }
    }
    index
}

/// A mapping of mappings has named parts; whatever else is inside belongs to the part around it.
fn enter(node: &Node, key: &Key, path: &mut Vec<String>, named: usize, index: &mut Index) {
    let part = path.get(..named).unwrap_or_default().to_vec();
    index.entry(place(node.span)).or_default().insert((key.clone(), part));
    match &node.tree {
        Tree::List(items) => items.iter().for_each(|i| enter(i, key, path, named, index)),
        Tree::Map(fields) => {
            let parts = fields.iter().all(|(_, n)| matches!(n.tree, Tree::Map(_)));
            for (name, inner) in fields {
                path.push(name.clone());
                let named = if parts { path.len() } else { named };
                enter(inner, key, path, named, index);
                path.pop();
            }
        }
        _ => {}
    }
}

/// Every place in a scenario is that of a value of the draft, so the parts that were read there are meant. Where a whole
/// resource is the place of everything in it, the innermost is.
fn pointed_at(draft: &Draft, index: &Index, at: Span) -> Vec<Part> {
    let known = index.get(&place(at));
    let known: Vec<&Part> = known.into_iter().flatten().collect();
    let depth =
        |i: &Item| std::iter::successors(i.parent.as_ref(), |(p, _)| draft.items.get(p)?.parent.as_ref()).count();
    let whole = |key: &Key| draft.items.get(key).is_some_and(|i| i.source.span == at);
    let innermost = known.iter().filter(|(key, path)| path.is_empty() && whole(key));
    let innermost = innermost.max_by_key(|(key, _)| (draft.items.get(key).map_or(0, depth), std::cmp::Reverse(key)));
    if let Some(part) = innermost {
        return vec![(*part).clone()];
    }
    if !known.is_empty() {
        return known.into_iter().cloned().collect();
    }
    // A place inside a value: the smallest item around it.
    let holds = |s: Span| s.file == at.file && s.start <= at.start && at.end <= s.end;
    let around = draft.items.iter().filter(|(_, i)| !i.is_stub && holds(i.source.span));
    let smallest = around
        .min_by_key(|(k, i)| (i.source.span.end - i.source.span.start, std::cmp::Reverse(depth(i)), (*k).clone()));
    smallest.map(|(k, _)| (k.clone(), Vec::new())).into_iter().collect()
}

fn remove(fields: &mut Vec<(String, Node)>, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        fields.retain(|(k, _)| k != first);
    } else if let Some((_, Node { tree: Tree::Map(inner), .. })) = fields.iter_mut().find(|(k, _)| k == first) {
        remove(inner, rest);
    }
}
