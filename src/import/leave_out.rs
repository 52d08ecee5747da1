//! What a scenario cannot say is left out of the draft, as little of it as the error is about.

use super::{
    draft::{Draft, Item, Key, Matters, Node, NotUnderstood, Tree},
    finish::Shapes,
    scope::place_of,
};
use crate::{
    diag::{Diagnostic, FileId, Span},
    document::Shape,
};
use std::collections::{BTreeMap, BTreeSet};

/// An item, or a part of one by the keys that lead to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Part {
    key: Key,
    path: Vec<String>,
    /// Whether it has a name of its own: a rule, a listener, a record.
    is_named: bool,
}

/// Parts by the places that they, or values of theirs, were read at.
type Index = BTreeMap<(FileId, u32, u32), BTreeSet<Part>>;

/// Collections of what asks servers of its own for names.
const ASKERS: [&str; 3] = ["virtual_networks", "virtual_machines", "secondary_interfaces"];

/// Rules by which a service lets callers in at its public address.
const PUBLIC: [&str; 3] = ["network_rules", "ip_restrictions", "scm_ip_restrictions"];

/// Leaves out what errors point at: a named part of an item if they point into one, else the value if the item can do
/// without and is missed otherwise, else the item. Gives whether there was anything.
pub(super) fn leave_out(draft: &mut Draft, errors: &[Diagnostic]) -> bool {
    if errors.is_empty() {
        return false;
    }
    let index = index(draft);
    let mut found: BTreeMap<Part, (String, Span)> = BTreeMap::new();
    for error in errors {
        let Some(at) = error.span else { continue };
        for part in pointed_at(draft, &index, at) {
            found
                .entry(part)
                .or_insert_with(|| (format!("a scenario cannot say this: {} ({})", error.message, error.code), at));
        }
    }
    let any = !found.is_empty();
    let shapes = Shapes::new();
    for (Part { key, path, is_named }, (why, at)) in found {
        let Some(item) = draft.items.get(&key) else { continue };
        let (name, mut source) = (item.name.clone(), item.source.clone());
        // Nobody would hear of flows to a service that is gone.
        let servers = path.iter().any(|p| p == "dns_servers") && ASKERS.contains(&key.collection);
        let missed = matches!(place_of(&key, item), Matters::No | Matters::SomeSubnet | Matters::Gateways);
        let path = match is_named || servers || missed {
            false => &[],
            true if is_named => path.as_slice(),
            true => optional(draft, &shapes, &key, item, &path),
        };
        let (kind, name, matters) = match path.last() {
            Some(part) => {
                let named = || (key.collection.to_owned(), format!("{name}/{part}"));
                let value = || (format!("{} {}", key.collection, path.join(".")), name.clone());
                let (kind, name) = if is_named { named() } else { value() };
                draft.items.get_mut(&key).into_iter().for_each(|i| remove(&mut i.fields, path));
                source.span = at;
                let public = path.first().is_some_and(|p| PUBLIC.contains(&p.as_str()));
                let matters = match (servers, public) {
                    (true, _) => Matters::Answers(key.clone()),
                    (_, true) => Matters::PublicRules(key.clone()),
                    _ => Matters::Item(key.clone()),
                };
                (kind, name, matters)
            }
            None => {
                let item = draft.items.remove(&key);
                item.iter().for_each(|i| draft.lost(&key, i));
                (key.collection.to_owned(), name, item.map_or(Matters::Everywhere, |i| place_of(&key, &i)))
            }
        };
        // A value that is not known was said to be so, and is why something is missing.
        let lacks = path.is_empty() && [" needs ", "missing "].iter().any(|w| why.contains(w));
        let names = |word: &str| lacks && word.contains('_') && why.split([' ', ',', '`']).any(|w| w == word);
        match draft.cause(&source, &names) {
            Some(cause) => cause.matters = cause.matters.clone().and(matters),
            None => draft.not_understood(NotUnderstood { kind, name, why, source, matters }),
        }
    }
    any
}

/// The most of a path that an item can do without: keys that are required go with what they stand in.
fn optional<'p>(draft: &Draft, shapes: &Shapes, key: &Key, item: &Item, path: &'p [String]) -> &'p [String] {
    let mut info = shapes.of(draft, key, item);
    let mut found = 0;
    for (depth, name) in path.iter().enumerate() {
        let field = info.and_then(|info| (info.fields)().into_iter().find(|f| f.key == name));
        let Some(field) = field else { break };
        if !field.required {
            found = depth + 1;
        }
        info = match field.shape {
            Shape::Record(inner) => Some(inner()),
            _ => None,
        };
    }
    path.get(..found).unwrap_or_default()
}

fn place(span: Span) -> (FileId, u32, u32) {
    (span.file, span.start, span.end)
}

fn index(draft: &Draft) -> Index {
    let mut index = Index::new();
    for (key, item) in draft.items.iter().filter(|(_, i)| !i.is_stub) {
        let whole = Part { key: key.clone(), path: Vec::new(), is_named: false };
        index.entry(place(item.source.span)).or_default().insert(whole);
        for (name, node) in &item.fields {
            enter(node, key, &mut vec![name.clone()], 0, &mut index);
        }
    }
    index
}

/// A mapping of mappings has named parts; whatever else is inside belongs to the part around it.
fn enter(node: &Node, key: &Key, path: &mut Vec<String>, named: usize, index: &mut Index) {
    let is_named = named > 0;
    let path_of_part = if is_named { path.get(..named).unwrap_or_default() } else { path.as_slice() };
    let part = Part { key: key.clone(), path: path_of_part.to_vec(), is_named };
    index.entry(place(node.span)).or_default().insert(part);
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
    let innermost = known.iter().filter(|p| p.path.is_empty() && whole(&p.key));
    let innermost = innermost.max_by_key(|p| (draft.items.get(&p.key).map_or(0, depth), std::cmp::Reverse(&p.key)));
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
    smallest.map(|(k, _)| Part { key: k.clone(), path: Vec::new(), is_named: false }).into_iter().collect()
}

fn remove(fields: &mut Vec<(String, Node)>, path: &[String]) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        fields.retain(|(k, _)| k != first);
    } else if let Some((_, Node { tree: Tree::Map(inner), .. })) = fields.iter_mut().find(|(k, _)| k == first) {
        remove(inner, rest);
    }
}
