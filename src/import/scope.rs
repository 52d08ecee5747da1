//! What doubts come to: places that follow from the rest of the draft.

use super::draft::{Draft, Item, Key, Matters, NotUnderstood, Tree};
use crate::azure::known_services::{Cloud, KnownService, KnownServices, NameValues, SubResource};
use std::collections::{BTreeMap, BTreeSet};

/// What was not understood, once for each plain place.
pub(super) fn plain(draft: &Draft) -> Vec<NotUnderstood> {
    let mut found = Vec::new();
    for what in &draft.not_understood {
        let mut places = Vec::new();
        spread(&what.matters, draft, &mut places);
        found.extend(places.into_iter().map(|matters| NotUnderstood { matters, ..what.clone() }));
    }
    found
}

fn spread(matters: &Matters, draft: &Draft, places: &mut Vec<Matters>) {
    match matters {
        Matters::All(several) => several.iter().for_each(|m| spread(m, draft, places)),
        Matters::Target(target, groups) => places.push(answered(target, groups, draft)),
        Matters::Rules(ruleset) => places.push(Matters::Names(domains(ruleset, draft))),
        Matters::Gateways => {
            let named = |k: &&Key| k.collection == "subnets" && k.id.ends_with("/gatewaysubnet");
            let before = places.len();
            places.extend(draft.items.keys().filter(named).map(|k| Matters::Subnet(k.clone())));
            if places.len() == before {
                places.push(Matters::Everywhere);
            }
        }
        Matters::Item(key) if is_table(key, draft) => places.push(Matters::Routes(key.clone())),
        plain => places.push(plain.clone()),
    }
}

/// Whether an item is a table of routes, or a part of one.
fn is_table(key: &Key, draft: &Draft) -> bool {
    let parent = |k: &&Key| draft.items.get(*k).and_then(|i| i.parent.as_ref()).map(|(p, _)| p);
    std::iter::successors(Some(key), parent).any(|k| ["route_tables", "hub_tables"].contains(&k.collection))
}

/// Domains that the rules of a ruleset are about.
fn domains(ruleset: &Key, draft: &Draft) -> Vec<String> {
    let own = |i: &&Item| i.parent.as_ref().is_some_and(|(p, _)| p == ruleset);
    let domains = draft.items.values().filter(own).filter_map(|i| text(i, "domain_name"));
    domains.map(|d| plain_domain(&d)).collect()
}

/// A domain as a rule names it, without the dot at its end; the root is a dot.
pub(super) fn plain_domain(domain: &str) -> String {
    let name = domain.trim_end_matches('.');
    if name.is_empty() { ".".to_owned() } else { name.to_owned() }
}

/// Where a private endpoint matters that is not known as it is: at the names of its target, as far as they are told.
fn answered(target: &Key, groups: &[String], draft: &Draft) -> Matters {
    let cloud = draft.cloud.and_then(|c| c.parse().ok()).unwrap_or(Cloud::Public);
    let item = draft.items.get(target);
    let kind = match target.collection {
        "machine_learning_workspaces" => Some("microsoft.machinelearningservices/workspaces".to_owned()),
        _ => item.and_then(|i| text(i, "type")),
    };
    let service = kind.and_then(|k| KnownServices::get().service(cloud, &k));
    let names = match (service, item) {
        (Some(service), Some(item)) => names(service, groups, item, cloud),
        _ => any_with(groups, cloud),
    };
    // What an alias leads to has no names of its own.
    let alias = item.is_none() && groups.is_empty() && target.id.ends_with(".privatelinkservice");
    match names {
        Some(names) => Matters::Names(names.into_iter().collect()),
        None if alias => Matters::Names(Vec::new()),
        None => Matters::Everywhere,
    }
}

/// Names of a service by which its parts are asked for.
fn names(service: &KnownService, groups: &[String], item: &Item, cloud: Cloud) -> Option<BTreeSet<String>> {
    let parts: Vec<SubResource> = match groups.is_empty() {
        true => service.sub_resources.clone(),
        false => groups.iter().filter_map(|g| service.sub_resource(g)).map(|s| s.into_owned()).collect(),
    };
    let mut values: BTreeMap<String, String> = match item.get("name_values").map(|n| &n.tree) {
        Some(Tree::Map(told)) => {
            let told = told.iter().filter_map(|(k, n)| match &n.tree {
                Tree::Text(text) => Some((k.clone(), text.clone())),
                _ => None,
            });
            told.collect()
        }
        _ => BTreeMap::new(),
    };
    values.extend(text(item, "custom_subdomain_name").map(|s| ("customSubdomain".to_owned(), s)));
    let replicas: Vec<String> = match item.get("replica_locations").map(|n| &n.tree) {
        Some(Tree::List(list)) => list
            .iter()
            .filter_map(|n| match &n.tree {
                Tree::Text(text) => Some(text.clone()),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    };
    let (region, kind) = (text(item, "location"), text(item, "kind"));
    let known = NameValues {
        name: &item.name,
        region: region.as_deref(),
        replica_regions: &replicas,
        kind: kind.as_deref(),
        values: &values,
    };
    let mut found = BTreeSet::new();
    for part in &parts {
        match part.instantiate(&known) {
            Ok(made) => {
                found.extend(made.names.iter().flat_map(|n| [n.public.to_string(), n.private.to_string()]));
                found.extend(part.open_suffixes().filter(|s| !values.contains_key(*s)).map(str::to_owned));
            }
            Err(_) => found.extend(any_with(std::slice::from_ref(&part.name), cloud)?),
        }
    }
    (!found.is_empty()).then_some(found)
}

/// Public suffixes of all services that have parts with these group ids; nothing if they do not tell.
pub(super) fn any_with(groups: &[String], cloud: Cloud) -> Option<BTreeSet<String>> {
    let suffixes: Vec<_> = groups.iter().map(|g| KnownServices::get().public_suffixes(cloud, g)).collect();
    let untold = suffixes.iter().any(|s| s.is_empty() || s.iter().any(|name| !name.contains('.')));
    let all = || suffixes.iter().flatten().map(|s| (*s).to_owned()).collect();
    (!suffixes.is_empty() && !untold).then(all)
}

fn text(item: &Item, key: &str) -> Option<String> {
    match item.get(key).map(|n| &n.tree) {
        Some(Tree::Text(text)) => Some(text.clone()),
        _ => None,
    }
}
