//! What the lists say of the settings of resources: which a mapping reads, and which have no part in reachability.

use super::services;
use crate::import::{
    json::REST,
    listed::{Listed, Lists},
};
use std::sync::OnceLock;

/// What the platform adds to every resource.
pub(super) const EVERYWHERE: &[&str] = &[
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

pub(super) fn lists() -> &'static Lists {
    static LISTED: OnceLock<Lists> = OnceLock::new();
    LISTED.get_or_init(|| Lists::new(LISTS))
}

/// The key of the list that is for the properties of a type.
pub(super) fn key_of(kind: &str) -> Option<String> {
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

/// The list that is for the objects of a key.
pub(super) struct Listing<'k> {
    /// The key that it is found by.
    pub(super) key: &'k str,
    pub(super) row: Option<&'static Listed>,
    /// Whether only names that speak of the network count: inside services most is about other things.
    pub(super) loose: bool,
}

pub(super) fn listing(key: &str) -> Listing<'_> {
    let called = key.rsplit([' ', '.']).next().unwrap_or_default();
    let anywhere = !key.starts_with("services ") || speaks_of_network(called);
    let row = lists().get(key).or_else(|| lists().get(&format!("* {called}")).filter(|_| anywhere));
    let key = row.map_or(key, |(key, _)| key);
    let row = row.map(|(_, row)| row);
    Listing { key, row, loose: row.map_or(key.starts_with("services "), Listed::is_loose) }
}

/// The key of the objects under a name.
pub(super) fn further_in(key: &str, name: &str) -> String {
    if key.contains(' ') { format!("{key}.{name}") } else { format!("{key} {name}") }
}

/// Whether a name has no part in reachability in the properties of services, so that it has none further in.
pub(super) fn services_pass(word: &str) -> bool {
    lists().get("services").is_some_and(|(_, row)| row.passes(word))
}

/// The key of the list for parts of a type, or of an object inside it: by their type below that type, or beside it.
fn key_of_part(key: &str, word: &str) -> String {
    let below = format!("{key}/{word}");
    let beside = key.split_once('/').map(|(provider, _)| format!("{provider}/{word}"));
    match beside {
        Some(beside) if lists().get(&below).is_none() && lists().get(&beside).is_some() => beside,
        _ => below,
    }
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
            Some(row) if row.parts.contains(&word) => at(key_of_part(key, word), true),
            Some(row) if row.beside.contains(&word) => None,
            None if loose && services_pass(word) => None,
            _ if loose && !speaks_of_network(word) => at(further_in(key, word), false),
            _ => anything,
        }
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
