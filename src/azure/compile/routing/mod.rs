//! Effective routes of every segment: candidates, then the documented precedence, then longest prefix first.

mod far_ends;
mod gateways;
mod hubs;
mod kinds;
mod managed_routes;
mod peering;
mod references;
mod route_server;
mod special_subnets;
mod virtual_wan;

pub(super) use gateways::{LinkState, Tables};
pub(super) use hubs::Hub;
pub(super) use peering::Peers;
pub(super) use special_subnets::default_elsewhere;

pub(super) use managed_routes::ManagedTable;
use managed_routes::same_destination;

use super::{Compiler, CustomerEndpoint, machines};
use crate::{
    azure::model::{
        gateway::{GatewayType, RoutingPreference, VpnType},
        network::{NextHopType, PrivateEndpointNetworkPolicies, Route as UserRoute, RouteTable},
    },
    dataplane::{DEFAULT_ROUTE, Id, Network, NextHop, Origin, Regions, Route, RouteSource, Routes, Segment, TagRoute},
    document::Entry,
    net::Prefix,
    verdict::Reason,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The table of one subnet, which others of its network may share.
#[derive(Clone, Default)]
pub(super) struct Table {
    active: Routes,
    replaced: Routes,
    absent: Routes,
    tags: Vec<TagRoute>,
}

impl Table {
    fn of(active: Vec<Route>) -> Self {
        Self { active: Arc::new(active), ..Self::default() }
    }

    fn settle(self, segment: &mut Segment) {
        segment.routes = self.active;
        segment.replaced_routes = self.replaced;
        segment.absent_routes = self.absent;
        segment.tag_routes = self.tags;
    }
}

/// Prefixes of user routes on a subnet, and whether one of them is a default route.
struct UserRoutes {
    prefixes: Vec<Prefix>,
    default: bool,
}

impl<'e> Compiler<'e> {
    pub(super) fn routes(&mut self) {
        self.check_references();
        self.check_hub_references();
        self.gateway_kinds();
        self.peers = self.join();
        self.tables = self.learn();
        self.hub_tables();
        self.managed_routes = self.managed_tables();
        let estate = self.estate;
        let mut effective: Vec<(Id<Segment>, Table)> = Vec::new();
        for (vnet, entry) in estate.virtual_networks.iter() {
            // Subnets of one network with the same route table have the same routes.
            let mut made: BTreeMap<(Option<&str>, bool), Table> = BTreeMap::new();
            let subnets = entry.value.subnets.keys();
            let found: Vec<_> = subnets.filter_map(|s| Some((s, *self.subnets.get(&format!("{vnet}/{s}"))?))).collect();
            for (subnet, segment) in found {
                let declared = entry.value.subnets.get(subnet).and_then(|s| s.value.route_table.as_ref());
                let attached = declared.map(|t| t.value.as_str());
                let with = self.shared_routes(&mut made, vnet, attached, true);
                let steered = with.active.iter().any(|r| r.source == RouteSource::User);
                if steered && self.customer_endpoints.iter().any(|e| e.segment == segment) {
                    let bare = self.shared_routes(&mut made, vnet, attached, false);
                    self.endpoint_tables.push((segment, bare));
                }
                effective.push((segment, with));
            }
        }
        for (site, (network, segment)) in &self.sites {
            let (active, absent) = self.site_routes(site, *network);
            effective.push((*segment, Table { absent: Arc::new(absent), ..Table::of(active) }));
        }
        for managed in self.managed.values() {
            let active = managed_routes(self.plane.networks.get(managed.network), managed.network);
            effective.push((managed.segment, Table::of(active)));
        }
        for (segment, active) in self.client_routes() {
            effective.push((segment, Table::of(active)));
        }
        for (segment, table) in effective {
            table.settle(self.plane.segments.get_mut(segment));
        }
        self.tunnels();
        self.special_subnets();
    }

    /// Route tables do not act on what private endpoints send: they get a place of their own beside their subnet, like it
    /// in all but the routes (PE-27, PE-31).
    pub(super) fn free_endpoints(&mut self) {
        for (segment, table) in std::mem::take(&mut self.endpoint_tables) {
            let mut place = self.plane.segments.get(segment).clone();
            table.settle(&mut place);
            let place = self.plane.segments.push(place);
            for endpoint in self.customer_endpoints.iter().filter(|e| e.segment == segment) {
                self.plane.endpoints.get_mut(endpoint.endpoint).segment = Some(place);
            }
        }
    }

    /// The table of a subnet, made once for all of its network that the same route table is attached to.
    fn shared_routes<'t>(
        &mut self,
        made: &mut BTreeMap<(Option<&'t str>, bool), Table>,
        vnet: &str,
        attached: Option<&'t str>,
        steered: bool,
    ) -> Table {
        if let Some(table) = made.get(&(attached, steered)) {
            return table.clone();
        }
        let table = self.subnet_routes(vnet, attached, steered);
        made.insert((attached, steered), table.clone());
        table
    }

    /// User, system, learned and endpoint routes of one subnet, and the winner of each prefix; a table may keep learned
    /// routes out (UDR-08). Without what steers: as if no table were attached.
    fn subnet_routes(&mut self, vnet: &str, attached: Option<&str>, steered: bool) -> Table {
        let Some(network) = self.vnets.get(vnet).copied() else { return Table::default() };
        let table = attached.filter(|_| steered).and_then(|t| Some((t, self.estate.route_tables.get(t)?)));
        let (mut tags, mut replaced, mut absent) = (Vec::new(), Vec::new(), Vec::new());
        let mut routes = Vec::new();
        if let Some((name, table)) = table {
            self.user_routes(vnet, network, name, table, &mut routes, &mut tags);
        }
        // What managers write, beside the routes of the table; one for the same destination is ignored (AVNM-12).
        let managed = if steered { self.managed_routes.remove(vnet) } else { None };
        if let Some(managed) = &managed {
            let mut beside = managed.table.clone();
            let own = |r: &UserRoute| {
                table.is_some_and(|(_, t)| t.value.routes.iter().any(|(_, o)| same_destination(&o.value, r)))
            };
            let ignored: Vec<String> =
                beside.value.routes.iter().filter(|(_, r)| own(&r.value)).map(|(n, _)| n.to_owned()).collect();
            ignored.iter().for_each(|n| beside.value.routes.remove(n));
            self.user_routes(vnet, network, &managed.name, &beside, &mut routes, &mut tags);
        }
        let kept_out = managed.as_ref().is_some_and(|m| !m.table.value.bgp_route_propagation_enabled.value);
        if let Some(managed) = managed {
            self.managed_routes.insert(vnet.to_owned(), managed);
        }
        let user = UserRoutes {
            prefixes: routes.iter().map(|r| r.prefix).collect(),
            default: routes.iter().any(|r| r.prefix.is_default() && r.prefix.network().is_ipv4()),
        };
        let system = self.system_routes(vnet, network);
        let propagate = !kept_out && table.is_none_or(|(_, t)| t.value.bgp_route_propagation_enabled.value);
        if propagate {
            // Own and peered prefixes beat learned routes, even more specific ones (ROUTE-14, PEER-05, VWAN-10, A-03).
            let (beaten, open): (Vec<_>, Vec<_>) =
                self.learned_routes(vnet).into_iter().partition(|l| system.iter().any(|s| s.prefix.covers(l.prefix)));
            routes.extend(open);
            replaced.extend(beaten);
            absent.extend(self.missing_gateways(vnet));
        }
        let own = self.plane.networks.get(network).prefixes.clone();
        let learned_default = routes.iter().any(|r| r.source == RouteSource::Gateway && r.prefix.is_default());
        routes.extend(system);
        self.endpoint_routes(vnet, &user, &mut routes, &mut replaced);
        let carries = self.estate.assumptions.as_ref().and_then(|a| a.learned_default_carries_private.as_ref());
        let default = match (user.default, learned_default, carries.map(|c| c.value)) {
            (true, ..) | (_, true, Some(true)) => DefaultRoute::CarriesPrivate,
            (_, true, None) => DefaultRoute::NotDocumented,
            _ => DefaultRoute::Platform,
        };
        routes.extend(platform_routes(&own, default));
        absent.extend(self.peers.absent.get(vnet).into_iter().flatten().cloned());
        let (active, beside) = select(routes);
        replaced.extend(beside);
        Table { active: Arc::new(active), replaced: Arc::new(sorted(replaced)), absent: Arc::new(sorted(absent)), tags }
    }

    /// Routes of a route table; those whose prefix is a service tag become prefixes where the tag's are known
    /// (UDR-01, UDR-05, UDR-06, UDR-07, UDR-09, ROUTE-17).
    fn user_routes(
        &mut self,
        vnet: &str,
        network: Id<Network>,
        table_name: &str,
        table: &Entry<RouteTable>,
        routes: &mut Vec<Route>,
        tags: &mut Vec<TagRoute>,
    ) {
        let mut by_tag = Vec::new();
        for (name, entry) in table.value.routes.iter() {
            let text = &entry.value.address_prefix;
            let origin = Origin::new("route", format!("{table_name}/{name}"), entry.span);
            match text.value.parse::<Prefix>() {
                Ok(prefix) => {
                    let (hop, shown) = self.user_hop(vnet, network, &entry.value, Some(prefix));
                    let mut made = route(prefix, hop, RouteSource::User, origin, &["UDR-01", "ROUTE-13"]);
                    made.shown = shown;
                    routes.push(made);
                }
                // A prefix that is none was reported with the route table (see references).
                Err(_) if is_prefix(&text.value) => {}
                Err(_) => by_tag.push((text.value.clone(), origin, &entry.value)),
            }
        }
        // Among tags: regional, then top-level, then AzureCloud with and without region.
        by_tag.sort_by_key(|(tag, ..)| {
            let (family, region) = tag.split_once('.').map_or((tag.as_str(), None), |(f, r)| (f, Some(r)));
            (family.eq_ignore_ascii_case("AzureCloud"), region.is_none())
        });
        for (tag, origin, declared) in by_tag {
            let (hop, shown) = self.user_hop(vnet, network, declared, None);
            match self.tag_prefixes(&tag) {
                Some(prefixes) => routes.extend(prefixes.into_iter().map(|prefix| {
                    let mut made = route(prefix, hop.clone(), RouteSource::User, origin.clone(), &["ROUTE-17"]);
                    made.shown = shown;
                    made
                })),
                None => tags.push(TagRoute { tag, hop, origin }),
            }
        }
    }

    fn user_hop(
        &self,
        vnet: &str,
        network: Id<Network>,
        declared: &UserRoute,
        prefix: Option<Prefix>,
    ) -> (NextHop, &'static str) {
        let own = &self.plane.networks.get(network).prefixes;
        match (declared.next_hop_type.value, &declared.next_hop_in_ip_address) {
            (NextHopType::VirtualAppliance, Some(address)) => (NextHop::Appliance(address.value), "VirtualAppliance"),
            (NextHopType::VirtualAppliance, None) => (NextHop::Drop(Reason::NextHop), "VirtualAppliance"),
            (NextHopType::VirtualNetworkGateway, _) => (self.gateway_hop(vnet, prefix), "VirtualNetworkGateway"),
            (NextHopType::VnetLocal, _) => {
                let inside = prefix.is_some_and(|p| own.iter().any(|o| o.covers(p)));
                let hop = if inside {
                    NextHop::Network { network, link: None }
                } else {
                    NextHop::Unknown(Reason::UdrLocalForeign)
                };
                (hop, "VnetLocal")
            }
            (NextHopType::Internet, _) => (NextHop::Internet, "Internet"),
            (NextHopType::None, _) => (NextHop::Drop(Reason::UdrNone), "None"),
        }
    }

    /// The gateway that a user route means: a VPN gateway, own or used remotely, alone in its network (UDR-04).
    fn gateway_hop(&self, vnet: &str, prefix: Option<Prefix>) -> NextHop {
        let remote = self.peers.of(vnet).iter().filter(|p| p.uses_gateway).map(|p| p.remote.as_str());
        let homes: Vec<&str> = std::iter::once(vnet).chain(remote).collect();
        let gateways = self.estate.virtual_network_gateways.iter();
        let here: Vec<_> = gateways.filter(|(_, g)| homes.contains(&g.value.virtual_network.value.as_str())).collect();
        if here.iter().any(|(_, g)| g.value.type_.value == GatewayType::ExpressRoute) {
            return NextHop::Unsupported(Reason::UdrVng);
        }
        let Some((name, gateway)) = here.first() else { return NextHop::Drop(Reason::NextHop) };
        if prefix.is_some_and(Prefix::is_default) && gateway.value.vpn_type.value == VpnType::PolicyBased {
            return NextHop::Unsupported(Reason::UdrVng);
        }
        self.gateways.get(*name).map_or(NextHop::Drop(Reason::NextHop), |id| NextHop::Gateway(*id))
    }

    /// Own and joined networks (ROUTE-01, ROUTE-02, ROUTE-06, ROUTE-10), and no network beyond those (PEER-02).
    fn system_routes(&self, vnet: &str, network: Id<Network>) -> Vec<Route> {
        let own = self.plane.networks.get(network);
        let mut system = Vec::new();
        for prefix in &own.prefixes {
            let hop = NextHop::Network { network, link: None };
            system.push(route(*prefix, hop, RouteSource::System, own.origin.clone(), &["ROUTE-01", "ROUTE-02"]));
        }
        for peer in self.peers.of(vnet) {
            let Some(remote) = self.vnets.get(&peer.remote).copied() else { continue };
            for prefix in &peer.prefixes {
                let hop = NextHop::Network { network: remote, link: Some(Box::new(peer.link.clone())) };
                let rules: &[&'static str] = &["ROUTE-06", "PEER-01"];
                let mut made = route(*prefix, hop, RouteSource::System, peer.origin.clone(), rules);
                made.shown = peer.shown;
                system.push(made);
            }
        }
        system.extend(self.hubs_beside(vnet));
        system
    }

    /// What gateways, Route Servers and hubs bring, a default route included (ROUTE-07, ROUTE-11, ROUTE-19, ER-03,
    /// VWAN-09, PE-35).
    fn learned_routes(&self, vnet: &str) -> Vec<Route> {
        let learned = self.gateway_routes(vnet).into_iter().filter(|l| l.state != LinkState::Withdrawn);
        // Transit to another region's gateway is a reading of the newer pages.
        let far = self.peers.of(vnet).iter().any(|p| p.uses_gateway && p.link.regions == Regions::Different);
        let rules: &'static [&'static str] =
            if far { &["ROUTE-07", "PEER-08", "COEX-01", "A-17"] } else { &["ROUTE-07", "PEER-08", "COEX-01"] };
        // Of one prefix the first wins: what the setting prefers (ARS-02).
        let (express, vpn): (Vec<_>, Vec<_>) = learned.partition(|l| l.express);
        let made = |l: &&gateways::Learned| {
            let hop = NextHop::Gateway(l.gateway);
            route(l.prefix, hop, RouteSource::Gateway, l.origin.clone(), rules)
        };
        let homes = std::iter::once(vnet)
            .chain(self.peers.of(vnet).iter().filter(|p| p.uses_gateway).map(|p| p.remote.as_str()));
        let appliances_first = homes.into_iter().any(|v| self.routing_preference(v) == RoutingPreference::VpnGateway);
        let mut routes: Vec<Route> = Vec::new();
        if appliances_first {
            routes.extend(vpn.iter().map(made));
            routes.extend(self.route_server_routes(vnet));
            routes.extend(express.iter().map(made));
        } else {
            routes.extend(self.gateway_routes(vnet).iter().filter(|l| l.state != LinkState::Withdrawn).map(made));
            routes.extend(self.route_server_routes(vnet));
        }
        routes.extend(self.hub_routes(vnet));
        routes
    }

    /// Learned routes that are not there: withdrawn ones, and those of a peer's gateway without the transit pair.
    fn missing_gateways(&self, vnet: &str) -> Vec<Route> {
        let withdrawn = self.gateway_routes(vnet).into_iter().filter(|l| l.state == LinkState::Withdrawn);
        let mut missing: Vec<Route> = withdrawn.map(|l| gateways::down(l.prefix, l.origin.clone())).collect();
        for peer in self.peers.of(vnet).iter().filter(|p| !p.uses_gateway) {
            let learned =
                self.tables.of(&peer.remote).iter().filter(|l| l.state == LinkState::Up && !l.prefix.is_default());
            missing.extend(learned.map(|l| {
                let rules: &[&'static str] = &["PEER-08"];
                route(l.prefix, NextHop::Drop(Reason::GwTransit), RouteSource::Gateway, peer.origin.clone(), rules)
            }));
        }
        for (name, entry) in self.estate.virtual_network_gateway_connections.iter() {
            let own = self.home(&entry.value.virtual_network_gateway.value);
            let far = entry.value.peer_virtual_network_gateway.as_ref().and_then(|p| self.home(&p.value));
            let Some(far) = far.filter(|_| own == Some(vnet)) else { continue };
            // Networks beside the far one that do not use its gateway were never announced here (GW-13).
            for peer in self.peers.of(far).iter().filter(|p| !p.lends_gateway && p.remote != vnet) {
                let origin = Origin::new("connection", name, entry.span);
                let untold = |p| {
                    route(
                        p,
                        NextHop::Drop(Reason::GwNoadv),
                        RouteSource::Gateway,
                        origin.clone(),
                        &["GW-13", "PEER-09"],
                    )
                };
                missing.extend(self.space_of(&peer.remote).into_iter().map(untold));
            }
        }
        missing
    }

    /// Each private endpoint address is a route of its own in its network and directly peered ones (PE-20, PE-21), unless
    /// a user route overrides it (PE-23); the default route never does (PE-25). Endpoints of one resource in several
    /// networks are doors of their own (PE-08, PE-36). A junction carries the ones whose range it knows (PEER-12).
    fn endpoint_routes(&self, vnet: &str, user: &UserRoutes, routes: &mut Vec<Route>, replaced: &mut Vec<Route>) {
        for private in self.endpoints_near(vnet) {
            let segment = self.plane.segments.get(private.segment);
            let home = self.plane.networks.get(segment.network);
            let policies = self.policies(&segment.origin.name);
            let routed = matches!(
                policies,
                PrivateEndpointNetworkPolicies::RouteTableEnabled | PrivateEndpointNetworkPolicies::Enabled
            );
            let own = self.vnets.get(vnet) == Some(&segment.network);
            let known = |address| {
                let mut peers = self.peers.of(vnet).iter();
                own || peers.any(|p| p.remote == home.origin.name && p.prefixes.iter().any(|r| r.contains(address)))
            };
            for address in private.addresses.iter().filter(|a| known(**a)) {
                let space = home.prefixes.iter().find(|p| p.contains(*address)).map_or(0, |p| p.length());
                let wins = |p: &Prefix| !p.is_default() && p.contains(*address) && p.length() >= space;
                let overridden = routed && user.prefixes.iter().any(wins);
                let origin = self.plane.endpoints.get(private.endpoint).origin.clone();
                let hop = NextHop::Endpoint(private.endpoint);
                let rules: &[&'static str] = &["PE-21", "PE-22", "ROUTE-09"];
                let made = route(Prefix::host(*address), hop, RouteSource::System, origin, rules);
                if overridden { replaced.push(made) } else { routes.push(made) }
            }
        }
    }

    /// Private endpoints of a network and of those it is peered with, in order of declaration.
    fn endpoints_near(&self, vnet: &str) -> impl Iterator<Item = &CustomerEndpoint> {
        let networks = std::iter::once(vnet).chain(self.peers.of(vnet).iter().map(|p| p.remote.as_str()));
        let ids = networks.filter_map(|n| self.vnets.get(n)).collect::<BTreeSet<_>>();
        let mut near: Vec<usize> =
            ids.into_iter().filter_map(|id| self.endpoints_in.get(id)).flatten().copied().collect();
        near.sort_unstable();
        near.into_iter().filter_map(|at| self.customer_endpoints.get(at))
    }

    /// Whether nobody set which network policies act on a subnet's endpoints.
    pub(super) fn policies_undeclared(&self, subnet: &str) -> bool {
        let found = subnet.split_once('/').and_then(|(v, s)| self.estate.virtual_networks.get(v)?.value.subnets.get(s));
        found.is_some_and(|s| s.value.private_endpoint_network_policies.span.is_none())
    }

    /// Which network policies act on private endpoints of a subnet (PE-26).
    pub(super) fn policies(&self, subnet: &str) -> PrivateEndpointNetworkPolicies {
        use PrivateEndpointNetworkPolicies as Policies;
        let Some((vnet, name)) = subnet.split_once('/') else { return Policies::Disabled };
        let declared = self.estate.virtual_networks.get(vnet).and_then(|v| v.value.subnets.get(name));
        let declared = declared.map_or(Policies::Disabled, |s| s.value.private_endpoint_network_policies.value);
        // In some regions and clouds endpoints are not filtered, in some of them not routed either (PE-30).
        let region = self.vnets.get(vnet).and_then(|n| self.plane.networks.get(*n).region.as_deref());
        let bare = matches!(region, Some("westindia" | "australiacentral2" | "southafricawest" | "brazilsoutheast"));
        let unfiltered = bare || self.cloud != super::Cloud::Public;
        match declared {
            _ if bare => Policies::Disabled,
            Policies::Enabled if unfiltered => Policies::RouteTableEnabled,
            Policies::NetworkSecurityGroupEnabled if unfiltered => Policies::Disabled,
            other => other,
        }
    }
}

/// What a default route that is not the platform's does to the platform's routes of private space.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DefaultRoute {
    /// There is none, or it leaves them alone.
    Platform,
    /// It takes their place (ROUTE-04).
    CarriesPrivate,
    /// Nobody says.
    NotDocumented,
}

/// Private space to nowhere, everything else to the internet. A user default replaces the former (ROUTE-03, ROUTE-04);
/// what a learned default does to them is not documented.
fn platform_routes(own: &[Prefix], default: DefaultRoute) -> Vec<Route> {
    let platform = || Origin::new("platform", DEFAULT_ROUTE, None);
    let mut routes = Vec::new();
    let reserved = machines::private_ranges();
    for range in reserved.prefixes().iter().filter(|_| default != DefaultRoute::CarriesPrivate) {
        if own.iter().any(|p| p.covers(*range)) {
            continue;
        }
        let (hop, rules): (_, &'static [&'static str]) = match default {
            DefaultRoute::NotDocumented => (NextHop::Unknown(Reason::BgpDefaultPrivate), &["ROUTE-04", "A-02"]),
            _ => (NextHop::Drop(Reason::NoRoute), &["ROUTE-01", "ROUTE-03"]),
        };
        let mut made = route(*range, hop, RouteSource::System, platform(), rules);
        made.shown = "None";
        routes.push(made);
    }
    let v6 = own.iter().any(|p| p.network().is_ipv6());
    for all in ["0.0.0.0/0", "::/0"].iter().take(1 + usize::from(v6)).filter_map(|p| p.parse().ok()) {
        routes.push(route(all, NextHop::Internet, RouteSource::System, platform(), &["ROUTE-01"]));
    }
    routes
}

/// A managed network reaches its own addresses and the public; private space outside does not exist there (ISO-06).
fn managed_routes(own: &Network, network: Id<Network>) -> Vec<Route> {
    let made = |prefix, hop, rules| route(prefix, hop, RouteSource::System, own.origin.clone(), rules);
    let mut routes: Vec<_> =
        own.prefixes.iter().map(|p| made(*p, NextHop::Network { network, link: None }, &["MPE-01"])).collect();
    for reserved in machines::private_ranges().prefixes() {
        routes.push(made(*reserved, NextHop::Drop(Reason::NoRoute), &["ISO-06", "HUB-TAG-06"]));
    }
    if let Ok(all) = "0.0.0.0/0".parse() {
        routes.push(made(all, NextHop::Internet, &["ISO-02", "ISO-03"]));
    }
    sorted(routes)
}

fn route(prefix: Prefix, hop: NextHop, source: RouteSource, origin: Origin, rules: &'static [&'static str]) -> Route {
    let shown = match &hop {
        NextHop::Network { .. } => "VnetLocal",
        NextHop::Endpoint(_) => "InterfaceEndpoint",
        NextHop::Appliance(_) if source == RouteSource::User => "VirtualAppliance",
        NextHop::Internet => "Internet",
        NextHop::Drop(_) if source == RouteSource::System => "None",
        _ => "VirtualNetworkGateway",
    };
    Route { prefix, hop, source, shown, origin, rules }
}

/// Longest prefix first (ROUTE-12, ROUTE-18), so that a short user route captures no peer, a long one also the own
/// subnet, and a learned prefix bypasses an announced default (ROUTE-16, UDR-12, ARS-03); at equal length user, then
/// gateway, then system (ROUTE-13, PE-24).
fn sorted(mut routes: Vec<Route>) -> Vec<Route> {
    routes.sort_by_key(|r| (std::cmp::Reverse(r.prefix.length()), r.prefix, r.source));
    routes
}

/// The routes that act, and those that another of the same prefix replaces (ROUTE-13).
fn select(routes: Vec<Route>) -> (Vec<Route>, Vec<Route>) {
    let (mut active, mut replaced): (Vec<Route>, Vec<Route>) = (Vec::new(), Vec::new());
    for route in sorted(routes) {
        if active.last().is_some_and(|r| r.prefix == route.prefix) { replaced.push(route) } else { active.push(route) }
    }
    (active, replaced)
}

/// Whether a route's destination is meant as a prefix, rather than as a service tag.
fn is_prefix(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) || text.contains([':', '/'])
}

/// A segment with nothing on it yet.
pub(super) fn segment(origin: Origin, network: Id<Network>, prefixes: Vec<Prefix>) -> Segment {
    Segment {
        origin,
        network,
        prefixes,
        filter: None,
        filter_at_endpoints: None,
        routes: Routes::default(),
        absent_routes: Routes::default(),
        replaced_routes: Routes::default(),
        tag_routes: Vec::new(),
        admin: Vec::new(),
        nat: None,
        default_outbound: (false, None),
        service_endpoints: Vec::new(),
        endpoint_policy: None,
    }
}
