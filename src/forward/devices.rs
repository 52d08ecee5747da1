//! Devices on the way: appliances and firewalls that a route names, and translations at a firewall's own address.

use super::balance::basic_abroad;
use super::filters::{apply, at_endpoint, party, show, write_address};
use super::peering::link_to;
use super::step::{Stage, Step};
use super::{
    routes::{in_hub, nearby},
    walk::{End, Walk},
};
use crate::{
    dataplane::{
        Decision, Direction, Endpoint, Firewall, Host, Id, Match, Names, Origin, Plane, Role, Segment, Translates,
        TranslationTarget,
    },
    net::{Membership, is_public},
    verdict::Reason,
};
use std::net::IpAddr;

/// Why a machine does not forward, if it does not (NVA-01).
pub(super) fn refusal(device: &Endpoint, host: &Host) -> Option<Step> {
    let origin = &device.origin;
    let (reason, what, rule, fix) = if !host.running {
        (Reason::NextHop, "is not running", "ROUTE-21", "start it, or route around it".to_owned())
    } else if !host.forwarding.enabled {
        let fix = format!("set ip_forwarding_enabled on {origin}");
        (Reason::IpForwarding, "lacks IP forwarding on its interface", "NVA-01", fix)
    } else if host.forwarding.system == Some(false) {
        (Reason::NextHop, "does not forward in its operating system", "NVA-01", "forward there too".to_owned())
    } else {
        return None;
    };
    let step = Step::block(Stage::Route, reason, format!("{origin} {what}"));
    Some(step.at(origin).rules(&[rule]).fix(fix))
}

/// Where the guest sends on what came in by a further interface depends on its own routes (ADDR-09).
pub(super) fn unknown_way_out(device: &Endpoint, host: &Host) -> Option<Step> {
    let origin = &device.origin;
    let text = format!("where the guest of {origin} sends on what it forwards is not declared");
    let step = Step::unknown(Stage::Route, Reason::MultiNic, text).at(origin).rules(&["ADDR-09", "NVA-01"]);
    host.replies_unknown.then(|| step.fix(format!("set guest_routes_enabled on {origin}")))
}

/// The interface by which a machine sends on to an address: another one where that lies in its subnet, which any guest
/// knows without routes of its own; otherwise the one that the packet came in by.
pub(super) fn way_out(plane: &Plane, id: Id<Endpoint>, to: IpAddr) -> Id<Endpoint> {
    let Role::Host(host) = &plane.endpoints.get(id).role else { return id };
    let owns = |nic: &&Id<Endpoint>| plane.endpoints.get(**nic).addresses.contains(&to);
    let beside = |nic: &&Id<Endpoint>| {
        let segment = plane.endpoints.get(**nic).segment.map(|s| plane.segments.get(s));
        segment.is_some_and(|s| s.prefixes.iter().any(|p| p.contains(to)))
    };
    let here = beside(&&id) || host.interfaces.iter().any(|n| owns(&n));
    host.interfaces.iter().find(|n| !here && beside(n)).copied().unwrap_or(id)
}

/// That the interface by which a machine sends on may not forward (NVA-01).
pub(super) fn closed_way_out(plane: &Plane, id: Id<Endpoint>, out: Id<Endpoint>) -> Option<Step> {
    let device = plane.endpoints.get(out);
    match &device.role {
        Role::Host(host) if out != id => refusal(device, host),
        _ => None,
    }
}

/// That a frontend without a declared address may have a next hop's (ADDR-03).
pub(super) fn perhaps_frontend(plane: &Plane, address: IpAddr, stage: Stage) -> Option<Step> {
    let owner = plane.endpoints.get(plane.perhaps_frontend(address)?);
    let text = format!("{} declares no address, and may have {address}, which the route names", owner.origin);
    let step = Step::unknown(stage, Reason::Address, text).at(&owner.origin).rules(&["ADDR-03", "UDR-02"]);
    Some(step.fix(write_address(owner)))
}

/// That nothing nearby owns an address that a route names: who has it, and what to do. It rests on what joins the networks.
fn not_nearby(plane: &Plane, segment: &Segment, address: IpAddr, label: &str, route: &Origin) -> Step {
    let step = |text: String| {
        let text = format!("{label} → {address}, {text}");
        let step = Step::block(Stage::Route, Reason::NextHop, text).span(route.span);
        step.rules(&["ROUTE-21", "UDR-02", "UDR-03"])
    };
    let elsewhere = plane.owners(address).map(|id| plane.endpoints.get(id)).find(|e| e.segment.is_some());
    let place =
        |e: &crate::dataplane::Endpoint| e.segment.map(|s| &plane.networks.get(plane.segments.get(s).network).origin);
    let Some((owner, network)) = elsewhere.and_then(|e| Some((&e.origin, place(e)?))) else {
        let fix = format!("correct next_hop_in_ip_address of {route}; it must lie in this or a peered network");
        // Something that stands there, and is not declared, may own it.
        let holds = |n: &&crate::dataplane::Network| n.prefixes.iter().any(|p| p.contains(address));
        let around = plane.networks.iter().map(|(_, n)| n).filter(holds);
        let step = step("which nothing nearby owns".to_owned()).fix(fix);
        return around.fold(step, |step, network| step.on(&network.origin));
    };
    let here = &plane.networks.get(segment.network).origin;
    let text = format!("which {owner} has in {network}, to which {here} is not joined");
    let fix = format!("peer {here} with {network} from both sides, or correct next_hop_in_ip_address of {route}");
    step(text).on(here).on(network).fix(fix)
}

impl<'a> Walk<'a> {
    /// The next hop of a route by address: a machine that forwards, a firewall, or a balancer before machines (UDR-02,
    /// UDR-03). The address is literal: nothing follows a firewall that moved (UDR-14). The packet then leaves by the
    /// device's own table, to another device if that says so (NVA-03, NVA-07, FW-16).
    pub(super) fn appliance(
        &mut self,
        address: IpAddr,
        label: &str,
        route: &Origin,
        rules: &[&'static str],
        segment: &'a Segment,
    ) -> Option<End> {
        // A device is reached within one family, and a firewall has addresses of one only (UDR-02).
        let same_family = address.is_ipv4() == self.packet.destination.is_ipv4();
        let Some(owner) = nearby(self.plane, segment, address).filter(|_| same_family) else {
            if let Some(step) = perhaps_frontend(self.plane, address, Stage::Route) {
                self.steps.push(step);
                return Some(End::Lost);
            }
            self.steps.push(not_nearby(self.plane, segment, address, label, route));
            return Some(End::Lost);
        };
        let device = self.plane.endpoints.get(owner);
        let mut step = Step::pass(Stage::Route, format!("{label} → {} ({address})", device.origin))
            .at(&device.origin)
            .on(route)
            .rules(rules);
        step.span = route.span;
        self.steps.push(step);
        self.steps.extend(in_hub(self.plane, segment, owner, Stage::Route));
        // A device in a peered network is reached over the peering, which asks what it asks of every packet.
        self.cross(segment, link_to(self.plane, segment, owner), Some(owner));
        self.unsupported(device);
        // The next hop may be whom the packet is for; a firewall translates at its public addresses, too, wherever the
        // packet comes from, before it asks its network rules (FW-03, FW-10).
        let translates = matches!(device.role, Role::Firewall(_));
        if device.addresses.contains(&self.packet.destination)
            || translates && device.public_addresses.contains(&self.packet.destination)
        {
            return self.deliver(owner);
        }
        match &device.role {
            Role::Firewall(firewall) => self.firewall(owner, firewall),
            Role::Host(host) => self.forwarder(owner, host),
            Role::Balancer(balancer) => {
                self.steps.extend(basic_abroad(balancer, &device.origin, self.crossed, Stage::Balancer));
                let (member, _) = self.pick(owner, balancer)?;
                let machine = self.plane.endpoints.get(member);
                self.steps.push(
                    Step::pass(Stage::Balancer, format!("{} → {}", device.origin, machine.origin))
                        .at(&machine.origin)
                        .rules(&["NVA-05", "LB-11"]),
                );
                match &machine.role {
                    Role::Host(host) => self.forwarder(member, host),
                    _ => Some(End::Lost),
                }
            }
            _ => {
                self.steps.push(
                    Step::block(Stage::Route, Reason::NextHop, format!("{} does not forward", device.origin))
                        .at(&device.origin)
                        .rules(&["ROUTE-21", "UDR-02"])
                        .fix(format!("correct next_hop_in_ip_address of {route}")),
                );
                Some(End::Lost)
            }
        }
    }

    /// A machine that forwards: its filters, its interface, its system, its own rules, its translation (NVA-01 to
    /// NVA-04).
    fn forwarder(&mut self, id: Id<Endpoint>, host: &'a Host) -> Option<End> {
        let device = self.plane.endpoints.get(id);
        self.steps.extend(at_endpoint(self.plane, id, Direction::Inbound, &self.packet));
        let forwarding = &host.forwarding;
        // What is for the subnet of another interface of the machine leaves by that one.
        let out = way_out(self.plane, id, self.packet.destination);
        if let Some(step) = refusal(device, host).or_else(|| closed_way_out(self.plane, id, out)) {
            self.steps.push(step);
            return Some(End::Lost);
        }
        self.steps.extend(unknown_way_out(device, host).filter(|_| out == id));
        self.passed.extend([id, out]);
        if let Some(filter) = &forwarding.filter {
            let none = super::filters::unresolved;
            self.steps.extend(apply(self.plane, filter, Stage::Firewall, Direction::Outbound, &self.packet, &none));
        }
        let translates = match forwarding.translates {
            Translates::Never => false,
            Translates::Internet => is_public(self.packet.destination),
            Translates::Always => true,
        };
        if translates {
            if let Some(address) = self.plane.endpoints.get(out).source_for(self.packet.destination) {
                self.end_leg(id);
                self.packet.source = address;
                self.sender = out;
            }
        } else if !forwarding.stateless {
            self.devices.push(self.plane.machine(id));
        }
        self.emitter = out;
        None
    }

    /// The packet goes on with the device's own address; replies come back to the device by definition, and go on from
    /// there (ASYM-02).
    fn translate_source(&mut self, id: Id<Endpoint>) {
        if let Some(address) = self.context.source(id, self.packet.destination) {
            self.end_leg(id);
            self.packet.source = address;
            self.sender = id;
        }
    }

    /// Azure Firewall: threat intelligence, network rules, application rules, deny; then source translation (FW-02,
    /// FW-03, SNAT-01, SNAT-06, PE-32). An application rule takes the flow over (SNAT-02, PE-33).
    pub(super) fn firewall(&mut self, id: Id<Endpoint>, firewall: &'a Firewall) -> Option<End> {
        self.threats(id, firewall);
        let (from, to) = (party(self.plane, self.packet.source), party(self.plane, self.packet.destination));
        let context = self.context;
        let resolved = |name: &crate::net::Fqdn| {
            firewall.answers_names.then(|| context.resolved(&firewall.resolver, id, name)).flatten()
        };
        let decision = firewall.filter.decide(Direction::Outbound, &self.packet, from, to, &resolved);
        self.steps.extend(apply(
            self.plane,
            &firewall.filter,
            Stage::Firewall,
            Direction::Outbound,
            &self.packet,
            &resolved,
        ));
        if let Decision::Allow(rule) = decision
            && matches!(rule.names, Names::Application(_))
        {
            self.end_leg(id);
            return Some(End::Proxied { firewall: id });
        }
        // Whether the packet goes on or the firewall asks for the name itself: behind it, nothing is known.
        if let Decision::Undecided { proxied: true, .. } = decision {
            return Some(End::Lost);
        }
        if let Some(unsure) = self.plane.allocations.at(self.packet.destination).first()
            && unsure.candidates.membership(firewall.keeps_source.prefixes().iter().copied()) == Membership::Undecided
        {
            let (owner, device) = (self.plane.endpoints.get(unsure.endpoint), &self.plane.endpoints.get(id).origin);
            let text = format!("whether {device} translates for {} depends on the address it has", owner.origin);
            let step = Step::unknown(Stage::Firewall, Reason::Address, text).at(device).rules(&["SNAT-01", "ADDR-03"]);
            self.steps.push(step.fix(write_address(owner)));
        }
        if firewall.keeps_source.contains(self.packet.destination) {
            self.devices.push(id);
        } else {
            self.translate_source(id);
        }
        self.emitter = id;
        None
    }

    /// Threat intelligence in the mode that denies comes before every rule (FW-14).
    fn threats(&mut self, id: Id<Endpoint>, firewall: &Firewall) {
        let Some(threats) = &firewall.threats else { return };
        let (from, to) = (party(self.plane, self.packet.source), party(self.plane, self.packet.destination));
        let Some((rule, undecided)) = threats.holds(&self.packet, from, to) else { return };
        let destination = show(self.packet.destination);
        let step = if undecided {
            let text = format!("whether {} holds {destination} for a threat cannot be decided", threats.origin);
            Step::unknown(Stage::Firewall, Reason::Tag, text).fix("declare the address of the destination")
        } else {
            Step::block(Stage::Firewall, Reason::FwTi, format!("{} holds {destination} for a threat", threats.origin))
                .fix("put the destination on the allow-list of threat intelligence, if it is no threat")
        };
        self.steps.push(step.at(&self.plane.endpoints.get(id).origin).span(rule.origin.span).rules(&["FW-14"]));
    }

    /// What is addressed to a firewall itself: a translation sends it on, everything else is dropped (FW-10).
    pub(super) fn translated(&mut self, id: Id<Endpoint>, firewall: &'a Firewall) -> Option<End> {
        let device = self.plane.endpoints.get(id);
        // What breaks the device comes before what it denies (DEF-01).
        self.unsupported(device);
        self.threats(id, firewall);
        let from = party(self.plane, self.packet.source);
        for rule in &firewall.translations {
            let here = rule.to.contains(self.packet.destination)
                && rule.protocol.matches(self.packet.transport)
                && rule.ports.contains(self.packet.port);
            let sure = rule.from.matches(from);
            if !here || sure == Match::No {
                continue;
            }
            let target = match &rule.target {
                TranslationTarget::Address(address) => Some(*address),
                // A name that does not exist leaves the rule without a match.
                TranslationTarget::Name(name) => match self.context.resolved(&firewall.resolver, id, name) {
                    // Any of its addresses may take a connection (EVAL-05).
                    Some(all) => {
                        let label = |i: usize| all.get(i).map_or(String::new(), |a| show(*a));
                        all.get(self.context.forks.pick(all.len(), label)).copied()
                    }
                    None => {
                        let text =
                            format!("where {} translates to is not known: {name} has no known answer", rule.origin);
                        self.steps.push(
                            Step::unknown(Stage::Firewall, Reason::DnsUndeclared, text)
                                .at(&device.origin)
                                .span(rule.origin.span)
                                .rules(&["FW-10"])
                                .fix(format!("declare {name}, for example under public_hosts")),
                        );
                        return Some(End::Lost);
                    }
                },
            };
            let Some(target) = target else { continue };
            if sure == Match::Undecided {
                let text = format!("whether {} matches the source is not declared", rule.origin);
                let step = Step::unknown(Stage::Firewall, Reason::Tag, text).at(&rule.origin);
                self.steps.push(step.fix("declare the address of the source"));
            }
            let text =
                format!("{} translates {} to {target}:{}", rule.origin, show(self.packet.destination), rule.port);
            self.steps.push(
                Step::pass(Stage::Firewall, text).at(&device.origin).span(rule.origin.span).rules(&["FW-10", "A-12"]),
            );
            if let Some(condition) = &firewall.translations_unsupported {
                let step = Step::unsupported(Stage::Firewall, condition.reason, &condition.text).at(&condition.origin);
                self.steps.push(step.rules(condition.rules).fix(&condition.fix));
            }
            self.translate_source(id);
            self.packet.destination = target;
            self.packet.port = rule.port;
            self.emitter = id;
            return None;
        }
        let text = format!(
            "{} has no translation for {} at {}",
            device.origin,
            self.packet.transport.on(self.packet.port),
            show(self.packet.destination)
        );
        self.steps.push(
            Step::block(Stage::Firewall, Reason::Fw, text)
                .at(&device.origin)
                .rules(&["FW-02", "FW-10"])
                .fix(format!("add a NAT rule to the policy of {}", device.origin)),
        );
        Some(End::Lost)
    }
}
