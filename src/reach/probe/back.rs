//! The way back, to whoever seems to have sent the flow (EVAL-02).

use super::{Flow, Probe, walk::Passage};
use crate::{
    dataplane::{Endpoint, Id, NextHop, Role, Route, Segment},
    net::{Transport, is_public},
    reach::{Findings, model::best},
    verdict::Reason,
};
use std::net::IpAddr;

/// Enough for every real way back.
const MAX_HOPS: usize = 32;
/// Stateful devices on a way back before a circle is assumed.
const MAX_DEVICES: usize = 8;

struct Reply<'p> {
    source: IpAddr,
    at: Id<Endpoint>,
    segment: &'p Segment,
    inside: bool,
    devices: Vec<Id<Endpoint>>,
}

enum Next {
    On,
    Arrived(bool),
    Unsupported(Reason),
    Unknown(Reason),
    Lost,
}

/// What a flow passed between two translations of its source.
struct Stretch<'w> {
    source: IpAddr,
    devices: &'w [Id<Endpoint>],
    balanced: &'w [(Id<Endpoint>, Id<Endpoint>)],
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
        if public_front || end.addresses.contains(&source) {
            return found;
        }
        if let Role::Host(host) = &end.role
            && host.replies_unknown
            && !segment.prefixes.iter().any(|p| p.contains(source))
        {
            found.unknown(Reason::MultiNic);
        }
        let stretch = Stretch { source, devices: &way.devices, balanced: &way.balanced };
        found.then(&self.over(reached, &stretch, sent));
        found
    }

    /// From each translator on, back over the stretch before it (ASYM-02).
    pub(super) fn legs_back(&self, way: &Passage<'_>, sent: &Flow<'_>) -> Findings {
        let mut found = Findings::default();
        for leg in way.legs.iter().rev() {
            let stretch = Stretch { source: leg.source, devices: &leg.devices, balanced: &leg.balanced };
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
        let mut reply = Reply { source, at: origin, segment, inside: true, devices: Vec::new() };
        for _ in 0..MAX_HOPS {
            let here = self.model.endpoint(reply.at);
            let route = best(self.model.table(here, reply.segment, reply.inside, source), source);
            match route.map_or(Next::Lost, |r| self.reply_by(&mut reply, r, way)) {
                Next::On => {}
                Next::Arrived(owned) => {
                    found.then(&self.both_ways(&reply, owned, end, way, sent));
                    return found;
                }
                Next::Unsupported(reason) => {
                    found.unsupported(reason);
                    return found;
                }
                Next::Unknown(reason) => {
                    found.unknown(reason);
                    return found;
                }
                Next::Lost => break,
            }
        }
        // Where a user route drops replies, nothing that is missing beside it matters.
        let own = best(&reply.segment.routes, source).map(|r| &r.hop);
        let dropped = matches!(own, Some(NextHop::Drop(Reason::UdrNone)));
        let absent = best(&reply.segment.absent_routes, source).filter(|_| !dropped).map(|r| &r.hop);
        found.block(match absent {
            Some(NextHop::Drop(reason)) => *reason,
            _ => Reason::NoRoute,
        });
        found
    }

    fn reply_by(&self, reply: &mut Reply<'p>, route: &'p Route, way: &Stretch<'_>) -> Next {
        let model = self.model;
        match &route.hop {
            NextHop::Network { network, .. } | NextHop::Tunnel(network) => {
                Next::Arrived(model.owner(*network, reply.source).is_some())
            }
            NextHop::Endpoint(owner) => Next::Arrived(model.endpoint(*owner).addresses.contains(&reply.source)),
            NextHop::Internet if is_public(reply.source) => Next::Arrived(true),
            NextHop::Gateway(gateway) => {
                let through_gateway = matches!(model.endpoint(reply.at).role, Role::Gateway(_)) && reply.inside;
                reply.inside = !model.network(reply.segment.network).beyond_gateway && !through_gateway;
                self.onwards(reply, *gateway)
            }
            NextHop::Router(router) => self.onwards(reply, *router),
            NextHop::Appliance(address) => match model.nearby(reply.segment, *address) {
                Some(device) => self.reply_through(reply, device, way),
                None => Next::Lost,
            },
            NextHop::OneOf(routes) => match routes.get(self.choices.take(routes.len())) {
                Some(route) => self.reply_by(reply, route, way),
                None => Next::Lost,
            },
            NextHop::Unsupported(reason) => Next::Unsupported(*reason),
            NextHop::Unknown(reason) => Next::Unknown(*reason),
            NextHop::Internet | NextHop::Drop(_) => Next::Lost,
        }
    }

    fn reply_through(&self, reply: &mut Reply<'p>, id: Id<Endpoint>, way: &Stretch<'_>) -> Next {
        let device = self.model.endpoint(id);
        if device.addresses.contains(&reply.source) {
            return Next::Arrived(true);
        }
        match &device.role {
            Role::Firewall(_) => {
                reply.devices.push(id);
                self.onwards(reply, id)
            }
            Role::Host(host) if host.running && host.forwarding.enabled && host.forwarding.system != Some(false) => {
                if !host.forwarding.stateless {
                    reply.devices.push(id);
                }
                self.onwards(reply, id)
            }
            Role::Balancer(balancer) => {
                // A balancer keeps to the member that saw the request (NVA-05).
                let seen = way.balanced.iter().find(|(front, _)| *front == id).map(|(_, member)| *member);
                let pool = balancer.rules.first().map_or(&[][..], |r| &r.members);
                let member = seen.or_else(|| pool.get(self.choices.take(pool.len())).copied());
                match member {
                    Some(member) if member != id => self.reply_through(reply, member, way),
                    _ => Next::Lost,
                }
            }
            _ => Next::Lost,
        }
    }

    fn onwards(&self, reply: &mut Reply<'p>, to: Id<Endpoint>) -> Next {
        let Some(segment) = self.model.endpoint(to).segment else { return Next::Lost };
        reply.at = to;
        reply.segment = self.model.segment(segment);
        if reply.devices.len() > MAX_DEVICES { Next::Lost } else { Next::On }
    }

    /// Each stateful device must see both directions (ASYM-01, ASYM-03 to ASYM-07).
    fn both_ways(
        &self,
        reply: &Reply<'_>,
        owned: bool,
        end: &Endpoint,
        way: &Stretch<'_>,
        sent: &Flow<'_>,
    ) -> Findings {
        let mut found = Findings::default();
        if !owned {
            found.block(Reason::NoRoute);
            return found;
        }
        if way.devices.iter().rev().eq(&reply.devices) {
            return found;
        }
        let saw_requests_only = reply.devices.iter().all(|d| way.devices.contains(d));
        let advice_only = saw_requests_only && !self.model.plane.assumptions.one_sided_endpoints_block;
        let excused = matches!(end.role, Role::PrivateEndpoint(_)) && advice_only
            || sent.transport != Transport::Tcp && saw_requests_only;
        if !excused {
            found.block(Reason::Asym);
        }
        found
    }
}
