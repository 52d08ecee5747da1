//! The way there: hop by hop from a source address to whoever owns the destination (EVAL-01).

use super::context::Context;
use super::egress::EgressPass;
use super::filters::{apply, at_endpoint, show, unresolved, write_address};
use super::peering::link_to;
use super::routes::{Found, dropped, table};
use super::step::{Stage, Step};
use crate::{
    dataplane::{Direction, Endpoint, Filter, Id, Network, NextHop, Packet, Plane, Regions, Role, Route, Segment},
    net::{is_platform, is_public},
    verdict::Reason,
};
use std::{collections::BTreeSet, net::IpAddr};

/// Where a packet ended up.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The owner of the destination.
    pub endpoint: Id<Endpoint>,
    /// The packet on arrival, after any translation.
    pub packet: Packet,
    /// The segment whose identity the packet carries at public services (SE-02).
    pub segment_identity: Option<Id<Segment>>,
    /// How it left a managed network.
    pub egress: Option<EgressPass>,
    /// Whether it came over the internet.
    pub over_internet: bool,
    /// The site by whose breakout it left, as whose traffic the internet sees it.
    pub left_by: Option<Id<Network>>,
    /// Stateful devices on the way that kept the source address (ASYM-01).
    pub devices: Vec<Id<Endpoint>>,
    /// Interfaces that the packet passed with its source address; they know the connection (NSG-07).
    pub passed: Vec<Id<Endpoint>>,
    /// Balancers on the way with the member each picked; replies come back to the same one (NVA-05).
    pub balanced: Vec<(Id<Endpoint>, Id<Endpoint>)>,
    /// The endpoint that sent the packet on its last source translation.
    pub sender: Id<Endpoint>,
    /// The address and port that replies come from: what the packet was sent to, where a balancer passed it on.
    pub answers_as: (IpAddr, u16),
    /// Whether the last hop crossed a peering between two regions.
    pub crossed: Regions,
    /// The owner of the address that was asked for; a balancer or a firewall passes the packet on from there.
    pub asked: Id<Endpoint>,
}

/// How a walk ends.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "one lives at a time, and nearly all are arrivals")]
pub enum End {
    /// Somebody owns the destination.
    Delivered(Arrival),
    /// A firewall takes over by an application rule and asks for the name itself (SNAT-02).
    Proxied {
        /// The firewall.
        firewall: Id<Endpoint>,
    },
    /// There is no way on.
    Lost,
}

/// A stretch before a source translation: replies go back over it once they have reached the translator (ASYM-02).
#[derive(Debug, Clone)]
pub(super) struct Leg {
    /// Who translated.
    pub(super) translator: Id<Endpoint>,
    /// Who sent on the stretch, and gets its replies.
    pub(super) sender: Id<Endpoint>,
    /// The source before.
    pub(super) source: IpAddr,
    /// The address and port that replies on the stretch come from.
    pub(super) answers_as: (IpAddr, u16),
    /// Stateful devices on the stretch.
    pub(super) devices: Vec<Id<Endpoint>>,
    /// Interfaces that the packet passed on it.
    pub(super) passed: Vec<Id<Endpoint>>,
    /// Balancers on the stretch with the member each picked.
    pub(super) balanced: Vec<(Id<Endpoint>, Id<Endpoint>)>,
}

/// A walk and what happened on it.
#[derive(Debug, Clone)]
pub struct Journey {
    /// Steps, blockers included: the walk goes on past them as if they were open (EVAL-06).
    pub steps: Vec<Step>,
    /// The end.
    pub end: End,
    /// Stretches before translations, in order.
    pub(super) legs: Vec<Leg>,
}

/// Enough for every real path; a longer one is a loop that changes its packet.
const MAX_HOPS: usize = 32;

pub(super) struct Walk<'a> {
    pub(super) context: &'a Context<'a>,
    pub(super) plane: &'a Plane,
    pub(super) packet: Packet,
    pub(super) emitter: Id<Endpoint>,
    pub(super) sender: Id<Endpoint>,
    pub(super) steps: Vec<Step>,
    pub(super) egress: Option<EgressPass>,
    pub(super) over_internet: bool,
    pub(super) left_by: Option<Id<Network>>,
    pub(super) devices: Vec<Id<Endpoint>>,
    pub(super) passed: Vec<Id<Endpoint>>,
    pub(super) balanced: Vec<(Id<Endpoint>, Id<Endpoint>)>,
    /// What the packet was sent to before a balancer rewrote that.
    pub(super) fronted: Option<(IpAddr, u16)>,
    pub(super) segment_identity: Option<Id<Segment>>,
    /// At a gateway: whether the packet came from the gateway's own side.
    pub(super) from_inside: bool,
    /// Whether the last hop crossed a peering between two regions.
    pub(super) crossed: Regions,
    /// Who owns the destination that the packet set out for, once found.
    asked: Option<Id<Endpoint>>,
    legs: Vec<Leg>,
}

/// Walks from an endpoint to the owner of the packet's destination.
#[must_use]
pub fn walk<'a>(context: &'a Context<'a>, from: Id<Endpoint>, packet: &Packet) -> Journey {
    let mut walk = Walk {
        context,
        plane: context.plane,
        packet: packet.clone(),
        emitter: from,
        sender: from,
        steps: Vec::new(),
        egress: None,
        over_internet: false,
        left_by: None,
        devices: Vec::new(),
        passed: Vec::new(),
        balanced: Vec::new(),
        fronted: None,
        segment_identity: None,
        from_inside: true,
        crossed: Regions::Same,
        asked: None,
        legs: Vec::new(),
    };
    let end = walk.run();
    Journey { steps: walk.steps, end, legs: walk.legs }
}

impl<'a> Walk<'a> {
    /// Hop by hop, past every blocker as if it were open, so that one walk names them all (EVAL-01, EVAL-06).
    fn run(&mut self) -> End {
        // What is addressed to the sender itself never leaves it.
        if self.plane.endpoints.get(self.emitter).addresses.contains(&self.packet.destination) {
            return self.arrive(self.emitter);
        }
        if self.packet.source.is_ipv4() != self.packet.destination.is_ipv4() {
            let origin = &self.plane.endpoints.get(self.emitter).origin;
            let text = format!("{origin} has no address of the family of {}", show(self.packet.destination));
            let step = Step::block(Stage::Route, Reason::NoRoute, text).at(origin).rules(&["ROUTE-21"]);
            self.steps.push(step.fix(format!("give {origin} an address of that family")));
            return End::Lost;
        }
        if is_platform(self.packet.destination) {
            let text = format!(
                "{} is the platform's own: no user route captures it, and what answers there is not modelled",
                self.packet.destination
            );
            let step = Step::unknown(Stage::Route, Reason::NotModelled, text).rules(&["ADDR-06"]);
            self.steps.push(step.fix("ask for a name instead; it is resolved by the platform's DNS"));
            return End::Lost;
        }
        if let Some(end) = self.foreign_realm() {
            return end;
        }
        let mut seen = BTreeSet::new();
        for _ in 0..MAX_HOPS {
            if !seen.insert((self.emitter, self.packet.source, self.packet.destination, self.from_inside)) {
                break;
            }
            let endpoint = self.plane.endpoints.get(self.emitter);
            let Some(segment) = endpoint.segment else {
                match self.across_internet() {
                    Some(end) => return end,
                    None => continue,
                }
            };
            self.steps.extend(at_endpoint(self.plane, self.emitter, Direction::Outbound, &self.packet));
            let segment = self.plane.segments.get(segment);
            let routes = table(endpoint, segment, self.from_inside, self.packet.destination);
            if let Some(end) = self.hop(endpoint, segment, routes) {
                return end;
            }
        }
        let emitter = &self.plane.endpoints.get(self.emitter).origin;
        self.steps.push(
            Step::block(Stage::Route, Reason::RouteLoop, format!("the packet passes {emitter} twice"))
                .at(emitter)
                .rules(&["EVAL-07", "UDR-13"])
                .fix("break the circle of next hops in the route tables on this path"),
        );
        End::Lost
    }

    /// A destination that belongs to another realm only is out of reach, whatever the routes say (ISO-06, MVNET-09).
    fn foreign_realm(&mut self) -> Option<End> {
        let home = self.plane.network_of(self.emitter)?;
        let realm = self.plane.networks.get(home).realm;
        let destination = self.packet.destination;
        let holds = |n: &Network| n.prefixes.iter().any(|p| p.contains(destination));
        let mut own = self.plane.networks.iter().filter(|(_, n)| n.realm == realm);
        if is_public(destination)
            || holds(self.plane.networks.get(home))
            || own.any(|(id, _)| self.plane.owner(id, destination).is_some())
        {
            return None;
        }
        let (_, other) = self.plane.networks.iter().find(|(_, n)| n.realm != realm && holds(n))?;
        let text =
            format!("{} lies in {}, which no other network can be connected to", self.packet.destination, other.origin);
        self.steps.push(
            Step::block(Stage::Route, Reason::NoRoute, text)
                .at(&other.origin)
                .rules(&["IN-17", "ISO-06", "MVNET-09"])
                .fix("reach it through a private endpoint or an application gateway; peering is not possible"),
        );
        Some(End::Lost)
    }

    /// One hop, by the routes of the emitter's own segment: the receiver's table plays no part (EVAL-04).
    fn hop(&mut self, endpoint: &'a Endpoint, segment: &'a Segment, routes: &'a [Route]) -> Option<End> {
        self.crossed = Regions::Same;
        // Service endpoint routes outrank all others (ROUTE-15, SEP-02).
        if self.uses_service_endpoint(segment) {
            return self.across_internet();
        }
        match self.choose(endpoint, segment, routes) {
            Ok(found) => {
                self.steps.extend(super::routes::discarded(segment, &found, self.packet.destination));
                self.follow(endpoint, segment, &found)
            }
            Err(step) => {
                self.steps.push(*step);
                Some(End::Lost)
            }
        }
    }

    fn follow(&mut self, endpoint: &'a Endpoint, segment: &'a Segment, found: &Found<'a>) -> Option<End> {
        match found.hop {
            NextHop::Network { network, link } => {
                let target = self.plane.networks.get(*network);
                self.steps.push(found.via(&target.origin));
                let own = target.egress.as_ref().filter(|_| *network == segment.network);
                self.steps.extend(own.and_then(|e| super::egress::inside(self.plane, &self.packet, e)));
                let owner = self.plane.owner(*network, self.packet.destination);
                self.cross(segment, link.as_deref(), owner);
                self.deliver_in(*network)
            }
            NextHop::Endpoint(target) => {
                self.steps.push(found.via(&self.plane.endpoints.get(*target).origin));
                self.cross(segment, link_to(self.plane, segment, *target), Some(*target));
                self.deliver(*target)
            }
            NextHop::Gateway(gateway) => {
                let target = self.plane.endpoints.get(*gateway);
                self.steps.push(found.via(&target.origin).at(&target.origin));
                self.unsupported(target);
                let network = self.plane.networks.get(segment.network);
                if let Some(border) = &network.border {
                    self.border(border);
                }
                // Over a tunnel of another gateway the packet comes from outside, too.
                let tunnelled = matches!(endpoint.role, Role::Gateway(_)) && self.from_inside;
                self.from_inside = !network.beyond_gateway && !tunnelled;
                self.emitter = *gateway;
                None
            }
            NextHop::Router(router) => {
                let target = &self.plane.endpoints.get(*router).origin;
                self.steps.push(found.via(target).at(target));
                if let Some(border) = &self.plane.networks.get(segment.network).border {
                    self.border(border);
                }
                self.emitter = *router;
                None
            }
            NextHop::Tunnel(far) => {
                let network = self.plane.networks.get(*far);
                self.steps.push(found.via(&network.origin));
                if let Some(border) = &network.border {
                    self.border(border);
                }
                if is_public(self.packet.destination) && self.plane.owner(*far, self.packet.destination).is_none() {
                    return self.out_by_site(*far);
                }
                self.deliver_in(*far)
            }
            NextHop::Appliance(address) => self.appliance(*address, &found.label, found.origin, found.rules, segment),
            NextHop::OneOf(routes) => {
                let label = |i: usize| routes.get(i).map_or(String::new(), |r| self.name_of(&r.hop));
                let picked = self.context.forks.pick(routes.len(), label);
                self.follow(endpoint, segment, &Found::of(routes.get(picked)?))
            }
            NextHop::Internet => {
                self.steps.push(found.via(&"internet").on(&endpoint.origin));
                self.leave(endpoint, segment)
            }
            NextHop::Drop(reason) => {
                let (text, fix) = dropped(*reason, found, segment, self.packet.destination);
                self.steps.push(
                    Step::block(Stage::Route, *reason, text)
                        .at(&segment.origin)
                        .span(found.origin.span)
                        .rules(found.rules)
                        .fix(fix),
                );
                Some(End::Lost)
            }
            NextHop::Unsupported(reason) => {
                let text = format!("{} → {}: the platform does not support this next hop", found.label, found.origin);
                self.steps.push(
                    Step::unsupported(Stage::Route, *reason, text)
                        .at(&segment.origin)
                        .span(found.origin.span)
                        .rules(found.rules)
                        .fix(format!("let {} name another next hop, or learn the route by BGP", found.origin)),
                );
                Some(End::Lost)
            }
            NextHop::Unknown(reason) => {
                let text = format!("{} → where {} leads is not documented", found.label, found.origin);
                self.steps.push(
                    Step::unknown(Stage::Route, *reason, text)
                        .at(&segment.origin)
                        .span(found.origin.span)
                        .rules(found.rules)
                        .fix("declare a route for this destination"),
                );
                Some(End::Lost)
            }
        }
    }

    /// What lies behind the packet when a device translates its source, or takes the flow over. What came over the
    /// internet goes back by the address it came to.
    pub(super) fn end_leg(&mut self, translator: Id<Endpoint>) {
        let (devices, balanced) = (std::mem::take(&mut self.devices), std::mem::take(&mut self.balanced));
        let passed = std::mem::take(&mut self.passed);
        if !self.over_internet {
            let Packet { source, destination, port, .. } = self.packet;
            let (sender, answers_as) = (self.sender, (destination, port));
            self.legs.push(Leg { translator, sender, source, answers_as, devices, passed, balanced });
        }
    }

    fn name_of(&self, hop: &NextHop) -> String {
        match hop {
            NextHop::Appliance(address) => address.to_string(),
            NextHop::Gateway(id) | NextHop::Router(id) | NextHop::Endpoint(id) => {
                self.plane.endpoints.get(*id).origin.to_string()
            }
            NextHop::Network { network, .. } | NextHop::Tunnel(network) => {
                self.plane.networks.get(*network).origin.to_string()
            }
            _ => String::new(),
        }
    }

    /// What the platform does not support about a thing that is passed.
    pub(super) fn unsupported(&mut self, endpoint: &Endpoint) {
        for condition in &endpoint.unsupported {
            self.steps.push(
                Step::unsupported(Stage::Route, condition.reason, &condition.text)
                    .at(&condition.origin)
                    .rules(condition.rules)
                    .fix(&condition.fix),
            );
        }
    }

    fn border(&mut self, border: &Filter) {
        self.steps.extend(apply(self.plane, border, Stage::Firewall, Direction::Inbound, &self.packet, &unresolved));
    }

    pub(super) fn deliver_in(&mut self, network: Id<Network>) -> Option<End> {
        let destination = self.packet.destination;
        if let Some(owner) = self.plane.owner(network, destination) {
            return self.deliver(owner);
        }
        let perhaps = self.plane.perhaps(network, destination).map(|id| self.plane.endpoints.get(id));
        let network = self.plane.networks.get(network);
        // An owner elsewhere is no help: this is where the routes lead.
        let elsewhere = self.plane.owners(destination).next().map(|id| &self.plane.endpoints.get(id).origin);
        let (hint, fix) = match elsewhere {
            Some(owner) => (
                format!(" ({owner} has that address in another network, where no route from here leads)"),
                format!("connect the network of {owner}, or bridge to it by a private link service"),
            ),
            None => (String::new(), format!("declare the owner of {destination}, or correct the address")),
        };
        // Something without a declared address may have this one.
        if let Some(owner) = perhaps {
            let text = format!("{} declares no address, and may have {destination}", owner.origin);
            let step = Step::unknown(Stage::Route, Reason::Address, text).at(&owner.origin).rules(&["ADDR-03"]);
            self.steps.push(step.fix(write_address(owner)));
            return Some(End::Lost);
        }
        let step = if network.complete {
            let text = format!("nothing in {} owns {destination}{hint}", network.origin);
            Step::block(Stage::Route, Reason::NoHost, text)
        } else {
            let text = format!("nothing declared in {} owns {destination}{hint}", network.origin);
            Step::unknown(Stage::Route, Reason::NoHost, text)
        };
        self.steps.push(step.at(&network.origin).fix(fix));
        Some(End::Lost)
    }

    /// Hands the packet to whoever owns its destination; a balancer or a firewall's translation sends it on.
    pub(super) fn deliver(&mut self, owner: Id<Endpoint>) -> Option<End> {
        let endpoint = self.plane.endpoints.get(owner);
        self.asked.get_or_insert(owner);
        match &endpoint.role {
            Role::Balancer(balancer) => {
                self.unsupported(endpoint);
                self.through_balancer(owner, balancer)
            }
            Role::Firewall(firewall) if endpoint.dns.is_none() || self.packet.port != 53 => {
                self.translated(owner, firewall)
            }
            role => {
                // The DNS proxy of a firewall that does not work does not, either.
                if matches!(role, Role::Firewall(_)) {
                    self.unsupported(endpoint);
                }
                self.steps.extend(at_endpoint(self.plane, owner, Direction::Inbound, &self.packet));
                Some(self.arrive(owner))
            }
        }
    }

    pub(super) fn arrive(&self, owner: Id<Endpoint>) -> End {
        End::Delivered(Arrival {
            endpoint: owner,
            packet: self.packet.clone(),
            segment_identity: self.segment_identity,
            egress: self.egress,
            over_internet: self.over_internet,
            left_by: self.left_by,
            devices: self.devices.clone(),
            passed: self.passed.clone(),
            answers_as: self.fronted.unwrap_or((self.packet.destination, self.packet.port)),
            balanced: self.balanced.clone(),
            sender: self.sender,
            crossed: self.crossed,
            asked: self.asked.unwrap_or(owner),
        })
    }
}
