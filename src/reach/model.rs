//! The plane with the look-ups that a solver needs often.

use crate::{
    dataplane::{
        Endpoint, Filter, Id, Link, Network, NextHop, Party, Plane, Realm, Resolver, Role, Route, RouteSource, Segment,
    },
    net::{Fqdn, Prefix, is_public},
};
use hashbrown::HashMap;
use rustc_hash::FxBuildHasher;
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::{Arc, PoisonError, RwLock},
};

use super::{Findings, index::Index};

pub(super) type Fast<K, V> = HashMap<K, V, FxBuildHasher>;

/// What a name came to in some device's view, and what was found against it on the way.
#[derive(Debug, Clone, Default)]
pub struct Named {
    /// What the resolution met.
    pub findings: Findings,
    /// The addresses; none where they cannot be known, empty where the name does not exist.
    pub addresses: Option<Vec<IpAddr>>,
    /// Whether the answer depends on which of several equal paths a query takes, which is left to the step engine.
    pub forked: bool,
}

/// Resolves names for devices: firewalls with rules on names, gateways with backends by name. Names lie outside this
/// engine; whoever uses it brings them.
pub trait Names: Sync {
    /// What a name answers at an endpoint.
    fn resolve(&self, resolver: &Resolver, at: Id<Endpoint>, name: &Fqdn) -> Named;
}

/// No names at all: everything that depends on one is left to the step engine.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoNames;

impl Names for NoNames {
    fn resolve(&self, _: &Resolver, _: Id<Endpoint>, _: &Fqdn) -> Named {
        Named { forked: true, ..Named::default() }
    }
}

/// Owners of one address, one for each network, in order of the networks.
type Owners = Vec<(Id<Network>, Id<Endpoint>)>;

/// Owners of private addresses. No edit changes them, so that they outlive one model.
pub(super) type Owned = Arc<Fast<IpAddr, Owners>>;

/// The plane, indexed.
pub(super) struct Model<'p> {
    pub(super) plane: &'p Plane,
    pub(super) names: &'p dyn Names,
    /// Owners of private addresses, in order of their networks.
    owners: Owned,
    /// Ports at which some filter may change its mind; collected when first needed.
    edges: std::sync::OnceLock<std::collections::BTreeSet<u16>>,
    /// Whether there is more than one realm.
    pub(super) several_realms: bool,
    /// Long tables, and what was looked for in segments' routes, by the place of the routes.
    tables: RwLock<Fast<usize, Arc<Table>>>,
    near: Kept<(usize, IpAddr), Id<Endpoint>>,
    links: Kept<(usize, Id<Network>), &'p Link>,
    undeclared: Kept<usize, Option<&'p Route>>,
    /// Filters by their place.
    indices: Kept<usize, Arc<Index>>,
}

/// What was looked for, and what was found.
type Kept<K, V> = RwLock<Fast<K, Option<V>>>;

/// A long table of routes: the first route of each prefix, and the lengths that prefixes of each family have.
struct Table {
    first: Fast<Prefix, u32>,
    lengths: [Vec<u8>; 2],
}

/// Shorter tables are read through.
const LONG: usize = 32;

impl<'p> Model<'p> {
    pub(super) fn new(plane: &'p Plane, names: &'p dyn Names) -> Self {
        let mut owners: Fast<IpAddr, Owners> = Fast::default();
        owners.reserve(plane.endpoints.len());
        for (_, endpoint) in plane.endpoints.iter() {
            let Some(segment) = endpoint.segment else { continue };
            let network = plane.segments.get(segment).network;
            for address in &endpoint.addresses {
                // The plane decides who owns an address that two claim.
                let list = owners.entry(*address).or_default();
                if list.iter().all(|(n, _)| *n != network)
                    && let Some(owner) = plane.owner(network, *address)
                {
                    list.push((network, owner));
                }
            }
        }
        owners.values_mut().for_each(|l| l.sort_unstable());
        Self::with(plane, names, Arc::new(owners))
    }

    /// The same for a plane whose owners are known.
    pub(super) fn with(plane: &'p Plane, names: &'p dyn Names, owners: Owned) -> Self {
        let mut realms = plane.networks.iter().map(|(_, n)| n.realm);
        let first = realms.next();
        let several_realms = realms.any(|r| Some(r) != first);
        Self {
            plane,
            names,
            owners,
            edges: std::sync::OnceLock::new(),
            several_realms,
            tables: RwLock::default(),
            near: RwLock::default(),
            links: RwLock::default(),
            undeclared: RwLock::default(),
            indices: RwLock::default(),
        }
    }

    pub(super) fn owned(&self) -> Owned {
        Arc::clone(&self.owners)
    }

    /// Owners of an address, in any network.
    pub(super) fn owners(&self, address: IpAddr) -> &[(Id<Network>, Id<Endpoint>)] {
        self.owners.get(&address).map_or(&[], Vec::as_slice)
    }

    pub(super) fn owner(&self, network: Id<Network>, address: IpAddr) -> Option<Id<Endpoint>> {
        self.owners(address).iter().find(|(n, _)| *n == network).map(|(_, e)| *e)
    }

    pub(super) fn shared_addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.owners.iter().filter(|(_, l)| l.len() > 1).map(|(a, _)| *a)
    }

    /// One port of each interval of a set in which no filter of the plane changes its mind.
    pub(super) fn cut_ports(&self, ports: &crate::net::PortSet) -> Vec<u16> {
        let edges = self.edges.get_or_init(|| {
            let plane = self.plane;
            let borders = plane.networks.iter().filter_map(|(_, n)| n.border.as_ref());
            let edges = plane.segments.iter().flat_map(|(_, s)| s.filter.iter().chain(&s.admin));
            let owned = plane.endpoints.iter().flat_map(|(_, e)| {
                let inner: [Option<&Filter>; 2] = match &e.role {
                    Role::Firewall(firewall) => [Some(&firewall.filter), firewall.threats.as_ref()],
                    Role::Host(host) => [host.forwarding.filter.as_deref(), None],
                    _ => [None, None],
                };
                e.filter.iter().chain(inner.into_iter().flatten())
            });
            let ranges = borders.chain(edges).chain(owned).flat_map(|f| &f.rules).flat_map(|r| r.ports.ranges());
            ranges.flat_map(|r| [Some(r.first), r.last.checked_add(1)]).flatten().collect()
        });
        let mut all = edges.clone();
        all.extend(ports.ranges().iter().map(|r| r.first));
        all.into_iter().filter(|p| ports.contains(*p)).collect()
    }

    pub(super) fn endpoint(&self, id: Id<Endpoint>) -> &'p Endpoint {
        self.plane.endpoints.get(id)
    }

    pub(super) fn segment(&self, id: Id<Segment>) -> &'p Segment {
        self.plane.segments.get(id)
    }

    pub(super) fn network(&self, id: Id<Network>) -> &'p Network {
        self.plane.networks.get(id)
    }

    /// An address with its service tags, if it is public and declared.
    pub(super) fn party(&self, address: IpAddr) -> Party<'p> {
        let owner = is_public(address).then(|| self.plane.public_owner(address)).flatten();
        let perhaps = self.plane.allocations.at(address);
        Party { address, tags: owner.map(|id| &self.endpoint(id).tags), perhaps }
    }

    /// Whether a private address is held by networks of other realms only, so that no route leads there (ISO-06).
    pub(super) fn in_foreign_realm(&self, home: Id<Network>, address: IpAddr) -> bool {
        if !self.several_realms || is_public(address) || holds(self.network(home), address) {
            return false;
        }
        let realm: Realm = self.network(home).realm;
        if self.owners(address).iter().any(|(n, _)| self.network(*n).realm == realm) {
            return false;
        }
        self.plane.networks.iter().any(|(_, n)| n.realm != realm && holds(n, address))
    }

    /// The rules of a filter by address; none if it is read through.
    pub(super) fn index(&self, filter: &'p Filter) -> Option<Arc<Index>> {
        let find = || Index::new(filter).map(Arc::new);
        Index::pays(filter).then(|| known(&self.indices, std::ptr::from_ref(filter).addr(), find)).flatten()
    }

    /// Who owns a next hop's address in this network, in one connected to it, or in its hub (UDR-02, UDR-03).
    pub(super) fn nearby(&self, segment: &'p Segment, address: IpAddr) -> Option<Id<Endpoint>> {
        known(&self.near, (segment.routes.as_ptr() as usize, address), || self.look_nearby(segment, address))
    }

    fn look_nearby(&self, segment: &Segment, address: IpAddr) -> Option<Id<Endpoint>> {
        let beside = |route: &Route| match &route.hop {
            NextHop::Network { network, .. } if route.prefix.contains(address) => self.owner(*network, address),
            _ => None,
        };
        let in_hub = |route: &Route| match &route.hop {
            NextHop::Router(router) => self.owner(self.plane.network_of(*router)?, address),
            _ => None,
        };
        let all = || segment.routes.iter().chain(segment.replaced_routes.iter());
        self.owner(segment.network, address).or_else(|| all().find_map(beside)).or_else(|| all().find_map(in_hub))
    }

    /// The peering between a segment's network and an endpoint's.
    pub(super) fn link(&self, segment: &'p Segment, to: Id<Endpoint>) -> Option<&'p Link> {
        let home = self.plane.network_of(to)?;
        let look = || {
            segment.routes.iter().chain(segment.replaced_routes.iter()).find_map(|route| match &route.hop {
                NextHop::Network { network, link } if *network == home => link.as_deref(),
                _ => None,
            })
        };
        known(&self.links, (segment.routes.as_ptr() as usize, home), look)
    }

    /// The route that wins for an address: the first that contains it (ROUTE-12).
    pub(super) fn best(&self, routes: &'p [Route], to: IpAddr) -> Option<&'p Route> {
        if routes.len() <= LONG {
            return best(routes, to);
        }
        let table = known(&self.tables, routes.as_ptr() as usize, || {
            let mut table = Table { first: Fast::default(), lengths: Default::default() };
            for (number, route) in (0_u32..).zip(routes) {
                table.first.entry(route.prefix).or_insert(number);
                let [v4, v6] = &mut table.lengths;
                let lengths = if route.prefix.network().is_ipv4() { v4 } else { v6 };
                if !lengths.contains(&route.prefix.length()) {
                    lengths.push(route.prefix.length());
                }
            }
            Arc::new(table)
        });
        let [v4, v6] = &table.lengths;
        let lengths = if to.is_ipv4() { v4 } else { v6 };
        let held = lengths.iter().filter_map(|l| table.first.get(&Prefix::host(to).widened(*l)?));
        routes.get(*held.min()? as usize)
    }

    /// The route that wins for an address that nobody declared, none inside where none does; it may be in any prefix of
    /// public addresses, so that nothing is known unless all which may hold it lead to one place (ROUTE-12).
    pub(super) fn undeclared(&self, table: &'p [Route]) -> Option<Option<&'p Route>> {
        known(&self.undeclared, table.as_ptr() as usize, || {
            let in_use = |r: &Route| match r.hop {
                NextHop::Network { .. } | NextHop::Endpoint(_) => true,
                _ => r.prefix.is_host() && self.plane.is_declared(r.prefix.network()),
            };
            let (rest, longer): (Vec<&Route>, Vec<&Route>) =
                table.iter().filter(|r| r.prefix.network().is_ipv4()).partition(|r| r.prefix.is_default());
            let halves = fills(&longer.iter().map(|r| r.prefix).collect::<Vec<_>>(), Ipv4Addr::UNSPECIFIED, 0);
            let mut possible: Vec<&Route> = if halves { Vec::new() } else { rest };
            possible.truncate(1);
            possible.extend(longer.into_iter().filter(|r| r.prefix.holds_public() && !in_use(r)));
            let won = possible.first().copied();
            let parted = possible.iter().any(|r| won.is_some_and(|w| w.hop != r.hop));
            (!parted).then_some(won)
        })
    }

    /// The routes something sends by: a gateway sends over its connections what its network hands it, and back into the
    /// networks beside it what no connection leads to (GW-01, PEER-10).
    pub(super) fn table(&self, at: &'p Endpoint, segment: &'p Segment, inside: bool, to: IpAddr) -> &'p [Route] {
        let Role::Gateway(gateway) = &at.role else { return &segment.routes };
        if !inside {
            return &segment.routes;
        }
        let steered = |r: &Route| matches!(r.hop, NextHop::Network { .. }) || r.source == RouteSource::User;
        if self.best(&segment.routes, to).is_some_and(steered) && self.best(&gateway.tunnels, to).is_none() {
            &segment.routes
        } else {
            &gateway.tunnels
        }
    }
}

/// Whether prefixes together hold all of one, each half of it down to /8.
fn fills(prefixes: &[Prefix], network: Ipv4Addr, length: u8) -> bool {
    let second = Ipv4Addr::from(u32::from(network) | 1 << (31 - u32::from(length)));
    let all = |half: Ipv4Addr| {
        let whole = |p: &&Prefix| p.network() == IpAddr::V4(half) && p.length() == length + 1;
        prefixes.iter().find(whole).is_some() || length < 7 && fills(prefixes, half, length + 1)
    };
    all(network) && all(second)
}

/// What is known by a key, or is found now.
fn known<K: Eq + std::hash::Hash, V: Clone>(all: &RwLock<Fast<K, V>>, key: K, find: impl FnOnce() -> V) -> V {
    if let Some(value) = all.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
        return value.clone();
    }
    let value = find();
    all.write().unwrap_or_else(PoisonError::into_inner).insert(key, value.clone());
    value
}

/// The same in a short table.
pub(super) fn best(routes: &[Route], to: IpAddr) -> Option<&Route> {
    routes.iter().find(|r| r.prefix.contains(to))
}

pub(super) fn holds(network: &Network, address: IpAddr) -> bool {
    network.prefixes.iter().any(|p: &Prefix| p.contains(address))
}
