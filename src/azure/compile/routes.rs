//! Effective routes of every segment: candidates, then the documented precedence, then longest prefix first.

use super::{Compiler, machines};
use crate::{
    azure::model::gateway::GatewayType,
    azure::model::network::{NextHopType, PeeringState, PrivateEndpointNetworkPolicies, VirtualNetworkPeering},
    dataplane::{Endpoint, Id, Network, NextHop, Origin, Role, Route, RouteSource},
    diag::{Diagnostic, code},
    net::Prefix,
    verdict::Reason,
};

/// A peering seen from one side, both sides being connected (PEER-01).
pub(super) struct Peer<'e> {
    pub remote: String,
    pub link: &'e VirtualNetworkPeering,
    pub link_origin: Origin,
    pub back: &'e VirtualNetworkPeering,
    pub back_origin: Origin,
}

/// A prefix that a gateway learned over a connection.
struct Learned {
    gateway: Id<Endpoint>,
    prefix: Prefix,
    origin: Origin,
    site: Id<Network>,
    state: LinkState,
}

/// What a connection does to the routes it brings.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum LinkState {
    /// It carries traffic.
    Up,
    /// Its static routes lead to a tunnel that is down.
    Down,
    /// Its routes were learned by BGP and are gone (ROUTE-20).
    Withdrawn,
}

impl<'e> Compiler<'e> {
    /// Connected peerings of a network.
    pub(super) fn peers(&self, vnet: &str) -> Vec<Peer<'e>> {
        let links = || self.estate.virtual_network_peerings.iter();
        let connected = |l: &VirtualNetworkPeering| {
            l.peering_state.as_ref().is_none_or(|s| matches!(s.value, PeeringState::Connected))
        };
        links()
            .filter(|(_, e)| e.value.virtual_network.value == vnet && connected(&e.value))
            .filter_map(|(name, e)| {
                let remote = &e.value.remote_virtual_network.value;
                let (back_name, back) = links().find(|(_, b)| {
                    b.value.virtual_network.value == *remote
                        && b.value.remote_virtual_network.value == vnet
                        && connected(&b.value)
                })?;
                self.vnets.contains_key(remote).then(|| Peer {
                    remote: remote.clone(),
                    link: &e.value,
                    link_origin: Origin::new("virtual_network_peering", name, e.span),
                    back: &back.value,
                    back_origin: Origin::new("virtual_network_peering", back_name, back.span),
                })
            })
            .collect()
    }

    /// Prefixes learned by gateways of a network (ROUTE-07), those of connections that are up first. What a connection
    /// that is down would have brought is listed too: it explains why a flow stops (GW-12).
    fn learned(&self, vnet: &str) -> Vec<Learned> {
        let mut learned = Vec::new();
        for (name, entry) in self.estate.virtual_network_gateway_connections.iter() {
            let connection = &entry.value;
            let gateway = self.estate.virtual_network_gateways.get(&connection.virtual_network_gateway.value);
            let here = gateway.is_some_and(|g| g.value.virtual_network.value == vnet);
            let site = self.estate.on_premises_sites.get(&connection.on_premises_site.value);
            let ids = (
                self.gateways.get(&connection.virtual_network_gateway.value),
                self.sites.get(&connection.on_premises_site.value),
            );
            let (Some(site), (Some(id), Some((network, _)))) = (site, ids) else {
                continue;
            };
            if !here {
                continue;
            }
            let up = connection.connected.value;
            let express = gateway.is_some_and(|g| g.value.type_.value == GatewayType::ExpressRoute);
            let prefixes = connection.learned_prefixes.as_ref().unwrap_or(&site.value.address_space);
            for prefix in prefixes {
                let span = if up { prefix.span } else { connection.connected.span.unwrap_or(entry.span) };
                learned.push(Learned {
                    gateway: *id,
                    prefix: prefix.value,
                    origin: Origin::new("connection", name, span),
                    site: *network,
                    state: match up {
                        true => LinkState::Up,
                        false if express || connection.bgp_enabled.value => LinkState::Withdrawn,
                        false => LinkState::Down,
                    },
                });
            }
        }
        learned.sort_by_key(|l| l.state);
        learned
    }

    /// What a network learns: by its own gateway, or a peer's by the transit pair (PEER-08).
    fn transit_learned(&self, vnet: &str) -> Vec<Learned> {
        let mut learned = self.learned(vnet);
        for peer in self.peers(vnet) {
            if peer.link.use_remote_gateways.value && peer.back.allow_gateway_transit.value {
                learned.extend(self.learned(&peer.remote));
            }
        }
        learned
    }

    /// Gateway routes a network has.
    pub(super) fn gateway_routes(&self, vnet: &str) -> Vec<(Id<Endpoint>, Prefix, Origin)> {
        let learned = self.transit_learned(vnet).into_iter().filter(|l| l.state != LinkState::Withdrawn);
        learned.map(|l| (l.gateway, l.prefix, l.origin)).collect()
    }

    /// Routes that connections which are down would have brought.
    fn withdrawn_routes(&self, vnet: &str) -> Vec<Route> {
        let learned = self.transit_learned(vnet).into_iter().filter(|l| l.state == LinkState::Withdrawn);
        rank(learned.map(|l| down(l.prefix, l.origin)).collect())
    }

    pub(super) fn routes(&mut self) {
        self.check_references();
        let mut effective = Vec::new();
        for (vnet, entry) in self.estate.virtual_networks.iter() {
            for (subnet, _) in entry.value.subnets.iter() {
                let full = format!("{vnet}/{subnet}");
                if let Some(segment) = self.subnets.get(&full).copied() {
                    let routes = self.subnet_routes(vnet, subnet);
                    effective.push((segment, routes, self.withdrawn_routes(vnet)));
                }
            }
        }
        for (site, (network, segment)) in self.sites.clone() {
            let (routes, withdrawn) = self.site_routes(&site, network);
            effective.push((segment, routes, withdrawn));
        }
        for managed in self.managed.values() {
            effective.push((
                managed.segment,
                managed_routes(&self.plane.networks.get(managed.network).clone(), managed.network),
                Vec::new(),
            ));
        }
        for (segment, routes, withdrawn) in effective {
            let segment = self.plane.segments.get_mut(segment);
            segment.routes = routes;
            segment.withdrawn = withdrawn;
        }
        let tunnels: Vec<_> = self.estate.virtual_networks.keys().flat_map(|v| self.learned(v)).collect();
        for learned in tunnels {
            if let Role::Gateway(device) = &mut self.plane.endpoints.get_mut(learned.gateway).role {
                let hop = match learned.state {
                    LinkState::Up => NextHop::Tunnel(learned.site),
                    LinkState::Down => NextHop::Drop(Reason::GwDown),
                    LinkState::Withdrawn => continue,
                };
                device.tunnels.push(route(
                    learned.prefix,
                    hop,
                    RouteSource::Gateway,
                    learned.origin,
                    &["ROUTE-07", "GW-12"],
                ));
                device.tunnels.sort_by_key(|r| std::cmp::Reverse(r.prefix.length()));
            }
        }
    }

    fn check_references(&mut self) {
        let estate = self.estate;
        for (_, entry) in estate.virtual_network_peerings.iter() {
            for reference in [&entry.value.virtual_network, &entry.value.remote_virtual_network] {
                if estate.machine_learning_workspaces.get(&reference.value).is_some() {
                    self.diagnostics.push(
                        Diagnostic::error(code::MVNET_PEER, reference.span, format!("the managed network of `{}` cannot be peered (MVNET-09)", reference.value))
                            .help("use private endpoint rules; to reach on-premises, use the application gateway bridge (AGW-01)")
                            .refused(),
                    );
                } else {
                    self.declared("virtual_network", reference, &estate.virtual_networks);
                }
            }
        }
        for (_, entry) in estate.virtual_network_gateway_connections.iter() {
            self.declared(
                "virtual_network_gateway",
                &entry.value.virtual_network_gateway,
                &estate.virtual_network_gateways,
            );
            self.declared("on_premises_site", &entry.value.on_premises_site, &estate.on_premises_sites);
        }
        for (_, entry) in estate.virtual_networks.iter() {
            for (_, subnet) in entry.value.subnets.iter() {
                if let Some(table) = &subnet.value.route_table {
                    self.declared("route_table", table, &estate.route_tables);
                }
                if let Some(group) = &subnet.value.network_security_group {
                    self.declared("network_security_group", group, &estate.network_security_groups);
                }
            }
        }
        for (_, entry) in estate.route_tables.iter() {
            for (name, route) in entry.value.routes.iter() {
                let appliance = route.value.next_hop_type.value == NextHopType::VirtualAppliance;
                if appliance != route.value.next_hop_in_ip_address.is_some() {
                    let (message, help) = if appliance {
                        (
                            format!("route `{name}` to an appliance needs its address (UDR-02)"),
                            "add next_hop_in_ip_address",
                        )
                    } else {
                        (
                            format!("route `{name}` names an address its next hop type does not take (UDR-02)"),
                            "remove next_hop_in_ip_address, or use VirtualAppliance",
                        )
                    };
                    self.error(code::CONFLICT, route.span, message, help);
                }
            }
        }
    }

    /// ROUTE-01 to ROUTE-16, PE-21 to PE-25.
    fn subnet_routes(&self, vnet: &str, subnet: &str) -> Vec<Route> {
        let Some(network) = self.vnets.get(vnet).copied() else {
            return Vec::new();
        };
        let declared = self.estate.virtual_networks.get(vnet).and_then(|v| v.value.subnets.get(subnet));
        let table = declared
            .and_then(|s| s.value.route_table.as_ref())
            .and_then(|t| Some((t.value.clone(), self.estate.route_tables.get(&t.value)?)));
        let platform = |what: &str| Origin::new("platform", what, None);
        let mut routes = Vec::new();
        let own = self.plane.networks.get(network);
        let peers = self.peers(vnet);

        // User routes first: at equal prefix they win (ROUTE-13).
        for (name, entry) in table.iter().flat_map(|(_, t)| t.value.routes.iter()) {
            let declared = &entry.value;
            let label = table.as_ref().map_or(name.to_owned(), |(t, _)| format!("{t}/{name}"));
            let transit = || self.gateway_routes(vnet).first().map(|(g, ..)| *g).or_else(|| self.gateway_of(vnet));
            let hop = match (declared.next_hop_type.value, &declared.next_hop_in_ip_address) {
                (NextHopType::VirtualAppliance, Some(address)) => NextHop::Appliance(address.value),
                (NextHopType::VirtualAppliance, None) => NextHop::Drop(Reason::NextHop),
                (NextHopType::VirtualNetworkGateway, _) => {
                    transit().map_or(NextHop::Drop(Reason::NextHop), NextHop::Gateway)
                }
                (NextHopType::VnetLocal, _) => NextHop::Network { network, refuses_forwarded: None },
                (NextHopType::Internet, _) => NextHop::Internet,
                (NextHopType::None, _) => NextHop::Drop(Reason::UdrNone),
            };
            let origin = Origin::new("route", label, entry.span);
            routes.push(route(declared.address_prefix.value, hop, RouteSource::User, origin, &["UDR-01", "ROUTE-13"]));
        }
        let user: Vec<Prefix> = routes.iter().map(|r| r.prefix).collect();

        // Own and peered prefixes beat gateway routes, even more specific ones (ROUTE-14).
        let mut system = Vec::new();
        for prefix in &own.prefixes {
            let hop = NextHop::Network { network, refuses_forwarded: None };
            system.push(route(*prefix, hop, RouteSource::System, own.origin.clone(), &["ROUTE-01"]));
        }
        for peer in &peers {
            let Some(remote) = self.vnets.get(&peer.remote).copied() else {
                continue;
            };
            let refuses = (!peer.back.allow_forwarded_traffic.value).then(|| Box::new(peer.back_origin.clone()));
            for prefix in &self.plane.networks.get(remote).prefixes {
                let hop = NextHop::Network { network: remote, refuses_forwarded: refuses.clone() };
                system.push(route(
                    *prefix,
                    hop,
                    RouteSource::System,
                    peer.link_origin.clone(),
                    &["ROUTE-06", "PEER-01"],
                ));
            }
        }
        let active: Vec<Prefix> = system.iter().map(|r| r.prefix).filter(|p| !user.contains(p)).collect();
        let propagate = table.as_ref().is_none_or(|(_, t)| t.value.bgp_route_propagation_enabled.value);
        if propagate {
            for (gateway, prefix, origin) in self.gateway_routes(vnet) {
                if !active.iter().any(|p| p.covers(prefix)) {
                    routes.push(route(
                        prefix,
                        NextHop::Gateway(gateway),
                        RouteSource::Gateway,
                        origin,
                        &["ROUTE-07", "PEER-08"],
                    ));
                }
            }
        }
        routes.extend(system);
        routes.extend(self.endpoint_routes(vnet, &peers, &user));

        // Platform routes: private space to nowhere unless a user default replaces it (ROUTE-03, ROUTE-04).
        if !user.iter().any(|p| p.is_default()) {
            for reserved in machines::private_ranges().prefixes() {
                if !own.prefixes.iter().any(|p| p.covers(*reserved)) {
                    routes.push(route(
                        *reserved,
                        NextHop::Drop(Reason::NoRoute),
                        RouteSource::System,
                        platform("default route"),
                        &["ROUTE-01"],
                    ));
                }
            }
        }
        for all in ["0.0.0.0/0", "::/0"].iter().filter_map(|p| p.parse().ok()) {
            routes.push(route(all, NextHop::Internet, RouteSource::System, platform("default route"), &["ROUTE-01"]));
        }
        rank(routes)
    }

    /// Each private endpoint address is a route of its own in its network and directly peered ones (PE-21), unless a
    /// user route overrides it (PE-23); the default route never does (PE-25).
    fn endpoint_routes(&self, vnet: &str, peers: &[Peer<'_>], user: &[Prefix]) -> Vec<Route> {
        let mut routes = Vec::new();
        for private in &self.customer_endpoints {
            let segment = self.plane.segments.get(private.segment);
            let home = self.plane.networks.get(segment.network);
            if home.origin.name != vnet && !peers.iter().any(|p| p.remote == home.origin.name) {
                continue;
            }
            let policies = self.policies(&segment.origin.name);
            let routed = matches!(
                policies,
                PrivateEndpointNetworkPolicies::RouteTableEnabled | PrivateEndpointNetworkPolicies::Enabled
            );
            for address in &private.addresses {
                let space = home.prefixes.iter().find(|p| p.contains(*address)).map_or(0, |p| p.length());
                let overridden =
                    routed && user.iter().any(|p| !p.is_default() && p.contains(*address) && p.length() >= space);
                if !overridden {
                    let origin = self.plane.endpoints.get(private.endpoint).origin.clone();
                    routes.push(route(
                        Prefix::host(*address),
                        NextHop::Endpoint(private.endpoint),
                        RouteSource::System,
                        origin,
                        &["PE-21", "PE-22"],
                    ));
                }
            }
        }
        routes
    }

    /// Which network policies act on private endpoints of a subnet (PE-26).
    pub(super) fn policies(&self, subnet: &str) -> PrivateEndpointNetworkPolicies {
        subnet
            .split_once('/')
            .and_then(|(v, s)| self.estate.virtual_networks.get(v)?.value.subnets.get(s))
            .map_or(PrivateEndpointNetworkPolicies::Disabled, |s| s.value.private_endpoint_network_policies.value)
    }

    fn gateway_of(&self, vnet: &str) -> Option<Id<Endpoint>> {
        let (name, _) =
            self.estate.virtual_network_gateways.iter().find(|(_, g)| g.value.virtual_network.value == vnet)?;
        self.gateways.get(name).copied()
    }

    /// A site knows its own prefixes, what gateways advertise to it (ER-02, PEER-09), and its internet breakout.
    fn site_routes(&self, site: &str, network: Id<Network>) -> (Vec<Route>, Vec<Route>) {
        let own = self.plane.networks.get(network);
        let mut routes: Vec<_> = own
            .prefixes
            .iter()
            .map(|p| {
                route(
                    *p,
                    NextHop::Network { network, refuses_forwarded: None },
                    RouteSource::System,
                    own.origin.clone(),
                    &["EVAL-01"],
                )
            })
            .collect();
        let mut withdrawn = Vec::new();
        for (name, entry) in self.estate.virtual_network_gateway_connections.iter() {
            let connection = &entry.value;
            let gateway_name = &connection.virtual_network_gateway.value;
            let (Some(gateway), Some(declared)) =
                (self.gateways.get(gateway_name), self.estate.virtual_network_gateways.get(gateway_name))
            else {
                continue;
            };
            if connection.on_premises_site.value != site {
                continue;
            }
            let prefixes: Vec<_> = match &connection.advertised_prefixes {
                Some(list) => list.iter().map(|p| (p.value, Origin::new("connection", name, p.span))).collect(),
                None => self
                    .advertised(&declared.value.virtual_network.value)
                    .into_iter()
                    .map(|p| (p, Origin::new("connection", name, entry.span)))
                    .collect(),
            };
            for (prefix, origin) in prefixes {
                if !connection.connected.value {
                    withdrawn.push(down(prefix, origin));
                    continue;
                }
                routes.push(route(
                    prefix,
                    NextHop::Gateway(*gateway),
                    RouteSource::Gateway,
                    origin,
                    &["ER-02", "PEER-09"],
                ));
            }
        }
        if let Some(breakout) = &own.breakout
            && let Ok(all) = "0.0.0.0/0".parse()
        {
            routes.push(route(all, NextHop::Internet, RouteSource::System, breakout.origin.clone(), &["EVAL-01"]));
        }
        (rank(routes), rank(withdrawn))
    }

    /// What a gateway announces: its network and the networks that use it in transit.
    fn advertised(&self, vnet: &str) -> Vec<Prefix> {
        let prefixes =
            |name: &str| self.vnets.get(name).map(|n| self.plane.networks.get(*n).prefixes.clone()).unwrap_or_default();
        let mut all = prefixes(vnet);
        for peer in self.peers(vnet) {
            if peer.link.allow_gateway_transit.value && peer.back.use_remote_gateways.value {
                all.extend(prefixes(&peer.remote));
            }
        }
        all
    }
}

/// A managed network reaches its own addresses and the public; private space outside does not exist there (ISO-06).
fn managed_routes(own: &Network, network: Id<Network>) -> Vec<Route> {
    let mut routes: Vec<_> = own
        .prefixes
        .iter()
        .map(|p| {
            route(
                *p,
                NextHop::Network { network, refuses_forwarded: None },
                RouteSource::System,
                own.origin.clone(),
                &["MPE-01"],
            )
        })
        .collect();
    for reserved in machines::private_ranges().prefixes() {
        routes.push(route(
            *reserved,
            NextHop::Drop(Reason::NoRoute),
            RouteSource::System,
            own.origin.clone(),
            &["ISO-06", "TAG-06"],
        ));
    }
    if let Ok(all) = "0.0.0.0/0".parse() {
        routes.push(route(all, NextHop::Internet, RouteSource::System, own.origin.clone(), &["ISO-02", "ISO-03"]));
    }
    rank(routes)
}

fn route(prefix: Prefix, hop: NextHop, source: RouteSource, origin: Origin, rules: &'static [&'static str]) -> Route {
    Route { prefix, hop, source, origin, rules }
}

/// What a connection that is down would have brought.
fn down(prefix: Prefix, origin: Origin) -> Route {
    route(prefix, NextHop::Drop(Reason::GwDown), RouteSource::Gateway, origin, &["GW-12"])
}

/// Longest prefix first (ROUTE-12); at equal length user, then gateway, then system (ROUTE-13).
fn rank(mut routes: Vec<Route>) -> Vec<Route> {
    routes.sort_by_key(|r| (std::cmp::Reverse(r.prefix.length()), r.source));
    routes
}
