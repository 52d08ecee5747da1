//! What doubts come to: places that follow from the rest of the draft.

use super::{
    draft::{Draft, Item, Key, Matters, Node, NotUnderstood, Tree},
    naming::Naming,
    resources::ELEMENTS,
};
use crate::azure::known_services::{Cloud, KnownService, KnownServices, SubResource};
use std::collections::BTreeSet;

/// Collections of what joins networks.
pub(super) const LINKS: [&str; 4] = [
    "virtual_network_peerings",
    "virtual_hub_connections",
    "virtual_network_gateway_connections",
    "virtual_hub_branches",
];

/// What was not understood, once for each plain place.
pub(super) fn plain(draft: &Draft) -> Vec<NotUnderstood> {
    let mut found = Vec::new();
    for what in &draft.not_understood {
        let mut places = Vec::new();
        spread(&what.matters, draft, &mut places);
        let mut distinct: Vec<Matters> = Vec::new();
        places.into_iter().for_each(|p| distinct.extend(Some(p).filter(|p| !distinct.contains(p))));
        let places = distinct;
        found.extend(places.into_iter().map(|matters| NotUnderstood { matters, ..what.clone() }));
    }
    found
}

fn spread(matters: &Matters, draft: &Draft, places: &mut Vec<Matters>) {
    match matters {
        Matters::All(several) => several.iter().for_each(|m| spread(m, draft, places)),
        Matters::Target(target, groups) => places.push(answered(target, groups, draft)),
        Matters::Rules(ruleset) => places.push(Matters::PrivateNames(domains(ruleset, draft))),
        Matters::Gateways => {
            let named = |k: &&Key| k.collection == "subnets" && k.id.ends_with("/gatewaysubnet");
            let before = places.len();
            places.extend(draft.items.keys().filter(named).map(|k| Matters::Subnet(k.clone())));
            if places.len() == before {
                places.push(Matters::Everywhere);
            }
        }
        // Whatever stands in a subnet that is not there may stand anywhere.
        Matters::Subnet(key) if !draft.items.contains_key(key) => places.push(Matters::SomeSubnet),
        Matters::Item(key) if leads(key, draft) => places.push(Matters::Routes(key.clone())),
        Matters::Item(key) if LINKS.contains(&key.collection) => {
            places.push(Matters::Links(key.clone()));
            // What it joins may announce more, a default among that.
            if key.collection == "virtual_network_gateway_connections" {
                spread(&Matters::Gateways, draft, places);
            }
        }
        Matters::AnyOf(kind) => {
            let all = of_type(kind, draft);
            if all.is_empty() {
                places.push(Matters::Everywhere);
            }
            all.into_iter().for_each(|key| spread(&Matters::Item(key), draft, places));
        }
        Matters::SomePool => {
            let all = draft.items.keys().filter(|k| ["load_balancers", "application_gateways"].contains(&k.collection));
            places.extend(all.cloned().map(Matters::Item));
        }
        Matters::SomeAddress => places.extend(free_addresses(draft).map(Matters::Item)),
        plain => places.push(plain.clone()),
    }
}

/// The items of an Azure type, in lower case.
fn of_type(kind: &str, draft: &Draft) -> Vec<Key> {
    let collection = ELEMENTS.iter().find(|(k, _)| *k == kind).map(|(_, collection)| *collection);
    let is_one = |(key, item): &(&Key, &Item)| match collection {
        Some(collection) => key.collection == collection,
        None => key.collection == "services" && text(item, "type").is_some_and(|t| t.eq_ignore_ascii_case(kind)),
    };
    draft.items.iter().filter(is_one).map(|(key, _)| key.clone()).collect()
}

/// Public addresses that nothing in the draft has.
fn free_addresses(draft: &Draft) -> impl Iterator<Item = Key> {
    let mut taken = BTreeSet::new();
    for item in draft.items.values() {
        item.fields.iter().for_each(|(_, node)| node.references(&mut |to| taken.extend([to.clone()])));
    }
    let all = draft.items.keys().filter(|k| k.collection == "public_ips");
    all.filter(move |k| !taken.contains(k)).cloned()
}

/// Collections of what has routes of its own.
const LEADS: [&str; 3] = ["route_tables", "virtual_hubs", "route_servers"];

/// Whether an item leads packets on by routes of its own, or is a part of one that does.
fn leads(key: &Key, draft: &Draft) -> bool {
    let parent = |k: &&Key| draft.items.get(*k).and_then(|i| i.parent.as_ref()).map(|(p, _)| p);
    std::iter::successors(Some(key), parent).any(|k| LEADS.contains(&k.collection))
}

/// Domains that the rules of a ruleset are about.
fn domains(ruleset: &Key, draft: &Draft) -> Vec<String> {
    let own = |i: &&Item| i.parent.as_ref().is_some_and(|(p, _)| p == ruleset);
    let domains = draft.items.values().filter(own).filter_map(|i| text(i, "domain_name"));
    domains.map(|d| plain_domain(&d)).collect()
}

/// A domain as a rule names it, without the dot at its end; the root is a dot.
fn plain_domain(domain: &str) -> String {
    let name = domain.trim_end_matches('.');
    if name.is_empty() { ".".to_owned() } else { name.to_owned() }
}

/// Types of which an endpoint decides about the public door, too.
const CLOSED_BY_ENDPOINTS: [&str; 3] =
    ["microsoft.web/sites", "microsoft.documentdb/databaseaccounts", "microsoft.appconfiguration/configurationstores"];

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
        // An endpoint may close the public door of these (APP-05, COSMOS-01).
        Some(names)
            if service.is_none_or(|s| CLOSED_BY_ENDPOINTS.contains(&s.resource_type.to_lowercase().as_str())) =>
        {
            Matters::Names(names.into_iter().collect())
        }
        Some(names) => Matters::PrivateNames(names.into_iter().collect()),
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
    let naming = Naming::of(item);
    let mut found = BTreeSet::new();
    for part in &parts {
        match part.instantiate(&naming.known()) {
            Ok(made) => {
                found.extend(made.names.iter().flat_map(|n| [n.public.to_string(), n.private.to_string()]));
                found.extend(part.open_suffixes().filter(|s| !naming.values.contains_key(*s)).map(str::to_owned));
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
    item.get(key).and_then(Node::as_text).map(str::to_owned)
}

/// Collections of what has an address in a subnet.
const ADDRESSED: [&str; 7] = [
    "virtual_machines",
    "secondary_interfaces",
    "frontends",
    "inbound_endpoints",
    "load_balancers",
    "application_gateways",
    "firewalls",
];

/// Where an item that is left out could have mattered.
pub(super) fn place_of(key: &Key, item: &Item) -> Matters {
    let reference = |field: &str| item.get(field).and_then(Node::target).cloned();
    let zone = item.parent.as_ref().map(|(p, _)| p.id.rsplit('/').next().unwrap_or_default().to_owned());
    match (key.collection, zone, item.get("domain_name").map(|n| &n.tree), &item.parent) {
        ("private_endpoints", ..) => return place_of_endpoint(item, reference("subnet")),
        ("zone_links", Some(zone), ..) => return Matters::PrivateNames(vec![zone]),
        ("a_records" | "cname_records", Some(zone), ..) if item.name == "@" => {
            return Matters::PrivateNames(vec![zone]);
        }
        ("a_records" | "cname_records", Some(zone), ..) => {
            return Matters::PrivateNames(vec![format!("{}.{zone}", item.name.trim_start_matches("*."))]);
        }
        ("forwarding_rules", _, Some(Tree::Text(domain)), _) => {
            return Matters::PrivateNames(vec![plain_domain(domain)]);
        }
        ("ruleset_links", .., Some((ruleset, _))) => return Matters::Rules(ruleset.clone()),
        _ => {}
    }
    if let Some(subnet) = reference("subnet") {
        return Matters::Subnet(subnet);
    }
    const ENDS: [&str; 4] = ["virtual_network", "virtual_network_gateway", "virtual_hub", "remote_virtual_network"];
    let ends: Vec<Key> = ENDS.iter().filter_map(|field| reference(field)).collect();
    if LINKS.contains(&key.collection) && key.collection != "virtual_network_gateway_connections" && !ends.is_empty() {
        return Matters::All(ends.into_iter().map(Matters::Links).collect());
    }
    let routes = ["virtual_network_gateways", "virtual_network_gateway_connections"].contains(&key.collection);
    if let Some(owner) = ends.into_iter().next() {
        return match routes {
            true => Matters::All(vec![Matters::Item(owner), Matters::Gateways]),
            false => Matters::Item(owner),
        };
    }
    let addressed = ADDRESSED.contains(&key.collection) && item.get("public_ip").is_none();
    match (&item.parent, key.collection) {
        (Some((parent, _)), _) if addressed => Matters::All(vec![Matters::Item(parent.clone()), Matters::SomeSubnet]),
        (Some((parent, _)), _) => Matters::Item(parent.clone()),
        (None, "private_dns_zones") => Matters::PrivateNames(vec![item.name.clone()]),
        (None, "network_managers" | "network_security_perimeters") => Matters::Everywhere,
        (None, _) if routes => Matters::Gateways,
        // A route may lead to an address of its.
        (None, "virtual_networks") => Matters::SomeSubnet,
        (None, _) if addressed => Matters::SomeSubnet,
        // Nothing leads to the others unless something names them, and that was reported.
        (None, _) => Matters::No,
    }
}

/// The names that a private endpoint would answer, and its address.
fn place_of_endpoint(item: &Item, subnet: Option<Key>) -> Matters {
    let mut places = Vec::new();
    let connection = match item.get("private_service_connection").map(|n| &n.tree) {
        Some(Tree::Map(fields)) => fields.as_slice(),
        _ => &[],
    };
    let groups = connection.iter().flat_map(|(_, n)| n.items()).filter_map(Node::as_text).map(str::to_owned);
    let target = connection.iter().find_map(|(_, n)| n.target()).cloned();
    let zones = zones_of(item);
    match target {
        Some(target) if ["services", "machine_learning_workspaces"].contains(&target.collection) => {
            places.push(Matters::Target(target, groups.collect()));
        }
        None if zones.is_empty() => return Matters::Everywhere,
        _ => places.push(Matters::PrivateNames(zones)),
    }
    places.push(subnet.map_or(Matters::SomeSubnet, Matters::Subnet));
    Matters::All(places)
}

/// Zones that a private endpoint writes records into.
fn zones_of(item: &Item) -> Vec<String> {
    let Some(Tree::Map(group)) = item.get("private_dns_zone_group").map(|n| &n.tree) else { return Vec::new() };
    let name = |n: &Node| n.target()?.id.rsplit('/').next().map(str::to_owned);
    group.iter().flat_map(|(_, n)| n.items()).filter_map(name).collect()
}
