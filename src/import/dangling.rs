//! What a draft cannot declare: references that lead nowhere, and items without what they need.

use super::{
    draft::{Draft, Item, Key, Matters, Node, NotUnderstood, Source, Tree},
    elsewhere::Elsewhere,
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
        // Where something matters is told by the references that it loses.
        let mut whole: BTreeMap<Key, Item> = BTreeMap::new();
        let missing = missing(draft, &present);
        for (key, item) in &mut draft.items {
            let mut dangles = false;
            item.fields.iter().for_each(|(_, n)| n.references(&mut |to| dangles |= missing.contains_key(to)));
            if dangles && !item.is_stub {
                whole.insert(key.clone(), item.clone());
            }
            for (field, to, at) in remove_dangling(item, &present) {
                changed = true;
                let zone = to.id.rsplit('/').next().unwrap_or_default();
                let by_zone = key.collection == "private_endpoints" && to.collection == "private_dns_zones";
                reports.push(NotUnderstood {
                    kind: format!("reference from {}", key.collection.trim_end_matches('s')),
                    name: item.name.clone(),
                    why: format!("its `{field}` is {}", missing.get(&to).map_or(&*to.id, String::as_str)),
                    source: Source { address: item.source.address.clone(), span: at },
                    matters: match field.as_str() {
                        _ if by_zone => Matters::PrivateNames(vec![zone.to_owned()]),
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
        let lost: Vec<(Key, Lost)> = draft
            .items
            .iter()
            .filter_map(|(k, i)| why_lost(draft, shapes, &present, k, i).map(|w| (k.clone(), w)))
            .collect();
        for (key, lost) in lost {
            changed = true;
            let Some(item) = draft.items.remove(&key) else { continue };
            // The reference that led nowhere says more than the key that is missing now.
            let told = |r: &&NotUnderstood| r.matters == Matters::Item(key.clone());
            let reference = reports.iter().find(told).map(|r| r.why.clone());
            reports.retain(|r: &NotUnderstood| r.matters != Matters::Item(key.clone()));
            draft.lost(&key, &item);
            let place = match whole.get(&key) {
                // Without its target an endpoint could be one to anything.
                Some(whole) if key.collection == "private_endpoints" => place_of(&key, whole),
                Some(whole) => place_of(&key, whole).and(place_of(&key, &item)),
                None => place_of(&key, &item),
            };
            // A value that is not known says more, too.
            let cause = match (&lost, &reference) {
                (Lost::Without(names), None) => draft.cause(&item.source, &|word| names.contains(&word)),
                _ => None,
            };
            if let Some(cause) = cause {
                cause.matters = cause.matters.clone().and(place);
                continue;
            }
            let why = reference.unwrap_or_else(|| lost.why());
            // A stub was never declared, so what refers to it is what gets reported.
            if !item.is_stub {
                reports.push(NotUnderstood {
                    kind: key.collection.to_owned(),
                    name: item.name.clone(),
                    why,
                    source: item.source.clone(),
                    matters: place,
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

/// What is referred to and absent, with what to say of it.
fn missing(draft: &Draft, present: &BTreeSet<Key>) -> BTreeMap<Key, String> {
    let mut absent: BTreeSet<&Key> = BTreeSet::new();
    for item in draft.items.values() {
        let mut look = |to| {
            if !present.contains(to) {
                absent.insert(to);
            }
        };
        item.fields.iter().for_each(|(_, node)| node.references(&mut look));
    }
    if absent.is_empty() {
        return BTreeMap::new();
    }
    let elsewhere = Elsewhere::new(draft);
    let said = |key: &Key| match draft.gone.contains(key) {
        true => format!("{}, which is left out", key.id),
        false => format!("{}, which the input does not hold; {}", key.id, elsewhere.help(key)),
    };
    absent.into_iter().map(|key| (key.clone(), said(key))).collect()
}

/// Why an item cannot be declared.
enum Lost {
    /// It is not declared itself.
    Stub,
    /// It stands in something that is not there.
    Apart(String),
    /// It has none of these keys.
    Without(Vec<&'static str>),
}

impl Lost {
    fn why(&self) -> String {
        match self {
            Self::Stub => String::new(),
            Self::Apart(why) => why.clone(),
            Self::Without(names) => format!("its `{}` cannot be told from the input", names.join("` or `")),
        }
    }
}

/// Keys of which an item needs one, where none of them is required for itself; a link without its network would be one to
/// the network of its own name.
const ONE_OF: [(&str, &[&str]); 4] = [
    ("zone_links", &["virtual_network"]),
    ("ruleset_links", &["virtual_network"]),
    ("firewalls", &["subnet", "virtual_hub"]),
    ("frontends", &["subnet", "public_ip_address"]),
];

fn why_lost(draft: &Draft, shapes: &Shapes, present: &BTreeSet<Key>, key: &Key, item: &Item) -> Option<Lost> {
    if item.is_stub {
        return Some(Lost::Stub);
    }
    if let Some((parent, _)) = &item.parent
        && !present.contains(parent)
    {
        let gone = if draft.gone.contains(parent) { "is left out" } else { "the input does not hold" };
        return Some(Lost::Apart(format!("it belongs to {}, which {gone}", parent.id)));
    }
    let one_of = ONE_OF.iter().filter(|(collection, _)| *collection == key.collection);
    if let Some((_, names)) = one_of.into_iter().find(|(_, names)| names.iter().all(|n| item.get(n).is_none())) {
        return Some(Lost::Without(names.to_vec()));
    }
    let shape = shapes.of(draft, key, item)?;
    let missing = (shape.fields)().into_iter().find(|f| {
        f.required
            && item.get(f.key).is_none()
            && !draft.items.values().any(|c| c.parent.as_ref().is_some_and(|(p, field)| p == key && *field == f.key))
    })?;
    Some(Lost::Without(vec![missing.key]))
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
