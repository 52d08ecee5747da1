//! The way back: from the endpoint that was reached to the source it saw (EVAL-02, ASYM-01).

use super::context::Context;
use super::step::{Outcome, Stage, Step};
use super::{
    routes::{lookup, nearby, table},
    walk::{Arrival, Leg},
};
use crate::{
    dataplane::{Endpoint, Id, NextHop, Packet, Plane, Role, Route, Segment},
    net::{Transport, is_public},
    verdict::Reason,
};
use std::net::IpAddr;

/// Enough for every real way back.
const MAX_HOPS: usize = 32;

struct Back<'a> {
    context: &'a Context<'a>,
    plane: &'a Plane,
    /// Who answers, or passes the answer on.
    origin: Id<Endpoint>,
    /// Stateful devices on the way there.
    there: Vec<Id<Endpoint>>,
    /// Balancers on the way there with the member each picked.
    balanced: &'a [(Id<Endpoint>, Id<Endpoint>)],
    source: IpAddr,
    emitter: Id<Endpoint>,
    segment: &'a Segment,
    /// Stateful devices on the way back.
    devices: Vec<Id<Endpoint>>,
    from_inside: bool,
}

/// Where a reply stands after a hop.
enum Hop {
    On,
    Home(bool),
    Lost,
    /// Where it leads cannot be known, or is not supported.
    Open(Box<Step>),
}

/// Walks back. Replies are not filtered where state holds the connection (NSG-07, FW-12); stateful devices must have
/// seen the first packet.
pub(super) fn walk_back(context: &Context<'_>, from: Id<Endpoint>, arrival: &Arrival, sent: &Packet) -> Vec<Step> {
    let plane = context.plane;
    let reached = plane.endpoints.get(arrival.endpoint);
    let source = arrival.packet.source;
    // A public service answers the address it saw, which leads back by itself.
    let Some(segment) = reached.segment else {
        return Vec::new();
    };
    let outsider = plane.endpoints.get(from).segment.is_none();
    if let (Role::Frontend { .. }, true) = (&reached.role, arrival.over_internet && outsider) {
        return Vec::new();
    }
    // What a machine sends to itself needs no way.
    if reached.addresses.contains(&source) {
        return Vec::new();
    }
    let mut back = Back {
        context,
        plane,
        origin: arrival.endpoint,
        there: arrival.devices.clone(),
        balanced: &arrival.balanced,
        source,
        emitter: arrival.endpoint,
        segment: plane.segments.get(segment),
        devices: Vec::new(),
        from_inside: true,
    };
    let mut steps = back.secondary_interface(reached);
    steps.extend(back.run(sent));
    steps
}

/// From a translator on, back over the stretch before it (ASYM-02). Only what stops a reply is told.
pub(super) fn walk_leg_back(context: &Context<'_>, leg: &Leg, sent: &Packet) -> Vec<Step> {
    let plane = context.plane;
    let translator = plane.endpoints.get(leg.translator);
    let Some(segment) = translator.segment else { return Vec::new() };
    let mut back = Back {
        context,
        plane,
        origin: leg.translator,
        there: leg.devices.clone(),
        balanced: &leg.balanced,
        source: leg.source,
        emitter: leg.translator,
        segment: plane.segments.get(segment),
        devices: Vec::new(),
        from_inside: true,
    };
    let mut steps = back.run(sent);
    steps.retain(|s| s.is_blocker() || s.outcome == Outcome::Assume);
    steps
}

impl<'a> Back<'a> {
    fn run(&mut self, sent: &Packet) -> Vec<Step> {
        let source = self.source;
        for _ in 0..MAX_HOPS {
            match self.hop() {
                Hop::On => {}
                Hop::Home(owned) => return self.finish(owned, sent),
                Hop::Lost => break,
                Hop::Open(step) => return vec![*step],
            }
        }
        let at = &self.segment.origin;
        // Where a user route drops replies, nothing that is missing beside it matters.
        let own = lookup(&self.segment.routes, source).map(|r| &r.hop);
        let dropped = matches!(own, Some(NextHop::Drop(Reason::UdrNone)));
        let absent = lookup(&self.segment.absent_routes, source).filter(|_| !dropped).and_then(|r| match r.hop {
            NextHop::Drop(reason) => Some((reason, r)),
            _ => None,
        });
        let text = format!("{at} has no way back to {source}");
        let step = match absent {
            Some((reason, route)) => {
                Step::block(Stage::Return, reason, format!("{text}: {} would lead there", route.origin))
                    .span(route.origin.span)
                    .rules(route.rules)
            }
            None => Step::block(Stage::Return, Reason::NoRoute, text),
        };
        vec![step.at(at).rules(&["EVAL-02", "ROUTE-21"]).fix(format!("give {at} a route to {source}"))]
    }

    /// Replies of a secondary interface to other subnets depend on routes inside the guest (ADDR-09).
    fn secondary_interface(&self, reached: &Endpoint) -> Vec<Step> {
        let Role::Host(host) = &reached.role else { return Vec::new() };
        if !host.replies_unknown || self.segment.prefixes.iter().any(|p| p.contains(self.source)) {
            return Vec::new();
        }
        let text = format!("whether {} answers other subnets on this interface depends on its guest", reached.origin);
        vec![
            Step::unknown(Stage::Return, Reason::MultiNic, text)
                .at(&reached.origin)
                .rules(&["ADDR-09"])
                .fix("declare `guest_routes_enabled`"),
        ]
    }

    fn hop(&mut self) -> Hop {
        let here = self.plane.endpoints.get(self.emitter);
        match lookup(table(here, self.segment, self.from_inside, self.source), self.source) {
            Some(route) => self.follow(route),
            None => Hop::Lost,
        }
    }

    fn follow(&mut self, route: &'a Route) -> Hop {
        match &route.hop {
            NextHop::Network { network, .. } | NextHop::Tunnel(network) => {
                Hop::Home(self.plane.owner(*network, self.source).is_some())
            }
            NextHop::Endpoint(owner) => Hop::Home(self.plane.endpoints.get(*owner).addresses.contains(&self.source)),
            NextHop::Internet if is_public(self.source) => Hop::Home(true),
            NextHop::Gateway(gateway) => {
                let network = self.plane.networks.get(self.segment.network);
                let role = &self.plane.endpoints.get(self.emitter).role;
                let tunnelled = matches!(role, Role::Gateway(_)) && self.from_inside;
                self.from_inside = !network.beyond_gateway && !tunnelled;
                self.emit(*gateway)
            }
            NextHop::Router(router) => self.emit(*router),
            NextHop::Appliance(address) => match nearby(self.plane, self.segment, *address) {
                Some(device) => self.device(device),
                None => Hop::Lost,
            },
            NextHop::OneOf(routes) => {
                let label = |i: usize| format!("back by {}", routes.get(i).map_or(String::new(), |r| hop_name(&r.hop)));
                match routes.get(self.context.forks.pick(routes.len(), label)) {
                    Some(route) => self.follow(route),
                    None => Hop::Lost,
                }
            }
            NextHop::Unknown(reason) | NextHop::Unsupported(reason) => {
                let (at, to) = (&self.segment.origin, self.source);
                let text = format!("where {} leads replies to {to} ", route.origin);
                let step = if matches!(route.hop, NextHop::Unknown(_)) {
                    Step::unknown(Stage::Return, *reason, text + "is not documented")
                } else {
                    Step::unsupported(Stage::Return, *reason, text + "is not supported")
                };
                let step = step.at(at).span(route.origin.span).rules(route.rules).rules(&["EVAL-02"]);
                Hop::Open(Box::new(step.fix(format!("give {at} another route to {to}"))))
            }
            NextHop::Internet | NextHop::Drop(_) => Hop::Lost,
        }
    }

    /// A device that a route names. A balancer sends a reply to the member that the request passed (NVA-05).
    fn device(&mut self, id: Id<Endpoint>) -> Hop {
        let endpoint = self.plane.endpoints.get(id);
        // The next hop may be whom the reply is for: a device that translated the source.
        if endpoint.addresses.contains(&self.source) {
            return Hop::Home(true);
        }
        match &endpoint.role {
            Role::Firewall(_) => {
                self.devices.push(id);
                self.emit(id)
            }
            Role::Host(host) if host.running && host.forwarding.enabled && host.forwarding.system != Some(false) => {
                if !host.forwarding.stateless {
                    self.devices.push(id);
                }
                self.emit(id)
            }
            Role::Balancer(balancer) => {
                let known = self.balanced.iter().find(|(front, _)| *front == id).map(|(_, m)| *m);
                let members: Vec<_> = balancer.rules.first().map(|r| r.members.clone()).unwrap_or_default();
                let label = |i: usize| {
                    let name = members.get(i).map(|m| self.plane.endpoints.get(*m).origin.to_string());
                    format!("back by {}", name.unwrap_or_default())
                };
                let picked = known.or_else(|| members.get(self.context.forks.pick(members.len(), label)).copied());
                match picked {
                    Some(member) if member != id => self.device(member),
                    _ => Hop::Lost,
                }
            }
            _ => Hop::Lost,
        }
    }

    fn emit(&mut self, next: Id<Endpoint>) -> Hop {
        let Some(segment) = self.plane.endpoints.get(next).segment else { return Hop::Lost };
        self.emitter = next;
        self.segment = self.plane.segments.get(segment);
        if self.devices.len() > 8 { Hop::Lost } else { Hop::On }
    }

    /// Whether each stateful device saw both directions: one-sided steering, a learned route beside a default, shared
    /// services that answer directly, public balancers before machines with a default to a firewall (ASYM-01, ASYM-03 to
    /// ASYM-06, LB-07). Security groups are no such devices: an interface sees both directions (ASYM-05, ASYM-06,
    /// ASYM-08).
    fn finish(&self, owned: bool, sent: &Packet) -> Vec<Step> {
        let reached = self.plane.endpoints.get(self.origin);
        let source = self.source;
        if !owned {
            let text = format!("the way back to {source} ends where nothing owns that address");
            return vec![Step::block(Stage::Return, Reason::NoRoute, text).at(&reached.origin).rules(&["EVAL-02"])];
        }
        let devices = &self.devices;
        let mut there = self.there.clone();
        there.reverse();
        if there == *devices {
            return vec![Step::pass(Stage::Return, format!("replies reach {source}")).rules(&["EVAL-02"])];
        }
        let odd = devices.iter().chain(&there).find(|d| !(devices.contains(d) && there.contains(d)));
        let odd = self.plane.endpoints.get(odd.copied().unwrap_or(self.origin));
        let device = &odd.origin;
        let text = format!("{device} sees only one direction of {} → {}", sent.source, sent.destination);
        // Without a connection there is no state to miss, unless the device never saw the request.
        let saw_request = devices.iter().all(|d| there.contains(d));
        let advised = saw_request && !self.plane.assumptions.one_sided_endpoints_block;
        if let (Role::PrivateEndpoint(_), true) = (&reached.role, advised) {
            let lifted = matches!(&odd.role, Role::Host(host) if host.forwarding.symmetric_private_link);
            return vec![if lifted {
                let text = format!("replies of the private endpoint come back through {device}");
                Step::pass(Stage::Return, text).at(device).rules(&["PE-31"])
            } else {
                let text = format!("{text}; source translation there is advised for private endpoints");
                Step::assume(Stage::Return, text).at(device).rules(&["ASYM-07", "PE-31", "A-7"])
            }];
        }
        if sent.transport != Transport::Tcp && saw_request {
            return vec![
                Step::assume(
                    Stage::Return,
                    format!("{text}; {} passes a device that sees requests only", sent.transport),
                )
                .at(device)
                .rules(&["ASYM-01", "A-06"]),
            ];
        }
        vec![
            Step::block(Stage::Return, Reason::Asym, text)
                .at(device)
                .rules(&["ASYM-01", "ASYM-03", "ASYM-04"])
                .fix(format!("route both directions through {device}, or neither; or translate the source there")),
        ]
    }
}

fn hop_name(hop: &NextHop) -> String {
    match hop {
        NextHop::Appliance(address) => address.to_string(),
        _ => "the other route".to_owned(),
    }
}
