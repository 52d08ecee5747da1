//! Settings that the mapping does not read. Each type lists what its mapping reads, and what has no part in
//! reachability; what is set beyond that is said, and puts what it belongs to in doubt.

use super::{Mapper, Resource, services, values};
use crate::import::{
    draft::{Matters, NotUnderstood, Source},
    json::{Json, REST, Value},
    listed::{Listed, Lists},
};
use std::sync::OnceLock;

/// What the platform adds to every resource.
const EVERYWHERE: &[&str] = &[
    "provisioningstate",
    "resourceguid",
    "etag",
    "uniqueid",
    "systemdata",
    "creationtime",
    "createdtime",
    "createdat",
    "timecreated",
    "lastmodifiedtime",
    "lastmodifiedat",
    "statuschangetime",
    "description",
    "name",
    "id",
    "location",
    "allocatedbyimport",
    "virtualmachinemigration",
    "migrationphase",
    "diagnosticsettings",
];

/// What is known of the properties of types, and of the objects inside them.
const LISTS: &str = concat!(include_str!("../data/properties.txt"), "\n", include_str!("../data/objects.txt"));

/// What an object holds that refers to another resource, which may be described beside its id.
const REFERENCE: &[&str] = &[
    "type",
    "resourcegroup",
    "subscriptionid",
    "sku",
    "zones",
    "kind",
    "tags",
    "properties",
    "identity",
    "extendedlocation",
];

/// Lists of which the mapping reads the first item: more than one are said. `[]` stands for every item of a list.
const SINGLE: &[(&str, &str)] = &[
    ("microsoft.network/virtualnetworks/subnets", "delegations"),
    ("microsoft.network/loadbalancers", "loadBalancingRules[].backendAddressPools"),
    ("microsoft.network/loadbalancers", "outboundRules[].frontendIPConfigurations"),
    ("microsoft.network/privatelinkservices", "loadBalancerFrontendIpConfigurations"),
    ("microsoft.network/privateendpoints", "privateLinkServiceConnections"),
    ("microsoft.network/privateendpoints", "manualPrivateLinkServiceConnections"),
    ("microsoft.network/dnsresolvers/inboundendpoints", "ipConfigurations"),
    ("microsoft.network/applicationgateways", "gatewayIPConfigurations"),
    ("microsoft.network/networkmanagers/connectivityconfigurations", "hubs"),
    ("microsoft.containerinstance/containergroups", "subnetIds"),
];

pub(super) fn lists() -> &'static Lists {
    static LISTED: OnceLock<Lists> = OnceLock::new();
    LISTED.get_or_init(|| Lists::new(LISTS))
}

/// The key of the list that is for the properties of a type.
fn key_of(kind: &str) -> Option<String> {
    let own = lists().get(kind).map(|_| kind.to_owned());
    let service = || services::is_service(kind).then(|| "services".to_owned());
    let part = || {
        super::service_of(kind)?;
        let key = format!("part {}", kind.rsplit('/').next()?);
        lists().get(&key).map(|_| key)
    };
    own.or_else(service).or_else(part)
}

/// Words in names of settings that speak of the network: what a service sets by them, and its mapping does not read, may
/// decide who reaches it.
const WORDS: &[&str] = &[
    "network",
    "vnet",
    "subnet",
    "firewall",
    "privateendpoint",
    "privatelink",
    "publicaccess",
    "ipaddress",
    "iprange",
    "iprule",
    "ipfilter",
    "outbound",
    "inbound",
    "egress",
    "dns",
    "route",
    "proxy",
    "perimeter",
    "gateway",
    "peering",
    "hostingenvironment",
    "injection",
    "restriction",
];

/// Whether a name, in lower case, has a word that speaks of the network.
pub(in crate::import) fn speaks_of_network(name: &str) -> bool {
    WORDS.iter().any(|w| name.contains(w))
}

/// Reports what a resource sets and its mapping does not read, in whatever object inside it.
pub(super) fn unread(resource: &Resource, matters: &Matters, mapper: &mut Mapper<'_>) {
    let kind = resource.id.kind.as_str();
    // Of the settings of apps, those of the site itself decide.
    if kind.ends_with("/config") && !resource.id.name().eq_ignore_ascii_case("web") {
        return;
    }
    let Some(key) = key_of(kind) else { return };
    let mut found = Vec::new();
    let own = resource.full_id.as_str();
    if let Some(properties) = resource.body.get("properties") {
        let mut search = Search { own, found: &mut found };
        search.value("resource", "properties", properties, || "properties".to_owned());
        search.object(properties, &key, "properties");
    }
    Search { own, found: &mut found }.object(&resource.body, "resource", "");
    found.into_iter().for_each(|found| say(resource, found, matters, mapper));
    for (_, path) in SINGLE.iter().filter(|(owner, _)| *owner == kind) {
        let lists: Vec<&Json> = match path.split_once("[].") {
            Some((outer, inner)) => {
                let parts = resource.items(outer).iter();
                parts.filter_map(|p| p.get("properties").unwrap_or(p).at(inner)).collect()
            }
            None => resource.prop(path).into_iter().collect(),
        };
        if lists.iter().any(|l| l.items().len() > 1) {
            mapper.unmodelled(resource, path, "more than one of these are not modelled", matters.clone());
        }
    }
}

/// Interfaces that a machine or scale set describes itself.
pub(super) fn interface(resource: &Resource, interface: &Json, matters: &Matters, mapper: &mut Mapper<'_>) {
    let path = format!("networkInterfaceConfigurations.{}", interface.str_at("name").unwrap_or_default());
    let mut found = Vec::new();
    let mut search = Search { own: &resource.full_id, found: &mut found };
    search.object(interface, "microsoft.compute/networkinterfaceconfigurations", &path);
    found.into_iter().for_each(|found| say(resource, found, matters, mapper));
}

/// What is not read of a setting.
struct Found<'j> {
    /// The path to it.
    path: String,
    /// Its value.
    value: &'j Json,
    why: String,
}

/// A walk through the objects of a resource, for what no list names.
struct Search<'f, 'j> {
    /// The id of the resource.
    own: &'f str,
    /// What was found.
    found: &'f mut Vec<Found<'j>>,
}

impl<'j> Search<'_, 'j> {
    /// An object with the list of a key, a type and the path inside it.
    fn object(&mut self, object: &'j Json, key: &str, path: &str) {
        let Listing { key, row, loose } = listing(key);
        let outer = key.rsplit([' ', '.', '/']).next().unwrap_or_default();
        for (name, value) in object.fields() {
            let word = name.to_lowercase();
            let path = || if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
            // Off or not, a name that was meant to be another one sets what nobody reads.
            let meant = row.and_then(|r| r.resembled(&word));
            match row {
                _ if word == "id" && !loose => self.value(outer, "id", value, path),
                _ if EVERYWHERE.contains(&word.as_str()) => {}
                Some(row) if row.reads(&word).is_some() => {
                    self.value(outer, &word, value, path);
                    self.inside(value, key, row.reads(&word).unwrap_or_default(), path);
                }
                // Parts keep their settings one level further in.
                Some(_) if word == "properties" && key.contains([' ', '/']) => {
                    self.value(outer, &word, value, path);
                    self.object(value, key, &path());
                }
                Some(row) if row.parts.contains(&word.as_str()) => self.value(outer, "parts", value, path),
                Some(row) if row.passes(&word) => {}
                None if !loose && self.refers(object, &word) => {}
                _ if loose && meant.is_none() && !speaks_of_network(&word) => self.inside(value, key, &word, path),
                None if loose && services_pass(&word) => {}
                _ if meant.is_none() && is_empty(value) => {}
                _ => {
                    let hint = meant.map_or_else(String::new, |known| format!("; it resembles `{known}`"));
                    let why = format!("this setting is not read, and it could matter{hint}");
                    self.found.push(Found { path: path(), value, why });
                }
            }
        }
    }

    /// The value of a property that is read; `outer` is what the object around it is called.
    fn value(&mut self, outer: &str, name: &str, value: &'j Json, path: impl FnOnce() -> String) {
        let why = values::misfit(outer, name, value);
        self.found.extend(why.map(|why| Found { path: path(), value, why }));
    }

    /// The objects of a property that is read.
    fn inside(&mut self, value: &'j Json, key: &str, name: &str, path: impl FnOnce() -> String) {
        let is_object = |json: &Json| matches!(json.value, Value::Object(_));
        if !is_object(value) && !value.items().iter().any(is_object) {
            return;
        }
        let (inner, path) = (further_in(key, name), path());
        if is_object(value) {
            return self.object(value, &inner, &path);
        }
        for (number, item) in value.items().iter().enumerate().filter(|(_, i)| is_object(i)) {
            self.object(item, &inner, &format!("{path}[{number}]"));
        }
    }

    /// Whether a word belongs to a reference to another resource. What stands beside the id of a part is the part's own.
    fn refers(&self, object: &Json, word: &str) -> bool {
        let id = object.str_at("id").map(str::to_lowercase);
        let other = id.is_some_and(|id| !id.starts_with(&self.own.to_lowercase()));
        REFERENCE.contains(&word) && (word != "properties" || other)
    }
}

/// The list that is for the objects of a key.
struct Listing<'k> {
    /// The key that it is found by.
    key: &'k str,
    row: Option<&'static Listed>,
    /// Whether only names that speak of the network count: inside services most is about other things.
    loose: bool,
}

fn listing(key: &str) -> Listing<'_> {
    let called = key.rsplit([' ', '.']).next().unwrap_or_default();
    let anywhere = !key.starts_with("services ") || speaks_of_network(called);
    let row = lists().get(key).or_else(|| lists().get(&format!("* {called}")).filter(|_| anywhere));
    let key = row.map_or(key, |(key, _)| key);
    let row = row.map(|(_, row)| row);
    Listing { key, row, loose: row.map_or(key.starts_with("services "), Listed::is_loose) }
}

/// The key of the objects under a name.
fn further_in(key: &str, name: &str) -> String {
    if key.contains(' ') { format!("{key}.{name}") } else { format!("{key} {name}") }
}

/// Where a walk through the values of a resource is.
#[derive(Debug, Clone)]
pub(super) struct Place {
    at: At,
    /// Whether a value that is not known counts there.
    pub(super) counts: bool,
}

/// What says which names count at a place.
#[derive(Debug, Clone)]
enum At {
    /// Nothing: all do.
    Anything,
    /// The whole of a resource, with the key of the list for its properties.
    Resource(String),
    /// An object, with the key of its list.
    Object(String),
}

impl Place {
    /// The properties of a type.
    pub(super) fn of(kind: &str) -> Self {
        Self { at: key_of(kind).map_or(At::Anything, At::Object), counts: true }
    }

    /// The whole of a resource of a type; none of a type that has no list.
    pub(super) fn around(kind: &str) -> Option<Self> {
        Some(Self { at: At::Resource(key_of(kind)?), counts: true })
    }

    /// The place under a name in lower case; none if its list says that it has no part in reachability, whatever its
    /// value. What stands for all others there is not meant by that.
    pub(super) fn under(&self, word: &str) -> Option<Self> {
        let anything = Some(Self { at: At::Anything, counts: true });
        let at = |key: String, counts: bool| Some(Self { at: At::Object(key), counts });
        let key = match &self.at {
            At::Resource(kind) if word == "properties" => return at(kind.clone(), true),
            At::Resource(_) | At::Anything => return anything,
            At::Object(key) => key,
        };
        let Listing { key, row, loose } = listing(key);
        match row {
            _ if ["id", "name"].contains(&word) && !loose => anything,
            _ if EVERYWHERE.contains(&word) => None,
            _ if word == REST => Some(Self { at: At::Anything, counts: self.counts }),
            Some(row) if row.reads(word).is_some() => at(further_in(key, row.reads(word).unwrap_or_default()), true),
            Some(_) if word == "properties" && key.contains([' ', '/']) => at(key.to_owned(), true),
            Some(row) if row.parts.contains(&word) => {
                let inside = ["microsoft.compute/networkinterfaceconfigurations"];
                let own = inside.into_iter().find(|k| k.ends_with(&format!("/{word}")));
                at(own.map_or_else(|| format!("{key}/{word}"), str::to_owned), true)
            }
            Some(row) if row.beside.contains(&word) => None,
            None if loose && services_pass(word) => None,
            _ if loose && !speaks_of_network(word) => at(further_in(key, word), false),
            _ => anything,
        }
    }
}

/// Settings of services that decide about what they call themselves, and not about who reaches them.
const CALLS: [&str; 1] = ["restrictoutboundnetworkaccess"];

/// Where a setting at a path matters, if what it belongs to matters.
pub(super) fn matters_at(path: &str, matters: &Matters) -> Matters {
    let Matters::Item(key) = matters else { return matters.clone() };
    let path = path.to_lowercase();
    let setting = path.strip_prefix("properties.").unwrap_or(&path);
    let last = setting.rsplit('.').next().unwrap_or_default();
    let first = setting.split(['.', '[']).next().unwrap_or_default();
    // What a managed network leads to by endpoints of its own.
    const MANAGED: [&str; 5] =
        ["managednetwork", "storageaccount", "keyvault", "containerregistry", "applicationinsights"];
    match key.collection {
        "virtual_networks" if first == "dhcpoptions" => Matters::Answers(key.clone()),
        "virtual_machines" | "secondary_interfaces" if path.contains("dnssettings") => Matters::Answers(key.clone()),
        "subnets" if first == "routetable" => Matters::Routes(key.clone()),
        "services" if CALLS.contains(&last) => Matters::Calls(key.clone()),
        "services" if first == "virtualnetworksubnetid" => Matters::CallsElsewhere(key.clone()),
        "machine_learning_workspaces" if MANAGED.contains(&first) => Matters::Place(key.clone()),
        // Any network could be joined.
        "virtual_hub_connections" | "virtual_network_peerings" if first == "remotevirtualnetwork" => {
            Matters::Everywhere
        }
        _ => matters.clone(),
    }
}

/// Whether a name has no part in reachability in the properties of services, so that it has none further in.
fn services_pass(word: &str) -> bool {
    lists().get("services").is_some_and(|(_, row)| row.passes(word))
}

fn say(resource: &Resource, found: Found<'_>, matters: &Matters, mapper: &mut Mapper<'_>) {
    let Found { path, value, why } = found;
    mapper.draft.not_understood(NotUnderstood {
        kind: format!("{} {path}", resource.id.kind),
        name: resource.id.name().to_owned(),
        why,
        source: Source { address: format!("{}.{path}", resource.source.address), span: value.span },
        matters: matters_at(&path, matters),
    });
}

/// Whether a value sets nothing.
fn is_empty(value: &Json) -> bool {
    match &value.value {
        Value::Null => true,
        Value::Text(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Object(fields) => fields.iter().all(|(_, v)| is_empty(v)),
        // What only a deployment tells, and what is secret, is reported with its own reason.
        Value::Unknown(_) | Value::Secret => true,
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => false,
    }
}

/// Each setting that is read: what the object or the type around it is called, and its name.
#[cfg(test)]
pub(super) fn each_read(lists: &'static Lists) -> impl Iterator<Item = (&'static str, &'static str)> {
    lists.iter().flat_map(|(key, row)| {
        let outer = key.rsplit([' ', '.', '/']).next().unwrap_or_default();
        let named = row.read.iter().filter(|n| **n != crate::import::listed::NAME);
        named.map(move |name| (outer, *name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// A property stands in one list, in lower case, and every type of the network has its lists.
    #[test]
    fn lists_are_whole_and_disjoint() {
        let known = lists();
        let lines = LISTS.lines().filter(|l| !l.starts_with([' ', '#']) && !l.is_empty()).count();
        assert_eq!(known.iter().count(), lines, "a key stands twice");
        for (key, row) in known.iter() {
            let all: Vec<&str> = [EVERYWHERE, &row.read, &row.parts, &row.beside].concat();
            let distinct: BTreeSet<&str> = all.iter().copied().collect();
            assert_eq!(all.len(), distinct.len(), "{key} lists a property twice");
            assert!(all.iter().all(|p| p.to_lowercase() == **p), "{key}");
            assert!(known.get(key).is_some(), "{key} is like something that is not listed");
        }
        let mapped: BTreeSet<&str> = super::super::FAMILIES.iter().flat_map(|f| f.iter()).map(|(t, _)| *t).collect();
        // What is written inside others only.
        const INSIDE: [&str; 3] = [
            "microsoft.network/loadbalancers/frontendipconfigurations",
            "microsoft.compute/networkinterfaceconfigurations",
            "resource",
        ];
        for (key, _) in known.iter().filter(|(k, _)| !k.starts_with("services") && !INSIDE.contains(k)) {
            let (kind, path) = key.split_once(' ').unwrap_or((key, ""));
            let is_mapped = mapped.contains(kind) || INSIDE.contains(&kind) || ["*", "part"].contains(&kind);
            assert!(is_mapped, "{key}");
            // A list inside is one that something leads to.
            let (outer, last) =
                path.rsplit_once('.').map_or((kind.to_owned(), path), |(o, l)| (format!("{kind} {o}"), l));
            let leads = known.get(&outer).or_else(|| known.get(&format!("* {}", outer.rsplit(['.', ' ']).next()?)));
            let led =
                path.is_empty() || ["*", "part"].contains(&kind) || leads.is_some_and(|(_, r)| r.read.contains(&last));
            assert!(led, "nothing leads to {key}");
        }
        let without = mapped.iter().filter(|t| key_of(t).is_none());
        assert_eq!(
            without.collect::<Vec<_>>(),
            Vec::<&&str>::new(),
            "types whose unread settings nobody would hear of"
        );
    }
}
