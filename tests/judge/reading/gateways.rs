//! Gateways, sites and the clients of gateways (GW-01 to GW-13, ER-01 to ER-06, COEX-01, PEER-08 to PEER-10).

use super::{
    At, Open, Owner, Reading, To, Word, blocked,
    routes::{Hop, Rank, Route},
    walk::{End, Journey},
};
use privreach::azure::model::gateway::{GatewayType, VirtualNetworkGatewayConnection};
use privreach::net::Prefix;
use std::net::IpAddr;

impl<'e> Reading<'e> {
    pub(crate) fn gateway_net(&self, name: &str) -> &'e str {
        self.e.virtual_network_gateways.get(name).unwrap().value.virtual_network.value.as_str()
    }

    /// The gateways a network may use: its own, and those of a peer by the transit pair (PEER-08).
    pub(crate) fn gateways(&self, net: &str) -> Vec<&'e str> {
        let usable = |home: &str| {
            home == net
                || self.peered(home, net)
                    && *self.link(home, net).unwrap().allow_gateway_transit
                    && *self.link(net, home).unwrap().use_remote_gateways
        };
        let all = self.e.virtual_network_gateways.iter();
        all.filter(|(_, g)| usable(&g.value.virtual_network.value)).map(|(n, _)| n).collect()
    }

    fn connections(&self, gateway: &str) -> Vec<&'e VirtualNetworkGatewayConnection> {
        let all = self.e.virtual_network_gateway_connections.iter().map(|(_, c)| &c.value);
        all.filter(|c| c.virtual_network_gateway.value == gateway).collect()
    }

    pub(crate) fn site_space(&self, site: &str) -> Vec<Prefix> {
        self.e.on_premises_sites.get(site).unwrap().value.address_space.iter().map(|p| p.value).collect()
    }

    /// What a connection leads to, with the connection (ROUTE-07); a BGP session that is down teaches nothing.
    fn learned_by(&self, gateway: &'e str) -> Vec<(Prefix, &'e VirtualNetworkGatewayConnection)> {
        let express =
            self.e.virtual_network_gateways.get(gateway).unwrap().value.type_.value == GatewayType::ExpressRoute;
        let home = self.gateway_net(gateway);
        let mut all = Vec::new();
        for connection in self.connections(gateway) {
            let bgp = express || *connection.bgp_enabled;
            if bgp && !*connection.connected {
                continue;
            }
            let Some(site) = &connection.on_premises_site else { continue };
            let space = match &connection.learned_prefixes {
                Some(prefixes) => prefixes.iter().map(|p| p.value).collect(),
                None => self.site_space(&site.value),
            };
            // GW-04.
            let filtered = |p: &Prefix| bgp && self.spaces(home).any(|own| own.covers(*p));
            all.extend(space.into_iter().filter(|p| !filtered(p)).map(|p| (p, connection)));
        }
        all
    }

    /// Routes that gateways give a network.
    pub(crate) fn learned(&self, net: &'e str, to: &To) -> Vec<Route<'e>> {
        let mut routes = Vec::new();
        for gateway in self.gateways(net) {
            let learned = self.learned_by(gateway).into_iter().map(|(p, _)| p);
            for prefix in learned.chain(self.pool(gateway)) {
                if to.address.map_or(prefix.is_default(), |a| prefix.contains(a)) {
                    routes.push((prefix.length(), Rank::Gateway, Ok(Hop::Gateway(gateway))));
                }
            }
        }
        routes
    }

    pub(crate) fn user_gateway(&self, net: &str, _default: bool) -> Open<&'e str> {
        match self.gateways(net).first() {
            Some(gateway) => Ok(gateway),
            None => blocked("NEXTHOP"),
        }
    }

    /// On-premises prefixes and client pools of the gateways a network uses (TAG-01).
    pub(crate) fn behind_gateways(&self, net: &str, address: IpAddr) -> bool {
        self.gateways(net).into_iter().any(|gateway| {
            let learned = self.learned_by(gateway).into_iter().map(|(p, _)| p).filter(|p| !p.is_default());
            learned.chain(self.pool(gateway)).any(|p| p.contains(address))
        })
    }

    /// PEER-08: half of the transit pair.
    pub(crate) fn why_no_gateway(&self, net: &str, subnet: &str, address: IpAddr) -> Word {
        let behind_a_peer = self.e.virtual_network_gateways.iter().any(|(name, gateway)| {
            self.peered(&gateway.value.virtual_network.value, net)
                && self.learned_by(name).iter().any(|(p, c)| *c.connected && !p.is_default() && p.contains(address))
        });
        if self.propagates(net, subnet) && behind_a_peer { "GW-TRANSIT" } else { "NOROUTE" }
    }

    pub(crate) fn through_gateway(&self, gateway: &'e str, journey: &mut Journey<'e>) -> Open<Result<End<'e>, At<'e>>> {
        // GW-09: back to a client.
        if let Some(address) = journey.to.address.filter(|a| self.pool(gateway).iter().any(|p| p.contains(*a))) {
            let mut clients = self.e.vpn_clients.iter();
            return match clients.find(|(_, c)| c.value.ip_address.value == address) {
                Some((name, _)) => Ok(Ok(End::Owner(Owner::Laptop(name)))),
                None => blocked("NO-HOST"),
            };
        }
        let matching = |p: &Prefix| journey.to.address.map_or(p.is_default(), |a| p.contains(a));
        let all = self.learned_by(gateway).into_iter().filter(|(p, _)| matching(p));
        let Some((_, connection)) = all.max_by_key(|(p, _)| p.length()) else { return blocked("NOROUTE") };
        if !*connection.connected {
            return blocked("GW-DOWN");
        }
        let site = connection.on_premises_site.as_ref().unwrap().value.as_str();
        self.site_reached(site, journey).map(Ok)
    }

    pub(crate) fn site_reached(&self, site: &'e str, journey: &Journey<'e>) -> Open<End<'e>> {
        let declared = &self.e.on_premises_sites.get(site).unwrap().value;
        if !journey.reply
            && let Some(firewall) = &declared.firewall
            && !self.site_firewall(firewall, journey)
        {
            return blocked("ONPREM-FW");
        }
        match journey.to.address.and_then(|a| self.host_at(site, a)) {
            Some(owner) => Ok(End::Owner(owner)),
            None => Err(super::Stop::Unknown("NO-HOST")),
        }
    }

    /// A machine of a site; its DNS servers are machines without a name.
    fn host_at(&self, site: &'e str, address: IpAddr) -> Option<Owner<'e>> {
        let declared = &self.e.on_premises_sites.get(site).unwrap().value;
        let mut hosts = declared.hosts.iter().filter(|(_, h)| h.value.ip_address.value == address);
        if let Some((name, _)) = hosts.next() {
            return Some(Owner::Host(site, name));
        }
        let mut servers = declared.dns_servers.iter();
        let server = servers.any(|(_, s)| s.value.ip_address.as_ref().is_some_and(|a| a.value == address));
        server.then_some(Owner::Host(site, ""))
    }

    /// GW-09, GW-10, A-09: a client of a gateway reaches its network and what is directly peered with it; it keeps its own
    /// way to the internet.
    fn laptop_sends(&self, at: At<'e>, journey: &mut Journey<'e>) -> Open<Result<End<'e>, At<'e>>> {
        let At::Laptop(name) = at else { return blocked("NOROUTE") };
        let Some(address) = journey.to.address.filter(|a| !self.is_public(*a)) else { return Ok(Ok(End::Out(at))) };
        let gateway = self.e.vpn_clients.get(name).unwrap().value.virtual_network_gateway.value.as_str();
        let home = self.gateway_net(gateway);
        journey.by_gateway = true;
        if self.pool(gateway).iter().any(|p| p.contains(address)) {
            return Err(super::Stop::Unknown("P2S-P2S"));
        }
        if self.holds(home, address) {
            return Ok(Err(At::Gateway(gateway)));
        }
        let near = self.e.virtual_networks.keys().find(|net| self.peered(home, net) && self.holds(net, address));
        if let Some(net) = near {
            if self.gateways(net).contains(&gateway) {
                return Ok(Err(At::Gateway(gateway)));
            }
            return match self.e.assumptions.as_ref().and_then(|a| a.clients_reach_peers_without_transit.as_ref()) {
                Some(chosen) if chosen.value => Ok(Err(At::Gateway(gateway))),
                Some(_) => blocked("GW-TRANSIT"),
                None => Err(super::Stop::Unknown("P2S-PEER")),
            };
        }
        // Behind a tunnel only where BGP runs on it.
        let told = self.learned_by(gateway).into_iter().any(|(p, c)| *c.bgp_enabled && p.contains(address));
        if told { Ok(Err(At::Gateway(gateway))) } else { blocked("NOROUTE") }
    }

    pub(crate) fn pool(&self, gateway: &str) -> Vec<Prefix> {
        let gateway = &self.e.virtual_network_gateways.get(gateway).unwrap().value;
        gateway.vpn_client_address_space.iter().map(|p| p.value).collect()
    }

    /// From a site: within it, out by its breakout, or to a gateway that told it of the destination (GW-13, PEER-09).
    pub(crate) fn outside(&self, at: At<'e>, journey: &mut Journey<'e>) -> Open<Result<End<'e>, At<'e>>> {
        let At::Site(site) = at else {
            return self.laptop_sends(at, journey);
        };
        let declared = &self.e.on_premises_sites.get(site).unwrap().value;
        let here = journey.to.address.filter(|a| self.site_space(site).iter().any(|p| p.contains(*a)));
        if let Some(address) = here {
            return match self.host_at(site, address) {
                Some(owner) => Ok(Ok(End::Owner(owner))),
                None => Err(super::Stop::Unknown("NO-HOST")),
            };
        }
        if !journey.reply
            && let Some(firewall) = &declared.firewall
            && !self.site_firewall(firewall, journey)
        {
            return blocked("ONPREM-FW");
        }
        if let Some(next) = self.site_to_hub(site, journey) {
            return next;
        }
        let Some(address) = journey.to.address.filter(|a| !self.is_public(*a)) else {
            return if declared.internet.is_some() { Ok(Ok(End::Out(at))) } else { blocked("NOROUTE") };
        };
        for gateway in self.e.virtual_network_gateways.keys() {
            for connection in self.connections(gateway) {
                if connection.on_premises_site.as_ref().is_none_or(|s| s.value != site) {
                    continue;
                }
                let told = match &connection.advertised_prefixes {
                    Some(told) => told.iter().any(|p| p.value.contains(address)),
                    None => {
                        let clients = *connection.bgp_enabled && self.pool(gateway).iter().any(|p| p.contains(address));
                        clients || self.announced(gateway).iter().any(|p| p.contains(address))
                    }
                };
                if told {
                    journey.by_gateway = true;
                    return if *connection.connected { Ok(Err(At::Gateway(gateway))) } else { blocked("GW-DOWN") };
                }
            }
        }
        // GW-13: a network beside the gateway's that does not use it is unknown at the site.
        let untold = self.e.virtual_network_gateways.keys().any(|gateway| {
            let beside = |net: &str| self.holds(net, address) && self.peered(self.gateway_net(gateway), net);
            let connected =
                self.connections(gateway).iter().any(|c| c.on_premises_site.as_ref().is_some_and(|s| s.value == site));
            connected && self.e.virtual_networks.keys().any(beside)
        });
        blocked(if untold { "GW-NOADV" } else { "NOROUTE" })
    }

    /// ER-02, PEER-09: the gateway's network and the spokes in transit.
    fn announced(&self, gateway: &'e str) -> Vec<Prefix> {
        let nets = self.e.virtual_networks.keys().filter(|net| self.gateways(net).contains(&gateway));
        nets.flat_map(|net| self.spaces(net)).collect()
    }
}
