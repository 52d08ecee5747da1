//! What rules look up by name, place or address: built once, so that no rule searches an estate for every element of it.

use super::SubnetView;
use crate::{
    azure::model::{Estate, network::VirtualNetworkPeering, service::PrivateEndpoint},
    dataplane::{Endpoint, Id, Network, Plane, Segment},
    document::Entry,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    ops::Range,
};

/// A link of a peering with its name.
type Link<'a> = (&'a str, &'a Entry<VirtualNetworkPeering>);

/// Who owns an address, by network.
type Owners = BTreeSet<(Id<Network>, Id<Endpoint>)>;

/// A private endpoint with its name.
type Guest<'a> = (&'a str, &'a Entry<PrivateEndpoint>);

/// Lookups.
#[derive(Debug)]
pub(super) struct Index<'a> {
    subnets: BTreeMap<String, usize>,
    places: BTreeMap<Id<Segment>, usize>,
    homes: BTreeMap<&'a str, Range<usize>>,
    members: BTreeMap<Id<Segment>, Vec<Id<Endpoint>>>,
    endpoints: BTreeMap<(&'static str, &'a str), Id<Endpoint>>,
    owners: BTreeMap<IpAddr, Owners>,
    links: BTreeMap<(&'a str, &'a str), Link<'a>>,
    targets: BTreeMap<&'a str, Vec<Guest<'a>>>,
    guests: BTreeMap<&'a str, Vec<Guest<'a>>>,
    linked: BTreeMap<String, BTreeSet<&'a str>>,
    /// First addresses of networks, in order, each with the last address of all networks so far.
    space: Vec<(IpAddr, IpAddr)>,
}

impl<'a> Index<'a> {
    /// Subnets of one virtual network stand together.
    pub(super) fn new(estate: &'a Estate, plane: &'a Plane, subnets: &[SubnetView<'a>]) -> Self {
        let mut made = Self {
            subnets: subnets.iter().enumerate().map(|(at, s)| (s.full.clone(), at)).collect(),
            places: subnets.iter().enumerate().map(|(at, s)| (s.segment, at)).collect(),
            homes: BTreeMap::new(),
            members: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            owners: BTreeMap::new(),
            links: BTreeMap::new(),
            targets: BTreeMap::new(),
            guests: BTreeMap::new(),
            linked: BTreeMap::new(),
            space: Vec::new(),
        };
        for (at, subnet) in subnets.iter().enumerate() {
            made.homes.entry(subnet.vnet).or_insert(at..at).end = at + 1;
        }
        for (id, endpoint) in plane.endpoints.iter() {
            made.endpoints.entry((endpoint.origin.kind, &endpoint.origin.name)).or_insert(id);
            if let Some(segment) = endpoint.segment {
                made.members.entry(segment).or_default().push(id);
            }
        }
        let homed = plane.endpoints.iter().filter_map(|(id, e)| Some((plane.network_of(id)?, id, e)));
        for (network, id, endpoint) in homed {
            let owned = endpoint.addresses.iter().filter(|a| plane.owner(network, **a) == Some(id));
            for address in owned {
                made.owners.entry(*address).or_default().insert((network, id));
            }
        }
        for (name, link) in estate.virtual_network_peerings.iter() {
            let ends = (link.value.virtual_network.value.as_str(), link.value.remote_virtual_network.value.as_str());
            made.links.entry(ends).or_insert((name, link));
        }
        for guest in estate.private_endpoints.iter() {
            let target = &guest.1.value.private_service_connection.private_connection_resource;
            made.targets.entry(&target.value).or_default().push(guest);
            made.guests.entry(&guest.1.value.subnet.value).or_default().push(guest);
        }
        for (key, zone) in estate.private_dns_zones.iter() {
            let name = zone.value.zone_name.as_ref().map_or(key, |n| n.value.as_str()).to_ascii_lowercase();
            let links = zone.value.virtual_network_links.iter();
            let links = links.map(|(link, l)| l.value.virtual_network.as_ref().map_or(link, |v| v.value.as_str()));
            made.linked.entry(name).or_default().extend(links);
        }
        let prefixes = estate.virtual_networks.iter().flat_map(|(_, v)| &v.value.address_space);
        made.space = prefixes.map(|p| (p.value.network(), p.value.last())).collect();
        made.space.sort_unstable();
        let mut furthest = None;
        for (_, last) in &mut made.space {
            furthest = furthest.max(Some(*last));
            *last = furthest.unwrap_or(*last);
        }
        made
    }

    pub(super) fn endpoints_of(&self, target: &str) -> &[Guest<'a>] {
        self.targets.get(target).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn guests(&self, subnet: &str) -> &[Guest<'a>] {
        self.guests.get(subnet).map(Vec::as_slice).unwrap_or_default()
    }

    pub(super) fn is_linked(&self, zone: &str, vnet: &str) -> bool {
        self.linked.get(&zone.to_ascii_lowercase()).is_some_and(|l| l.contains(vnet))
    }

    /// Whether an address lies in some declared virtual network.
    pub(super) fn in_a_network(&self, address: IpAddr) -> bool {
        let before = self.space.partition_point(|(first, _)| *first <= address);
        let furthest = before.checked_sub(1).and_then(|at| self.space.get(at));
        furthest.is_some_and(|(_, last)| address <= *last)
    }

    pub(super) fn subnet(&self, full: &str) -> Option<usize> {
        self.subnets.get(full).copied()
    }

    pub(super) fn subnet_at(&self, segment: Id<Segment>) -> Option<usize> {
        self.places.get(&segment).copied()
    }

    pub(super) fn subnets_of(&self, vnet: &str) -> Range<usize> {
        self.homes.get(vnet).cloned().unwrap_or_default()
    }

    pub(super) fn members(&self, segment: Id<Segment>) -> impl Iterator<Item = Id<Endpoint>> {
        self.members.get(&segment).into_iter().flatten().copied()
    }

    pub(super) fn endpoint(&self, kind: &'static str, name: &str) -> Option<Id<Endpoint>> {
        self.endpoints.get(&(kind, name)).copied()
    }

    pub(super) fn owners(&self, address: IpAddr) -> impl Iterator<Item = Id<Endpoint>> {
        self.owners.get(&address).into_iter().flatten().map(|(_, id)| *id)
    }

    pub(super) fn link(&self, from: &str, to: &str) -> Option<Link<'a>> {
        self.links.get(&(from, to)).copied()
    }
}
