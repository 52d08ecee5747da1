//! Route Servers: prefixes that appliances announce (ARS-01 to ARS-06, ROUTE-11).

use super::super::Compiler;
use super::route;
use crate::{
    azure::model::gateway::AdvertisedRoute,
    dataplane::{NextHop, Origin, Route, RouteSource},
    document::Entry,
    net::Prefix,
};
use std::{collections::BTreeMap, net::IpAddr};

/// A prefix with everyone who announces it: AS-path length, next hop, and where it is declared.
type Announced<'e> = BTreeMap<Prefix, Vec<(u16, IpAddr, &'e Entry<AdvertisedRoute>, String)>>;

impl<'e> Compiler<'e> {
    fn announced_to_server(&self, vnet: &str, told_on: bool) -> Announced<'e> {
        let mut all = Announced::new();
        let servers = self.estate.route_servers.iter().filter(|(_, r)| r.value.virtual_network.value == vnet);
        for (server, entry) in servers {
            for (connection, session) in entry.value.bgp_connections.iter() {
                for (name, announced) in session.value.advertised_routes.iter() {
                    let declared = &announced.value;
                    if told_on && declared.no_advertise.value {
                        continue;
                    }
                    let hop = declared.next_hop_ip_address.as_ref().map_or(session.value.peer_ip.value, |h| h.value);
                    let label = format!("{server}/{connection}/{name}");
                    let list = all.entry(declared.address_prefix.value).or_default();
                    list.push((declared.as_path_length.value, hop, announced, label));
                }
            }
        }
        all
    }

    /// Routes that a Route Server programs in a network: shorter AS paths win, equal ones share (ROUTE-22); prefixes
    /// equal to or inside the network's own are left out (ROUTE-11). The server itself forwards nothing and tells no other
    /// server (NVA-08, ARS-06).
    pub(super) fn route_server_routes(&self, vnet: &str) -> Vec<Route> {
        let remote = self.peers.of(vnet).iter().filter(|p| p.uses_gateway).map(|p| p.remote.as_str());
        let own = self.space_of(vnet);
        let mut routes = Vec::new();
        for home in std::iter::once(vnet).chain(remote) {
            for (prefix, mut announcers) in self.announced_to_server(home, false) {
                if own.iter().any(|o| o.covers(prefix)) {
                    continue;
                }
                announcers.sort_by_key(|(length, hop, ..)| (*length, *hop));
                let shortest = announcers.first().map(|(length, ..)| *length);
                let mut best: Vec<Route> = announcers
                    .iter()
                    .filter(|(length, ..)| Some(*length) == shortest)
                    .map(|(_, hop, entry, label)| {
                        let origin = Origin::new("advertised_route", label, entry.span);
                        route(prefix, NextHop::Appliance(*hop), RouteSource::Gateway, origin, &["ROUTE-11", "ARS-01"])
                    })
                    .collect();
                if best.len() < 2 {
                    routes.extend(best);
                } else if let Some(first) = best.first().cloned() {
                    best.dedup_by(|a, b| a.hop == b.hop);
                    let origin = first.origin;
                    let rules: &[&'static str] = &["ROUTE-22", "NVA-06"];
                    routes.push(route(prefix, NextHop::OneOf(best), RouteSource::Gateway, origin, rules));
                }
            }
        }
        routes
    }

    /// What gateways of a network tell on from its appliances: with branch-to-branch only (ARS-01, ARS-04).
    pub(super) fn appliance_prefixes(&self, vnet: &str) -> Vec<(Prefix, u16)> {
        let open = self
            .estate
            .route_servers
            .iter()
            .any(|(_, r)| r.value.virtual_network.value == vnet && r.value.branch_to_branch_traffic_enabled.value);
        let all = if open { self.announced_to_server(vnet, true) } else { Announced::new() };
        all.into_iter().filter_map(|(p, list)| Some((p, list.iter().map(|(n, ..)| *n).min()?))).collect()
    }
}
