//! Gateways, sites and the clients of gateways (GW-01 to GW-13, ER-01 to ER-06, COEX-01, PEER-08 to PEER-10).

use super::{
    At, Open, Owner, Reading, To, Word, blocked,
    learned::{Learned, Towards},
    routes::{Hop, Rank, Route},
    walk::{End, Journey},
};
use privreach::azure::model::gateway::{GatewayType, RoutingPreference};
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

    pub(crate) fn site_space(&self, site: &str) -> Vec<Prefix> {
        self.e.on_premises_sites.get(site).unwrap().value.address_space.iter().map(|p| p.value).collect()
    }

    /// Networks whose gateways and Route Servers a network uses: its own, and those that lend theirs (PEER-08).
    fn lenders(&self, net: &'e str) -> Vec<&'e str> {
        let lends = |home: &&'e str| {
            *home != net
                && self.peered(home, net)
                && *self.link(home, net).unwrap().allow_gateway_transit
                && *self.link(net, home).unwrap().use_remote_gateways
        };
        std::iter::once(net).chain(self.e.virtual_networks.keys().filter(lends)).collect()
    }

    /// Routes that gateways and Route Servers give a network (ROUTE-07, ROUTE-11).
    pub(crate) fn learned(&self, net: &'e str, to: &To) -> Vec<Route<'e>> {
        let matching = |p: Prefix| to.address.map_or(p.is_default(), |a| p.contains(a));
        let mut gateways = Vec::new();
        for home in self.lenders(net) {
            for l in self.learned_in(home).into_iter().filter(|l| l.is_known() && matching(l.prefix)) {
                gateways.push((l.express, (l.prefix.length(), Rank::Gateway, Ok(Hop::Gateway(l.gateway)))));
            }
        }
        let mut appliances = Vec::new();
        for home in self.lenders(net) {
            let own = |p: Prefix| self.spaces(net).any(|own| own.covers(p));
            for (p, hop) in self.announced_to_server(home, false).into_iter().filter(|(p, _)| matching(*p) && !own(*p))
            {
                appliances.push((p.length(), Rank::Gateway, Ok(Hop::Device(hop))));
            }
        }
        // ARS-02: VPN and appliances before ExpressRoute, where the setting says so.
        let vpn_first = |home: &'e str| {
            self.route_server(home).is_some_and(|s| *s.hub_routing_preference == RoutingPreference::VpnGateway)
        };
        let last: Vec<Route<'e>> = if self.lenders(net).into_iter().any(vpn_first) {
            let (express, vpn): (Vec<_>, Vec<_>) = gateways.into_iter().partition(|(express, _)| *express);
            gateways = vpn;
            express.into_iter().map(|(_, r)| r).collect()
        } else {
            Vec::new()
        };
        gateways.into_iter().map(|(_, r)| r).chain(appliances).chain(last).collect()
    }

    /// UDR-04: a VPN gateway, alone in its network.
    pub(crate) fn user_gateway(&self, net: &str, _default: bool) -> Open<&'e str> {
        let all = self.gateways(net);
        let kind = |g: &&&str| self.e.virtual_network_gateways.get(g).unwrap().value.type_.value;
        if all.iter().any(|g| kind(&g) == GatewayType::ExpressRoute) {
            return self.unsupported("UDR-VNG");
        }
        all.first().map_or_else(|| blocked("NEXTHOP"), |gateway| Ok(*gateway))
    }

    /// On-premises prefixes, client pools and networks of the gateways a network uses, up or down (TAG-01).
    pub(crate) fn behind_gateways(&self, net: &'e str, address: IpAddr) -> bool {
        let all = self.lenders(net).into_iter().flat_map(|home| self.learned_in(home));
        all.into_iter().any(|l| !l.prefix.is_default() && l.prefix.contains(address))
    }

    /// What is down, half declared or untold where no route leads (GW-12, PEER-08, GW-13).
    pub(crate) fn why_no_gateway(&self, net: &'e str, subnet: &str, address: IpAddr) -> Word {
        if !self.propagates(net, subnet) {
            return "NOROUTE";
        }
        let near = self.lenders(net);
        let down = near.iter().flat_map(|home| self.learned_in(home)).filter(|l| !l.is_known());
        if down.into_iter().any(|l| l.prefix.contains(address)) {
            return "GW-DOWN";
        }
        let strangers = self.e.virtual_networks.keys().filter(|h| !near.contains(h) && self.peered(h, net));
        let theirs = strangers.flat_map(|home| self.learned_in(home));
        if theirs.into_iter().any(|l| l.up && !l.prefix.is_default() && l.prefix.contains(address)) {
            return "GW-TRANSIT";
        }
        self.is_untold(net, address).unwrap_or("NOROUTE")
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
        let matching = |p: Prefix| journey.to.address.map_or(p.is_default(), |a| p.contains(a));
        let all = self.learned_in(self.gateway_net(gateway)).into_iter();
        let mut all: Vec<_> = all.filter(|l| l.gateway == gateway && l.is_known() && matching(l.prefix)).collect();
        all.sort_by_key(|l| std::cmp::Reverse(l.prefix.length()));
        // GW-12: nothing that is up leads there.
        let Some(l) = all.first().filter(|l| l.up) else {
            // GW-01, PEER-10: back into networks, by the routes of its own subnet.
            let inside = |hop: &Hop| matches!(hop, Hop::Local(_));
            let steered = |net: &'e str| {
                let all = self.user_routes(net, "GatewaySubnet");
                all.into_iter().any(|(p, ..)| matching(p))
            };
            let home = self.gateway_net(gateway);
            return match self.route(home, "GatewaySubnet", &journey.to) {
                Ok(hop) if all.is_empty() && (inside(&hop) || steered(home)) => Ok(Err(At::Gateway(gateway))),
                _ => blocked("GW-DOWN"),
            };
        };
        // ER-05, EVAL-05: ways of equal weight over ExpressRoute carry a part each.
        let same = |o: &&Learned<'e>| o.up && o.prefix == l.prefix && o.express && l.express && o.weight == l.weight;
        let equal: Vec<Learned<'e>> = all.iter().filter(same).copied().collect();
        let l = if equal.is_empty() {
            *l
        } else {
            equal[self.choose(format!("equal {gateway} {} {}", l.prefix, journey.reply), equal.len())]
        };
        match l.towards {
            Towards::Site(site) => {
                // GW-07: a far end that accepts one of two tunnels serves half of the flows.
                let active = *self.e.virtual_network_gateways.get(gateway).unwrap().value.active_active;
                let halved = active && *self.connection(l.connection).accepted_tunnels < 2;
                if halved && self.choose(format!("tunnel {} {}", l.connection, journey.reply), 2) == 1 {
                    return blocked("GW-DOWN");
                }
                self.site_reached(site, journey).map(Ok)
            }
            Towards::Gateway(far) => {
                self.spoilt(far)?;
                Ok(Err(At::Gateway(far)))
            }
            Towards::Clients => blocked("NO-HOST"),
        }
    }

    /// SUB-02: nothing that crosses such a gateway is supported.
    pub(crate) fn spoilt(&self, gateway: &str) -> Open<()> {
        if self.is_spoilt(gateway) { self.unsupported("GW-SUBNET") } else { Ok(()) }
    }

    pub(crate) fn site_reached(&self, site: &'e str, journey: &Journey<'e>) -> Open<End<'e>> {
        let declared = &self.e.on_premises_sites.get(site).unwrap().value;
        if !journey.reply
            && let Some(firewall) = &declared.firewall
            && !self.site_firewall(firewall, journey)
        {
            return blocked("ONPREM-FW");
        }
        // ROUTE-20: out by the breakout of the site.
        let holds = journey.to.address.is_some_and(|a| self.site_space(site).iter().any(|p| p.contains(a)));
        let public = journey.to.address.is_none_or(|a| self.is_public(a));
        if !holds && public && declared.internet.is_some() {
            return Ok(End::Out(At::Site(site)));
        }
        // ROUTE-20, ER-03: without one, what somebody outside has is out of reach.
        let is = |own: &Option<privreach::document::Spanned<IpAddr>>, a| own.as_ref().is_some_and(|o| o.value == a);
        let outside = journey.to.address.is_none_or(|a| {
            self.e.public_hosts.iter().any(|(_, h)| is(&h.value.ip_address, a))
                || self.e.services.iter().any(|(_, s)| is(&s.value.public_ip_address, a))
                || self.e.public_ips.iter().any(|(_, p)| is(&p.value.ip_address, a))
        });
        if !holds && public && outside {
            return blocked("NO-EGRESS");
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
        let enter = || {
            self.spoilt(gateway)?;
            Ok(Err(At::Gateway(gateway)))
        };
        if self.pool(gateway).iter().any(|p| p.contains(address)) {
            return Err(super::Stop::Unknown("P2S-P2S"));
        }
        if self.holds(home, address) {
            return enter();
        }
        let near = self.e.virtual_networks.keys().find(|net| self.peered(home, net) && self.holds(net, address));
        if let Some(net) = near {
            if self.gateways(net).contains(&gateway) {
                return enter();
            }
            return match self.e.assumptions.as_ref().and_then(|a| a.clients_reach_peers_without_transit.as_ref()) {
                Some(chosen) if chosen.value => enter(),
                Some(_) => blocked("GW-TRANSIT"),
                None => Err(super::Stop::Unknown("P2S-PEER")),
            };
        }
        // Behind a tunnel only where BGP runs on it; never behind ExpressRoute (GW-11).
        let told = self.learned_in(home).into_iter().any(|l| {
            let tunnel = l.bgp && !l.express && l.up && !l.connection.is_empty();
            tunnel && !l.prefix.is_default() && l.prefix.contains(address)
        });
        if told { enter() } else { blocked("NOROUTE") }
    }

    /// A site's firewall asks what leaves it; replies belong to what it let in.
    fn site_lets_out(&self, site: &str, journey: &Journey) -> Open<()> {
        match &self.e.on_premises_sites.get(site).unwrap().value.firewall {
            Some(firewall) if !journey.reply && !self.site_firewall(firewall, journey) => blocked("ONPREM-FW"),
            _ => Ok(()),
        }
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
        let matching = |p: Prefix| journey.to.address.map_or(p.is_default(), |a| p.contains(a));
        let here = self.site_space(site).into_iter().filter(|p| matching(*p)).map(|p| p.length()).max();
        let own = self.e.virtual_network_gateway_connections.iter();
        let own = own.filter(|(_, c)| c.value.on_premises_site.as_ref().is_some_and(|s| s.value == site));
        let own: Vec<(&'e str, &'e str)> =
            own.map(|(name, c)| (name, c.value.virtual_network_gateway.value.as_str())).collect();
        let told = own.iter().flat_map(|(name, gateway)| {
            let up = *self.connection(name).connected;
            self.told(name).into_iter().map(move |(p, stop)| (p, stop, *gateway, up))
        });
        let told: Vec<_> = told.filter(|(p, ..)| matching(*p)).collect();
        let mut best: Option<(Prefix, Option<super::Stop>, &'e str)> = None;
        for (p, stop, gateway, _) in told.iter().filter(|(.., up)| *up) {
            if best.is_none_or(|(b, ..)| p.length() > b.length()) {
                best = Some((*p, *stop, gateway));
            }
        }
        // What a site has itself is there, unless it was told of something narrower (ADDR-07).
        if let Some(address) = journey.to.address
            && here.is_some_and(|own| best.is_none_or(|(p, ..)| p.length() <= own))
        {
            return match self.host_at(site, address) {
                Some(owner) => Ok(Ok(End::Owner(owner))),
                None => Err(super::Stop::Unknown("NO-HOST")),
            };
        }
        // DEF-01: first the route, then the firewall on it.
        if let Some(hub) = self.hub_of_site(site, journey) {
            self.site_lets_out(site, journey)?;
            return self.through_router(hub, journey);
        }
        if let Some((_, stop, gateway)) = best {
            journey.by_gateway = true;
            if let Some(stop) = stop {
                return Err(stop);
            }
            self.spoilt(gateway)?;
            self.site_lets_out(site, journey)?;
            return Ok(Err(At::Gateway(gateway)));
        }
        let Some(address) = journey.to.address.filter(|a| !self.is_public(*a)) else {
            if declared.internet.is_none() {
                return blocked("NOROUTE");
            }
            self.site_lets_out(site, journey)?;
            return Ok(Ok(End::Out(at)));
        };
        if !told.is_empty() {
            return blocked("GW-DOWN");
        }
        // GW-13: a network beside the gateway's that does not use it is unknown at the site.
        let untold = own.iter().any(|(_, gateway)| {
            self.e.virtual_networks.keys().any(|net| {
                self.holds(net, address)
                    && self.peered(self.gateway_net(gateway), net)
                    && !self.gateways(net).contains(gateway)
            })
        });
        blocked(if untold { "GW-NOADV" } else { "NOROUTE" })
    }
}
