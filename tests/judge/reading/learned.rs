//! What gateways learn and tell (GW-02 to GW-08, ER-01 to ER-06, COEX-01, COEX-02, ARS-01 to ARS-05, ROUTE-11).

use super::{Reading, Word};
use privreach::azure::model::{
    gateway::{GatewayType, RouteServer, RoutingPreference, VirtualNetworkGatewayConnection},
    network::NextHopType,
};
use privreach::net::Prefix;
use std::{cmp::Reverse, net::IpAddr};

/// Where a gateway sends a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Towards<'e> {
    Site(&'e str),
    Gateway(&'e str),
    Clients,
}

/// A prefix that a gateway knows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Learned<'e> {
    pub(crate) gateway: &'e str,
    pub(crate) prefix: Prefix,
    pub(crate) towards: Towards<'e>,
    pub(crate) up: bool,
    pub(crate) bgp: bool,
    pub(crate) express: bool,
    pub(crate) weight: u16,
    /// Empty for the clients of a gateway.
    pub(crate) connection: &'e str,
}

impl Learned<'_> {
    /// A BGP session that is down teaches nothing; static routes stay (GW-12, ROUTE-20).
    pub(crate) fn is_known(&self) -> bool {
        self.up || !self.bgp
    }
}

type Connection = VirtualNetworkGatewayConnection;

impl<'e> Reading<'e> {
    fn is_express(&self, gateway: &str) -> bool {
        self.e.virtual_network_gateways.get(gateway).unwrap().value.type_.value == GatewayType::ExpressRoute
    }

    pub(crate) fn connection(&self, name: &str) -> &'e Connection {
        &self.e.virtual_network_gateway_connections.get(name).unwrap().value
    }

    /// GW-12: on both ends, which are two connections between gateways.
    fn is_up(&self, connection: &Connection) -> bool {
        let back = |peer: &str| {
            self.e.virtual_network_gateway_connections.iter().any(|(_, c)| {
                let there = c.value.peer_virtual_network_gateway.as_ref();
                c.value.virtual_network_gateway.value == peer
                    && *c.value.connected
                    && there.is_some_and(|t| t.value == connection.virtual_network_gateway.value)
            })
        };
        *connection.connected && connection.peer_virtual_network_gateway.as_ref().is_none_or(|p| back(&p.value))
    }

    /// What the gateways of a network know: by their connections and clients, from circuits, and what other gateways pass
    /// on; the preferred first.
    pub(crate) fn learned_in(&self, net: &'e str) -> Vec<Learned<'e>> {
        let mut all = self.first_hand(net);
        // GW-08: BGP tells on, over one gateway after the other.
        let mut told = self.passed_on(net, &[net]);
        told.retain(|l| !all.iter().any(|k| k.prefix == l.prefix));
        all.extend(told);
        let server = self.route_server(net);
        let vpn_first = server.is_some_and(|s| *s.hub_routing_preference == RoutingPreference::VpnGateway);
        // ARS-02: the setting first, if there is one; else what is up.
        all.sort_by_key(|l| {
            let preferred = vpn_first && l.express;
            (preferred, (!l.up, l.bgp && !l.up), l.express == vpn_first, Reverse(l.weight))
        });
        all
    }

    fn first_hand(&self, net: &'e str) -> Vec<Learned<'e>> {
        let mut all = Vec::new();
        for (gateway, g) in self.e.virtual_network_gateways.iter() {
            if g.value.virtual_network.value != net {
                continue;
            }
            all.extend(self.pool(gateway).into_iter().map(|prefix| Learned {
                gateway,
                prefix,
                towards: Towards::Clients,
                up: true,
                bgp: true,
                express: false,
                weight: 0,
                connection: "",
            }));
        }
        for (name, c) in self.e.virtual_network_gateway_connections.iter() {
            let gateway = c.value.virtual_network_gateway.value.as_str();
            if self.gateway_net(gateway) == net {
                all.extend(self.over(name, gateway));
            }
        }
        for (name, c) in self.e.virtual_network_gateway_connections.iter() {
            let gateway = c.value.virtual_network_gateway.value.as_str();
            if self.gateway_net(gateway) == net {
                all.extend(self.over_circuit(name, gateway));
            }
        }
        all
    }

    /// By one connection, to a site or to another gateway (GW-02 to GW-04).
    fn over(&self, name: &'e str, gateway: &'e str) -> Vec<Learned<'e>> {
        let connection = self.connection(name);
        let express = self.is_express(gateway);
        let bgp = express || *connection.bgp_enabled;
        let (towards, behind) = match (&connection.on_premises_site, &connection.peer_virtual_network_gateway) {
            (Some(site), _) => (Towards::Site(site.value.as_str()), self.site_space(&site.value)),
            (None, Some(peer)) => (Towards::Gateway(peer.value.as_str()), self.announced(&peer.value)),
            _ => return Vec::new(),
        };
        let prefixes = match &connection.learned_prefixes {
            Some(learned) => learned.iter().map(|p| p.value).collect(),
            None => behind,
        };
        let net = self.gateway_net(gateway);
        let own = |p: &Prefix| self.spaces(net).any(|own| own.covers(*p));
        let learned = |prefix| Learned {
            gateway,
            prefix,
            towards,
            up: self.is_up(connection),
            bgp,
            express,
            weight: *connection.routing_weight,
            connection: name,
        };
        prefixes.into_iter().filter(|p| !own(p)).map(learned).collect()
    }

    /// ER-04, A-10: networks on one circuit, if both gateways carry such traffic.
    fn over_circuit(&self, name: &'e str, gateway: &'e str) -> Vec<Learned<'e>> {
        let carries = |g: &str| *self.e.virtual_network_gateways.get(g).unwrap().value.remote_vnet_traffic_enabled;
        let own = self.connection(name);
        let Some(circuit) = &own.express_route_circuit else { return Vec::new() };
        let mut all = Vec::new();
        for (_, other) in self.e.virtual_network_gateway_connections.iter() {
            let far = other.value.virtual_network_gateway.value.as_str();
            let same = other.value.express_route_circuit.as_ref().is_some_and(|c| c.value == circuit.value);
            let up = *own.connected && *other.value.connected;
            if far == gateway || !same || !up || !carries(gateway) || !carries(far) {
                continue;
            }
            all.extend(self.announced(far).into_iter().map(|prefix| Learned {
                gateway,
                prefix,
                towards: Towards::Gateway(far),
                up: true,
                bgp: true,
                express: true,
                weight: *own.routing_weight,
                connection: name,
            }));
        }
        all
    }

    /// GW-03, GW-05, GW-08: what VPN gateways at the far ends of BGP connections learned by BGP, but default routes and
    /// what overlaps the own network.
    fn passed_on(&self, net: &'e str, seen: &[&'e str]) -> Vec<Learned<'e>> {
        let mut all: Vec<Learned<'e>> = Vec::new();
        for (name, c) in self.e.virtual_network_gateway_connections.iter() {
            let (here, peer) = (c.value.virtual_network_gateway.value.as_str(), &c.value.peer_virtual_network_gateway);
            let Some(peer) = peer.as_ref().filter(|_| *c.value.bgp_enabled && *c.value.connected) else { continue };
            let far = self.gateway_net(&peer.value);
            if self.gateway_net(here) != net || seen.contains(&far) {
                continue;
            }
            let further: Vec<&str> = seen.iter().copied().chain([far]).collect();
            let known = self.first_hand(far).into_iter().chain(self.passed_on(far, &further));
            for l in known.filter(|l| l.bgp && !l.express && l.up && !l.prefix.is_default()) {
                let back = l.towards == Towards::Gateway(here);
                if !back && !self.spaces(net).any(|own| own.overlaps(l.prefix)) {
                    let towards = Towards::Gateway(peer.value.as_str());
                    all.push(Learned { gateway: here, towards, express: false, weight: 0, connection: name, ..l });
                }
            }
        }
        all
    }

    pub(crate) fn route_server(&self, net: &str) -> Option<&'e RouteServer> {
        self.e.route_servers.iter().map(|(_, s)| &s.value).find(|s| s.virtual_network.value == net)
    }

    /// What appliances announce to the Route Server of a network: prefix and next hop (ARS-01, ARS-04).
    pub(crate) fn announced_to_server(&self, net: &str, told_on: bool) -> Vec<(Prefix, IpAddr)> {
        let sessions = self.route_server(net).into_iter().flat_map(|s| s.bgp_connections.iter());
        let routes = sessions.flat_map(|(_, c)| {
            let own = c.value.peer_ip.value;
            c.value.advertised_routes.iter().map(move |(_, r)| (own, &r.value))
        });
        let told = routes.filter(|(_, r)| !told_on || !*r.no_advertise);
        told.map(|(own, r)| (r.address_prefix.value, r.next_hop_ip_address.as_ref().map_or(own, |a| a.value))).collect()
    }

    /// ER-02, PEER-09: the gateway's network and the spokes in transit.
    pub(crate) fn announced(&self, gateway: &str) -> Vec<Prefix> {
        let home = self.gateway_net(gateway);
        let spokes = self.e.virtual_networks.keys().filter(|n| *n != home && self.gateways(n).contains(&gateway));
        std::iter::once(home).chain(spokes).flat_map(|net| self.spaces(net)).collect()
    }

    /// What a connection tells a site, with why that may not hold (GW-03, GW-11, COEX-02, ER-06).
    pub(crate) fn told(&self, name: &'e str) -> Vec<(Prefix, Option<super::Stop>)> {
        let connection = self.connection(name);
        let gateway = connection.virtual_network_gateway.value.as_str();
        let net = self.gateway_net(gateway);
        let express = self.is_express(gateway);
        let bgp = express || *connection.bgp_enabled;
        let mut told: Vec<(Prefix, Option<super::Stop>)> = Vec::new();
        if let Some(list) = &connection.advertised_prefixes {
            told.extend(list.iter().map(|p| (p.value, None)));
        } else {
            told.extend(self.announced(gateway).into_iter().map(|p| (p, None)));
            for l in self.learned_in(net) {
                if !bgp || !l.bgp || !l.up || l.connection == name || l.prefix.is_default() {
                    continue;
                }
                match (express, l.express) {
                    (false, false) => told.push((l.prefix, None)),
                    (true, true) => {}
                    _ if l.connection.is_empty() => {}
                    _ => told.extend(self.coexistence(net).map(|stop| (l.prefix, stop))),
                }
            }
            let open = self.route_server(net).is_some_and(|s| *s.branch_to_branch_traffic_enabled);
            // GW-05: VPN gateways announce no default route.
            let further = self.announced_to_server(net, true).into_iter().filter(|_| open && bgp);
            told.extend(further.filter(|(p, _)| express || !p.is_default()).map(|(p, _)| (p, None)));
        }
        if *connection.express_route_gateway_bypass {
            for (prefix, stop) in &mut told {
                if self.is_steered(net, *prefix) {
                    *stop = Some(super::Stop::Unknown("FASTPATH"));
                }
            }
        }
        told
    }

    /// COEX-02: nothing without a Route Server that joins branches; not supported but with such a gateway.
    fn coexistence(&self, net: &str) -> Option<Option<super::Stop>> {
        if !self.route_server(net).is_some_and(|s| *s.branch_to_branch_traffic_enabled) {
            return None;
        }
        let mut gateways = self.e.virtual_network_gateways.iter().map(|(_, g)| &g.value);
        let vpn = gateways.find(|g| g.virtual_network.value == net && g.type_.value == GatewayType::Vpn)?;
        let ready = *vpn.active_active && *vpn.asn == 65515;
        Some((!ready).then_some(super::Stop::Unsupported("COEX-ARS")))
    }

    /// ER-06: whether the GatewaySubnet steers a prefix to an appliance.
    fn is_steered(&self, net: &'e str, prefix: Prefix) -> bool {
        let has = self.e.virtual_networks.get(net).unwrap().value.subnets.get("GatewaySubnet").is_some();
        let routes = if has { self.user_routes(net, "GatewaySubnet") } else { Vec::new() };
        routes.into_iter().any(|(p, kind, _)| kind == NextHopType::VirtualAppliance && p.overlaps(prefix))
    }

    /// SUB-02.
    pub(crate) fn is_spoilt(&self, gateway: &str) -> bool {
        let net = self.gateway_net(gateway);
        let default = |(p, ..): &(Prefix, NextHopType, Option<IpAddr>)| p.is_default() && !p.network().is_ipv6();
        self.e.virtual_networks.get(net).unwrap().value.subnets.get("GatewaySubnet").is_some()
            && (self.user_routes(net, "GatewaySubnet").iter().any(default) || !self.propagates(net, "GatewaySubnet"))
    }

    /// Networks beside the far end of a connection between gateways that were never announced (GW-13).
    pub(crate) fn is_untold(&self, net: &str, address: IpAddr) -> Option<Word> {
        let peers = self.e.virtual_network_gateway_connections.iter().filter_map(|(_, c)| {
            let own = self.gateway_net(&c.value.virtual_network_gateway.value) == net;
            c.value.peer_virtual_network_gateway.as_ref().filter(|_| own)
        });
        let mut fars = peers.map(|p| (p.value.as_str(), self.gateway_net(&p.value)));
        let beside = |(gateway, far): (&str, &str)| {
            self.e.virtual_networks.keys().any(|other| {
                other != net
                    && self.peered(far, other)
                    && !self.gateways(other).contains(&gateway)
                    && self.holds(other, address)
            })
        };
        fars.any(beside).then_some("GW-NOADV")
    }
}
