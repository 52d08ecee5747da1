//! There and back (EVAL-01, EVAL-02): hop by hop, each translation beginning a new leg.

use super::{At, Nic, Open, Owner, Reading, Stop, To, blocked, filters::Seen, routes::Hop};
use privreach::azure::model::network::Direction;
use std::net::IpAddr;

/// A stretch with one source address: from where, and the stateful devices on it that translate nothing.
#[derive(Debug, Clone)]
pub(crate) struct Leg<'e> {
    pub(crate) from: At<'e>,
    pub(crate) source: IpAddr,
    pub(crate) devices: Vec<&'e str>,
    /// Interfaces passed on it, with or without state (NSG-07).
    pub(crate) passed: Vec<Nic<'e>>,
    /// What it was sent to, and the port: where replies come from.
    pub(crate) asked: Option<(IpAddr, u16)>,
    /// Appliances that ask for no translation before endpoints (PE-31).
    pub(crate) excused: bool,
}

impl<'e> Leg<'e> {
    pub(crate) fn new(from: At<'e>, source: IpAddr) -> Self {
        Self { from, source, devices: Vec::new(), passed: Vec::new(), asked: None, excused: false }
    }
}

/// A packet on its way.
#[derive(Debug, Clone)]
pub(crate) struct Journey<'e> {
    pub(crate) legs: Vec<Leg<'e>>,
    pub(crate) to: To,
    pub(crate) port: u16,
    pub(crate) udp: bool,
    /// Replies pass filters, and devices that know the connection (NSG-07, FW-12).
    pub(crate) reply: bool,
    /// Peered networks that it passed between; their access is asked once (PEER-06).
    pub(crate) crossed: Vec<(&'e str, &'e str)>,
    /// Whether a gateway forwarded it last (PEER-07).
    pub(crate) by_gateway: bool,
    /// Whether its source address is known.
    pub(crate) known: bool,
}

impl<'e> Journey<'e> {
    pub(crate) fn new(from: At<'e>, source: IpAddr, to: &To, port: u16) -> Self {
        let leg = Leg::new(from, source);
        let (crossed, to) = (Vec::new(), to.clone());
        Self { legs: vec![leg], to, port, udp: false, reply: false, crossed, by_gateway: false, known: true }
    }

    pub(crate) fn source(&self) -> IpAddr {
        self.legs.last().unwrap().source
    }

    pub(crate) fn seen(&self) -> Seen<'_> {
        Seen {
            from: self.known.then(|| self.source()),
            to: &self.to,
            port: self.port,
            udp: self.udp,
            reply: self.reply,
        }
    }

    /// A translation: what follows comes from another address.
    pub(crate) fn translated(&mut self, from: At<'e>, source: IpAddr) {
        let asked = self.to.address.map(|a| (a, self.port));
        let last = self.legs.last_mut().unwrap();
        last.asked = last.asked.or(asked);
        self.legs.push(Leg::new(from, source));
    }
}

/// Where a journey ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End<'e> {
    Owner(Owner<'e>),
    /// On the internet, sent by this.
    Out(At<'e>),
    /// At a service, by the subnet's service endpoint (SE-02).
    ServiceEndpoint(&'e str, &'e str),
}

impl<'e> Reading<'e> {
    /// Network and subnet that something sends from.
    pub(crate) fn place(&self, at: At<'e>) -> Option<(&'e str, &'e str)> {
        match at {
            At::Nic(nic) => Some((nic.net, nic.subnet)),
            At::Firewall(name) => Some((self.firewall_net(name)?, "AzureFirewallSubnet")),
            At::Gateway(name) => Some((self.gateway_net(name), "GatewaySubnet")),
            At::Resolver(place) | At::Link(place) => Some(Self::split(place)),
            At::App(app) => self.integration(app).map(|i| Self::split(&i.subnet.value)),
            At::Endpoint(name) => Some(Self::split(&self.endpoint(name).subnet.value)),
            _ => None,
        }
    }

    pub(crate) fn travel(&self, journey: &mut Journey<'e>) -> Open<End<'e>> {
        let mut at = journey.legs.last().unwrap().from;
        let mut visited: Vec<(At<'e>, IpAddr)> = Vec::new();
        loop {
            if visited.contains(&(at, journey.source())) {
                return blocked("LOOP");
            }
            visited.push((at, journey.source()));
            if let At::App(app) = at
                && !self.enters_network(app, &journey.to)
            {
                let private = journey.to.address.is_some_and(|a| !self.is_public(a));
                return if private { blocked("NOROUTE") } else { Ok(End::Out(at)) };
            }
            if let At::Site(_) | At::Laptop(_) = at {
                match self.outside(at, journey)? {
                    Ok(end) => return Ok(end),
                    Err(next) => at = next,
                }
                continue;
            }
            if let At::Firewall(name) = at
                && self.firewall_net(name).is_none()
            {
                match self.hub_firewall_sends(name, journey, 0)? {
                    Ok(end) => return Ok(end),
                    Err(next) => at = next,
                }
                continue;
            }
            let (net, subnet) = self.place(at).unwrap();
            if let (At::Nic(nic), false) = (at, journey.reply)
                && !nic.machine.is_empty()
            {
                self.filter(nic, &journey.seen(), Direction::Outbound)?;
            }
            self.unsteered.set(matches!(at, At::Endpoint(_)));
            let hop = self.route(net, subnet, &journey.to);
            self.unsteered.set(false);
            match hop? {
                Hop::Internet => return Ok(End::Out(at)),
                Hop::ServiceEndpoint => return Ok(End::ServiceEndpoint(net, subnet)),
                Hop::Hub(connection, hub) => match self.through_hub(connection, hub, journey)? {
                    Ok(end) => return Ok(end),
                    Err(next) => at = next,
                },
                Hop::Gateway(gateway) => {
                    journey.by_gateway = true;
                    self.spoilt(gateway)?;
                    match self.through_gateway(gateway, journey)? {
                        Ok(end) => return Ok(end),
                        Err(next) => at = next,
                    }
                }
                Hop::Local(target) => {
                    let address = journey.to.address.unwrap();
                    let Some(owner) = self.owner_in(target, address) else {
                        self.cross(at, net, target, None, journey)?;
                        return blocked("NO-HOST");
                    };
                    return self.arrive(at, net, target, owner, journey).map(End::Owner);
                }
                Hop::Device(device) => match self.enter(at, net, device, journey)? {
                    Ok(end) => return Ok(end),
                    Err(next) => {
                        journey.by_gateway = false;
                        at = next;
                    }
                },
            }
        }
    }

    /// Over a peering, if the packet crosses one (PEER-06, PEER-07).
    pub(crate) fn cross(
        &self,
        at: At<'e>,
        net: &'e str,
        target: &'e str,
        into: Option<Owner<'e>>,
        journey: &mut Journey<'e>,
    ) -> Open<()> {
        if net == target || !self.peered(net, target) {
            return Ok(());
        }
        let (link, back) = (self.link(net, target).unwrap(), self.link(target, net).unwrap());
        let blocks = self.e.assumptions.as_ref().is_none_or(|a| *a.peering_without_access_blocks);
        let sender = match at {
            At::Nic(nic) => !nic.machine.is_empty() && self.has_group(nic),
            _ => false,
        };
        let groups = sender || into.is_some_and(|owner| !self.acting_groups(owner).is_empty());
        let access = *link.allow_virtual_network_access && *back.allow_virtual_network_access;
        //
        let asked = journey.reply
            && journey.crossed.iter().any(|(a, b)| (*a, *b) == (net, target) || (*b, *a) == (net, target));
        journey.crossed.push((net, target));
        if !access && !groups && blocks && !asked {
            return blocked("PEER-ACCESS");
        }
        // A-05 speaks of first packets only.
        if journey.reply {
            return Ok(());
        }
        let foreign = !self.holds(net, journey.source()) && !journey.by_gateway;
        if foreign && !*back.allow_forwarded_traffic {
            let by_address = self.e.assumptions.as_ref().is_none_or(|a| *a.rule_by_address_admits_forwarded)
                && into.is_some_and(|owner| self.admits_by_address(owner, &journey.seen()));
            if !by_address {
                return blocked("PEER-FWD");
            }
        }
        Ok(())
    }

    /// Delivery to what owns the destination.
    pub(crate) fn arrive(
        &self,
        at: At<'e>,
        net: &'e str,
        target: &'e str,
        owner: Owner<'e>,
        journey: &mut Journey<'e>,
    ) -> Open<Owner<'e>> {
        match owner {
            Owner::Nic(nic) => {
                self.cross(at, net, target, Some(owner), journey)?;
                if !journey.reply {
                    self.filter(nic, &journey.seen(), Direction::Inbound)?;
                }
                Ok(owner)
            }
            Owner::Front(balancer, front) => self.at_front(at, net, target, balancer, front, journey),
            Owner::Endpoint(name) => {
                self.cross(at, net, target, Some(owner), journey)?;
                let (home, subnet) = Self::split(&self.endpoint(name).subnet.value);
                if !journey.reply {
                    self.endpoint_gate(home, subnet, &journey.seen())?;
                }
                Ok(owner)
            }
            Owner::Gate(gateway, _) => {
                self.cross(at, net, target, Some(owner), journey)?;
                if !journey.reply {
                    self.gate_opens(gateway, &journey.seen())?;
                }
                Ok(owner)
            }
            _ => {
                self.cross(at, net, target, None, journey)?;
                Ok(owner)
            }
        }
    }

    /// A private destination, there and back.
    pub(crate) fn round_trip(
        &self,
        at: At<'e>,
        source: IpAddr,
        to: &To,
        port: u16,
        meant: Option<Nic<'e>>,
    ) -> Open<Owner<'e>> {
        let mut journey = Journey::new(at, source, to, port);
        let end = self.travel(&mut journey)?;
        let End::Owner(owner) = end else { return blocked("NOROUTE") };
        // ADDR-07: the same address elsewhere is something else.
        if meant.is_some_and(|nic| owner != Owner::Nic(nic)) && to.address == journey.to.address {
            return blocked("OVERLAP");
        }
        self.answered(owner, &journey)?;
        Ok(owner)
    }

    /// Whether what was reached answers, and the answer comes back.
    pub(crate) fn answered(&self, owner: Owner<'e>, journey: &Journey<'e>) -> Open<()> {
        if let Owner::Endpoint(name) = owner {
            self.active(name)?;
            self.served(name, journey.to.name.as_deref(), journey.port)?;
        }
        if let Owner::Gate(gateway, front) = owner {
            self.gate_managed(gateway)?;
            self.gate_listens(gateway, front, journey.port)?;
        }
        self.listens(owner, journey.port)?;
        self.return_from(owner, journey)
    }

    /// Whether a DNS query reaches a server and its answer comes back (FWD-06).
    pub(crate) fn query_passes(&self, at: At<'e>, source: IpAddr, server: IpAddr) -> Open<()> {
        // What a server asks itself never leaves it.
        if source == server {
            return Ok(());
        }
        // both.
        let suffices = self.e.assumptions.as_ref().is_some_and(|a| *a.dns_over_udp_suffices);
        self.query_by(at, source, server, true)?;
        if suffices { Ok(()) } else { self.query_by(at, source, server, false) }
    }

    fn query_by(&self, at: At<'e>, source: IpAddr, server: IpAddr, udp: bool) -> Open<()> {
        let mut journey = Journey::new(at, source, &To::address(server), 53);
        journey.udp = udp;
        let before = self.doubts.borrow().len();
        let passed = self.travel(&mut journey).and_then(|end| {
            let End::Owner(owner) = end else { return blocked("DNS-FAIL") };
            if let Owner::Firewall(name) = owner
                && self.is_broken(name)
            {
                return self.unsupported("FW-TUNNEL");
            }
            self.return_from(owner, &journey)
        });
        let doubt = self.doubts.borrow().get(before).copied();
        self.doubts.borrow_mut().truncate(before);
        passed.and_then(|()| doubt.map_or(Ok(()), |why| Err(Stop::Unknown(why))))
    }

    /// The way back, leg by leg, from whatever answers (EVAL-02, ASYM-01).
    pub(crate) fn return_from(&self, owner: Owner<'e>, there: &Journey<'e>) -> Open<()> {
        let address = there.to.address.unwrap();
        let mut sender = match owner {
            Owner::Nic(nic) => {
                self.multi_nic(nic, there.source());
                At::Nic(nic)
            }
            Owner::Endpoint(name) => At::Endpoint(name),
            Owner::Resolver(name) => At::Resolver(name),
            Owner::Firewall(name) => At::Firewall(name),
            Owner::Host(site, _) => At::Site(site),
            Owner::Laptop(name) => At::Laptop(name),
            Owner::Gate(gateway, _) => At::Resolver(self.gateway_place(gateway)),
            _ => return Ok(()),
        };
        let mut from = address;
        for leg in there.legs.iter().rev() {
            if leg.from == At::Internet {
                return self.reply_to_internet(sender, from, leg);
            }
            self.reply_leg(sender, from, leg, there)?;
            sender = leg.from;
            from = leg.source;
        }
        Ok(())
    }

    /// One leg back: to the leg's source, past the devices that know it and no others.
    pub(crate) fn reply_leg(&self, sender: At<'e>, from: IpAddr, leg: &Leg<'e>, there: &Journey<'e>) -> Open<()> {
        let udp = there.udp;
        // A balancer answers as what was asked.
        let (from, port) = leg.asked.unwrap_or((from, 0));
        let mut reply = Journey::new(sender, from, &To::address(leg.source), port);
        reply.reply = true;
        reply.legs[0].passed.clone_from(&leg.passed);
        reply.udp = udp;
        reply.crossed.clone_from(&there.crossed);
        match self.travel(&mut reply) {
            // ADDR-07: whoever sent must get it, not the owner of the same address elsewhere.
            Ok(End::Owner(owner)) if !self.is_of(owner, leg.from) => return blocked("OVERLAP"),
            Ok(End::Owner(_)) => {}
            // Whoever has it there, it is not who sent.
            Ok(_) | Err(Stop::Blocked("NO-HOST") | Stop::Unknown("NO-HOST")) => return blocked("NOROUTE"),
            Err(why) => return Err(why),
        }
        let met = &reply.legs[0].devices;
        // A device that never saw the request drops the reply.
        if met.iter().any(|d| !leg.devices.contains(d)) {
            return blocked("ASYM");
        }
        let missed = leg.devices.iter().any(|d| !met.contains(d));
        // datagrams may go one way through a device that saw the request. A-7: before an endpoint it is a warning.
        let strict = self.e.assumptions.as_ref().is_some_and(|a| *a.untranslated_endpoint_traffic_blocks);
        let tolerated = udp || matches!(sender, At::Endpoint(_)) && (leg.excused || !strict);
        if missed && !tolerated { blocked("ASYM") } else { Ok(()) }
    }

    /// Whether what owns an address is what sends.
    fn is_of(&self, owner: Owner<'e>, at: At<'e>) -> bool {
        match (owner, at) {
            (Owner::Nic(nic), At::Nic(other)) => nic == other,
            (Owner::Firewall(name), At::Firewall(other)) | (Owner::Laptop(name), At::Laptop(other)) => name == other,
            (Owner::Host(site, _), At::Site(other)) => site == other,
            (Owner::Resolver(place), At::Resolver(other) | At::Link(other)) => place == other,
            // A resolver asks from its outbound endpoint, which no machine has.
            (Owner::Resolver(place), At::Nic(nic)) => Self::split(place) == (nic.net, nic.subnet),
            (Owner::Resolver(place), At::App(app)) => {
                self.integration(app).is_some_and(|i| Self::split(&i.subnet.value) == Self::split(place))
            }
            _ => false,
        }
    }

    /// ADDR-09: replies of a further interface to other subnets leave by the first one unless the guest has routes.
    fn multi_nic(&self, nic: Nic<'e>, to: IpAddr) {
        let Some(name) = nic.further else { return };
        let declared = self.machine(nic.machine).secondary_network_interfaces.get(name).unwrap();
        let near = self.subnet(nic.net, nic.subnet).address_prefixes.iter().any(|p| p.value.contains(to));
        if !near && !*declared.value.guest_routes_enabled {
            self.doubt("MULTI-NIC");
        }
    }

    pub(crate) fn unsupported<T>(&self, why: super::Word) -> Open<T> {
        Err(Stop::Unsupported(why))
    }
}
