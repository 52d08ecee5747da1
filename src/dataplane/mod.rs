//! The cloud-neutral data plane: networks, routes, filters, gates, proxies and names.
//!
//! Resources of a cloud compile to these types; engines see nothing else. Everything carries the [`Origin`] that
//! declared it, so that an engine can say which line of which file decided.

mod allocated;
mod arena;
mod elements;
mod filter;
mod internet;
mod names;
mod network;
mod plain;
mod proxy;
mod service;
mod spread;
mod unmodelled;

pub use allocated::{Allocated, Allocations, Candidates};
pub use arena::{Arena, Id};
pub(crate) use filter::Match;
pub use filter::{Action, Decision, Direction, Filter, FilterRule, Matcher, Names, Packet, Party, Resolved};
pub use internet::{Internet, Kind as InternetKind, kinds_of_internet};
pub use names::{
    Dns, DnsServer, ForwardRule, Forwarding, NameRule, Otherwise, ROOT_SERVER, Record, RecordData, RecordSet, Resolver,
    View, Zone, ZoneLink,
};
pub use network::{
    Absence, Balancer, BalancerProbe, BalancerRule, Breakout, Egress, EgressMatch, EgressRule, Endpoint,
    EndpointPolicy, Firewall, Gateway, Host, Link, LinkedSubnets, Listens, NatGateway, Network, NextHop, Reach,
    Regions, Role, Route, RouteSource, Routes, Segment, ServiceEndpoint, TagRoute, Tags, Transit, Translates,
    Translation, TranslationTarget, Void,
};
pub use proxy::{Backend, Certificate, Frontend, Listener, Member, Proxy, ProxyRule, Unsupported, Use};
pub use service::{
    Caller, CloudRule, Connection, ConnectionTarget, Door, DoorName, FurtherName, Gate, GateRule, OrderedRules,
    Outbound, Perimeter, PrivateEndpoint, Recognises, Resource, Setting, SharedLink,
};
pub use unmodelled::{Concern, Links, Unmodelled, UnmodelledScope};

/// What the routes of a network are named by that come from the platform and not from a declaration.
pub const DEFAULT_ROUTE: &str = "default route";

use crate::{diag::Span, net::Fqdn};
use std::{collections::BTreeMap, fmt, net::IpAddr};

/// Where something was declared, and what it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// What kind of thing it is, in the words of the file format: `subnet`, `firewall`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The place of its declaration; none for what the platform adds by itself.
    pub span: Option<Span>,
}

impl Origin {
    /// Something declared at a place.
    pub fn new(kind: &'static str, name: impl Into<String>, span: impl Into<Option<Span>>) -> Self {
        Self { kind, name: name.into(), span: span.into() }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// Networks that can in principle be routed to each other; what lies in another realm is unreachable by address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Realm(pub u32);

/// Who asks.
#[derive(Debug, Clone)]
pub struct Client {
    /// Declaration.
    pub origin: Origin,
    /// What the client is.
    pub kind: ClientKind,
    /// How it resolves names.
    pub resolver: Resolver,
    /// Why it cannot exist yet.
    pub absence: Option<Absence>,
    /// What sends in its place where a destination does not enter its network (APP-03).
    pub outside: Option<Id<Endpoint>>,
    /// Whether it can use only private endpoints that are enabled for it (MVNET-08).
    pub limited: bool,
    /// Conditions under which the platform does not support its traffic.
    pub unsupported: Vec<Unsupported>,
}

/// What a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    /// Something with an address.
    Endpoint(Id<Endpoint>),
    /// A service that calls with its identity, from no network of the customer's.
    Identity(Id<Resource>),
}

/// What a target name of the file stands for.
#[derive(Debug, Clone)]
pub enum Target {
    /// A service with names of its own.
    Resource(Id<Resource>),
    /// Something with an address, and what owns it there: elsewhere the same address may be another's.
    Address(IpAddr, Option<Id<Endpoint>>),
    /// Something that exists without an address to send to, with the reason.
    Unusable(String),
}

/// Names to one or several things of different kinds; `kind.name` is always unambiguous.
#[derive(Debug, Clone)]
pub struct Directory<T>(BTreeMap<String, Vec<(Origin, T)>>);

impl<T> Default for Directory<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

/// Why a name of a [`Directory`] cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotFound {
    /// Nothing has that name; perhaps this one was meant.
    Missing(Option<String>),
    /// Nothing has that name, nor one like it; these are some of so many names.
    Listed(Vec<String>, usize),
    /// Several things have that name; these spellings are unambiguous.
    Ambiguous(Vec<String>),
}

/// Names that are listed where none is like the one that was asked for.
const LISTED: usize = 8;

impl<T> Directory<T> {
    /// Adds a name.
    pub fn insert(&mut self, origin: &Origin, value: T) {
        self.0.entry(origin.name.clone()).or_default().push((origin.clone(), value));
    }

    /// The thing of a name, or of `kind.name`.
    ///
    /// # Errors
    /// If nothing, or more than one thing, has the name.
    pub fn get(&self, name: &str) -> Result<&T, NotFound> {
        let qualified =
            || name.split_once('.').and_then(|(kind, rest)| self.0.get(rest)?.iter().find(|(o, _)| o.kind == kind));
        match self.0.get(name).map(Vec::as_slice) {
            Some([(_, only)]) => Ok(only),
            Some(several) => {
                Err(NotFound::Ambiguous(several.iter().map(|(o, _)| format!("{}.{}", o.kind, o.name)).collect()))
            }
            None => qualified().map(|(_, value)| value).ok_or(NotFound::Missing(None)),
        }
    }

    /// Names `owner/name` of things that share the name.
    fn owned(&self, name: &str) -> Option<Vec<String>> {
        let whole = |full: &&String| full.strip_suffix(name).is_some_and(|owner| owner.ends_with('/'));
        let found: Vec<String> = self.0.keys().filter(whole).cloned().collect();
        (found.len() > 1).then_some(found)
    }

    /// The same refusal with the name that was probably meant; apart from the look-up, because it compares all names.
    #[must_use]
    pub fn suggest(&self, name: &str, why: NotFound) -> NotFound {
        if let Some(owned) = self.owned(name).filter(|_| matches!(why, NotFound::Missing(_))) {
            return NotFound::Ambiguous(owned);
        }
        match why {
            NotFound::Missing(_) => match crate::diag::nearest(name, self.0.keys().map(String::as_str)) {
                None if !self.0.is_empty() => {
                    NotFound::Listed(self.0.keys().take(LISTED).cloned().collect(), self.0.len())
                }
                near => NotFound::Missing(near.map(str::to_owned)),
            },
            other => other,
        }
    }

    /// All things, in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&Origin, &T)> {
        self.0.values().flatten().map(|(o, v)| (o, v))
    }
}

/// Readings of what the platform's documentation leaves open; a step that rests on one names its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assumptions {
    /// A peering without access blocks what no filter mentions.
    pub closed_peering_blocks: bool,
    /// A filter that admits the source by its address admits what a peering refuses as forwarded.
    pub address_admits_forwarded: bool,
    /// Forwarding rules act on aliases.
    pub rulesets_see_aliases: bool,
    /// Policies on names look at aliases.
    pub policies_see_aliases: bool,
    /// A DNS server is asked only where TCP reaches it, too.
    pub dns_needs_tcp: bool,
    /// A private endpoint behind a device that sees requests only is blocked.
    pub one_sided_endpoints_block: bool,
}

impl Default for Assumptions {
    fn default() -> Self {
        Self {
            closed_peering_blocks: true,
            dns_needs_tcp: true,
            address_admits_forwarded: true,
            rulesets_see_aliases: true,
            policies_see_aliases: false,
            one_sided_endpoints_block: false,
        }
    }
}

/// Everything an engine needs to know of an estate.
#[derive(Debug, Clone, Default)]
pub struct Plane {
    /// Networks.
    pub networks: Arena<Network>,
    /// Parts of networks that share routes and a filter.
    pub segments: Arena<Segment>,
    /// Owners of addresses.
    pub endpoints: Arena<Endpoint>,
    /// Services.
    pub resources: Arena<Resource>,
    /// Ways into services.
    pub doors: Arena<Door>,
    /// Gateways that open connections of their own.
    pub proxies: Arena<Proxy>,
    /// Readings of what is left open.
    pub assumptions: Assumptions,
    /// Names.
    pub dns: Dns,
    /// Names of services, each leading to a door.
    pub door_names: BTreeMap<Fqdn, DoorName>,
    /// Names that machines registered for themselves; zones of one name may hold several.
    pub machine_names: BTreeMap<Fqdn, Vec<Id<Endpoint>>>,
    /// Who may ask.
    pub clients: Directory<Client>,
    /// Who may be asked for.
    pub targets: Directory<Target>,
    /// Further names of targets, each with the usual one: `balancer/frontend` of a balancer's only frontend.
    pub aliases: BTreeMap<String, String>,
    /// What exists beyond the model; engines turn what it could change into `unknown`.
    pub unmodelled: Vec<Unmodelled>,
    /// Who stands for others on the internet.
    pub internet: Internet,
    /// Addresses that nobody declared.
    pub allocations: Allocations,
    private_owners: BTreeMap<(Id<Network>, IpAddr), Id<Endpoint>>,
    public_owners: BTreeMap<IpAddr, Id<Endpoint>>,
}

impl Plane {
    /// Adds an owner of addresses and indexes them.
    pub fn add_endpoint(&mut self, endpoint: Endpoint) -> Id<Endpoint> {
        let network = endpoint.segment.map(|s| self.segments.get(s).network);
        let addresses = endpoint.addresses.clone();
        let public = endpoint.public_addresses.clone();
        let id = self.endpoints.push(endpoint);
        for address in addresses {
            match network {
                Some(network) => self.private_owners.entry((network, address)).or_insert(id),
                None => self.public_owners.entry(address).or_insert(id),
            };
        }
        for address in public {
            self.public_owners.entry(address).or_insert(id);
        }
        id
    }

    /// The owner of an address in a network.
    #[must_use]
    pub fn owner(&self, network: Id<Network>, address: IpAddr) -> Option<Id<Endpoint>> {
        self.private_owners.get(&(network, address)).copied()
    }

    /// What declares no address and may have this one, which nothing in the network is declared to have (ADDR-03).
    #[must_use]
    pub fn perhaps(&self, network: Id<Network>, address: IpAddr) -> Option<Id<Endpoint>> {
        self.allocations.perhaps(address).map(|a| a.endpoint).find(|e| self.network_of(*e) == Some(network))
    }

    /// A frontend of a balancer that declares no address and may have this one, in any network (ADDR-03).
    #[must_use]
    pub fn perhaps_frontend(&self, address: IpAddr) -> Option<Id<Endpoint>> {
        let front = |id: &Id<Endpoint>| matches!(self.endpoints.get(*id).role, Role::Balancer(_));
        self.allocations.perhaps(address).map(|a| a.endpoint).find(front)
    }

    /// The owner of a public address.
    #[must_use]
    pub fn public_owner(&self, address: IpAddr) -> Option<Id<Endpoint>> {
        self.public_owners.get(&address).copied()
    }

    /// Of several source addresses that a connection may get, the first of each group that the destination treats alike:
    /// a service by its rules; a machine of a network, behind filters, may treat each in its own way (PAAS-06).
    #[must_use]
    pub fn told_apart(&self, destination: IpAddr, sources: &[IpAddr]) -> Vec<IpAddr> {
        let mut kept: Vec<IpAddr> = Vec::new();
        let owner = self.public_owner(destination).map(|id| self.endpoints.get(id));
        let Some(owner) = owner.filter(|_| sources.len() > 1) else { return sources.iter().take(1).copied().collect() };
        let Role::Door(door) = &owner.role else {
            let all = if owner.segment.is_some() { sources.len() } else { 1 };
            return sources.iter().take(all).copied().collect();
        };
        let gate = &self.doors.get(*door).gate;
        let mut seen = Vec::new();
        for source in sources {
            let tags = self.public_owner(*source).map(|id| &self.endpoints.get(id).tags);
            let treated = gate.treats(Party { address: *source, tags, perhaps: &[] });
            if !seen.contains(&treated) {
                seen.push(treated);
                kept.push(*source);
            }
        }
        kept
    }

    /// Owners of an address in any network.
    pub fn owners(&self, address: IpAddr) -> impl Iterator<Item = Id<Endpoint>> {
        self.private_owners.iter().filter(move |((_, a), _)| *a == address).map(|(_, id)| *id)
    }

    /// The machine that an interface belongs to, by its primary one; anything else stands for itself.
    #[must_use]
    pub fn machine(&self, id: Id<Endpoint>) -> Id<Endpoint> {
        match &self.endpoints.get(id).role {
            Role::Host(host) => host.interfaces.first().copied().unwrap_or(id),
            _ => id,
        }
    }

    /// The network an endpoint sits in.
    #[must_use]
    pub fn network_of(&self, endpoint: Id<Endpoint>) -> Option<Id<Network>> {
        self.endpoints.get(endpoint).segment.map(|s| self.segments.get(s).network)
    }
}
