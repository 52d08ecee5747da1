//! Where a subnet sends a packet: every candidate route, then the one that wins (ROUTE-01 to ROUTE-21).

use super::{Open, Reading, Stop, To, Word, blocked, prefix};
use privreach::azure::model::network::{
    NextHopType, PrivateEndpointNetworkPolicies as Policies, RouteTable, VirtualNetworkPeering,
};
use privreach::net::Prefix;
use std::net::IpAddr;

/// Where a packet goes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hop<'e> {
    /// Into a network: the own one, or one joined to it.
    Local(&'e str),
    Device(IpAddr),
    Gateway(&'e str),
    /// By a connection to a virtual hub.
    Hub(&'e str, &'e str),
    Internet,
    ServiceEndpoint,
}

/// Rank of a source of routes for equal prefixes (ROUTE-13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rank {
    System,
    Gateway,
    User,
}

pub(crate) type Route<'e> = (u8, Rank, Open<Hop<'e>>);

impl<'e> Reading<'e> {
    pub(crate) fn table(&self, net: &str, subnet: &str) -> Option<&'e RouteTable> {
        let name = self.subnet(net, subnet).route_table.as_ref().filter(|_| !self.unsteered.get())?;
        Some(&self.e.route_tables.get(&name.value).unwrap().value)
    }

    pub(crate) fn propagates(&self, net: &str, subnet: &str) -> bool {
        self.table(net, subnet).is_none_or(|t| *t.bgp_route_propagation_enabled)
    }

    /// The user routes of a subnet: prefix, type, address.
    pub(crate) fn user_routes(&self, net: &str, subnet: &str) -> Vec<(Prefix, NextHopType, Option<IpAddr>)> {
        let routes = self.table(net, subnet).into_iter().flat_map(|t| t.routes.iter());
        let plain = routes.filter_map(|(_, r)| {
            let at = r.value.next_hop_in_ip_address.as_ref().map(|a| a.value);
            Some((prefix(&r.value.address_prefix.value)?, r.value.next_hop_type.value, at))
        });
        plain.collect()
    }

    pub(crate) fn region(&self, net: &str) -> Option<&'e str> {
        let own = self.e.virtual_networks.get(net).unwrap().value.location.as_ref();
        own.or(self.e.location.as_ref()).map(|l| l.value.as_str())
    }

    /// AVNM-09: members of a mesh reach each other, within a region unless it is global.
    pub(crate) fn meshed(&self, a: &str, b: &str) -> bool {
        self.e.network_managers.iter().any(|(_, manager)| {
            manager.value.connectivity_configurations.iter().any(|(_, c)| {
                c.value.applies_to_groups.keys().any(|group| {
                    let members = &manager.value.network_groups.get(group).unwrap().value.virtual_networks;
                    let member = |net: &str| members.iter().any(|m| m.value == net);
                    member(a) && member(b) && (*c.value.global_mesh_enabled || self.region(a) == self.region(b))
                })
            })
        })
    }

    /// Whether a peering joins two subnets (PEER-14): all, or those it names on each side.
    pub(crate) fn joins(&self, link: &VirtualNetworkPeering, local: &str, remote: &str) -> bool {
        *link.peer_complete_virtual_networks_enabled
            || link.local_subnet_names.iter().any(|n| n.value == local)
                && link.remote_subnet_names.iter().any(|n| n.value == remote)
    }

    /// What a peering link knows of the other side: its prefixes (PEER-12), or the subnets it names (PEER-14).
    pub(crate) fn known_over(&self, from: (&str, &str), remote: &'e str) -> Vec<Prefix> {
        if !self.peered(from.0, remote) {
            return Vec::new();
        }
        let link = self.link(from.0, remote).unwrap();
        if !*link.peer_complete_virtual_networks_enabled {
            let subnets = self.e.virtual_networks.get(remote).unwrap().value.subnets.iter();
            let joined = subnets.filter(|(name, _)| self.joins(link, from.1, name));
            return joined.flat_map(|(_, s)| s.value.address_prefixes.iter().map(|p| p.value)).collect();
        }
        match &link.remote_address_space {
            Some(known) => known.iter().map(|p| p.value).collect(),
            None => self.spaces(remote).collect(),
        }
    }

    /// Subnets that a subnet peering lists on the other side, whichever the own subnet is.
    fn stray_over(&self, from: (&str, &str), remote: &'e str) -> Vec<Prefix> {
        let link = self.link(from.0, remote).filter(|l| !*l.peer_complete_virtual_networks_enabled);
        let Some(link) = link.filter(|_| self.peered(from.0, remote)) else { return Vec::new() };
        let subnets = self.e.virtual_networks.get(remote).unwrap().value.subnets.iter();
        let listed = subnets.filter(|(name, _)| link.remote_subnet_names.iter().any(|n| n.value == *name));
        listed.flat_map(|(_, s)| s.value.address_prefixes.iter().map(|p| p.value)).collect()
    }

    /// The subnet of a network that holds an address.
    pub(crate) fn subnet_of(&self, net: &str, address: IpAddr) -> Option<&'e str> {
        let mut subnets = self.e.virtual_networks.get(net).unwrap().value.subnets.iter();
        subnets.find(|(_, s)| s.value.address_prefixes.iter().any(|p| p.value.contains(address))).map(|(n, _)| n)
    }

    /// The private endpoint at an address that this subnet has a route of its own for (PE-21).
    fn endpoint_route(&self, from: (&str, &str), address: IpAddr) -> Option<(&'e str, &'e str)> {
        for (name, endpoint) in self.e.private_endpoints.iter() {
            let (home, subnet) = Self::split(&endpoint.value.subnet.value);
            let near = home == from.0 || self.known_over(from, home).iter().any(|p| p.contains(address));
            if near && self.endpoint_addresses(name).contains(&address) {
                return Some((home, subnet));
            }
        }
        None
    }

    /// PE-30: regions in which routes and groups never act on endpoints.
    fn policies_of(&self, net: &str, subnet: &str) -> (bool, bool) {
        let policy = *self.subnet(net, subnet).private_endpoint_network_policies;
        let region = self.region(net).unwrap_or_default();
        let groups = matches!(policy, Policies::NetworkSecurityGroupEnabled | Policies::Enabled);
        let tables = matches!(policy, Policies::RouteTableEnabled | Policies::Enabled);
        let never = ["westindia", "australiacentral2", "southafricawest", "brazilsoutheast"].contains(&region);
        (groups && !never, tables && !never)
    }

    pub(crate) fn groups_act_on_endpoints(&self, net: &str, subnet: &str) -> bool {
        self.policies_of(net, subnet).0
    }

    /// Every candidate route for a destination.
    fn candidates(&self, net: &'e str, subnet: &'e str, to: &To) -> Vec<Route<'e>> {
        let mut routes: Vec<Route<'e>> = Vec::new();
        let users = self.user_routes(net, subnet);
        let matches = |p: Prefix| match to.address {
            Some(address) => p.contains(address),
            None => p.is_default(),
        };
        let endpoint = to.address.and_then(|a| self.endpoint_route((net, subnet), a));
        let mut overridden = false;
        for (prefix, kind, at) in users.iter().filter(|(p, ..)| matches(*p)) {
            let hop = match kind {
                NextHopType::VirtualAppliance => Ok(Hop::Device(at.unwrap())),
                NextHopType::VirtualNetworkGateway => self.user_gateway(net, prefix.is_default()).map(Hop::Gateway),
                // UDR-05.
                NextHopType::VnetLocal if to.address.is_some_and(|a| self.holds(net, a)) => Ok(Hop::Local(net)),
                NextHopType::VnetLocal => Err(Stop::Unknown("UDR-LOCAL-FOREIGN")),
                NextHopType::Internet => Ok(Hop::Internet),
                NextHopType::None => blocked("UDR-NONE"),
            };
            if let (Some((home, place)), Some(address)) = (endpoint, to.address) {
                // PE-23 to PE-25.
                let space = self.spaces(home).find(|p| p.contains(address)).unwrap();
                let wide = self.policies_of(home, place).1 && prefix.length() >= space.length() && !prefix.is_default();
                if !prefix.is_host() && !wide {
                    continue;
                }
                overridden = true;
            }
            routes.push((prefix.length(), Rank::User, hop));
        }
        if let (Some((home, _)), false) = (endpoint, overridden) {
            routes.push((128, Rank::User, Ok(Hop::Local(home))));
        }
        routes.push((0, Rank::System, Ok(Hop::Internet)));
        let user_default = users.iter().any(|(p, ..)| p.is_default() && !p.network().is_ipv6());
        let mut near = false;
        if let Some(address) = to.address {
            // ROUTE-03, ROUTE-04.
            for reserved in ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"] {
                let reserved = prefix(reserved).unwrap();
                let inside = self.spaces(net).any(|p| p.covers(reserved));
                if reserved.contains(address) && !inside && !user_default {
                    routes.push((reserved.length(), Rank::System, blocked("NOROUTE")));
                }
            }
            for other in self.e.virtual_networks.keys() {
                let known: Vec<Prefix> = if other == net || (self.meshed(net, other) && !self.peered(net, other)) {
                    self.spaces(other).collect()
                } else {
                    self.known_over((net, subnet), other)
                };
                // subnets that are not listed see routes to those that are, and their packets are dropped.
                let stray = self.stray_over((net, subnet), other).into_iter().find(|p| p.contains(address));
                if let Some(space) = stray.filter(|_| !known.iter().any(|p| p.contains(address))) {
                    near = true;
                    routes.push((space.length(), Rank::System, blocked("PEER-SUBNET")));
                }
                for space in known.into_iter().filter(|p| p.contains(address)) {
                    near = true;
                    routes.push((space.length(), Rank::System, Ok(Hop::Local(other))));
                }
            }
        }
        // ROUTE-14: what is near beats whatever was learned.
        if !near && self.propagates(net, subnet) {
            routes.extend(self.learned(net, to));
            routes.extend(self.learned_of_hubs(net, to));
        }
        routes
    }

    /// The route that wins (ROUTE-12, ROUTE-13).
    pub(crate) fn route(&self, net: &'e str, subnet: &'e str, to: &To) -> Open<Hop<'e>> {
        if self.has_service_endpoint(net, subnet, to) {
            return Ok(Hop::ServiceEndpoint);
        }
        let routes = self.candidates(net, subnet, to);
        let best = routes.iter().map(|(length, rank, _)| (*length, *rank)).max().unwrap();
        let equal: Vec<_> = routes.iter().filter(|(length, rank, _)| (*length, *rank) == best).collect();
        let private = to.address.is_some_and(|a| !self.is_public(a));
        // whether a learned default carries unknown private addresses.
        let learned = routes.iter().find(|(length, rank, _)| (*length, *rank) == (0, Rank::Gateway));
        if let (Err(Stop::Blocked("NOROUTE")), Some((.., hop))) = (equal[0].2, learned) {
            return match self.e.assumptions.as_ref().and_then(|a| a.learned_default_carries_private.as_ref()) {
                None => Err(Stop::Unknown("BGP-DEFAULT-PRIVATE")),
                Some(chosen) if chosen.value => *hop,
                Some(_) => blocked(self.why_nowhere(net, subnet, to)),
            };
        }
        match equal[0].2 {
            Err(Stop::Blocked("NOROUTE")) => blocked(self.why_nowhere(net, subnet, to)),
            // ROUTE-05.
            Ok(Hop::Internet) if private => blocked(self.why_nowhere(net, subnet, to)),
            hop => hop,
        }
    }

    /// What is half declared where nothing leads on (PEER-01, PEER-12, PEER-14, PEER-08).
    pub(crate) fn why_nowhere(&self, net: &'e str, subnet: &str, to: &To) -> Word {
        let Some(address) = to.address else { return "NOROUTE" };
        for other in self.e.virtual_networks.keys().filter(|n| *n != net && self.holds(n, address)) {
            if self.link(net, other).is_none() && self.link(other, net).is_none() {
                continue;
            }
            if !self.peered(net, other) {
                return "PEER-STATE";
            }
            let link = self.link(net, other).unwrap();
            if !*link.peer_complete_virtual_networks_enabled {
                // subnets that are not listed may see routes to those that are, and nothing else.
                let listed = self
                    .subnet_of(other, address)
                    .is_some_and(|s| link.remote_subnet_names.iter().any(|n| n.value == s));
                if listed {
                    return "PEER-SUBNET";
                }
                continue;
            }
            if self.known_over((net, subnet), other).iter().any(|p| p.contains(address)) {
                continue;
            }
            return "PEER-SYNC";
        }
        self.why_no_gateway(net, subnet, address)
    }
}
