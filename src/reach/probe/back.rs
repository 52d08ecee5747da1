//! The way back, to whoever seems to have sent the flow (EVAL-02).

use super::{
    Flow, Probe,
    devices::{abroad, carrying},
    filters::Way,
    walk::{Passage, Sends},
};
use crate::{
    dataplane::{Balancer, Endpoint, Host, Id, Link, Match, NextHop, Regions, Role, Segment, Translates},
    net::{Transport, is_public},
    reach::{Findings, model::best},
    verdict::Reason,
};
use std::{cell::RefCell, net::IpAddr};

/// Enough for every real way back.
const MAX_HOPS: usize = 32;

struct Reply<'p> {
    source: IpAddr,
    at: Id<Endpoint>,
    segment: &'p Segment,
    inside: bool,
    devices: Vec<Id<Endpoint>>,
    answer: Flow<'p>,
    /// What objects on the way.
    notes: Findings,
}

enum Next {
    On,
    /// Where this has the address, if anything has.
    Arrived(Option<Id<Endpoint>>),
    Unsupported(Reason),
    Unknown(Reason),
    Lost(Reason),
}

/// What a flow passed between two translations of its source.
struct Stretch<'w> {
    source: IpAddr,
    sender: Id<Endpoint>,
    answers: (IpAddr, u16),
    over_internet: bool,
    devices: &'w [Id<Endpoint>],
    passed: &'w [Id<Endpoint>],
    balanced: &'w [(Id<Endpoint>, Id<Endpoint>)],
    /// Peerings with access off that were asked already, in either direction.
    shut: &'w RefCell<Vec<String>>,
}

impl<'p> Probe<'_, 'p> {
    pub(super) fn back(
        &self,
        from: Id<Endpoint>,
        reached: Id<Endpoint>,
        way: &Passage<'_>,
        sent: &Flow<'_>,
    ) -> Findings {
        let mut found = Findings::default();
        let end = self.model.endpoint(reached);
        let source = way.source;
        let Some(segment) = end.segment.map(|s| self.model.segment(s)) else { return found };
        let from_outside = self.model.endpoint(from).segment.is_none();
        let public_front = matches!(end.role, Role::Frontend { .. }) && way.over_internet && from_outside;
        if public_front || reached == way.sender {
            return found;
        }
        if end.addresses.contains(&source) {
            found.block(Reason::Overlap);
            return found;
        }
        if let Role::Host(host) = &end.role
            && host.replies_unknown
            && !segment.prefixes.iter().any(|p| p.contains(source))
        {
            found.unknown(Reason::MultiNic);
        }
        let stretch = Stretch {
            source,
            sender: way.sender,
            answers: way.front.unwrap_or((way.destination, way.port)),
            over_internet: way.over_internet,
            devices: &way.devices,
            passed: &way.passed,
            balanced: &way.balanced,
            shut: &way.shut,
        };
        found.then(&self.over(reached, &stretch, sent));
        found
    }

    /// From each translator on, back over the stretch before it (ASYM-02).
    pub(super) fn legs_back(&self, way: &Passage<'_>, sent: &Flow<'_>) -> Findings {
        let mut found = Findings::default();
        for leg in way.legs.iter().rev() {
            let stretch = Stretch {
                source: leg.source,
                sender: leg.sender,
                answers: leg.answers,
                over_internet: false,
                devices: &leg.devices,
                passed: &leg.passed,
                balanced: &leg.balanced,
                shut: &way.shut,
            };
            found.then(&self.over(leg.translator, &stretch, sent));
        }
        found
    }

    /// Over one stretch, from whoever answers or passes an answer on.
    fn over(&self, origin: Id<Endpoint>, way: &Stretch<'_>, sent: &Flow<'_>) -> Findings {
        let mut found = Findings::default();
        let end = self.model.endpoint(origin);
        let source = way.source;
        let Some(segment) = end.segment.map(|s| self.model.segment(s)) else { return found };
        let (answering, port) = way.answers;
        let answer =
            Flow { source: answering, destination: source, transport: sent.transport, port, name: None, reply: true };
        let (devices, notes) = (Vec::new(), Findings::default());
        let mut reply = Reply { source, at: origin, segment, inside: true, devices, answer, notes };
        let mut been: Vec<(Id<Endpoint>, bool)> = Vec::new();
        for _ in 0..MAX_HOPS {
            if been.contains(&(reply.at, reply.inside)) {
                break;
            }
            been.push((reply.at, reply.inside));
            let here = self.model.endpoint(reply.at);
            let table = self.model.table(here, reply.segment, reply.inside, source);
            // Service endpoints outrank routes, and what a service makes of a reply is not documented (ROUTE-15).
            let next = match self.sends(table, reply.segment, source) {
                _ if self.served_by_endpoint(reply.segment, source) != Match::No => Next::Unknown(Reason::NotModelled),
                Sends::By(hop) => self.reply_by(&mut reply, hop, origin, way),
                Sends::Nowhere => Next::Lost(unreturnable(&reply)),
                Sends::Unclear => Next::Unknown(Reason::Tag),
                Sends::Unplaced => Next::Unknown(Reason::Address),
            };
            match next {
                Next::On => continue,
                Next::Arrived(owner) => {
                    let last = self.both_ways(&reply, owner, end, way, sent);
                    reply.notes.then(&last);
                }
                Next::Unsupported(reason) => reply.notes.unsupported(reason),
                Next::Unknown(reason) => reply.notes.unknown(reason),
                Next::Lost(reason) => reply.notes.block(reason),
            }
            found.then(&reply.notes);
            return found;
        }
        reply.notes.block(Reason::RouteLoop);
        found.then(&reply.notes);
        found
    }

    fn reply_by(&self, reply: &mut Reply<'p>, hop: &'p NextHop, origin: Id<Endpoint>, way: &Stretch<'_>) -> Next {
        let model = self.model;
        match hop {
            NextHop::Network { network, link } => {
                let owner = model.owner(*network, reply.source);
                if link.as_deref().is_some_and(|l| self.reply_over(reply, l, (reply.source, owner), way)) {
                    return Next::Lost(Reason::PeerSubnet);
                }
                Next::Arrived(owner)
            }
            NextHop::Tunnel(network) => Next::Arrived(model.owner(*network, reply.source)),
            NextHop::Endpoint(owner) => Next::Arrived(Some(*owner)),
            NextHop::Gateway(gateway) => {
                let through_gateway = matches!(model.endpoint(reply.at).role, Role::Gateway(_)) && reply.inside;
                reply.inside = !model.network(reply.segment.network).beyond_gateway && !through_gateway;
                self.reply_spoilt(reply, *gateway);
                self.onwards(reply, *gateway)
            }
            NextHop::Router(router) => self.onwards(reply, *router),
            NextHop::Appliance(address) => {
                let near = model.nearby(reply.segment, *address);
                let Some(device) = near.filter(|_| address.is_ipv4() == reply.source.is_ipv4()) else {
                    return match model.plane.perhaps_frontend(*address) {
                        Some(_) => Next::Unknown(Reason::Address),
                        None => Next::Lost(Reason::NextHop),
                    };
                };
                let link = model.link(reply.segment, device);
                if link.is_some_and(|l| self.reply_over(reply, l, (*address, Some(device)), way)) {
                    return Next::Lost(Reason::PeerSubnet);
                }
                self.reply_spoilt(reply, device);
                self.reply_through(reply, device, way)
            }
            NextHop::OneOf(routes) => match routes.get(self.choices.take(routes.len())) {
                Some(route) => self.reply_by(reply, &route.hop, origin, way),
                None => Next::Lost(unreturnable(reply)),
            },
            NextHop::Unsupported(reason) => Next::Unsupported(*reason),
            NextHop::Unknown(reason) => Next::Unknown(*reason),
            // Only what came over the internet goes back there, and only from where it was translated (ASYM-03, NVA-04).
            NextHop::Internet if way.over_internet && is_public(reply.source) => {
                let stranger = reply.devices.iter().any(|d| !way.devices.contains(d));
                let translated = reply.at == origin || stranger;
                if translated { Next::Arrived(Some(way.sender)) } else { Next::Lost(Reason::NoEgress) }
            }
            NextHop::Internet | NextHop::Drop(Reason::NoRoute) => Next::Lost(unreturnable(reply)),
            NextHop::Drop(reason) => Next::Lost(*reason),
        }
    }

    /// Over a peering: whether it does not join the two ends (PEER-14). A closed one objects as on the way there, where it
    /// was not asked (PEER-06).
    fn reply_over(
        &self,
        reply: &mut Reply<'p>,
        link: &Link,
        (next, taker): (IpAddr, Option<Id<Endpoint>>),
        way: &Stretch<'_>,
    ) -> bool {
        if link.doubtful().is_some() {
            reply.notes.unknown(Reason::RegionUndeclared);
        }
        let apart = link.only.as_ref().is_some_and(|o| o.outsider(reply.segment, next).is_some());
        if apart {
            reply.notes.block(Reason::PeerSubnet);
        }
        if let Some(closed) = link.access_off.as_ref().filter(|o| !way.shut.borrow().contains(&o.name)) {
            let grouped = self.grouped(reply.at) || taker.is_some_and(|id| self.grouped(id));
            if self.kept_out(link, grouped) {
                reply.notes.block(Reason::PeerAccess);
            }
            way.shut.borrow_mut().push(closed.name.clone());
        }
        apart
    }

    fn reply_spoilt(&self, reply: &mut Reply<'p>, device: Id<Endpoint>) {
        self.model.endpoint(device).unsupported.iter().for_each(|c| reply.notes.unsupported(c.reason));
    }

    fn reply_through(&self, reply: &mut Reply<'p>, id: Id<Endpoint>, way: &Stretch<'_>) -> Next {
        let device = self.model.endpoint(id);
        if device.addresses.contains(&reply.source) {
            return Next::Arrived(Some(id));
        }
        match &device.role {
            Role::Firewall(_) => {
                reply.devices.push(id);
                self.onwards(reply, id)
            }
            Role::Host(host) => self.reply_forwarded(reply, id, host, way),
            Role::Balancer(balancer) => match self.reply_member(reply, id, balancer, way) {
                Ok(member) => self.reply_through(reply, member, way),
                Err(reason) => Next::Lost(reason),
            },
            _ => Next::Lost(Reason::NextHop),
        }
    }

    /// A balancer keeps to the member that saw the request (NVA-05), if a rule carries the answer at all (LB-05).
    fn reply_member(
        &self,
        reply: &mut Reply<'p>,
        id: Id<Endpoint>,
        balancer: &'p Balancer,
        way: &Stretch<'_>,
    ) -> Result<Id<Endpoint>, Reason> {
        let crossed = self.model.link(reply.segment, id).map_or(Regions::Same, |l| l.regions);
        abroad(balancer, crossed, &mut reply.notes);
        let rule = carrying(balancer, &reply.answer).ok_or(Reason::LbNoRule)?;
        if let Some((_, member)) = way.balanced.iter().find(|(front, _)| *front == id) {
            return Ok(*member);
        }
        let up = self.up(rule);
        if up.is_empty() {
            return Err(Reason::LbProbe);
        }
        let member = up.get(self.choices.take(up.len())).copied();
        let (member, answers) = member.filter(|(m, _)| *m != id).ok_or(Reason::LbNoRule)?;
        if answers == Match::Undecided {
            reply.notes.unknown(Reason::LbProbe);
        }
        Ok(member)
    }

    /// What keeps no state treats an answer as it treats everything (NVA-04); so do groups at an interface that did not
    /// see the request (NSG-07).
    fn reply_forwarded(&self, reply: &mut Reply<'p>, id: Id<Endpoint>, host: &'p Host, way: &Stretch<'_>) -> Next {
        let transit = &host.forwarding;
        let out = self.exit_of(id, host, reply.source);
        let machine = self.model.plane.machine(id);
        // A stateful machine that knows nothing of it drops it anyway.
        let asked = |nic: Id<Endpoint>| {
            let drops = |nic| match &self.model.endpoint(nic).role {
                Role::Host(h) => !h.forwarding.stateless && !way.devices.contains(&machine),
                _ => false,
            };
            !way.passed.contains(&nic) && !drops(nic)
        };
        if asked(id) {
            reply.notes.then(&self.guarded(id, Way::In, &reply.answer));
        }
        if let Some(reason) = self.stuck(id, host, out) {
            return Next::Lost(reason);
        }
        if host.replies_unknown && out == id && !way.passed.contains(&id) {
            reply.notes.unknown(Reason::MultiNic);
        }
        if transit.stateless {
            if let Some(filter) = &transit.filter {
                reply.notes.then(&self.filtered(filter, Way::Out, &reply.answer));
            }
            let replaced = match transit.translates {
                Translates::Always => true,
                Translates::Internet => is_public(reply.source),
                Translates::Never => false,
            };
            if replaced {
                reply.notes.block(Reason::Asym);
            }
        } else {
            reply.devices.push(machine);
        }
        if asked(out) {
            reply.notes.then(&self.guarded(out, Way::Out, &reply.answer));
        }
        self.onwards(reply, out)
    }

    fn onwards(&self, reply: &mut Reply<'p>, to: Id<Endpoint>) -> Next {
        let Some(segment) = self.model.endpoint(to).segment else { return Next::Lost(unreturnable(reply)) };
        reply.at = to;
        reply.segment = self.model.segment(segment);
        Next::On
    }

    /// Each stateful device must see both directions (ASYM-01, ASYM-03 to ASYM-07).
    fn both_ways(
        &self,
        reply: &Reply<'_>,
        owner: Option<Id<Endpoint>>,
        end: &Endpoint,
        way: &Stretch<'_>,
        sent: &Flow<'_>,
    ) -> Findings {
        let mut found = Findings::default();
        if owner != Some(way.sender) {
            // To a client on the internet, the way back led elsewhere (ASYM-03).
            let astray = way.over_internet && is_public(reply.source);
            found.block(match owner {
                _ if astray => Reason::Asym,
                Some(_) => Reason::Overlap,
                None => Reason::NoRoute,
            });
            return found;
        }
        if way.devices.iter().rev().eq(&reply.devices) {
            return found;
        }
        let saw_requests_only = reply.devices.iter().all(|d| way.devices.contains(d));
        let tagged = |d: &Id<Endpoint>| matches!(&self.model.endpoint(*d).role, Role::Host(h) if h.forwarding.symmetric_private_link);
        let missed = || way.devices.iter().filter(|d| !reply.devices.contains(d));
        // A tag on every appliance that replies avoid lifts the need for translation (PE-31).
        let lenient = !self.model.plane.assumptions.one_sided_endpoints_block || missed().all(tagged);
        let advice_only = saw_requests_only && lenient;
        let excused = matches!(end.role, Role::PrivateEndpoint(_)) && advice_only
            || sent.transport != Transport::Tcp && saw_requests_only;
        if !excused {
            found.block(Reason::Asym);
        }
        found
    }
}

/// Nothing leads back from here; what is missing may say why.
fn unreturnable(reply: &Reply<'_>) -> Reason {
    match best(&reply.segment.absent_routes, reply.source).map(|r| &r.hop) {
        Some(NextHop::Drop(reason)) => *reason,
        _ => Reason::NoRoute,
    }
}
