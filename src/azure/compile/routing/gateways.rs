//! VPN and ExpressRoute gateways: what each learns over its connections, and what the far ends are told.

use super::super::Compiler;
use super::route;
use crate::{
    azure::model::gateway::{
        GatewayType, RoutingPreference, VirtualNetworkGateway, VirtualNetworkGatewayConnection, VpnType,
    },
    dataplane::{Endpoint, Id, Network, NextHop, Origin, Role, Route, RouteSource, Segment},
    diag::{Diagnostic, code},
    document::Entry,
    net::Prefix,
    verdict::Reason,
};
use std::collections::BTreeMap;

/// A prefix that a gateway learned.
#[derive(Clone)]
pub(in super::super) struct Learned {
    /// The gateway.
    pub gateway: Id<Endpoint>,
    /// The prefix.
    pub prefix: Prefix,
    /// The connection.
    pub origin: Origin,
    /// Where packets go.
    pub towards: NextHop,
    /// Whether its connection carries traffic.
    pub state: LinkState,
    /// Whether it came by BGP, and may be told to others (GW-03).
    pub(super) bgp: bool,
    /// Whether ExpressRoute brought it.
    pub(super) express: bool,
    /// Preference among connections (ER-05).
    weight: u16,
    /// Name of the connection; empty for point-to-site clients.
    pub(super) connection: String,
}

/// What a connection does to the routes it brings.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum LinkState {
    /// It carries traffic.
    Up,
    /// Its static routes lead to a tunnel that is down.
    Down,
    /// Its routes were learned by BGP and are gone (ROUTE-20).
    Withdrawn,
}

/// What gateways know, by the name of their network.
#[derive(Default)]
pub(in super::super) struct Tables {
    learned: BTreeMap<String, Vec<Learned>>,
    /// Networks of point-to-site clients by gateway: network and segment.
    pub(super) pools: BTreeMap<String, (Id<Network>, Id<Segment>)>,
}

impl Tables {
    /// What gateways of a network learned, the preferred first (COEX-01, ER-05, ARS-02).
    pub(in super::super) fn of(&self, vnet: &str) -> &[Learned] {
        self.learned.get(vnet).map_or(&[], Vec::as_slice)
    }
}

pub(super) type Connection = Entry<VirtualNetworkGatewayConnection>;

impl<'e> Compiler<'e> {
    /// What every gateway learns: from sites, from other gateways, from clients; then what BGP passes on (GW-08).
    pub(super) fn learn(&mut self) -> Tables {
        let mut tables = Tables::default();
        let estate = self.estate;
        for (name, gateway) in estate.virtual_network_gateways.iter() {
            self.check_gateway(name, gateway);
            if let Some(id) = self.gateways.get(name).copied() {
                self.client_pool(name, gateway, id, &mut tables);
            }
        }
        for (name, connection) in estate.virtual_network_gateway_connections.iter() {
            let found = self.connection(name, connection);
            let vnet = self.home(&connection.value.virtual_network_gateway.value).unwrap_or_default();
            tables.learned.entry(vnet.to_owned()).or_default().extend(found);
        }
        self.overlapping_sites(&tables);
        self.circuits(&mut tables);
        self.pass_on(&mut tables);
        for (vnet, learned) in &mut tables.learned {
            let vpn_first = self.routing_preference(vnet) == RoutingPreference::VpnGateway;
            learned.sort_by_key(|l| (l.state, l.express == vpn_first, std::cmp::Reverse(l.weight)));
        }
        tables
    }

    /// What the Route Server of a network prefers for one prefix (ARS-02).
    pub(super) fn routing_preference(&self, vnet: &str) -> RoutingPreference {
        let server = self.estate.route_servers.iter().find(|(_, r)| r.value.virtual_network.value == vnet);
        server.map_or(RoutingPreference::ExpressRoute, |(_, r)| r.value.hub_routing_preference.value)
    }

    pub(super) fn home(&self, gateway: &str) -> Option<&'e str> {
        self.estate.virtual_network_gateways.get(gateway).map(|g| g.value.virtual_network.value.as_str())
    }

    /// What kinds of gateways cannot do (GW-06, GW-01).
    fn check_gateway(&mut self, name: &str, gateway: &Entry<VirtualNetworkGateway>) {
        let declared = &gateway.value;
        let connections = || {
            let all = self.estate.virtual_network_gateway_connections.iter();
            all.filter(|(_, c)| c.value.virtual_network_gateway.value == name)
        };
        let policy_based = declared.type_.value == GatewayType::Vpn && declared.vpn_type.value == VpnType::PolicyBased;
        let wants_more = connections().count() > 1
            || connections().any(|(_, c)| c.value.bgp_enabled.value || c.value.peer_virtual_network_gateway.is_some())
            || !declared.vpn_client_address_space.is_empty();
        if policy_based && wants_more {
            let span = declared.vpn_type.span.unwrap_or(gateway.span);
            self.error(
                code::CONFLICT,
                span,
                format!("policy-based gateway `{name}` carries one static tunnel to a site and nothing else (GW-06)"),
                "use vpn_type RouteBased",
            );
        }
        let twins = self.estate.virtual_network_gateways.iter().filter(|(other, g)| {
            *other < name
                && g.value.virtual_network.value == declared.virtual_network.value
                && g.value.type_.value == declared.type_.value
        });
        if let Some((other, entry)) = twins.into_iter().next() {
            let text = format!("`{other}` and `{name}` are two gateways of one kind in one network (GW-01)");
            self.diagnostics.push(
                Diagnostic::error(code::CONFLICT, gateway.span, text)
                    .related(entry.span, "the other gateway")
                    .help("a network has at most one VPN and one ExpressRoute gateway"),
            );
        }
    }

    /// What one connection brings to its gateway (GW-02, GW-03, GW-04, GW-12); ExpressRoute always speaks BGP (ER-01). What
    /// is withdrawn leaves the platform's own routes: a design may fail open (ROUTE-20).
    fn connection(&mut self, name: &str, entry: &Connection) -> Vec<Learned> {
        let connection = &entry.value;
        let ends = usize::from(connection.on_premises_site.is_some())
            + usize::from(connection.peer_virtual_network_gateway.is_some());
        // A circuit without a site joins virtual networks only (ER-04).
        if ends != 1 && !(ends == 0 && connection.express_route_circuit.is_some()) {
            self.error(
                code::CONFLICT,
                entry.span,
                format!("connection `{name}` needs exactly one far end"),
                "give on_premises_site or peer_virtual_network_gateway",
            );
            return Vec::new();
        }
        let gateway_name = &connection.virtual_network_gateway.value;
        let (Some(id), Some(gateway)) =
            (self.gateways.get(gateway_name).copied(), self.estate.virtual_network_gateways.get(gateway_name))
        else {
            return Vec::new();
        };
        if let (Some(span), true) = (connection.accepted_tunnels.span, connection.on_premises_site.is_none()) {
            let text = format!("`accepted_tunnels` of `{name}` says what a device of a site accepts (GW-07)");
            let error = Diagnostic::error(code::CONFLICT, span, text);
            self.diagnostics.push(error.help("remove it: gateways accept every tunnel of each other").refused());
        }
        let express = gateway.value.type_.value == GatewayType::ExpressRoute;
        let bgp = express || connection.bgp_enabled.value;
        let own = self.space_of(&gateway.value.virtual_network.value);
        let Some((towards, default_prefixes, up)) = self.far_end(name, entry, gateway) else { return Vec::new() };
        let prefixes: Vec<(Prefix, crate::diag::Span)> = match &connection.learned_prefixes {
            Some(list) => list.iter().map(|p| (p.value, p.span)).collect(),
            None => default_prefixes.into_iter().map(|p| (p, entry.span)).collect(),
        };
        let state = match up {
            true => LinkState::Up,
            false if bgp => LinkState::Withdrawn,
            false => LinkState::Down,
        };
        let mut learned = Vec::new();
        for (prefix, span) in prefixes {
            // What equals or lies inside the network's own space is filtered from BGP, and refused for static routes.
            if let Some(inside) = own.iter().find(|o| o.covers(prefix)) {
                if !bgp {
                    let text = format!("{prefix} of connection `{name}` lies inside {inside} of its network (GW-02)");
                    self.diagnostics.push(Diagnostic::error(code::OVERLAP, span, text).help("renumber one of the two"));
                }
                continue;
            }
            // A wider one is too, where it holds the network (ADDR-07).
            if let Some(inside) = own.iter().find(|o| !bgp && !prefix.is_default() && prefix.covers(**o)) {
                let text = format!("{prefix} of connection `{name}` holds {inside} of its network (GW-02)");
                let error = Diagnostic::error(code::OVERLAP, span, text).refused();
                self.diagnostics.push(error.help("name the site's own prefixes only, or use BGP"));
                continue;
            }
            let span = if up { span } else { connection.connected.span.unwrap_or(entry.span) };
            learned.push(Learned {
                gateway: id,
                prefix,
                origin: Origin::new("connection", name, span),
                towards: if express { towards.clone() } else { by_tunnel(prefix, towards.clone()) },
                state,
                bgp,
                express,
                weight: connection.routing_weight.value,
                connection: name.to_owned(),
            });
        }
        learned
    }

    /// Prefixes of static connections do not overlap those of another of the same gateway (GW-02).
    fn overlapping_sites(&mut self, tables: &Tables) {
        for learned in tables.learned.values() {
            let fixed: Vec<_> = learned.iter().filter(|l| !l.bgp && !l.connection.is_empty()).collect();
            for (at, later) in fixed.iter().enumerate() {
                let earlier = fixed.iter().take(at).find(|l| {
                    l.gateway == later.gateway && l.connection != later.connection && l.prefix.overlaps(later.prefix)
                });
                let (Some(earlier), Some(span)) = (earlier, later.origin.span) else { continue };
                let text = format!(
                    "{} of connection `{}` overlaps {} of `{}` (GW-02)",
                    later.prefix, later.connection, earlier.prefix, earlier.connection
                );
                let error =
                    Diagnostic::error(code::OVERLAP, span, text).help("renumber one of the two, or use BGP").refused();
                self.diagnostics.push(match earlier.origin.span {
                    Some(first) => error.related(first, "the other connection"),
                    None => error,
                });
                let gateway = later.gateway;
                self.refuse(gateway);
            }
        }
    }

    /// Where a connection leads, what its far end holds, and whether it carries traffic (GW-07, GW-12).
    fn far_end(
        &mut self,
        name: &str,
        entry: &Connection,
        gateway: &Entry<VirtualNetworkGateway>,
    ) -> Option<(NextHop, Vec<Prefix>, bool)> {
        let connection = &entry.value;
        let up = connection.connected.value;
        if let Some(site) = &connection.on_premises_site {
            let (network, _) = self.sites.get(&site.value).copied()?;
            let declared = self.estate.on_premises_sites.get(&site.value)?;
            let prefixes = declared.value.address_space.iter().map(|p| p.value).collect();
            let tunnel = NextHop::Tunnel(network);
            // A far end that accepts one of two tunnels serves half of the flows.
            let halved = gateway.value.active_active.value && connection.accepted_tunnels.value < 2;
            let origin = Origin::new("connection", name, connection.accepted_tunnels.span.unwrap_or(entry.span));
            let hop = if halved {
                let half = |hop: NextHop| {
                    let all: Vec<Prefix> = ["0.0.0.0/0"].iter().filter_map(|p| p.parse().ok()).collect();
                    all.first().map(|p| route(*p, hop, RouteSource::Gateway, origin.clone(), &["GW-07"]))
                };
                NextHop::OneOf([half(tunnel), half(NextHop::Drop(Reason::GwDown))].into_iter().flatten().collect())
            } else {
                tunnel
            };
            return Some((hop, prefixes, up));
        }
        let peer = connection.peer_virtual_network_gateway.as_ref()?;
        let far = self.gateways.get(&peer.value).copied()?;
        let far_vnet = self.home(&peer.value)?;
        let own = self.space_of(&gateway.value.virtual_network.value);
        if let Some(twice) = self.space_of(far_vnet).iter().find(|f| own.iter().any(|o| o.overlaps(**f))) {
            let text = format!("{twice} of `{far_vnet}` overlaps the network that `{name}` joins it to (ADDR-07)");
            let error = Diagnostic::error(code::OVERLAP, peer.span, text);
            self.diagnostics.push(error.help("renumber one of the two networks").refused());
        }
        let back = self.estate.virtual_network_gateway_connections.iter().any(|(_, c)| {
            c.value.virtual_network_gateway.value == peer.value
                && c.value
                    .peer_virtual_network_gateway
                    .as_ref()
                    .is_some_and(|p| p.value == connection.virtual_network_gateway.value)
                && c.value.connected.value
        });
        Some((NextHop::Gateway(far), self.announced(far_vnet), up && back))
    }

    pub(super) fn space_of(&self, vnet: &str) -> Vec<Prefix> {
        self.vnets.get(vnet).map(|n| self.plane.networks.get(*n).prefixes.clone()).unwrap_or_default()
    }

    /// What a network's gateway announces by itself: its prefixes and those of networks that use it (PEER-09, ER-02).
    pub(super) fn announced(&self, vnet: &str) -> Vec<Prefix> {
        let mut all = self.space_of(vnet);
        for peer in self.peers.of(vnet).iter().filter(|p| p.lends_gateway) {
            all.extend(self.space_of(&peer.remote));
        }
        all
    }

    /// Virtual networks on one ExpressRoute circuit, where both gateways carry such traffic (ER-04, A-10).
    fn circuits(&self, tables: &mut Tables) {
        let connections = || self.estate.virtual_network_gateway_connections.iter();
        let allows = |gateway: &str| {
            let found = self.estate.virtual_network_gateways.get(gateway);
            found.is_some_and(|g| g.value.remote_vnet_traffic_enabled.value)
        };
        for (name, a) in connections() {
            let Some(circuit) = &a.value.express_route_circuit else { continue };
            let here = &a.value.virtual_network_gateway.value;
            for (_, b) in connections() {
                let there = &b.value.virtual_network_gateway.value;
                let same = b.value.express_route_circuit.as_ref().is_some_and(|c| c.value == circuit.value);
                let up = a.value.connected.value && b.value.connected.value;
                if here == there || !same || !up || !allows(here) || !allows(there) {
                    continue;
                }
                let ids = (self.gateways.get(here), self.gateways.get(there), self.home(here), self.home(there));
                let (Some(own), Some(far), Some(vnet), Some(far_vnet)) = ids else { continue };
                let list = tables.learned.entry(vnet.to_owned()).or_default();
                list.extend(self.announced(far_vnet).into_iter().map(|prefix| Learned {
                    gateway: *own,
                    prefix,
                    origin: Origin::new("connection", name, circuit.span),
                    towards: NextHop::Gateway(*far),
                    state: LinkState::Up,
                    bgp: true,
                    express: true,
                    weight: a.value.routing_weight.value,
                    connection: name.to_owned(),
                }));
            }
        }
    }

    /// VPN gateways tell each other over BGP what they learned over BGP, default routes apart (GW-03, GW-05, GW-08).
    fn pass_on(&self, tables: &mut Tables) {
        let links: Vec<_> = self
            .estate
            .virtual_network_gateway_connections
            .iter()
            .filter(|(_, c)| c.value.bgp_enabled.value && c.value.connected.value)
            .filter_map(|(name, c)| {
                let peer = c.value.peer_virtual_network_gateway.as_ref()?;
                let here = &c.value.virtual_network_gateway.value;
                Some((
                    name,
                    c.span,
                    *self.gateways.get(here)?,
                    self.home(here)?,
                    *self.gateways.get(&peer.value)?,
                    self.home(&peer.value)?,
                ))
            })
            .collect();
        for _ in 0..links.len() {
            for (name, span, here, vnet, far, far_vnet) in &links {
                let own = self.space_of(vnet);
                let known: Vec<Prefix> = tables.of(vnet).iter().map(|l| l.prefix).collect();
                let joined = self.coexistence(far_vnet, *far);
                let told: Vec<Learned> = tables
                    .of(far_vnet)
                    .iter()
                    .filter(|l| l.bgp && l.state == LinkState::Up && !l.prefix.is_default())
                    // What a circuit brought only where a Route Server joins the two gateways (COEX-02).
                    .filter(|l| !l.express || joined.is_some())
                    .filter(|l| l.towards != NextHop::Gateway(*here))
                    .filter(|l| !known.contains(&l.prefix) && !own.iter().any(|o| o.overlaps(l.prefix)))
                    .map(|l| Learned {
                        gateway: *here,
                        prefix: l.prefix,
                        origin: Origin::new("connection", *name, *span),
                        towards: by_tunnel(
                            l.prefix,
                            joined.clone().filter(|_| l.express).unwrap_or(NextHop::Gateway(*far)),
                        ),
                        state: LinkState::Up,
                        bgp: true,
                        express: false,
                        weight: 0,
                        connection: (*name).to_owned(),
                    })
                    .collect();
                tables.learned.entry((*vnet).to_owned()).or_default().extend(told);
            }
        }
    }

    /// The addresses of point-to-site clients are a network behind the gateway (GW-09).
    fn client_pool(
        &mut self,
        name: &str,
        gateway: &Entry<VirtualNetworkGateway>,
        id: Id<Endpoint>,
        tables: &mut Tables,
    ) {
        let pools: Vec<Prefix> = gateway.value.vpn_client_address_space.iter().map(|p| p.value).collect();
        if pools.is_empty() {
            return;
        }
        let vnet = &gateway.value.virtual_network.value;
        let near: Vec<(&str, Prefix)> = std::iter::once(vnet.as_str())
            .chain(self.peers.of(vnet).iter().map(|p| p.remote.as_str()))
            .flat_map(|v| self.space_of(v).into_iter().map(move |p| (v, p)))
            .collect();
        let mut refused = false;
        for pool in &gateway.value.vpn_client_address_space {
            if let Some((holder, hit)) = near.iter().find(|(_, p)| p.overlaps(pool.value)) {
                let text = format!("the client pool {} overlaps {hit} of `{holder}` (ADDR-07)", pool.value);
                self.diagnostics
                    .push(Diagnostic::error(code::OVERLAP, pool.span, text).help("use another pool").refused());
                refused = true;
            }
        }
        let clients = self.estate.vpn_clients.iter().filter(|(_, c)| c.value.virtual_network_gateway.value == name);
        let own: Vec<_> = clients.filter_map(|(n, _)| self.vpn_clients.get(n).copied()).collect();
        own.into_iter().filter(|_| refused).for_each(|id| self.refuse(id));
        let Some((network, segment)) = self.client_pools.get(name).copied() else { return };
        tables.pools.insert(name.to_owned(), (network, segment));
        let span = gateway.value.vpn_client_address_space.first().map(|p| p.span);
        tables.learned.entry(vnet.clone()).or_default().extend(pools.into_iter().map(|prefix| Learned {
            gateway: id,
            prefix,
            origin: Origin::new("virtual_network_gateway", name, span),
            towards: by_tunnel(prefix, NextHop::Tunnel(network)),
            state: LinkState::Up,
            bgp: true,
            express: false,
            weight: 0,
            connection: String::new(),
        }));
    }

    /// Gateway routes of a network: its own gateways', or those it uses remotely (ROUTE-07, PEER-08).
    pub(in super::super) fn gateway_routes(&self, vnet: &str) -> Vec<&Learned> {
        let remote = self.peers.of(vnet).iter().filter(|p| p.uses_gateway).map(|p| p.remote.as_str());
        std::iter::once(vnet).chain(remote).flat_map(|v| self.tables.of(v)).collect()
    }

    /// Routes of a gateway over its connections.
    pub(super) fn tunnels(&mut self) {
        let all: Vec<Learned> = self.tables.learned.values().flatten().cloned().collect();
        for learned in &all {
            let hop = match learned.state {
                LinkState::Up => spread(learned, &all),
                LinkState::Down => NextHop::Drop(Reason::GwDown),
                LinkState::Withdrawn => continue,
            };
            if let Role::Gateway(device) = &mut self.plane.endpoints.get_mut(learned.gateway).role {
                // Between networks, a circuit asks both gateways.
                let joined = learned.express && matches!(learned.towards, NextHop::Gateway(_));
                let rules: &[&'static str] =
                    if joined { &["ROUTE-07", "GW-12", "ER-04", "A-10"] } else { &["ROUTE-07", "GW-12"] };
                device.tunnels.push(route(learned.prefix, hop, RouteSource::Gateway, learned.origin.clone(), rules));
                device.tunnels.sort_by_key(|r| std::cmp::Reverse(r.prefix.length()));
            }
        }
    }
}

/// Where a gateway sends by a prefix: over all connections that brought it by BGP with the same weight (ROUTE-22, ER-05).
fn spread(learned: &Learned, all: &[Learned]) -> NextHop {
    let equal = |l: &&Learned| {
        l.gateway == learned.gateway
            && l.prefix == learned.prefix
            && l.state == LinkState::Up
            && (l.bgp, l.express, l.weight) == (learned.bgp, learned.express, learned.weight)
    };
    let mut ways: Vec<&Learned> = Vec::new();
    for way in all.iter().filter(equal).filter(|_| learned.bgp) {
        if ways.iter().all(|w| w.towards != way.towards) {
            ways.push(way);
        }
    }
    if ways.len() < 2 {
        return learned.towards.clone();
    }
    let rules: &[&'static str] = &["ROUTE-22", "ER-05"];
    let made = |l: &&Learned| route(l.prefix, l.towards.clone(), RouteSource::Gateway, l.origin.clone(), rules);
    NextHop::OneOf(ways.iter().map(made).collect())
}

/// Where a VPN gateway sends by a prefix: which of them carry IPv6, and how, is not modelled (GW-02).
pub(super) fn by_tunnel(prefix: Prefix, hop: NextHop) -> NextHop {
    if prefix.network().is_ipv6() { NextHop::Unknown(Reason::NotModelled) } else { hop }
}

/// What a connection that is down would have brought.
pub(super) fn down(prefix: Prefix, origin: Origin) -> Route {
    route(prefix, NextHop::Drop(Reason::GwDown), RouteSource::Gateway, origin, &["GW-12"])
}
