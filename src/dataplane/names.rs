//! Names: zones, views, servers and what public DNS holds.

use super::{Arena, Id, Origin, network::Endpoint};
use crate::{diag::Span, net::Fqdn, verdict::Reason};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

/// All that is known of names.
#[derive(Debug, Clone, Default)]
pub struct Dns {
    /// Private zones.
    pub zones: Arena<Zone>,
    /// What the platform's resolver answers, per network.
    pub views: Arena<View>,
    /// Servers of the customer's and the platform's that own an address.
    pub servers: Arena<DnsServer>,
    /// Public DNS.
    pub public: RecordSet,
    /// Names that would be aliases if a connection that is only requested made them.
    pub pending: BTreeSet<Fqdn>,
    /// Whether a name that the nearest of several linked zones does not hold is asked of the next.
    pub falls_through: bool,
    /// Suffixes known not to exist in public DNS.
    pub absent: Vec<(Fqdn, Span)>,
}

/// A private zone.
#[derive(Debug, Clone)]
pub struct Zone {
    /// Declaration.
    pub origin: Origin,
    /// Apex.
    pub name: Fqdn,
    /// Records by full name.
    pub records: RecordSet,
}

/// Records by full name.
#[derive(Debug, Clone, Default)]
pub struct RecordSet {
    records: BTreeMap<Fqdn, Record>,
    /// Whether a wildcard is among them; most sets have none, and the search for one allocates.
    wildcards: bool,
    /// Names with something below them.
    passed: BTreeSet<Fqdn>,
}

/// What a name holds.
#[derive(Debug, Clone)]
pub struct Record {
    /// Addresses or another name.
    pub data: RecordData,
    /// Declaration.
    pub origin: Origin,
}

/// Data of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordData {
    /// Addresses.
    Addresses(Vec<IpAddr>),
    /// Another name.
    Alias(Fqdn),
}

impl RecordSet {
    /// Adds a record; the first of a name stays, addresses of the same name are joined.
    pub fn insert(&mut self, name: Fqdn, record: Record) {
        self.note(&name);
        match self.records.entry(name) {
            std::collections::btree_map::Entry::Vacant(slot) => {
                slot.insert(record);
            }
            std::collections::btree_map::Entry::Occupied(mut slot) => {
                if let (RecordData::Addresses(old), RecordData::Addresses(new)) =
                    (&mut slot.get_mut().data, record.data)
                {
                    for address in new {
                        if !old.contains(&address) {
                            old.push(address);
                        }
                    }
                }
            }
        }
    }

    /// Adds a record unless the name has one.
    pub fn insert_new(&mut self, name: Fqdn, record: Record) {
        self.note(&name);
        self.records.entry(name).or_insert(record);
    }

    /// Puts a record in the place of another.
    pub fn replace(&mut self, name: Fqdn, record: Record) {
        self.note(&name);
        self.records.insert(name, record);
    }

    /// Remembers wildcards, and the names that exist because something lies below them (ZONE-20).
    fn note(&mut self, name: &Fqdn) {
        self.wildcards |= name.as_str().starts_with("*.");
        let mut parent = name.parent();
        while let Some(above) = parent {
            parent = above.parent();
            if !self.passed.insert(above) {
                break;
            }
        }
    }

    /// The record of exactly this name.
    #[must_use]
    pub fn find_exact(&self, name: &Fqdn) -> Option<&Record> {
        self.records.get(name)
    }

    /// The record of a name, by itself or by the nearest wildcard.
    #[must_use]
    pub fn find(&self, name: &Fqdn) -> Option<&Record> {
        if let Some(record) = self.records.get(name) {
            return Some(record);
        }
        if !self.wildcards || self.passed.contains(name) {
            return None;
        }
        let mut parent = name.parent();
        while let Some(above) = parent {
            if let Some(record) = above.prepend("*").ok().and_then(|w| self.records.get(&w)) {
                return Some(record);
            }
            // A name that exists, if only above another, stops the search for wildcards further up (ZONE-20).
            if self.records.contains_key(&above) || self.passed.contains(&above) {
                return None;
            }
            parent = above.parent();
        }
        None
    }

    /// Whether a name exists here: it has a record, or something lies below it (ZONE-20).
    #[must_use]
    pub fn exists(&self, name: &Fqdn) -> bool {
        self.passed.contains(name) || self.find(name).is_some()
    }

    /// All records in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&Fqdn, &Record)> {
        self.records.iter()
    }
}

/// What the platform's resolver answers in a network.
#[derive(Debug, Clone)]
pub struct View {
    /// The network, for people.
    pub origin: Origin,
    /// Linked zones.
    pub links: Vec<ZoneLink>,
    /// Names answered by managed private endpoints, apart from all zones (MPE-10).
    pub overrides: RecordSet,
    /// Names that a managed private endpoint would answer if it were active.
    pub dormant: BTreeMap<Fqdn, (Reason, Origin)>,
    /// Forwarding rules, for names that no linked zone covers.
    pub forwarding: Vec<Forwarding>,
    /// Rules on queried names, in order; the first that matches decides (DNSPOL-02).
    pub policy: Vec<NameRule>,
}

/// A rule on queried names.
#[derive(Debug, Clone)]
pub struct NameRule {
    /// Declaration.
    pub origin: Origin,
    /// Names at or below; every name where a suffix is absent.
    pub suffixes: Vec<Option<Fqdn>>,
    /// Whether a match is refused.
    pub blocks: bool,
}

/// A zone visible in a view.
#[derive(Debug, Clone)]
pub struct ZoneLink {
    /// The zone.
    pub zone: Id<Zone>,
    /// Declaration of the link.
    pub origin: Origin,
    /// Whether a missing name is asked again in public DNS (ZONE-09).
    pub fallback: bool,
}

/// A ruleset linked to a network.
#[derive(Debug, Clone)]
pub struct Forwarding {
    /// Where the queries are sent from.
    pub from: Vec<Id<Endpoint>>,
    /// Its rules.
    pub rules: Vec<ForwardRule>,
}

/// Suffix to servers.
#[derive(Debug, Clone)]
pub struct ForwardRule {
    /// Names at or below; every name when absent.
    pub suffix: Option<Fqdn>,
    /// Names at or below these are left out (RESOLVER-10).
    pub except: Vec<Fqdn>,
    /// Servers in order.
    pub servers: Vec<IpAddr>,
    /// Declaration.
    pub origin: Origin,
}

impl ForwardRule {
    /// Number of labels of the suffix if it covers the name.
    #[must_use]
    pub fn covers(&self, name: &Fqdn) -> Option<usize> {
        match &self.suffix {
            None => (!self.except.iter().any(|e| name.is_under(e))).then_some(0),
            Some(suffix) => name.is_under(suffix).then(|| suffix.labels().count()),
        }
    }
}

/// How something resolves names.
#[derive(Debug, Clone)]
pub enum Resolver {
    /// The platform's resolver of a network.
    Platform(Id<View>),
    /// Servers in order; `platform` answers for the platform's own address where that is reachable.
    Servers {
        /// Addresses.
        servers: Vec<IpAddr>,
        /// Declaration.
        origin: Origin,
        /// What the platform's resolver answers here, inside a virtual network.
        platform: Option<Id<View>>,
    },
    /// Public DNS.
    Public,
}

/// A server that owns an address.
#[derive(Debug, Clone)]
pub struct DnsServer {
    /// Declaration.
    pub origin: Origin,
    /// Zones it is authoritative for.
    pub zones: Vec<(Fqdn, RecordSet)>,
    /// Conditional forwarders; the longest suffix wins (FWD-07).
    pub forwarders: Vec<ForwardRule>,
    /// What it does with every other name.
    pub otherwise: Otherwise,
    /// Whether it follows aliases of forwarded answers itself (FWD-04).
    pub iterative: bool,
    /// Whether nobody said so.
    pub mode_undeclared: bool,
    /// Whether its settings are taken from elsewhere, by an assumption.
    pub inherited: bool,
    /// What the platform's own resolver answers where it sits; none on premises (FWD-01).
    pub platform: Option<Id<View>>,
}

/// A name server at the root of public DNS (a.root-servers.net); queries to it stand for those of a server that resolves
/// public names itself.
pub const ROOT_SERVER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 41, 0, 4));

/// What a server does with a name that nothing else covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Otherwise {
    /// Answers as the platform's resolver of its network.
    Platform,
    /// Resolves public names itself, for which it needs a way to public name servers (FWD-11).
    Recurse,
    /// Answers what public DNS holds, over the platform.
    Public,
    /// Refuses.
    Refuse,
}
