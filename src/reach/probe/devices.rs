//! What stands on the way: appliances, firewalls, balancers.

use super::{
    Flow, Probe,
    filters::{Ruling, Way},
    walk::{End, Passage},
};
use crate::{
    dataplane::{
        Balancer, BalancerRule, Endpoint, Firewall, Host, Id, Match, Names, Packet, Regions, Resolver, Role, Segment,
        Translates, TranslationTarget,
    },
    net::{Fqdn, Membership, PLATFORM_ADDRESS, Transport, is_public},
    reach::Findings,
    verdict::Reason,
};
use std::net::IpAddr;

/// The rule of a frontend for a flow; answers go to ports of the clients' own, so only a rule for all carries them (LB-05).
pub(super) fn carrying<'b>(balancer: &'b Balancer, flow: &Flow<'_>) -> Option<&'b BalancerRule> {
    let fits = |r: &BalancerRule| match (flow.transport, flow.reply) {
        (Transport::Icmp, _) => true,
        (_, false) => r.ports.contains(flow.port),
        (_, true) => r.ports.covers(1024, u16::MAX),
    };
    balancer.rules.iter().find(|r| r.protocol.matches(flow.transport) && fits(r))
}

/// A Basic frontend is not reached from another region over a peering (PEER-11).
pub(super) fn abroad(balancer: &Balancer, crossed: Regions, found: &mut Findings) {
    match crossed {
        Regions::Different if balancer.basic => found.block(Reason::PeerGlobalBasic),
        Regions::Undeclared if balancer.basic => found.unknown(Reason::PeerGlobalBasic),
        _ => {}
    }
}

impl<'p> Probe<'_, 'p> {
    /// A next hop by address (UDR-02, UDR-03).
    pub(super) fn appliance(&self, way: &mut Passage<'_>, segment: &'p Segment, address: IpAddr) -> Option<End> {
        // A device is reached within one family (UDR-02).
        let same_family = address.is_ipv4() == way.destination.is_ipv4();
        let found = self.model.nearby(segment, address).filter(|_| same_family);
        let Some(id) = found else {
            if self.model.plane.perhaps_frontend(address).is_none() {
                return way.lost(Reason::NextHop);
            }
            way.notes().unknown(Reason::Address);
            return Some(End::Lost);
        };
        self.cross(way, segment, self.model.link(segment, id), Some(id));
        self.spoilt(way, id);
        let device = self.model.endpoint(id);
        // A firewall translates at all its addresses, whoever asks (FW-03, FW-10).
        let published = matches!(device.role, Role::Firewall(_)) && device.public_addresses.contains(&way.destination);
        if published || device.addresses.contains(&way.destination) {
            return self.deliver(way, id);
        }
        match &device.role {
            Role::Firewall(firewall) => self.firewall(way, id, firewall),
            Role::Host(host) => self.forwarder(way, id, host),
            Role::Balancer(balancer) => {
                abroad(balancer, way.crossed, way.notes());
                let Some((member, _)) = self.member(way, id, balancer) else { return Some(End::Lost) };
                match &self.model.endpoint(member).role {
                    Role::Host(host) => self.forwarder(way, member, host),
                    _ => Some(End::Lost),
                }
            }
            _ => way.lost(Reason::NextHop),
        }
    }

    /// A machine that forwards (NVA-01 to NVA-04).
    fn forwarder(&self, way: &mut Passage<'_>, id: Id<Endpoint>, host: &'p Host) -> Option<End> {
        let seen = self.guarded(id, Way::In, &way.flow());
        way.notes().then(&seen);
        let transit = &host.forwarding;
        let out = self.exit_of(id, host, way.destination);
        if let Some(reason) = self.stuck(id, host, out) {
            return way.lost(reason);
        }
        way.passed.extend([id, out]);
        // Where its guest sends on what came in by a further interface is its own affair (ADDR-09).
        if host.replies_unknown && out == id {
            way.notes().unknown(Reason::MultiNic);
        }
        if let Some(filter) = &transit.filter {
            let seen = self.filtered(filter, Way::Out, &way.flow());
            way.notes().then(&seen);
        }
        let replaces = match transit.translates {
            Translates::Always => true,
            Translates::Internet => is_public(way.destination),
            Translates::Never => false,
        };
        if replaces {
            if let Some(own) = self.model.endpoint(out).source_for(way.destination) {
                way.end_leg(id);
                way.source = own;
                way.sender = out;
            }
        } else if !transit.stateless {
            way.devices.push(self.model.plane.machine(id));
        }
        way.at = out;
        None
    }

    /// The interface a machine sends on by: the one whose subnet holds the address, if it is not the machine's own.
    pub(super) fn exit_of(&self, id: Id<Endpoint>, host: &Host, to: IpAddr) -> Id<Endpoint> {
        let near = |nic: Id<Endpoint>| {
            let segment = self.model.endpoint(nic).segment.map(|s| self.model.segment(s));
            segment.is_some_and(|s| s.prefixes.iter().any(|p| p.contains(to)))
        };
        let own = host.interfaces.iter().any(|n| self.model.endpoint(*n).addresses.contains(&to));
        let other = host.interfaces.iter().copied().find(|n| near(*n));
        other.filter(|_| !own && !near(id)).unwrap_or(id)
    }

    /// Why a machine does not pass a flow on from one interface to another (NVA-01).
    pub(super) fn stuck(&self, id: Id<Endpoint>, host: &Host, out: Id<Endpoint>) -> Option<Reason> {
        let refuses = |host: &Host| {
            let forwards = host.forwarding.system != Some(false);
            match (host.running, host.forwarding.enabled, forwards) {
                (true, true, true) => None,
                (true, false, _) => Some(Reason::IpForwarding),
                _ => Some(Reason::NextHop),
            }
        };
        refuses(host).or_else(|| match &self.model.endpoint(out).role {
            Role::Host(other) if out != id => refuses(other),
            _ => None,
        })
    }

    /// From here on the packet is the device's. Replies go on from it over what came before (ASYM-02).
    fn replace_source(&self, way: &mut Passage<'_>, id: Id<Endpoint>) {
        let Some(own) = self.source(id, way.destination) else { return };
        way.end_leg(id);
        way.source = own;
        way.sender = id;
    }

    /// The addresses of a name in a device's view.
    fn addresses(&self, resolver: &Resolver, at: Id<Endpoint>, name: &Fqdn) -> Option<Vec<IpAddr>> {
        let named = self.model.names.resolve(resolver, at, name);
        if named.forked {
            self.beyond.set(true);
        }
        named.addresses
    }

    /// A firewall on the way (FW-02, FW-03, SNAT-01).
    fn firewall(&self, way: &mut Passage<'_>, id: Id<Endpoint>, firewall: &'p Firewall) -> Option<End> {
        self.threats(way, firewall);
        let resolved = |name: &Fqdn| {
            if firewall.answers_names { self.addresses(&firewall.resolver, id, name) } else { None }
        };
        let flow = way.flow();
        let why = self.doubt(&flow);
        let by_name = match self.ruling(&firewall.filter, Way::Out, &flow, &resolved) {
            Ruling::Lets(rule) => matches!(rule.names, Names::Application(_)),
            Ruling::Stops => {
                way.notes().block(firewall.filter.reason);
                false
            }
            Ruling::Open => {
                way.notes().unknown(why);
                false
            }
            Ruling::Forked => {
                way.notes().unknown(why);
                return Some(End::Lost);
            }
        };
        if by_name {
            way.end_leg(id);
            return Some(End::TakenOver(id));
        }
        if let Some(unsure) = self.model.plane.allocations.at(way.destination).first()
            && unsure.candidates.membership(firewall.keeps_source.prefixes().iter().copied()) == Membership::Undecided
        {
            way.notes().unknown(Reason::Address);
        }
        if firewall.keeps_source.contains(way.destination) {
            way.devices.push(id);
        } else {
            self.replace_source(way, id);
        }
        way.at = id;
        None
    }

    /// Threat intelligence comes before every rule (FW-14).
    fn threats(&self, way: &mut Passage<'_>, firewall: &Firewall) {
        let Some(threats) = &firewall.threats else { return };
        let Flow { source, destination, transport, port, name, reply } = way.flow();
        let packet = Packet { source, destination, transport, port, name: name.cloned(), reply };
        let (from, to) = (self.model.party(source), self.model.party(destination));
        match threats.holds(&packet, from, to) {
            Some((_, true)) => way.notes().unknown(Reason::Tag),
            Some((_, false)) => way.notes().block(Reason::FwTi),
            None => {}
        }
    }

    /// What is meant for a firewall itself is translated, or dropped (FW-10).
    pub(super) fn translate(&self, way: &mut Passage<'_>, id: Id<Endpoint>, firewall: &Firewall) -> Option<End> {
        // What breaks the device comes before what it denies (DEF-01).
        self.spoilt(way, id);
        self.threats(way, firewall);
        for rule in &firewall.translations {
            if !rule.to.contains(way.destination)
                || !rule.protocol.matches(way.transport)
                || !rule.ports.contains(way.port)
            {
                continue;
            }
            let matched = rule.from.matches(self.model.party(way.source));
            if matched == Match::No {
                continue;
            }
            let target = match &rule.target {
                TranslationTarget::Address(address) => Some(*address),
                TranslationTarget::Name(name) => match self.addresses(&firewall.resolver, id, name) {
                    Some(all) => all.get(self.choices.take(all.len())).copied(),
                    None => {
                        way.notes().unknown(Reason::DnsUndeclared);
                        return Some(End::Lost);
                    }
                },
            };
            let Some(target) = target else { continue };
            if matched == Match::Undecided {
                way.notes().unknown(Reason::Tag);
            }
            if let Some(condition) = &firewall.translations_unsupported {
                way.notes().unsupported(condition.reason);
            }
            self.replace_source(way, id);
            way.destination = target;
            way.port = rule.port;
            way.at = id;
            return None;
        }
        way.lost(Reason::Fw)
    }

    /// A frontend hands the flow to a member, which sees who sent it (LB-02).
    pub(super) fn balance(&self, way: &mut Passage<'_>, front: Id<Endpoint>, balancer: &Balancer) -> Option<End> {
        abroad(balancer, way.crossed, way.notes());
        let Some((member, rule)) = self.member(way, front, balancer) else { return Some(End::Lost) };
        let machine = self.model.endpoint(member);
        way.front = Some((way.destination, way.port));
        self.retarget(rule, member, &mut way.destination, &mut way.port);
        if machine.addresses.contains(&way.source) {
            way.notes().block(Reason::LbHairpin);
        }
        if self.model.endpoint(front).segment.is_none() && !balancer.basic {
            self.closed_unless_grouped(way, member);
        }
        let seen = self.guarded(member, Way::In, &way.flow());
        way.notes().then(&seen);
        Some(End::Reached(member))
    }

    /// The rule that serves a flow and one of its members that answer their probe (LB-01, LB-03, LB-04).
    fn member<'b>(
        &self,
        way: &mut Passage<'_>,
        front: Id<Endpoint>,
        balancer: &'b Balancer,
    ) -> Option<(Id<Endpoint>, &'b BalancerRule)> {
        let Some(rule) = carrying(balancer, &way.flow()) else {
            way.notes().block(Reason::LbNoRule);
            return None;
        };
        let up = self.up(rule);
        let Some((member, answers)) = up.get(self.choices.take(up.len())).copied() else {
            way.notes().block(Reason::LbProbe);
            return None;
        };
        if answers == Match::Undecided {
            way.notes().unknown(Reason::LbProbe);
        }
        way.balanced.push((front, member));
        Some((member, rule))
    }

    /// Members that answer their probe, or may (LB-03).
    pub(super) fn up(&self, rule: &BalancerRule) -> Vec<(Id<Endpoint>, Match)> {
        let asked = rule.members.iter().map(|m| (*m, self.answers_probe(*m, rule)));
        asked.filter(|(_, answers)| *answers != Match::No).collect()
    }

    fn retarget(&self, rule: &BalancerRule, member: Id<Endpoint>, destination: &mut IpAddr, port: &mut u16) {
        let own = self.model.endpoint(member).source_for(*destination).filter(|_| !rule.floating);
        *destination = own.unwrap_or(*destination);
        *port = rule.backend_port.unwrap_or(*port);
    }

    /// Who may take a flow that is handed to an endpoint: members, behind a frontend, each with what it sees (NSG-12).
    pub(super) fn takers<'f>(&self, id: Id<Endpoint>, flow: &Flow<'f>) -> Vec<(Id<Endpoint>, Flow<'f>)> {
        let endpoint = self.model.endpoint(id);
        let Role::Balancer(balancer) = &endpoint.role else { return vec![(id, *flow)] };
        let Some(rule) = carrying(balancer, flow) else { return Vec::new() };
        let arrived = endpoint.addresses.contains(&flow.destination);
        let each = rule.members.iter().map(|member| {
            let mut seen = *flow;
            if arrived {
                self.retarget(rule, *member, &mut seen.destination, &mut seen.port);
            }
            (*member, seen)
        });
        each.collect()
    }

    fn answers_probe(&self, member: Id<Endpoint>, rule: &BalancerRule) -> Match {
        let machine = self.model.endpoint(member);
        let Role::Host(host) = &machine.role else { return Match::Yes };
        let Some(destination) = machine.addresses.first().copied() else { return Match::Yes };
        if !host.running {
            return Match::No;
        }
        let Some(probe) = &rule.probe else { return Match::Yes };
        let flow = Flow {
            source: PLATFORM_ADDRESS,
            destination,
            transport: Transport::Tcp,
            port: probe.port,
            name: None,
            reply: false,
        };
        let seen = self.guarded(member, Way::In, &flow);
        match (host.listens.serves(Transport::Tcp, probe.port), seen.certain, seen.uncertain) {
            (false, ..) | (_, Some(_), _) => Match::No,
            (true, None, Some(_)) => Match::Undecided,
            (true, None, None) => Match::Yes,
        }
    }

    /// A Standard public address takes nothing unasked without a group that says so (NSG-03, LB-08).
    pub(super) fn closed_unless_grouped(&self, way: &mut Passage<'_>, id: Id<Endpoint>) {
        let endpoint = self.model.endpoint(id);
        let edge = endpoint.segment.and_then(|s| self.model.segment(s).filter.as_ref());
        if endpoint.filter.is_none() && edge.is_none() {
            way.notes().block(Reason::NoInbound);
        }
    }
}
