//! The way there.

use super::{Flow, Probe, filters::Way};
use crate::{
    dataplane::{Endpoint, Filter, Id, Link, Match, Matcher, Network, NextHop, Regions, Role, Route, Segment},
    net::{Fqdn, Membership, Transport, is_platform, is_public, is_undeclared_public},
    reach::{Findings, model::best},
    verdict::Reason,
};
use std::{cell::RefCell, net::IpAddr};

/// Where a way ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// At something that takes the flow.
    Reached(Id<Endpoint>),
    /// At a firewall that takes the flow over by name.
    TakenOver(Id<Endpoint>),
    /// Nowhere.
    Lost,
}

/// How a managed network let the flow out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LetOut {
    Freely,
    ByAddress,
    ByName,
}

/// A way and its state at the end.
#[derive(Debug)]
pub(super) struct Passage<'a> {
    pub(super) source: IpAddr,
    pub(super) destination: IpAddr,
    pub(super) transport: Transport,
    pub(super) port: u16,
    pub(super) name: Option<&'a Fqdn>,
    pub(super) at: Id<Endpoint>,
    /// Who translated the source last; its own sender otherwise.
    pub(super) sender: Id<Endpoint>,
    pub(super) findings: Findings,
    /// Findings that belong to the way back, and all after them.
    pub(super) late: Findings,
    pub(super) is_late: bool,
    pub(super) let_out: Option<LetOut>,
    pub(super) over_internet: bool,
    /// Stateful devices since the last translation.
    pub(super) devices: Vec<Id<Endpoint>>,
    /// Interfaces passed since then; they know the connection.
    pub(super) passed: Vec<Id<Endpoint>>,
    /// Balancers passed, with the member taken.
    pub(super) balanced: Vec<(Id<Endpoint>, Id<Endpoint>)>,
    /// Links that were met closed, which are asked once (PEER-06).
    pub(super) shut: RefCell<Vec<String>>,
    /// What was asked for at a frontend, which answers come from.
    pub(super) front: Option<(IpAddr, u16)>,
    /// The segment whose identity a public service sees (SE-02).
    pub(super) identity: Option<Id<Segment>>,
    /// At a gateway: whether it came from the gateway's own network.
    pub(super) inside: bool,
    /// Whether the last hop joined two regions.
    pub(super) crossed: Regions,
    /// Whether it left by a site, as whose traffic the internet sees it.
    pub(super) left_by_site: bool,
    pub(super) asked: Option<Id<Endpoint>>,
    /// Stretches before translations, in order.
    pub(super) legs: Vec<Leg>,
    pub(super) end: End,
}

/// A stretch before a translation of the source, over which replies go on from the translator (ASYM-02).
#[derive(Debug)]
pub(super) struct Leg {
    pub(super) translator: Id<Endpoint>,
    pub(super) sender: Id<Endpoint>,
    /// The source before.
    pub(super) source: IpAddr,
    /// What answers on the stretch come from.
    pub(super) answers: (IpAddr, u16),
    pub(super) devices: Vec<Id<Endpoint>>,
    pub(super) passed: Vec<Id<Endpoint>>,
    pub(super) balanced: Vec<(Id<Endpoint>, Id<Endpoint>)>,
}

/// A way never repeats a state; more hops than this are a circle that changes its packet.
const MAX_HOPS: usize = 32;

impl<'f> Passage<'f> {
    /// A way that has not set out.
    pub(super) fn new(from: Id<Endpoint>, flow: &Flow<'f>) -> Self {
        Self {
            source: flow.source,
            destination: flow.destination,
            transport: flow.transport,
            port: flow.port,
            name: flow.name,
            at: from,
            sender: from,
            findings: Findings::default(),
            late: Findings::default(),
            is_late: false,
            let_out: None,
            over_internet: false,
            devices: Vec::new(),
            passed: Vec::new(),
            balanced: Vec::new(),
            shut: RefCell::default(),
            front: None,
            identity: None,
            inside: true,
            crossed: Regions::Same,
            left_by_site: false,
            asked: None,
            legs: Vec::new(),
            end: End::Lost,
        }
    }
}

impl Passage<'_> {
    pub(super) fn notes(&mut self) -> &mut Findings {
        if self.is_late { &mut self.late } else { &mut self.findings }
    }

    /// Ends a stretch at what translates the source; what came over the internet is not followed further back.
    pub(super) fn end_leg(&mut self, translator: Id<Endpoint>) {
        let (devices, balanced) = (std::mem::take(&mut self.devices), std::mem::take(&mut self.balanced));
        let passed = std::mem::take(&mut self.passed);
        if !self.over_internet {
            let answers = (self.destination, self.port);
            let (sender, source) = (self.sender, self.source);
            self.legs.push(Leg { translator, sender, source, answers, devices, passed, balanced });
        }
    }

    pub(super) fn lost(&mut self, reason: Reason) -> Option<End> {
        self.notes().block(reason);
        Some(End::Lost)
    }

    pub(super) fn flow(&self) -> Flow<'_> {
        Flow {
            source: self.source,
            destination: self.destination,
            transport: self.transport,
            port: self.port,
            name: self.name,
            reply: false,
        }
    }
}

/// What a segment does with a destination.
enum Choice<'p> {
    Hop(&'p NextHop),
    Nowhere(Reason),
    Unclear(Reason),
}

/// What a table says of a destination.
pub(in crate::reach) enum Sends<'p> {
    By(&'p NextHop),
    Nowhere,
    Unclear,
    /// It depends on which address something has that declares none.
    Unplaced,
}

impl<'p> Probe<'_, 'p> {
    pub(super) fn walk<'f>(&self, from: Id<Endpoint>, flow: &Flow<'f>) -> Passage<'f> {
        let mut way = Passage::new(from, flow);
        way.end = self.go(&mut way);
        way
    }

    fn go(&self, way: &mut Passage<'_>) -> End {
        let model = self.model;
        if model.endpoint(way.at).addresses.contains(&way.destination) {
            return End::Reached(way.at);
        }
        let same_family = way.source.is_ipv4() == way.destination.is_ipv4();
        if same_family && is_platform(way.destination) {
            way.notes().unknown(Reason::NotModelled);
            return End::Lost;
        }
        let foreign = || {
            let home = model.plane.network_of(way.at);
            home.is_some_and(|home| model.in_foreign_realm(home, way.destination))
        };
        if !same_family || foreign() {
            way.notes().block(Reason::NoRoute);
            return End::Lost;
        }
        let mut passed: Vec<(Id<Endpoint>, IpAddr, IpAddr, bool)> = Vec::new();
        for _ in 0..MAX_HOPS {
            let state = (way.at, way.source, way.destination, way.inside);
            if passed.contains(&state) {
                break;
            }
            passed.push(state);
            let here = model.endpoint(way.at);
            let end = match here.segment {
                None => self.arrive_over_internet(way),
                Some(segment) => {
                    let seen = self.guarded(way.at, Way::Out, &way.flow());
                    way.notes().then(&seen);
                    self.hop(way, here, segment)
                }
            };
            if let Some(end) = end {
                return end;
            }
        }
        way.notes().block(Reason::RouteLoop);
        End::Lost
    }

    fn hop(&self, way: &mut Passage<'_>, here: &'p Endpoint, id: Id<Segment>) -> Option<End> {
        way.crossed = Regions::Same;
        let segment = self.model.segment(id);
        let served = self.served_by_endpoint(segment, way.destination);
        if served != Match::No {
            if served == Match::Undecided {
                way.notes().unknown(Reason::NotModelled);
            }
            way.identity = Some(id);
            way.over_internet = true;
            return self.arrive_over_internet(way);
        }
        match self.choose(way, here, segment) {
            Choice::Hop(hop) => self.follow(way, here, segment, hop),
            Choice::Nowhere(reason) => way.lost(reason),
            Choice::Unclear(reason) => {
                way.notes().unknown(reason);
                Some(End::Lost)
            }
        }
    }

    fn choose(&self, way: &Passage<'_>, here: &'p Endpoint, segment: &'p Segment) -> Choice<'p> {
        let to = way.destination;
        let won = match self.sends(self.model.table(here, segment, way.inside, to), segment, to) {
            Sends::By(hop) => Some(hop),
            Sends::Nowhere => None,
            Sends::Unclear => return Choice::Unclear(Reason::Tag),
            Sends::Unplaced => return Choice::Unclear(Reason::Address),
        };
        // Something that is down or half declared explains why nothing leads there (GW-12, PEER-01).
        let leads = won.is_some_and(|hop| match hop {
            NextHop::Drop(reason) => *reason != Reason::NoRoute,
            NextHop::Internet => is_public(to),
            _ => true,
        });
        let absent: Option<&Route> = if leads { None } else { best(&segment.absent_routes, to) };
        match absent.map(|r| &r.hop).or(won) {
            Some(hop) => Choice::Hop(hop),
            None if matches!(here.role, Role::Gateway(_)) && way.inside => Choice::Nowhere(Reason::GwDown),
            None => Choice::Nowhere(Reason::NoRoute),
        }
    }

    /// Where a table sends an address (ROUTE-12, ROUTE-17). One that nobody declared may be in any prefix of public
    /// addresses, so that all which may hold it must lead to one place.
    pub(in crate::reach) fn sends(&self, table: &'p [Route], segment: &'p Segment, to: IpAddr) -> Sends<'p> {
        let mut won = self.model.best(table, to);
        // Nor is the address of something that declares none: all that it may have must be led to one place (ADDR-03).
        if let Some(unsure) = self.model.plane.allocations.at(to).first() {
            let holds = |r: &Route| match r.hop {
                NextHop::Endpoint(_) if r.prefix.contains(to) => Membership::In,
                NextHop::Endpoint(_) => Membership::Out,
                _ => unsure.candidates.membership([r.prefix]),
            };
            let mut possible = table.iter().map(|r| (r, holds(r))).filter(|(_, held)| *held != Membership::Out);
            let Some((first, held)) = possible.next() else { return Sends::Nowhere };
            let mut sure = held == Membership::In;
            for (route, held) in possible {
                if sure {
                    break;
                }
                if route.hop != first.hop {
                    return Sends::Unplaced;
                }
                sure = held == Membership::In;
            }
            return Sends::By(&first.hop);
        }
        if is_undeclared_public(to) {
            match self.model.undeclared(table) {
                Some(route) => won = route,
                None => return Sends::Unclear,
            }
        }
        if !segment.tag_routes.is_empty() && is_public(to) && !won.is_some_and(|r| r.prefix.is_host()) {
            // Tags are told apart by membership alone; which of two prefixes is longer is not known (ROUTE-17).
            let party = self.model.party(to);
            for route in &segment.tag_routes {
                let tag = Matcher { tags: vec![route.tag.clone()], ..Matcher::default() };
                let member = tag.matches(party);
                if member == Match::No {
                    continue;
                }
                if won.is_some_and(|r| r.hop == route.hop) {
                    break;
                }
                let only_default = won.is_none_or(|r| r.prefix.is_default());
                return if member == Match::Yes && only_default { Sends::By(&route.hop) } else { Sends::Unclear };
            }
        }
        won.map_or(Sends::Nowhere, |r| Sends::By(&r.hop))
    }

    fn follow(&self, way: &mut Passage<'_>, here: &'p Endpoint, segment: &'p Segment, hop: &'p NextHop) -> Option<End> {
        let model = self.model;
        match hop {
            NextHop::Network { network, link } => {
                if *network == segment.network {
                    self.kept_in(way, model.network(*network));
                }
                let owner = model.owner(*network, way.destination);
                self.cross(way, segment, link.as_deref(), owner);
                self.hand_over(way, *network)
            }
            NextHop::Endpoint(to) => {
                self.cross(way, segment, model.link(segment, *to), Some(*to));
                self.deliver(way, *to)
            }
            NextHop::Gateway(gateway) => {
                self.spoilt(way, *gateway);
                let network = model.network(segment.network);
                self.border(way, network.border.as_ref());
                let tunnelled = matches!(here.role, Role::Gateway(_)) && way.inside;
                way.inside = !network.beyond_gateway && !tunnelled;
                way.at = *gateway;
                None
            }
            NextHop::Router(router) => {
                self.border(way, model.network(segment.network).border.as_ref());
                way.at = *router;
                None
            }
            NextHop::Tunnel(far) => {
                self.border(way, model.network(*far).border.as_ref());
                if is_public(way.destination) && model.owner(*far, way.destination).is_none() {
                    self.out_by_site(way, *far)
                } else {
                    self.hand_over(way, *far)
                }
            }
            NextHop::Appliance(address) => self.appliance(way, segment, *address),
            NextHop::OneOf(routes) => match routes.get(self.choices.take(routes.len())) {
                Some(route) => self.follow(way, here, segment, &route.hop),
                None => Some(End::Lost),
            },
            NextHop::Internet => self.leave(way, here, segment),
            NextHop::Drop(reason) => way.lost(*reason),
            NextHop::Unsupported(reason) => {
                way.notes().unsupported(*reason);
                Some(End::Lost)
            }
            NextHop::Unknown(reason) => {
                way.notes().unknown(*reason);
                Some(End::Lost)
            }
        }
    }

    /// Conditions under which a device is not supported.
    pub(super) fn spoilt(&self, way: &mut Passage<'_>, device: Id<Endpoint>) {
        for condition in &self.model.endpoint(device).unsupported {
            way.notes().unsupported(condition.reason);
        }
    }

    pub(super) fn border(&self, way: &mut Passage<'_>, border: Option<&'p Filter>) {
        if let Some(filter) = border {
            let seen = self.filtered(filter, Way::In, &way.flow());
            way.notes().then(&seen);
        }
    }

    /// A peering asks whom it joins, whether it is open, and whether the packet began in the network it comes from
    /// (PEER-06, PEER-07, PEER-14).
    pub(super) fn cross(
        &self,
        way: &mut Passage<'_>,
        segment: &Segment,
        link: Option<&Link>,
        owner: Option<Id<Endpoint>>,
    ) {
        let Some(link) = link else { return };
        let model = self.model;
        way.crossed = link.regions;
        if link.doubtful().is_some() {
            way.notes().unknown(Reason::RegionUndeclared);
        }
        let mut found = Vec::new();
        if let Some(only) = &link.only {
            let next = owner.and_then(|o| model.endpoint(o).source_for(way.destination));
            if only.outsider(segment, next.unwrap_or(way.destination)).is_some() {
                found.push(Reason::PeerSubnet);
            }
        }
        let takers = owner.map_or_else(Vec::new, |o| self.takers(o, &way.flow()));
        let grouped = !takers.is_empty() && takers.iter().all(|(id, _)| self.grouped(*id));
        if self.kept_out(link, grouped || self.grouped(way.at)) {
            found.push(Reason::PeerAccess);
        }
        if link.refuses_forwarded.is_some() {
            let exempt = matches!(model.endpoint(way.at).role, Role::Gateway(_) | Role::Router);
            let home: &Network = model.network(segment.network);
            let began_here = home.prefixes.iter().any(|p| p.contains(way.source));
            let admitted = model.plane.assumptions.address_admits_forwarded
                && !takers.is_empty()
                && takers.iter().all(|(id, flow)| self.named_by_address(*id, flow));
            if !exempt && !began_here && !admitted {
                found.push(Reason::PeerFwd);
            }
        }
        found.into_iter().for_each(|r| way.notes().block(r));
        way.shut.borrow_mut().extend(link.access_off.iter().map(|o| o.name.clone()));
    }

    /// Whether a closed peering stops what crosses it: unless a group at an end has a say (PEER-06, A-04).
    pub(super) fn kept_out(&self, link: &Link, grouped: bool) -> bool {
        link.access_off.is_some() && self.model.plane.assumptions.closed_peering_blocks && !grouped
    }

    /// To whoever owns the destination in a network.
    pub(super) fn hand_over(&self, way: &mut Passage<'_>, network: Id<Network>) -> Option<End> {
        if let Some(owner) = self.model.owner(network, way.destination) {
            return self.deliver(way, owner);
        }
        if self.model.plane.perhaps(network, way.destination).is_some() {
            way.notes().unknown(Reason::Address);
        } else if self.model.network(network).complete {
            way.notes().block(Reason::NoHost);
        } else {
            way.notes().unknown(Reason::NoHost);
        }
        Some(End::Lost)
    }

    /// To an endpoint: balancers and firewalls pass it on, everything else takes it.
    pub(super) fn deliver(&self, way: &mut Passage<'_>, to: Id<Endpoint>) -> Option<End> {
        way.asked.get_or_insert(to);
        let endpoint = self.model.endpoint(to);
        match &endpoint.role {
            Role::Balancer(balancer) => {
                self.spoilt(way, to);
                self.balance(way, to, balancer)
            }
            Role::Firewall(firewall) if endpoint.dns.is_none() || way.port != 53 => self.translate(way, to, firewall),
            role => {
                // The proxy of a broken firewall is broken, too.
                if matches!(role, Role::Firewall(_)) {
                    self.spoilt(way, to);
                }
                let seen = self.guarded(to, Way::In, &way.flow());
                way.notes().then(&seen);
                Some(End::Reached(to))
            }
        }
    }
}
