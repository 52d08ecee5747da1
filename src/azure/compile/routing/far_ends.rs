//! What the far ends of gateways know: sites and point-to-site clients (GW-09 to GW-13, ER-02, COEX-02).

use super::super::Compiler;
use super::gateways::{Connection, LinkState, by_tunnel, down};
use super::{route, sorted};
use crate::{
    azure::model::{
        gateway::{GatewayType, VirtualNetworkGatewayConnection},
        network::NextHopType,
    },
    dataplane::{Breakout, Endpoint, Id, Network, NextHop, Origin, Route, RouteSource, Segment},
    net::Prefix,
    verdict::Reason,
};

impl Compiler<'_> {
    /// A site knows its own prefixes, what gateways and hubs tell it, and its way to the internet; and what it is not
    /// told, which explains why it cannot send there (GW-13).
    pub(super) fn site_routes(&self, site: &str, network: Id<Network>) -> (Vec<Route>, Vec<Route>) {
        let own = self.plane.networks.get(network);
        let mut routes = own_routes(own, network);
        let mut absent = Vec::new();
        for (name, entry) in self.estate.virtual_network_gateway_connections.iter() {
            let connection = &entry.value;
            let gateway_name = &connection.virtual_network_gateway.value;
            let here = connection.on_premises_site.as_ref().is_some_and(|s| s.value == site);
            let (Some(gateway), Some(vnet), true) = (self.gateways.get(gateway_name), self.home(gateway_name), here)
            else {
                continue;
            };
            let told: Vec<(Prefix, NextHop, Origin)> = match &connection.advertised_prefixes {
                Some(list) => list
                    .iter()
                    .map(|p| (p.value, NextHop::Gateway(*gateway), Origin::new("connection", name, p.span)))
                    .collect(),
                None => self.told(name, entry, vnet, *gateway),
            };
            for (prefix, hop, origin) in told {
                if !connection.connected.value {
                    absent.push(down(prefix, origin));
                    continue;
                }
                // What a circuit carries is of its own page (ER-02).
                let vpn = self.is_vpn(gateway_name);
                let rules: &[&'static str] = if vpn { &["PEER-09", "GW-03"] } else { &["ER-02", "PEER-09"] };
                let hop = if self.fast_path_unknown(connection, vnet, prefix) {
                    NextHop::Unknown(Reason::FastPath)
                } else if vpn {
                    by_tunnel(prefix, hop)
                } else {
                    hop
                };
                routes.push(route(prefix, hop, RouteSource::Gateway, origin, rules));
            }
            for peer in self.peers.of(vnet).iter().filter(|p| !p.lends_gateway) {
                let untold = self.space_of(&peer.remote).into_iter();
                absent.extend(untold.map(|p| {
                    let hop = NextHop::Drop(Reason::GwNoadv);
                    let rules: &[&'static str] = &["GW-13", "PEER-09"];
                    route(p, hop, RouteSource::Gateway, Origin::new("connection", name, entry.span), rules)
                }));
            }
        }
        routes.extend(self.hub_routes_of_site(site));
        if let Some(breakout) = &own.breakout {
            routes.extend(internet(breakout));
        }
        // What a site has itself is there, whoever else announces that prefix (ADDR-07).
        routes.retain(|r| r.source == RouteSource::System || !own.prefixes.contains(&r.prefix));
        (sorted(routes), sorted(absent))
    }

    fn is_vpn(&self, gateway: &str) -> bool {
        self.estate.virtual_network_gateways.get(gateway).is_some_and(|g| g.value.type_.value == GatewayType::Vpn)
    }

    /// What a gateway tells one of its connections (GW-03, COEX-02).
    fn told(
        &self,
        name: &str,
        entry: &Connection,
        vnet: &str,
        gateway: Id<Endpoint>,
    ) -> Vec<(Prefix, NextHop, Origin)> {
        let origin = || Origin::new("connection", name, entry.span);
        let mut told: Vec<_> =
            self.announced(vnet).into_iter().map(|p| (p, NextHop::Gateway(gateway), origin())).collect();
        let Some(own) = self.estate.virtual_network_gateways.get(&entry.value.virtual_network_gateway.value) else {
            return told;
        };
        let express = own.value.type_.value == GatewayType::ExpressRoute;
        let bgp = express || entry.value.bgp_enabled.value;
        for learned in self.tables.of(vnet) {
            let passes = bgp
                && learned.bgp
                && learned.state == LinkState::Up
                && learned.connection != name
                && !learned.prefix.is_default();
            if !passes {
                continue;
            }
            // Point-to-site clients and ExpressRoute never meet (GW-11).
            let client = learned.connection.is_empty();
            match (express, learned.express) {
                (false, false) => told.push((learned.prefix, NextHop::Gateway(gateway), origin())),
                (true, true) => {}
                _ if client => {}
                _ => {
                    if let Some(hop) = self.coexistence(vnet, gateway) {
                        told.push((learned.prefix, hop, origin()));
                    }
                }
            }
        }
        // By BGP only, and a VPN gateway passes no default route on (GW-03, GW-05).
        for (prefix, _) in
            self.appliance_prefixes(vnet).into_iter().filter(|(p, _)| bgp && (express || !p.is_default()))
        {
            told.push((prefix, NextHop::Gateway(gateway), origin()));
        }
        told
    }

    /// Transit between VPN and ExpressRoute: only by a Route Server with branch-to-branch (COEX-02).
    pub(super) fn coexistence(&self, vnet: &str, gateway: Id<Endpoint>) -> Option<NextHop> {
        let server = self.estate.route_servers.iter().find(|(_, r)| r.value.virtual_network.value == vnet)?;
        if !server.1.value.branch_to_branch_traffic_enabled.value {
            return None;
        }
        let (_, vpn) = self
            .estate
            .virtual_network_gateways
            .iter()
            .find(|(_, g)| g.value.virtual_network.value == vnet && g.value.type_.value == GatewayType::Vpn)?;
        let ready = vpn.value.active_active.value && vpn.value.asn.value == crate::azure::defaults::ASN;
        Some(if ready { NextHop::Gateway(gateway) } else { NextHop::Unsupported(Reason::CoexArs) })
    }

    /// Whether FastPath passes by routes of the GatewaySubnet that would steer the prefix (ER-06).
    fn fast_path_unknown(&self, connection: &VirtualNetworkGatewayConnection, vnet: &str, prefix: Prefix) -> bool {
        let table = self
            .estate
            .virtual_networks
            .get(vnet)
            .and_then(|v| v.value.subnets.get("GatewaySubnet"))
            .and_then(|s| s.value.route_table.as_ref())
            .and_then(|t| self.estate.route_tables.get(&t.value));
        connection.express_route_gateway_bypass.value
            && table.is_some_and(|t| {
                t.value.routes.iter().any(|(_, r)| {
                    let steered = r.value.address_prefix.value.parse::<Prefix>();
                    r.value.next_hop_type.value == NextHopType::VirtualAppliance
                        && steered.is_ok_and(|s| s.overlaps(prefix))
                })
            })
    }

    /// Routes of point-to-site clients: the gateway's network, its direct peers, and what BGP brings (GW-09 to GW-11).
    pub(super) fn client_routes(&self) -> Vec<(Id<Segment>, Vec<Route>)> {
        let mut all = Vec::new();
        for (name, (network, segment)) in &self.tables.pools {
            let (Some(gateway), Some(vnet)) = (self.gateways.get(name), self.home(name)) else { continue };
            let pool = self.plane.networks.get(*network);
            let origin = || pool.origin.clone();
            let to =
                |p: Prefix, hop: NextHop, rules| route(p, by_tunnel(p, hop), RouteSource::Gateway, origin(), rules);
            let mut routes: Vec<_> =
                pool.prefixes.iter().map(|p| to(*p, NextHop::Unknown(Reason::P2sP2s), &["GW-10"])).collect();
            for prefix in self.space_of(vnet) {
                routes.push(to(prefix, NextHop::Gateway(*gateway), &["GW-09"]));
            }
            for peer in self.peers.of(vnet) {
                let chosen = self.estate.assumptions.as_ref();
                let reach = chosen.and_then(|a| a.clients_reach_peers_without_transit.as_ref()).map(|r| r.value);
                let hop = match (peer.lends_gateway, reach) {
                    (true, _) | (_, Some(true)) => NextHop::Gateway(*gateway),
                    (_, Some(false)) => NextHop::Drop(Reason::GwTransit),
                    (_, None) => NextHop::Unknown(Reason::P2sPeer),
                };
                routes.extend(self.space_of(&peer.remote).into_iter().map(|p| to(p, hop.clone(), &["GW-09", "A-09"])));
            }
            // Clients of another gateway are out of reach, whatever the gateways tell each other (GW-10).
            let clients = |p: Prefix| {
                let mut pools = self.tables.pools.values().map(|(n, _)| self.plane.networks.get(*n));
                pools.any(|n| n.prefixes.iter().any(|pool| pool.covers(p)))
            };
            let passed = self.tables.of(vnet).iter().filter(|l| {
                l.bgp
                    && !l.express
                    && l.state == LinkState::Up
                    && !l.connection.is_empty()
                    && !l.prefix.is_default()
                    && !clients(l.prefix)
            });
            routes.extend(passed.map(|l| to(l.prefix, NextHop::Gateway(*gateway), &["GW-09"])));
            if let Some(breakout) = &pool.breakout {
                routes.extend(internet(breakout));
            }
            all.push((*segment, sorted(routes)));
        }
        all
    }
}

fn own_routes(own: &Network, network: Id<Network>) -> Vec<Route> {
    let here = |p: &Prefix| {
        let hop = NextHop::Network { network, link: None };
        route(*p, hop, RouteSource::System, own.origin.clone(), &["EVAL-01"])
    };
    own.prefixes.iter().map(here).collect()
}

fn internet(breakout: &Breakout) -> Option<Route> {
    let all = "0.0.0.0/0".parse().ok()?;
    Some(route(all, NextHop::Internet, RouteSource::System, breakout.origin.clone(), &["EVAL-01"]))
}
