//! To and from the internet: ways out and their addresses (NAT-01 to NAT-08), and what is published (NSG-03, LB-08,
//! FW-10, ASYM-03).

use super::{
    Answer, At, Nic, Open, Owner, Reading, Stop, To, blocked,
    routes::Hop,
    services::there_and_back,
    walk::{End, Journey, Leg},
};
use privreach::azure::model::network::{Direction, Sku};
use std::net::IpAddr;

/// How a packet left, and the address it then carries, if anyone knows it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Left<'e> {
    By(Option<IpAddr>),
    ServiceEndpoint(&'e str, &'e str),
}

impl<'e> Reading<'e> {
    pub(crate) fn public_ip(&self, name: &str) -> Option<IpAddr> {
        self.e.public_ips.get(name).unwrap().value.ip_address.as_ref().map(|a| a.value)
    }

    /// NAT-01.
    fn way_out(&self, nic: Nic<'e>, to: &To) -> Open<Option<IpAddr>> {
        let subnet = self.subnet(nic.net, nic.subnet);
        let machine = self.machine(nic.machine);
        // NAT gateways and default outbound access are for IPv4.
        if to.address.is_some_and(|a| a.is_ipv6()) {
            let own = machine.public_ip.as_ref().and_then(|own| self.public_ip(&own.value));
            return own.filter(IpAddr::is_ipv6).map_or_else(|| blocked("NO-EGRESS"), |own| Ok(Some(own)));
        }
        if let Some(nat) = &subnet.nat_gateway {
            let ips = &self.e.nat_gateways.get(&nat.value).unwrap().value.public_ips;
            return Ok(ips.first().and_then(|ip| self.public_ip(&ip.value)));
        }
        if let Some(own) = &machine.public_ip {
            return Ok(self.public_ip(&own.value));
        }
        for (_, balancer) in self.e.load_balancers.iter() {
            for (_, rule) in balancer.value.outbound_rules.iter() {
                let pool = &balancer.value.backend_address_pools.get(&rule.value.backend_address_pool.value).unwrap();
                if pool.value.virtual_machines.iter().any(|m| m.value == nic.machine) {
                    let fronts = &balancer.value.frontend_ip_configurations;
                    let front = &fronts.get(&rule.value.frontend_ip_configuration.value).unwrap().value;
                    return Ok(self.public_ip(&front.public_ip_address.as_ref().unwrap().value));
                }
            }
        }
        // NAT-10.
        let pooled = self.e.load_balancers.iter().any(|(_, balancer)| {
            let balancer = &balancer.value;
            let inside = |name: &str| balancer.frontend_ip_configurations.get(name).unwrap().value.subnet.is_some();
            *balancer.sku == Sku::Standard
                && balancer.rules.iter().any(|(_, r)| {
                    let pool = &balancer.backend_address_pools.get(&r.value.backend_address_pool.value).unwrap().value;
                    let member = pool.virtual_machines.iter().any(|m| m.value == nic.machine && nic.further.is_none());
                    member && inside(&r.value.frontend_ip_configuration.value)
                })
        });
        if pooled && *subnet.default_outbound_access_enabled {
            return blocked("NO-EGRESS");
        }
        let near_storage = to.tags.iter().any(|t| t == "Storage") && to.tags.iter().any(|t| t == "same region");
        if *subnet.default_outbound_access_enabled || near_storage { Ok(None) } else { blocked("NO-EGRESS") }
    }

    /// The address a packet leaves with.
    pub(crate) fn out(&self, sender: At<'e>, journey: &Journey<'e>) -> Open<Option<IpAddr>> {
        match sender {
            // NVA-04: what a forwarder did not translate has no way out.
            At::Nic(nic) if journey.source() != self.address_of(nic) => blocked("NO-EGRESS"),
            At::Nic(nic) => self.way_out(nic, &journey.to),
            At::Firewall(name) => {
                let firewall = &self.e.firewalls.get(name).unwrap().value;
                let own = firewall.private_ip_address.as_ref().unwrap().value;
                if journey.source() != own {
                    return blocked("NO-EGRESS");
                }
                // NAT-05.
                let subnet = self.firewall_net(name).map(|net| self.subnet(net, "AzureFirewallSubnet"));
                if let Some(nat) = subnet.and_then(|s| s.nat_gateway.as_ref()) {
                    let ips = &self.e.nat_gateways.get(&nat.value).unwrap().value.public_ips;
                    return Ok(ips.first().and_then(|ip| self.public_ip(&ip.value)));
                }
                Ok(firewall.public_ips.first().and_then(|ip| self.public_ip(&ip.value)))
            }
            // APP-02, APP-03: in the network's way, or by the platform's own addresses.
            At::App(app) if self.enters_network(app, &journey.to) => {
                let (net, subnet) = self.place(sender).unwrap();
                match &self.subnet(net, subnet).nat_gateway {
                    Some(nat) => {
                        let ips = &self.e.nat_gateways.get(&nat.value).unwrap().value.public_ips;
                        Ok(ips.first().and_then(|ip| self.public_ip(&ip.value)))
                    }
                    None => Ok(None),
                }
            }
            At::Site(site) => match &self.e.on_premises_sites.get(site).unwrap().value.internet {
                Some(breakout) => Ok(Some(breakout.public_ip_address.value)),
                None => blocked("NOROUTE"),
            },
            _ => Ok(None),
        }
    }

    /// Replies from the internet come back to the last translator, as the breakout of a site is one; from there on they are
    /// routed.
    pub(crate) fn return_to_legs(&self, end: End<'e>, journey: &Journey<'e>) -> Open<()> {
        let mut legs = journey.legs.iter().rev();
        let mut last = legs.next().unwrap();
        if let End::Out(site @ At::Site(_)) = end
            && last.from != site
        {
            self.reply_leg(site, last.source, last, journey)?;
        }
        for leg in legs {
            self.reply_leg(last.from, last.source, leg, journey)?;
            last = leg;
        }
        Ok(())
    }

    /// A public address, of the estate's own or of anyone: the way out, back in, and the way back.
    pub(crate) fn ask_public(&self, at: At<'e>, source: IpAddr, address: IpAddr, port: u16) -> Open<Answer> {
        if at == At::Internet {
            return self.ask_owner(Some(source), address, port);
        }
        let mut journey = Journey::new(at, source, &To::address(address), port);
        let end = self.travel(&mut journey)?;
        // FW-10: a firewall on the way translates at its own public address.
        if let End::Owner(owner) = end {
            self.answered(owner, &journey)?;
            return Ok(Answer("public", "public-endpoint"));
        }
        // A bare address has no service endpoint.
        let End::Out(sender) = end else { return Err(Stop::Unknown("NOT-JUDGED")) };
        let seen = self.out(sender, &journey)?;
        there_and_back(self.ask_owner(seen, address, port), || self.return_to_legs(end, &journey))
    }

    /// What owns a public address, asked from another one, if that is known.
    fn ask_owner(&self, seen: Option<IpAddr>, address: IpAddr, port: u16) -> Open<Answer> {
        let to = To::address(address);
        let mine = |reference: &privreach::document::Reference| self.public_ip(&reference.value) == Some(address);
        let open = Ok(Answer("public", "public-endpoint"));
        for (name, firewall) in self.e.firewalls.iter() {
            if firewall.value.public_ips.iter().any(mine) {
                self.published(name, seen, address, port)?;
                return open;
            }
        }
        for nic in self.nics().filter(|n| n.further.is_none()) {
            if self.machine(nic.machine).public_ip.as_ref().is_some_and(mine) {
                let name = &self.machine(nic.machine).public_ip.as_ref().unwrap().value;
                let standard = *self.e.public_ips.get(name).unwrap().value.sku == Sku::Standard;
                let mut journey =
                    Journey::new(At::Internet, seen.unwrap_or(address), &To::address(self.address_of(nic)), port);
                journey.known = seen.is_some();
                self.unsolicited(nic, standard, &mut journey)?;
                return open;
            }
        }
        for (name, balancer) in self.e.load_balancers.iter() {
            for (front, f) in balancer.value.frontend_ip_configurations.iter() {
                if f.value.public_ip_address.as_ref().is_some_and(mine) {
                    let mut journey = Journey::new(At::Internet, seen.unwrap_or(address), &to, port);
                    journey.known = seen.is_some();
                    let (nic, port) = self.pooled(name, front, &journey)?;
                    journey.port = port;
                    journey.to = To::address(self.address_of(nic));
                    self.unsolicited(nic, *balancer.value.sku == Sku::Standard, &mut journey)?;
                    return open;
                }
            }
        }
        // NAT-03.
        if self.e.nat_gateways.iter().any(|(_, n)| n.value.public_ips.iter().any(mine)) {
            return blocked("LISTENER");
        }
        match self.e.public_hosts.iter().any(|(_, h)| h.value.ip_address.as_ref().is_some_and(|a| a.value == address)) {
            true => open,
            false => Err(Stop::Unknown("NO-HOST")),
        }
    }

    /// NSG-03, LB-08, NSG-12, ASYM-03: what comes in from the internet.
    fn unsolicited(&self, nic: Nic<'e>, standard: bool, journey: &mut Journey<'e>) -> Open<()> {
        if standard && !self.has_group(nic) {
            return blocked("NO-INBOUND");
        }
        self.filter(nic, &journey.seen(), Direction::Inbound)?;
        self.listens(Owner::Nic(nic), journey.port)?;
        self.return_from(Owner::Nic(nic), journey)
    }

    /// A reply to a client on the internet leaves the way the request came, or meets a device that does not know it.
    pub(crate) fn reply_to_internet(&self, sender: At<'e>, _from: IpAddr, leg: &Leg<'e>) -> Open<()> {
        let At::Nic(nic) = sender else { return Ok(()) };
        match self.route(nic.net, nic.subnet, &To::address(leg.source))? {
            Hop::Internet | Hop::ServiceEndpoint => Ok(()),
            Hop::Device(at) => {
                let near = self.e.virtual_networks.keys().filter(|n| *n == nic.net || self.peered(n, nic.net));
                match near.into_iter().find_map(|n| self.owner_in(n, at)) {
                    Some(_) => blocked("ASYM"),
                    None => blocked("NEXTHOP"),
                }
            }
            _ => blocked("ASYM"),
        }
    }

    /// FW-10, FW-11: what a firewall publishes.
    fn published(&self, name: &'e str, from: Option<IpAddr>, address: IpAddr, port: u16) -> Open<()> {
        let firewall = &self.e.firewalls.get(name).unwrap().value;
        if self.is_broken(name) {
            return self.unsupported("FW-TUNNEL");
        }
        let Some((target, port)) = self.translation(name, from, address, port) else {
            return blocked("FW");
        };
        if self.is_tunnelled(name) {
            return self.unsupported("FW-DNAT-TUNNEL");
        }
        let own = firewall.private_ip_address.as_ref().unwrap().value;
        let owner = self.round_trip(At::Firewall(name), own, &To::address(target), port, None)?;
        let _ = owner;
        Ok(())
    }
}
