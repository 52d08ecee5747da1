//! What stands on the way: appliances, firewalls, balancers.

use super::{
    Flow, Probe,
    filters::{Ruling, Way},
    walk::{End, Passage, link_between},
};
use crate::{
    dataplane::{
        Balancer, BalancerRule, Direction, Endpoint, Firewall, Host, Id, Match, Names, Packet, Resolver, Role, Segment,
        Translates, TranslationTarget,
    },
    net::{Fqdn, PLATFORM_ADDRESS, Transport, is_public},
    verdict::Reason,
};
use std::net::IpAddr;

impl<'p> Probe<'_, 'p> {
    /// A next hop by address (UDR-02, UDR-03).
    pub(super) fn appliance(&self, way: &mut Passage<'_>, segment: &'p Segment, address: IpAddr) -> Option<End> {
        // A device is reached within one family (UDR-02).
        let same_family = address.is_ipv4() == way.destination.is_ipv4();
        let found = self.model.nearby(segment, address).filter(|_| same_family);
        let Some(id) = found else { return way.lost(Reason::NextHop) };
        self.cross(way, segment, link_between(self.model, segment, id), Some(id));
        self.spoilt(way, id);
        let device = self.model.endpoint(id);
        if device.addresses.contains(&way.destination) {
            return self.deliver(way, id);
        }
        match &device.role {
            Role::Firewall(firewall) => self.firewall(way, id, firewall),
            Role::Host(host) => self.forwarder(way, id, host),
            Role::Balancer(balancer) => {
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
    fn forwarder(&self, way: &mut Passage<'_>, id: Id<Endpoint>, host: &Host) -> Option<End> {
        let seen = self.guarded(id, Way::In, &way.flow());
        way.notes().then(&seen);
        let transit = &host.forwarding;
        if !host.running {
            return way.lost(Reason::NextHop);
        }
        if !transit.enabled {
            return way.lost(Reason::IpForwarding);
        }
        if transit.system == Some(false) {
            return way.lost(Reason::NextHop);
        }
        // Where its guest sends on what came in by a further interface is its own affair (ADDR-09).
        if host.replies_unknown {
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
            self.replace_source(way, id);
        } else if !transit.stateless {
            way.devices.push(id);
        }
        way.at = id;
        None
    }

    /// From here on the packet is the device's. Replies go on from it over what came before (ASYM-02).
    fn replace_source(&self, way: &mut Passage<'_>, id: Id<Endpoint>) {
        let Some(own) = self.model.endpoint(id).source_for(way.destination) else { return };
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
    fn firewall(&self, way: &mut Passage<'_>, id: Id<Endpoint>, firewall: &Firewall) -> Option<End> {
        self.threats(way, firewall);
        let resolved = |name: &Fqdn| {
            if firewall.answers_names { self.addresses(&firewall.resolver, id, name) } else { None }
        };
        let flow = way.flow();
        let by_name = match self.ruling(&firewall.filter, Way::Out, &flow, &resolved) {
            Ruling::Lets(rule) => matches!(rule.names, Names::Application(_)),
            Ruling::Stops => {
                way.notes().block(firewall.filter.reason);
                false
            }
            Ruling::Open => {
                way.notes().unknown(Reason::Tag);
                false
            }
        };
        if by_name {
            way.end_leg(id);
            return Some(End::TakenOver(id));
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
        let Flow { source, destination, transport, port, name } = way.flow();
        let packet = Packet { source, destination, transport, port, name: name.cloned() };
        let (from, to) = (self.model.party(source), self.model.party(destination));
        if threats.first(Direction::Outbound, &packet, from, to).is_some() {
            way.notes().block(Reason::FwTi);
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
                    Some(all) => all.first().copied(),
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
            way.destination = target;
            way.port = rule.port;
            self.replace_source(way, id);
            way.at = id;
            return None;
        }
        way.lost(Reason::Fw)
    }

    /// A frontend hands the flow to a member, which sees who sent it (LB-02).
    pub(super) fn balance(&self, way: &mut Passage<'_>, front: Id<Endpoint>, balancer: &Balancer) -> Option<End> {
        if balancer.basic && way.crossed {
            way.notes().block(Reason::PeerGlobalBasic);
        }
        let Some((member, rule)) = self.member(way, front, balancer) else { return Some(End::Lost) };
        let machine = self.model.endpoint(member);
        if !rule.floating
            && let Some(own) = machine.source_for(way.destination)
        {
            way.destination = own;
        }
        way.port = rule.backend_port.unwrap_or(way.port);
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
        let portless = way.transport == Transport::Icmp;
        let serves = |r: &&BalancerRule| r.protocol.matches(way.transport) && (portless || r.ports.contains(way.port));
        let Some(rule) = balancer.rules.iter().find(serves) else {
            way.notes().block(Reason::LbNoRule);
            return None;
        };
        let asked = rule.members.iter().map(|m| (*m, self.answers_probe(*m, rule)));
        let up: Vec<(Id<Endpoint>, Match)> = asked.filter(|(_, answers)| *answers != Match::No).collect();
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

    fn answers_probe(&self, member: Id<Endpoint>, rule: &BalancerRule) -> Match {
        let machine = self.model.endpoint(member);
        let Role::Host(host) = &machine.role else { return Match::Yes };
        let Some(destination) = machine.addresses.first().copied() else { return Match::Yes };
        if !host.running {
            return Match::No;
        }
        let Some(probe) = &rule.probe else { return Match::Yes };
        let flow =
            Flow { source: PLATFORM_ADDRESS, destination, transport: Transport::Tcp, port: probe.port, name: None };
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
