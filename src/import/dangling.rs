//! What a draft cannot declare: references that lead nowhere, and items without what they need.

use super::{
    draft::{Draft, Item, Key, Matters, Node, NotUnderstood, Source, Tree},
    finish::Shapes,
    scope::place_of,
};
use crate::{
    diag::Span,
    document::{Shape, TypeInfo},
};
use std::collections::{BTreeMap, BTreeSet};

/// Drops what cannot be declared: references to what the input does not hold, and items without what they need. Each is
/// reported, with where it could matter.
pub(super) fn settle(draft: &mut Draft, shapes: &Shapes) {
    loop {
        let present: BTreeSet<Key> = draft.items.iter().filter(|(_, i)| !i.is_stub).map(|(k, _)| k.clone()).collect();
        let mut changed = false;
        let mut reports = Vec::new();
        // What a private endpoint would answer is told by the reference that it loses.
        let mut whole: BTreeMap<Key, Item> = BTreeMap::new();
        for (key, item) in &mut draft.items {
            if key.collection == "private_endpoints" && !item.is_stub {
                whole.insert(key.clone(), item.clone());
            }
            for dangling in remove_dangling(item, &present) {
                changed = true;
                let (field, to, at) = dangling;
                let zone = to.id.rsplit('/').next().unwrap_or_default();
                let by_zone = key.collection == "private_endpoints" && to.collection == "private_dns_zones";
                reports.push(NotUnderstood {
                    kind: format!("reference from {}", key.collection.trim_end_matches('s')),
                    name: item.name.clone(),
                    why: format!(
                        "its `{field}` is {}, which the input does not hold; import the file that declares it, too",
                        to.id
                    ),
                    source: Source { address: item.source.address.clone(), span: at },
                    matters: match field.as_str() {
                        _ if by_zone => Matters::Names(vec![zone.to_owned()]),
                        "route_table" => Matters::Routes(key.clone()),
                        rule if rule.starts_with("network_rules") => Matters::PublicRules(key.clone()),
                        _ => Matters::Item(key.clone()),
                    },
                });
            }
            // Without any of its zones an endpoint registers nowhere, and is there.
            item.fields.retain(|(k, n)| {
                k != "private_dns_zone_group"
                    || !matches!(&n.tree, Tree::Map(f) if f.iter().all(|(_, n)| n.tree == Tree::List(Vec::new())))
            });
        }
        prune(draft, shapes, &reports);
        let lost: Vec<(Key, String)> = draft
            .items
            .iter()
            .filter_map(|(k, i)| why_lost(draft, shapes, &present, k, i).map(|w| (k.clone(), w)))
            .collect();
        for (key, why) in lost {
            changed = true;
            let Some(item) = draft.items.remove(&key) else { continue };
            // The reference that led nowhere says more than the key that is missing now.
            let told = |r: &&NotUnderstood| r.matters == Matters::Item(key.clone());
            let why = reports.iter().find(told).map_or(why, |r| r.why.clone());
            reports.retain(|r: &NotUnderstood| r.matters != Matters::Item(key.clone()));
            draft.lost(&item);
            // A stub was never declared, so what refers to it is what gets reported.
            if !item.is_stub {
                reports.push(NotUnderstood {
                    kind: key.collection.to_owned(),
                    name: item.name.clone(),
                    why,
                    source: item.source.clone(),
                    matters: place_of(&key, whole.get(&key).unwrap_or(&item)),
                });
            }
        }
        reports.into_iter().for_each(|r| draft.not_understood(r));
        if !changed {
            return;
        }
    }
}

/// Drops what cannot be without a reference that led nowhere, up to the item itself: a connection without its target.
fn prune(draft: &mut Draft, shapes: &Shapes, reports: &[NotUnderstood]) {
    let shortened: BTreeSet<&Key> = reports
        .iter()
        .filter_map(|r| match &r.matters {
            Matters::Item(key) => Some(key),
            _ => None,
        })
        .collect();
    for key in shortened {
        let info = draft.items.get(key).and_then(|item| shapes.of(draft, key, item));
        if let (Some(info), Some(item)) = (info, draft.items.get_mut(key)) {
            prune_fields(&mut item.fields, &info);
        }
    }
}

fn prune_fields(fields: &mut Vec<(String, Node)>, info: &TypeInfo) {
    let declared = (info.fields)();
    fields.retain_mut(|(name, node)| {
        let shape = declared.iter().find(|f| f.key == name).map(|f| f.shape);
        let (Some(Shape::Record(inner)), Tree::Map(inside)) = (shape, &mut node.tree) else { return true };
        let inner = inner();
        prune_fields(inside, &inner);
        (inner.fields)().iter().all(|f| !f.required || inside.iter().any(|(k, _)| k == f.key))
    });
}

/// Why an item cannot be declared.
fn why_lost(draft: &Draft, shapes: &Shapes, present: &BTreeSet<Key>, key: &Key, item: &Item) -> Option<String> {
    if item.is_stub {
        return Some(String::new());
    }
    if let Some((parent, _)) = &item.parent
        && !present.contains(parent)
    {
        return Some(format!("it belongs to {}, which the input does not hold", parent.id));
    }
    let shape = shapes.of(draft, key, item)?;
    let missing = (shape.fields)().into_iter().find(|f| {
        f.required
            && item.get(f.key).is_none()
            && !draft.items.values().any(|c| c.parent.as_ref().is_some_and(|(p, field)| p == key && *field == f.key))
    })?;
    Some(format!("its `{}` cannot be told from the input", missing.key))
}

/// Removes references to what is absent: the key, or the item of a list.
fn remove_dangling(item: &mut Item, present: &BTreeSet<Key>) -> Vec<(String, Key, Span)> {
    let mut found = Vec::new();
    item.fields.retain_mut(|(name, node)| keep(name, node, present, &mut found));
    found
}

fn keep(name: &str, node: &mut Node, present: &BTreeSet<Key>, found: &mut Vec<(String, Key, Span)>) -> bool {
    match &mut node.tree {
        Tree::Reference(key, _) if !present.contains(key) => {
            found.push((name.to_owned(), key.clone(), node.span));
            false
        }
        Tree::List(items) => {
            items.retain_mut(|n| keep(name, n, present, found));
            true
        }
        Tree::Map(fields) => {
            fields.retain_mut(|(inner, n)| keep(&format!("{name}.{inner}"), n, present, found));
            true
        }
        _ => true,
    }
}
