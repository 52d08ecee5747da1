//! After the mapping: values that only a deployment tells, and addresses that Azure would allocate.

use super::{Mapper, Resource, application_gateways, dns, firewalls, known::Place, settings::matters_at};
use crate::{
    import::{
        draft::{Draft, Key, Matters, Node, NotUnderstood, Source, Tree},
        ids::ArmId,
        json::{Json, REST, Value},
    },
    net::Prefix,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

/// Properties that have no part in reachability wherever they stand, so that something unknown in them does not matter;
/// the lists of settings name others by type.
const BESIDE: [&str; 26] = [
    "accesspolicies",
    "allocatedbyimport",
    "appsettings",
    "authorizationkey",
    "connectionstrings",
    "customdata",
    "databases",
    "diagnosticsprofile",
    "encryption",
    "extensionprofile",
    "hardwareprofile",
    "keydata",
    "linuxprofile",
    "metadata",
    "osprofile",
    "password",
    "serverfarmid",
    "servicemanagement",
    "settings",
    "sharedkey",
    "sslcertificates",
    "storageprofile",
    "tenantid",
    "trustedrootcertificates",
    "vpnclientrootcertificates",
    "workspaceresourceid",
];

/// Properties that refer to another resource by its id: without one, there is no telling what is meant.
const REFERENCES: [&str; 5] =
    ["networksecuritygroup", "routetable", "natgateway", "remotevirtualnetwork", "firewallpolicy"];

/// The same in lists: members of groups, and groups that rules name.
const LISTS: [&str; 3] =
    ["applicationsecuritygroups", "sourceapplicationsecuritygroups", "destinationapplicationsecuritygroups"];

/// Words in names of properties that prove who one is, and decide about no path.
const CREDENTIALS: [&str; 8] =
    ["password", "secret", "credential", "token", "accountkey", "accesskey", "connectionstring", "certificate"];

/// Reports values of a resource that only a deployment tells: it may do something else than the scenario says.
pub(super) fn unknowns(resource: &Resource, matters: &Matters, mapper: &mut Mapper<'_>) {
    let Some(properties) = resource.body.get("properties") else { return };
    // Of the settings of apps, those of the site itself decide.
    if resource.id.kind.ends_with("/config") && !resource.id.name().eq_ignore_ascii_case("web") {
        return;
    }
    let mut found = Vec::new();
    search(properties, "properties", &Place::of(&resource.id.kind), &mut found);
    // A connection to a resource that is named is to that, whatever address it goes by.
    let named = resource.id.kind.ends_with("/workspaces/connections") && resource.str("metadata.ResourceId").is_some();
    for (path, why, span) in found.into_iter().filter(|(path, ..)| !(named && path == "properties.target")) {
        mapper.draft.not_understood(NotUnderstood {
            kind: format!("{} {path}", resource.id.kind),
            name: resource.id.name().to_owned(),
            why,
            source: Source { address: format!("{}.{path}", resource.source.address), span },
            matters: matters_at(&resource.id.kind, &path, matters),
        });
    }
}

/// Where resources matter that became no item of their own: at what they belong to, as far as that is known.
pub(super) fn owners(resources: &[&Resource], mapper: &Mapper<'_>) -> Vec<Matters> {
    let mut items: BTreeMap<&str, &Key> = BTreeMap::new();
    for key in mapper.draft.items.keys() {
        items.entry(&key.id).or_insert(key);
    }
    let owner = |resource: &&Resource| {
        let id = resource.full_id.trim_end_matches('/').to_lowercase();
        let outer = std::iter::successors(resource.id.parent(), |id| ArmId::parse(id)?.parent());
        let outer = outer.filter_map(|id| items.get(id.to_lowercase().as_str()).copied().cloned()).next();
        let own = items.get(id.as_str()).copied().cloned();
        match mapper.draft.interfaces.get(&id).cloned().or(own).or(outer) {
            Some(key) => Matters::Item(key),
            None if resource.id.kind.starts_with("microsoft.network/") => Matters::Everywhere,
            None => Matters::No,
        }
    };
    resources.iter().map(owner).collect()
}

/// Whether what is known of an address, whose it is, is all that is read there: records, rules of firewalls and pools of
/// gateways find it out, or doubt it themselves.
fn is_read(json: &Json, path: &str) -> bool {
    let path = path.to_lowercase();
    let rules = ["properties.rulecollections[", "properties.rules[", "properties.natrulecollections["];
    path.starts_with("properties.backendaddresspools[") && path.contains(".backendaddresses")
        || path.starts_with("properties.arecords") && json.whose_address(dns::ENDPOINT).is_some()
        || rules.iter().any(|r| path.starts_with(r))
            && path.contains(".destinationaddresses")
            && json.whose_address(firewalls::PUBLIC).is_some()
}

fn search(json: &Json, path: &str, at: &Place, found: &mut Vec<(String, String, crate::diag::Span)>) {
    match &json.value {
        Value::Unknown(_) | Value::Secret if !at.counts => {}
        Value::Unknown(_) if is_read(json, path) || json.is_added() && path.ends_with(REST) => {}
        Value::Unknown(why) => found.push((path.to_owned(), why.to_string(), json.span)),
        Value::Secret => found.push((path.to_owned(), "it is secret, and is not read".to_owned(), json.span)),
        Value::List(items) => items.iter().enumerate().for_each(|(n, i)| search(i, &format!("{path}[{n}]"), at, found)),
        Value::Object(fields) => {
            for (key, value) in fields.iter() {
                let word = key.to_lowercase();
                let Some(place) = at.under(&word) else { continue };
                let names = value.fields().iter().any(|(k, _)| &**k == "id");
                if REFERENCES.contains(&word.as_str()) && !names && matches!(value.value, Value::Object(_)) {
                    found.push((format!("{path}.{key}"), "it names nothing".to_owned(), value.span));
                }
                let unnamed = |item: &&Json| item.get("id").is_none_or(|i| i.value == Value::Null);
                for item in value.items().iter().filter(|_| LISTS.contains(&word.as_str())).filter(unnamed) {
                    found.push((format!("{path}.{key}"), "it names nothing".to_owned(), item.span));
                }
                if !BESIDE.contains(&word.as_str()) && !CREDENTIALS.iter().any(|c| word.contains(c)) {
                    search(value, &format!("{path}.{key}"), &place, found);
                }
            }
        }
        _ => {}
    }
}

/// Collections whose items need an address from their subnet.
const ADDRESSED: [&str; 4] = ["virtual_machines", "secondary_interfaces", "inbound_endpoints", "frontends"];

/// Gives what has no address yet the first free one of its subnet, as Azure does, and says so.
pub(super) fn addresses(mapper: &mut Mapper<'_>) {
    let mut taken: BTreeMap<Key, BTreeSet<IpAddr>> = BTreeMap::new();
    let mut wanting = Vec::new();
    for (key, item) in &mapper.draft.items {
        let Some(Node { tree: Tree::Reference(subnet, _), .. }) = item.get("subnet") else { continue };
        let texts = ["private_ip_address", "private_ip_addresses", "ip_addresses"].iter().filter_map(|f| item.get(f));
        let texts = texts.flat_map(|n| match &n.tree {
            Tree::List(items) => items.iter().collect(),
            _ => vec![n],
        });
        let texts = texts.filter_map(|n| match &n.tree {
            Tree::Text(text) => text.parse::<IpAddr>().ok(),
            _ => None,
        });
        let before = taken.entry(subnet.clone()).or_default();
        before.extend(texts);
        // The firewall takes the first address of its subnet.
        if ADDRESSED.contains(&key.collection) && item.get("private_ip_address").is_none() {
            wanting.push((key.clone(), subnet.clone()));
        }
    }
    // Addresses of each subnet in order, as far as they were handed out.
    let mut left: BTreeMap<Key, std::vec::IntoIter<IpAddr>> = BTreeMap::new();
    let mut free = |subnet: &Key, draft: &Draft| {
        let Some(Tree::List(prefixes)) = draft.get(subnet)?.get("address_prefixes").map(|n| &n.tree) else {
            return None;
        };
        let taken = taken.entry(subnet.clone()).or_default();
        let usable = || prefixes.iter().filter_map(prefix).flat_map(|p| p.usable()).take(70_000).collect::<Vec<_>>();
        let left = left.entry(subnet.clone()).or_insert_with(|| usable().into_iter());
        left.find(|a| !taken.contains(a))
    };
    for (key, subnet) in wanting {
        let (Some(free), Some(item)) = (free(&subnet, mapper.draft), mapper.draft.get_mut(&key)) else { continue };
        let span = item.source.span;
        item.set("private_ip_address", Node::text(free.to_string(), span));
        if item.notes.is_empty() {
            item.note(ALLOCATED);
        }
    }
    let records = dns::endpoint_addresses(mapper, &mut |endpoint, draft| {
        let endpoint = draft.get(endpoint)?;
        let Some(Node { tree: Tree::Reference(subnet, _), span, .. }) = endpoint.get("subnet") else { return None };
        Some(Node::text(free(subnet, draft)?.to_string(), *span))
    });
    spellings(mapper);
    told_apart(&records, mapper);
    // Members of pools are meant themselves, whatever their addresses.
    application_gateways::members(mapper);
}

/// What the notes of an item say whose address Azure chooses.
pub(super) const ALLOCATED: &str = "Its address is allocated by Azure; the first free one is assumed.";

/// Addresses that Azure allocates are put in doubt where something names a part of their subnet: which of its machines a
/// rule, a route or a record means cannot be told.
fn told_apart(by_reference: &[Key], mapper: &mut Mapper<'_>) {
    let mut named: Vec<Prefix> = Vec::new();
    // What takes an address by reference means its owner, whatever the address.
    let own = |key: &Key| key.collection != "subnets" && !by_reference.contains(key);
    for (_, item) in mapper.draft.items.iter().filter(|(k, _)| own(k)) {
        for (field, node) in &item.fields {
            const OWN: [&str; 5] =
                ["private_ip_address", "private_ip_addresses", "ip_addresses", "address_space", "ip_address"];
            if !OWN.contains(&field.as_str()) {
                prefixes_in(node, &mut named);
            }
        }
    }
    let (mut doubted, mut told) = (Vec::new(), BTreeSet::new());
    for (key, item) in mapper.draft.items.iter().filter(|(_, i)| i.notes.iter().any(|n| n.contains(ASSUMED))) {
        let Some(Node { tree: Tree::Reference(subnet, _), .. }) = item.get("subnet") else { continue };
        let Some(Tree::List(own)) = mapper.draft.get(subnet).and_then(|s| s.get("address_prefixes")).map(|n| &n.tree)
        else {
            continue;
        };
        let own: Vec<Prefix> = own.iter().filter_map(prefix).collect();
        let inside = |p: &Prefix| own.iter().any(|o| o != p && o.covers(*p));
        if named.iter().any(inside) {
            let owner = item.parent.as_ref().map_or(key, |(parent, _)| parent).clone();
            doubted.push((key.collection, item.name.clone(), item.source.clone(), Matters::Address(owner)));
            // Whose a named address is, which nobody has as assumed, cannot be told either.
            if told.insert(subnet.clone()) {
                doubted.push(("subnets", subnet.id.clone(), item.source.clone(), Matters::Subnet(subnet.clone())));
            }
        }
    }
    for (kind, name, source, matters) in doubted {
        let why = match matters {
            Matters::Subnet(_) => "Azure chooses addresses in it, and a rule, route or record names one",
            _ => "Azure chooses its address, and a rule, route or record names a part of its subnet",
        };
        let (why, name) = (why.to_owned(), name.rsplit('/').next().unwrap_or_default().to_owned());
        mapper.draft.not_understood(NotUnderstood { kind: format!("address of {kind}"), name, why, source, matters });
    }
}

/// What every note of an address has that nobody set.
const ASSUMED: &str = "assumed";

fn prefixes_in(node: &Node, found: &mut Vec<Prefix>) {
    match &node.tree {
        Tree::Text(text) => {
            let bits = |a: IpAddr| if a.is_ipv4() { 32 } else { 128 };
            let address =
                || text.parse::<IpAddr>().ok().and_then(|a| format!("{a}/{}", bits(a)).parse::<Prefix>().ok());
            found.extend(text.parse::<Prefix>().ok().or_else(address));
        }
        Tree::List(items) => items.iter().for_each(|i| prefixes_in(i, found)),
        Tree::Map(fields) => fields.iter().for_each(|(_, n)| prefixes_in(n, found)),
        _ => {}
    }
}

/// Parts of a balancer or gateway refer to each other without regard to case; a scenario does not.
fn spellings(mapper: &mut Mapper<'_>) {
    let mut names: BTreeMap<Key, Vec<String>> = BTreeMap::new();
    let is_whole = |k: &Key| ["load_balancers", "application_gateways"].contains(&k.collection);
    for (key, item) in &mapper.draft.items {
        match &item.parent {
            Some((parent, _)) if is_whole(parent) => names.entry(parent.clone()).or_default().push(item.name.clone()),
            None if is_whole(key) => {
                let maps = item.fields.iter().filter_map(|(_, n)| match &n.tree {
                    Tree::Map(entries) => Some(entries),
                    _ => None,
                });
                names.entry(key.clone()).or_default().extend(maps.flatten().map(|(k, _)| k.clone()));
            }
            _ => {}
        }
    }
    for (key, known) in names {
        let Some(item) = mapper.draft.get_mut(&key) else { continue };
        item.fields.iter_mut().for_each(|(_, node)| respell(node, &known));
    }
}

fn respell(node: &mut Node, known: &[String]) {
    const REFERENCES: [&str; 8] = [
        "frontend_ip_configuration",
        "backend_address_pool",
        "probe",
        "http_listener",
        "backend_http_settings",
        "ssl_certificate",
        "private_link_configuration",
        "trusted_root_certificates",
    ];
    let Tree::Map(fields) = &mut node.tree else { return };
    let right = |node: &mut Node| {
        if let Tree::Text(text) = &mut node.tree
            && !known.contains(text)
            && let Some(right) = known.iter().find(|k| k.eq_ignore_ascii_case(text))
        {
            text.clone_from(right);
        }
    };
    for (key, value) in fields {
        match &mut value.tree {
            Tree::Map(_) => respell(value, known),
            _ if !REFERENCES.contains(&key.as_str()) => {}
            Tree::List(items) => items.iter_mut().for_each(right),
            _ => right(value),
        }
    }
}

fn prefix(node: &Node) -> Option<Prefix> {
    match &node.tree {
        Tree::Text(text) => text.parse().ok(),
        _ => None,
    }
}
